//! One report, with a look around before it. A hint must never lose a report: whatever keeps it away is said, and the
//! report goes out.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::near::{self, LOOKING, Near};
use super::told;
use crate::cli::ReportSend;
use crate::client::{Client, fresh_key};
use crate::failure::Failure;
use crate::street::print_json;

const SENDING: &str = "上报 / reporting";

/// How long a report waits for its hint.
const HINT_WITHIN: Duration = Duration::from_secs(5);

/// What intake answers.
#[derive(Debug, Deserialize)]
pub(super) struct Receipt {
    pub report_id: String,
    pub tracking_code: String,
    pub accepted_at: String,
}

/// Sends it, or says which open case near by it seems to be about and sends nothing.
pub(super) async fn run(arguments: &ReportSend) -> Result<(), Failure> {
    // Read once: what it is read from may be a pipe.
    let token = arguments.caller.token()?;
    let client = Client::new(arguments.intake_url.as_str(), &token)?;
    let json = arguments.caller.json;
    let around = around(arguments, &client, &token).await;
    if let Some(found) = around.as_ref().filter(|around| !around.near.cases.is_empty()) {
        if !json {
            print!("{}", told::near(&found.near.cases));
        }
        if !arguments.anyway && found.near.holds_back() {
            return Err(held_back(found, json));
        }
    }
    let receipt = sent(arguments, &client).await?;
    match json {
        true => print_json(&answered(&receipt, around.as_ref())),
        false => print!("{}", told::receipt(&receipt, arguments.drill)),
    }
    Ok(())
}

fn held_back(found: &Around, json: bool) -> Failure {
    if json {
        print_json(&json!({ "sent": false, "near": found.answer["cases"] }));
    }
    Failure::AlreadyNear(found.near.suggested().count())
}

/// What is near by: triage's words, and the same understood.
struct Around {
    answer: Value,
    near: Near,
}

/// Nothing where it cannot be told, and of a drill, which joins no case.
async fn around(arguments: &ReportSend, client: &Client, token: &str) -> Option<Around> {
    if arguments.drill {
        return None;
    }
    let looked = soon(HINT_WITHIN, looked(arguments, client, token)).await;
    looked.inspect_err(|failure| eprintln!("{}", told::unseen(failure))).ok()
}

async fn looked(arguments: &ReportSend, client: &Client, token: &str) -> Result<Around, Failure> {
    let Some(triage) = &arguments.triage_url else {
        return Err(Failure::Usage("缺少 --triage-url / --triage-url is missing".to_owned()));
    };
    let triage = client.with(triage.as_str(), token);
    let answer = near::asked(&triage, &arguments.about, Some(&arguments.text)).await?;
    let near = near::understood(&answer)?;
    Ok(Around { answer, near })
}

async fn soon<T>(within: Duration, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(within, asked).await.unwrap_or_else(|_| {
        let seconds = within.as_secs();
        let why = anyhow::anyhow!("{seconds} 秒内没有答复 / no answer within {seconds} s");
        Err(Failure::world(LOOKING, "", why))
    })
}

/// Whoever cannot be told what came of it is told how to ask again without reporting twice.
async fn sent(arguments: &ReportSend, client: &Client) -> Result<Receipt, Failure> {
    let verb = if arguments.drill { "reports:drill" } else { "reports" };
    let path = format!("/intake/v1/streets/{}/{verb}", arguments.about.street);
    let key = arguments.key.unwrap_or_else(fresh_key);
    client.post_surely((SENDING, &repeat(key)), &path, key, &body(arguments)).await
}

/// With `--anyway`: the report may be a case by then, and would be held back for being near itself.
fn repeat(key: Uuid) -> String {
    let again = format!("--key {key} --anyway");
    format!(
        "结果未知：加上 {again} 重做，不会重复上报 / the outcome is unknown: run it again with {again}, it is done once"
    )
}

fn body(arguments: &ReportSend) -> Value {
    let mut body = near::form(&arguments.about, Some(&arguments.text));
    if let Some(address) = &arguments.address {
        body["place"]["address"] = address.as_str().into();
    }
    body
}

/// For programs: the receipt, and what was near by; null where nobody knows.
fn answered(receipt: &Receipt, around: Option<&Around>) -> Value {
    let near = around.map(|around| &around.answer["cases"]);
    let Receipt { report_id, tracking_code, accepted_at } = receipt;
    json!({
        "sent": true, "report_id": report_id, "tracking_code": tracking_code, "accepted_at": accepted_at, "near": near,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command, Report};

    fn given(more: &[&str]) -> ReportSend {
        let words = ["streetwise", "report", "send", "--street", "990102001000", "--text", "路灯坏了"];
        let place = [
            "--lon",
            "106.5",
            "--lat",
            "29.5",
            "--datum",
            "gcj02",
            "--intake-url",
            "http://x",
            "--token",
            "t",
        ];
        let all = words.iter().chain(&place).chain(more);
        let Command::Report(report) = Arguments::try_parse_from(all).unwrap().command else {
            panic!("another command")
        };
        let Report::Send(arguments) = *report else { panic!("another act") };
        arguments
    }

    #[test]
    fn a_report_holds_what_was_given_and_nothing_else() {
        let place = json!({ "lon": 106.5, "lat": 29.5, "datum": "gcj02" });
        assert_eq!(body(&given(&[])), json!({ "text": "路灯坏了", "place": place }));
        let known = body(&given(&["--item", "FAC-02", "--address", "滨江路"]));
        let place = json!({ "lon": 106.5, "lat": 29.5, "datum": "gcj02", "address": "滨江路" });
        assert_eq!(known, json!({ "text": "路灯坏了", "item": "FAC-02", "place": place }));
    }

    #[tokio::test]
    async fn a_hint_that_does_not_come_is_not_waited_for() {
        let never = std::future::pending::<Result<(), Failure>>();
        let failure = soon(Duration::ZERO, never).await.unwrap_err();
        assert!(failure.to_string().contains("没有答复"), "{failure}");
    }

    #[test]
    fn a_program_tells_nothing_near_from_nobody_knows() {
        let receipt =
            Receipt { report_id: "r".to_owned(), tracking_code: "c".to_owned(), accepted_at: "T".to_owned() };
        assert_eq!(answered(&receipt, None)["near"], Value::Null);
        let around = Around { answer: json!({ "cases": [] }), near: Near::default() };
        assert_eq!(answered(&receipt, Some(&around))["near"], json!([]));
    }
}
