//! `streetwise report`: a person reports, shown first which open cases near by it may belong to (上报前提示), and follows
//! it. What is said goes in bodies only, never into an address or a log. Nothing is asked on the way: flags decide.

mod near;
mod send;
mod told;

use serde_json::{Value, json};

use crate::cli::{Report, ReportFollow, ReportNear};
use crate::client::Client;
use crate::failure::Failure;
use crate::street::{print_json, read};

const FOLLOWING: &str = "查询进度 / following a report";

/// Runs the command.
pub async fn run(command: &Report) -> Result<(), Failure> {
    match command {
        Report::Near(arguments) => look(arguments).await,
        Report::Send(arguments) => send::run(arguments).await,
        Report::Follow(arguments) => follow(arguments).await,
    }
}

async fn look(arguments: &ReportNear) -> Result<(), Failure> {
    let ReportNear { about, text, triage_url, caller } = arguments;
    let client = Client::new(triage_url.as_str(), &caller.token()?)?;
    let answer = near::asked(&client, about, text.as_deref()).await?;
    match caller.json {
        true => print_json(&answer),
        false => print!("{}", told::near(&near::understood(&answer)?.cases)),
    }
    Ok(())
}

/// The code is the key: whoever has it needs no token, and none is shown.
async fn follow(arguments: &ReportFollow) -> Result<(), Failure> {
    let client = Client::stranger(arguments.console_url.as_str())?;
    let code = json!({ "code": arguments.code.grouped() });
    let answer = client.post(FOLLOWING, "/console/v1/tracking:follow", &code).await;
    let answer: Value = answer.map_err(unknown)?;
    match arguments.json {
        true => print_json(&answer),
        false => print!("{}", told::followed(&read(FOLLOWING, &answer)?)),
    }
    Ok(())
}

/// A code may be wrong, or so new that the console has not heard of it.
fn unknown(failure: Failure) -> Failure {
    match &failure {
        Failure::Refused { refusal, .. } if refusal.status == 404 => failure
            .or("请核对查询码；刚上报的请稍后再查 / check the code; if it is new, ask again in a moment"),
        _ => failure,
    }
}
