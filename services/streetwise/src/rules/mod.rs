//! `streetwise rules check|backtest`: what rules say before they decide anything.
//!
//! The directory compiles and looks at them: here as long as it takes, and with less time whenever a manifest is planned, applied
//! or rolled back, whose answers say what was found ([`told::beside`]). Triage tries them on past cases. Here are pages, progress
//! and words for people.

pub(crate) mod told;

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::{Format, Rules, RulesBacktest, RulesCheck};
use crate::client::Client;
use crate::failure::Failure;
use crate::street::{client, manifest, print_json, read};
use crate::{token, wall_clock};

/// The exit code where there is something to look at.
const FINDINGS: u8 = 4;

/// What the directory says of a manifest's rules.
#[derive(Debug, Deserialize)]
struct Planned {
    tenant: String,
    kind: String,
    core_document: String,
    findings: Vec<Finding>,
}

/// Something to look at in rules or the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    kind: String,
    rules: Vec<String>,
    example: Option<Value>,
    text: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    zh: String,
    en: String,
}

/// One page of triage's answer.
#[derive(Debug, Deserialize)]
struct Page {
    looked_at: u64,
    /// An older triage leaves them out without a word.
    #[serde(default)]
    unreadable: u64,
    late_before: u64,
    late_after: u64,
    cases: Vec<Differing>,
    next: Option<String>,
}

