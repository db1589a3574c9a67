//! `streetwise street`: the life of a district's or street's manifest, through the directory's door.
//!
//! People get tables and texts, programs (`--json`) the service's own answer. A refusal keeps the hint of the service
//! and adds the command to go on with, where there is one.

mod answers;
mod export;
mod geojson;
mod history;
mod import;
mod installation;
mod offboard;
mod plan;
mod redraw;
mod rota;
pub mod verify;

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::apply;
use crate::cli::{DirectoryDoor, Street, StreetApply, StreetHistory, StreetPlan, StreetRollback, StreetShow};
use crate::client::Client;
use crate::failure::Failure;
use crate::token;
use answers::{Applied, History, Planned};

pub(crate) use answers::safe;

/// What to do about an answer that is not understood.
const OTHER_VERSION: &str =
    "服务与本工具的版本可能不同 / the service may be of another version than this tool";

/// The exit code of `plan --exit-code` when there are changes.
const CHANGES: u8 = 2;

/// Runs the command.
pub async fn run(command: &Street) -> Result<ExitCode, Failure> {
    match command {
        Street::Plan(arguments) => plan(arguments).await,
        Street::Apply(arguments) => apply(arguments).await.map(done),
        Street::Verify(arguments) => verify::run(arguments).await,
        Street::History(arguments) => history(arguments).await.map(done),
        Street::Show(arguments) => show(arguments).await.map(done),
        Street::Rollback(arguments) => rollback(arguments).await.map(done),
        Street::Rota(arguments) => rota::run(arguments).await.map(done),
        Street::Export(arguments) => export::run(arguments).await,
        Street::Import(arguments) => import::run(arguments).await,
        Street::Offboard(arguments) => offboard::run(arguments).await,
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

async fn plan(arguments: &StreetPlan) -> Result<ExitCode, Failure> {
    let StreetPlan { file, exit_code, triage_url, door } = arguments;
    let doing = format!("预览清单 / planning {}", file.display());
    let path = "/directory/v1/manifests:plan";
    let answer = client(door)?.post_bytes(&doing, path, "application/yaml", manifest(file)?).await;
    let answer = answer.map_err(|failure| failure.about(file))?;
    let planned: Planned = read(&doing, &answer)?;
    let redraw = match (triage_url, &planned.territory_document) {
        (Some(triage), Some(document)) => Some(redraw(triage, door, &planned.tenant, document).await?),
        _ => None,
    };
    match (door.caller.json, redraw) {
        (true, None) => print_json(&answer),
        (true, Some(redraw)) => print_json(&with(answer, "redraw", redraw)),
        (false, None) => print!("{}", plan::told(&planned, file)),
        (false, Some(redraw)) => {
            print!("{}{}", redraw::told(&read(&doing, &redraw)?), plan::told(&planned, file));
        }
    }
    Ok(if *exit_code && planned.changed { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

/// Which open cases would lie elsewhere: triage knows the cases, the directory does not.
async fn redraw(triage: &Url, door: &DirectoryDoor, tenant: &str, document: &str) -> Result<Value, Failure> {
    let doing = format!("预演辖区调整 / trying out the redrawn territory of {tenant}");
    let token = door.caller.token()?;
    let client = Client::new(triage.as_str(), &token)?;
    let path = format!("/triage/v1/streets/{tenant}/territory:redraw");
    client.post(&doing, &path, &json!({ "territory_document": document })).await
}

fn with(mut answer: Value, name: &str, value: Value) -> Value {
    answer[name] = value;
    answer
}

async fn apply(arguments: &StreetApply) -> Result<(), Failure> {
    let StreetApply { file, if_generation, door } = arguments;
    let doing = format!("提交清单 / applying {}", file.display());
    let client = client(door)?.only_if(*if_generation);
    let answer = client.post_bytes(&doing, apply::PATH, "application/yaml", manifest(file)?).await;
    let again = format!("streetwise street plan {}", file.display());
    let answer = answer.map_err(|failure| advised(failure, &again).about(file))?;
    print_applied(&doing, door, &answer)
}

async fn history(arguments: &StreetHistory) -> Result<(), Failure> {
    let StreetHistory { code, before, limit, door } = arguments;
    let doing = format!("查看历次提交 / reading the history of {code}");
    let before = before.map(|before| format!("&before={before}")).unwrap_or_default();
    let path = format!("{}/history?limit={limit}{before}", street(code)?);
    let answer: Value = client(door)?.get(&doing, &path).await?;
    match door.caller.json {
        true => print_json(&answer),
        false => print!("{}", history::told(code, &read(&doing, &answer)?)),
    }
    Ok(())
}

async fn show(arguments: &StreetShow) -> Result<(), Failure> {
    let StreetShow { code, generation, door } = arguments;
    let doing = format!("读取清单 / reading a manifest of {code}");
    let client = client(door)?;
    let generation = match generation {
        Some(generation) => *generation,
        None => newest(&client, &doing, code).await?,
    };
    let path = format!("{}/generations/{generation}", street(code)?);
    let manifest = client.get_text(&doing, &path).await;
    let manifest =
        manifest.map_err(|failure| advised(failure, &format!("streetwise street history {code}")))?;
    match door.caller.json {
        true => print_json(&json!({ "tenant": code, "generation": generation, "manifest": manifest })),
        false => {
            // Beside the manifest, so that what is printed can be kept and applied.
            eprintln!("# {code} 第 {generation} 代 generation {generation}");
            print!("{manifest}");
        }
    }
    Ok(())
}

async fn newest(client: &Client, doing: &str, code: &str) -> Result<u64, Failure> {
    let history: History = client.get(doing, &format!("{}/history?limit=1", street(code)?)).await?;
    let newest = history.entries.first().map(|entry| entry.generation);
    newest.ok_or_else(|| Failure::Usage(format!("{code} 尚无清单 / nothing was applied for {code} yet")))
}

async fn rollback(arguments: &StreetRollback) -> Result<(), Failure> {
    let StreetRollback { code, to, if_generation, door } = arguments;
    let doing = format!("回退到第 {to} 代 / rolling {code} back to generation {to}");
    let client = client(door)?.only_if(*if_generation);
    let path = format!("{}:rollback", street(code)?);
    let answer = client.post(&doing, &path, &json!({ "to_generation": to })).await;
    let look = format!("streetwise street history {code}");
    let answer = answer.map_err(|failure| advised(failure, &look))?;
    print_applied(&doing, door, &answer)
}

fn print_applied(doing: &str, door: &DirectoryDoor, answer: &Value) -> Result<(), Failure> {
    let applied: Applied = read(doing, answer)?;
    match door.caller.json {
        true => print_json(answer),
        false => {
            println!("{}", apply::told(&applied));
            eprint!("{}", apply::warned(&applied));
        }
    }
    Ok(())
}

/// What is not there, or has moved, is looked at again by `command`. Faults of a manifest say themselves what to do.
pub(crate) fn advised(failure: Failure, command: &str) -> Failure {
    match &failure {
        Failure::Refused { refusal, .. } if matches!(refusal.status, 404 | 412) => failure.or(command),
        _ => failure,
    }
}

pub(crate) fn client(door: &DirectoryDoor) -> Result<Client, Failure> {
    let token = door.caller.token()?;
    Client::new(door.directory_url.as_str(), &token)
}

pub(crate) fn manifest(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| token::unreadable(file, error))
}

/// The address of a tenant. A code of anything but digits would be another address.
fn street(code: &str) -> Result<String, Failure> {
    if code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(format!("/directory/v1/streets/{code}"));
    }
    Err(Failure::Usage("代码应为 12 位数字 / a code is 12 digits".to_owned()))
}

pub(crate) fn read<T: DeserializeOwned>(doing: &str, answer: &Value) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|error| Failure::world(doing, OTHER_VERSION, error))
}

pub(crate) fn print_json(answer: &impl Serialize) {
    println!("{}", serde_json::to_string_pretty(answer).expect("our own values are JSON"));
}