/// All of a street's pages.
#[derive(Debug, Default, Serialize)]
struct Backtested {
    street: String,
    since: Timestamp,
    looked_at: u64,
    /// Of those, what triage could not read the decision of: nothing is said about them.
    unreadable: u64,
    late_before: u64,
    late_after: u64,
    cases: Vec<Differing>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Differing {
    case_no: String,
    item: String,
    opened_at: String,
    before: Plan,
    after: Plan,
    rules: Vec<String>,
    late_before: Option<bool>,
    late_after: Option<bool>,
    /// By how many minutes; 0 in time. Nothing from an older triage.
    late_minutes_before: Option<u64>,
    late_minutes_after: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Plan {
    lead: String,
    assists: Vec<String>,
    informs: Vec<String>,
    policy: String,
    priority: String,
    level: String,
}

/// Runs the command.
pub async fn run(command: &Rules) -> Result<ExitCode, Failure> {
    match command {
        Rules::Check(arguments) => check(arguments).await,
        Rules::Backtest(arguments) => backtest(arguments).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn check(arguments: &RulesCheck) -> Result<ExitCode, Failure> {
    let RulesCheck { file, door } = arguments;
    let doing = format!("检查规则 / checking the rules of {}", file.display());
    let path = "/directory/v1/manifests:plan";
    let answer: Result<Value, Failure> =
        client(door)?.post_bytes(&doing, path, "application/yaml", manifest(file)?).await;
    let answer = answer.map_err(|failure| failure.about(file))?;
    let planned: Planned = read(&doing, &answer)?;
    match door.caller.json {
        true => print_json(&answer["findings"]),
        false => print!("{}", told::findings(&planned)),
    }
    Ok(if planned.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

async fn backtest(arguments: &RulesBacktest) -> Result<(), Failure> {
    let RulesBacktest { file, since, streets, triage_url, triage_token_file, format, door } = arguments;
    let since = instant(since, wall_clock::now())?;
    let doing = format!("编译清单 / compiling {}", file.display());
    let path = "/directory/v1/manifests:plan";
    let answer: Result<Value, Failure> =
        client(door)?.post_bytes(&doing, path, "application/yaml", manifest(file)?).await;
    let planned: Planned = read(&doing, &answer.map_err(|failure| failure.about(file))?)?;
    let streets = whose(&planned, streets)?;
    let token = match triage_token_file {
        Some(file) => token::given(None, Some(file))?,
        None => door.caller.token()?,
    };
    let triage = Client::new(triage_url.as_str(), &token)?;
    let mut tested = Vec::new();
    for street in &streets {
        tested.push(of_street(&triage, street, since, &planned.core_document).await?);
    }
    match if door.caller.json { Format::Json } else { *format } {
        Format::Json => print_json(&tested),
        Format::Csv => print!("{}", told::csv(&tested)?),
        Format::Table => print!("{}", told::table(&tested)),
    }
    Ok(())
}

/// Whose cases: those asked for, or the street of the manifest.
fn whose(planned: &Planned, asked: &[String]) -> Result<Vec<String>, Failure> {
    if !asked.is_empty() {
        let fine = |code: &String| code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !asked.iter().all(fine) {
            return Err(Failure::Usage("代码应为 12 位数字 / a code is 12 digits".to_owned()));
        }
        return Ok(asked.to_vec());
    }
    if planned.kind == "district" {
        let text =
            "区清单请以 --street 指定街道，可重复 / for a district's manifest name the streets with --street";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(vec![planned.tenant.clone()])
}

async fn of_street(
    triage: &Client,
    street: &str,
    since: Timestamp,
    core: &str,
) -> Result<Backtested, Failure> {
    let doing = format!("回放 {street} 的案件 / trying past cases of {street}");
    let path = format!("/triage/v1/streets/{street}/rules:backtest");
    let mut tested = Backtested { street: street.to_owned(), since, ..Backtested::default() };
    let mut after: Option<String> = None;
    loop {
        let asked = json!({ "core_document": core, "since": since.to_string(), "after": after });
        let page: Page = triage.post(&doing, &path, &asked).await?;
        tested.looked_at += page.looked_at;
        tested.unreadable += page.unreadable;
        tested.late_before += page.late_before;
        tested.late_after += page.late_after;
        tested.cases.extend(page.cases);
        after = page.next;
        if after.is_none() {
            return Ok(tested);
        }
        eprintln!("  {street}: {} 件 cases, {} 件不同 differ", tested.looked_at, tested.cases.len());
    }
}

/// `30d`, `12h`, or an instant.
fn instant(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let hours = match text.char_indices().last() {
        Some((at, 'd')) => text[..at].parse::<i64>().ok().and_then(|days| days.checked_mul(24)),
        Some((at, 'h')) => text[..at].parse::<i64>().ok(),
        _ => None,
    };
    let before = hours.filter(|hours| (0..=24 * 3_660).contains(hours));
    let before = before.and_then(|hours| now.checked_sub(SignedDuration::from_hours(hours)).ok());
    before.or_else(|| text.parse().ok()).ok_or_else(|| {
        let wrong = format!("{text}：请写 30d、12h 或 2026-10-30T00:00:00Z / write 30d, 12h or an instant");
        Failure::Usage(wrong)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::extract::State;
    use axum::routing::post;
    use axum::{Json, Router};

    use super::*;

    type Asked = Arc<Mutex<Vec<Value>>>;

    /// Three pages of a street, as triage gives them: each says where the next one begins, the last does not.
    async fn pages(State(asked): State<Asked>, Json(body): Json<Value>) -> Json<Value> {
        let page = match body["after"].as_str() {
            None => {
                json!({ "looked_at": 500, "late_before": 3, "late_after": 4, "cases": [case(1)], "next": "p2" })
            }
            Some("p2") => {
                json!({ "looked_at": 500, "unreadable": 2, "late_before": 0, "late_after": 1, "cases": [], "next": "p3" })
            }
            Some(_) => {
                json!({ "looked_at": 7, "late_before": 1, "late_after": 0, "cases": [case(2), case(3)] })
            }
        };
        asked.lock().unwrap().push(body);
        Json(page)
    }

    fn case(number: u32) -> Value {
        let plan = json!({ "lead": "transport", "assists": [], "informs": [], "policy": "item", "priority": "P3", "level": "district" });
        json!({
            "case_no": format!("990102001-261123-{number:04}"), "item": "TRA-01", "opened_at": "2026-11-23T02:00:00Z",
            "before": plan, "after": plan, "rules": ["crowd"],
        })
    }

    #[tokio::test]
    async fn a_backtest_reads_every_page_and_adds_them_up() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let asked = Asked::default();
        let path = "/triage/v1/streets/990102001000/rules:backtest";
        let doors = Router::new().route(path, post(pages)).with_state(asked.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, doors).await });
        let triage = Client::new(&base, "token").unwrap();
        let since: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let tested = of_street(&triage, "990102001000", since, "Y29yZQ==").await.unwrap();
        serving.abort();
        assert_eq!((tested.looked_at, tested.late_before, tested.late_after), (1_007, 4, 5));
        assert_eq!(tested.unreadable, 2);
        let numbers: Vec<&str> = tested.cases.iter().map(|case| &case.case_no[20..]).collect();
        assert_eq!(numbers, ["1", "2", "3"]);
        let asked = asked.lock().unwrap();
        let after: Vec<Option<&str>> = asked.iter().map(|body| body["after"].as_str()).collect();
        assert_eq!(after, [None, Some("p2"), Some("p3")]);
        let same = |body: &Value| body["core_document"] == "Y29yZQ==" && body["since"] == since.to_string();
        assert!(asked.iter().all(same), "{asked:?}");
    }

    #[test]
    fn since_is_read_as_people_write_it() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let read = |text: &str| instant(text, now).map(|at| at.to_string()).ok();
        assert_eq!(read("30d").as_deref(), Some("2026-10-30T12:00:00Z"));
        assert_eq!(read("12h").as_deref(), Some("2026-11-29T00:00:00Z"));
        assert_eq!(read("2026-11-01T00:00:00Z").as_deref(), Some("2026-11-01T00:00:00Z"));
        for wrong in ["", "d", "-3d", "99999999999d", "gestern", "天", "9223372036854775807h"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
