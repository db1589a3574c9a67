//! `streetwise calendar replan`: which due times a newly published calendar moves, and moving them, batch by batch, as dispatch
//! answers. Interrupted, it is run again: what was moved is not moved twice.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::CalendarReplan;
use crate::client::Client;
use crate::failure::Failure;
use crate::table;

const LOOKING: &str = "查看时限重排 / looking at what would move";
const MOVING: &str = "重排时限 / moving due times";

#[derive(Debug, Deserialize)]
struct Calendars {
    calendars: Vec<Published>,
}

#[derive(Debug, Clone, Deserialize)]
struct Published {
    id: String,
    version: u64,
    zone: String,
    years: Vec<i16>,
}

#[derive(Debug, Deserialize)]
struct Page {
    moves: Vec<Value>,
    #[serde(default)]
    refused: Vec<String>,
    cases: u64,
    next: Option<String>,
}

/// One clock as it is told.
#[derive(Debug, Deserialize)]
struct Moved {
    case_no: String,
    body: Option<String>,
    stage: String,
    due_before: Option<Timestamp>,
    due_after: Option<Timestamp>,
    awaiting_year: Option<i16>,
    left_more_s: Option<i64>,
    why_zh: String,
    why_en: String,
}

/// What one calendar moves.
#[derive(Debug, Serialize)]
struct Outcome {
    calendar: String,
    version: u64,
    years: Vec<i16>,
    applied: bool,
    cases: u64,
    moves: Vec<Value>,
    /// Cases whose clocks could not be moved.
    refused: Vec<String>,
}

/// Runs the command.
pub async fn run(arguments: &CalendarReplan) -> Result<(), Failure> {
    let token = arguments.caller.token()?;
    let client = Client::new(arguments.dispatch_url.as_str(), &token)?;
    let street = code(&arguments.street)?;
    let path = format!("/dispatch/v1/streets/{street}/calendars");
    let known: Calendars = client.get(LOOKING, &path).await?;
    let wanted = |calendar: &Published| arguments.calendar.as_ref().is_none_or(|id| *id == calendar.id);
    let calendars: Vec<Published> = known.calendars.into_iter().filter(wanted).collect();
    if calendars.is_empty() {
        let said = "该街道没有这个日历 / the street has no such calendar";
        return Err(Failure::Usage(said.to_owned()));
    }
    let mut outcomes = Vec::new();
    for calendar in calendars {
        outcomes.push(all(&client, &path, &calendar, arguments).await?);
    }
    if arguments.caller.json {
        println!("{:#}", json!({ "street": street, "calendars": outcomes }));
    }
    Ok(())
}

/// It becomes part of an address.
fn code(text: &str) -> Result<&str, Failure> {
    let sound = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let said = "街道代码须为 12 位数字 / a street's code has 12 digits";
    if sound { Ok(text) } else { Err(Failure::Usage(said.to_owned())) }
}

/// Every page of one calendar.
async fn all(
    client: &Client,
    path: &str,
    calendar: &Published,
    arguments: &CalendarReplan,
) -> Result<Outcome, Failure> {
    let Published { id, version, years, zone } = calendar.clone();
    // What is applied is what was looked at: the service refuses it when another is in force.
    let version = arguments.version.unwrap_or(version);
    let (moves, refused) = (Vec::new(), Vec::new());
    let mut outcome =
        Outcome { calendar: id, version, years, applied: arguments.apply, cases: 0, moves, refused };
    let mut after: Option<String> = None;
    let say = |text: String| {
        if !arguments.caller.json {
            print!("{text}");
        }
    };
    say(heading(&outcome));
    loop {
        let page: Page = if arguments.apply {
            let body = json!({ "calendar": calendar.id, "version": version, "after": after, "note": arguments.note });
            client.post(MOVING, &format!("{path}:replan"), &body).await?
        } else {
            client.get(LOOKING, &address(path, &calendar.id, after.as_deref())).await?
        };
        // Told page by page: what was moved is moved, should a later page fail.
        say(rows(&page.moves, &zone)?);
        outcome.cases += page.cases;
        outcome.moves.extend(page.moves);
        outcome.refused.extend(page.refused);
        after = page.next;
        if after.is_none() {
            say(summary(&outcome));
            return Ok(outcome);
        }
    }
}

fn address(path: &str, calendar: &str, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("calendar", calendar);
    after.into_iter().for_each(|after| {
        query.append_pair("after", after);
    });
    format!("{path}:replan?{}", query.finish())
}

fn heading(outcome: &Outcome) -> String {
    let Outcome { calendar, version, years, .. } = outcome;
    let years = years.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    format!("{calendar}  第 {version} 版 / version {version}  {years}\n")
}

fn rows(moves: &[Value], zone: &str) -> Result<String, Failure> {
    let next = "服务与本工具的版本可能不同 / the service may be of another version than this tool";
    let read = |moved: &Value| serde_json::from_value::<Moved>(moved.clone());
    let moves: Vec<Moved> = moves
        .iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::world(LOOKING, next, error))?;
    if moves.is_empty() {
        return Ok(String::new());
    }
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let head = ["案件 case", "单位 body", "时限 stage", "原定 before", "改为 after", "原因 why"];
    let rows: Vec<Vec<String>> = moves.iter().map(|moved| moved.cells(&zone)).collect();
    Ok(table::render(&head, &rows))
}

/// How many there are, and how the same is applied.
fn summary(outcome: &Outcome) -> String {
    let Outcome { calendar, version, cases, applied, refused, .. } = outcome;
    let (zh, en) = if *applied { ("已重排", "moved") } else { ("将重排", "would move") };
    let count = outcome.moves.len();
    let mut text =
        format!("  {zh} {count} 项时限（在办案件 {cases} 件）/ {count} due times {en}, of {cases} cases\n");
    if !refused.is_empty() {
        let refused = refused.join(" ");
        text.push_str(&format!("  ✗ 无法重排，时限不变 / cannot be moved, and stay: {refused}\n"));
    }
    if !applied && count > 0 {
        text.push_str(&format!(
            "  → 生效 / to apply it: --calendar {calendar} --version {version} --apply\n"
        ));
    }
    text
}

impl Moved {
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let at = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
        let after = match (self.due_after, self.awaiting_year, self.left_more_s) {
            (_, _, Some(more_s)) => format!("挂起中，余 {0:+} 分 / on hold, {0:+} min left", more_s / 60),
            (Some(due_at), ..) => at(due_at),
            (None, Some(year), _) => format!("等待{year}年日历 / awaiting calendar {year}"),
            (None, None, None) => "—".to_owned(),
        };
        vec![
            self.case_no.clone(),
            self.body.clone().unwrap_or_else(|| "—".to_owned()),
            self.stage.clone(),
            self.due_before.map_or_else(|| "—".to_owned(), at),
            after,
            format!("{} / {}", self.why_zh, self.why_en),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_read_as_a_table_in_local_time() {
        let moved = json!({
            "case_id": "0190f1e2-0000-7000-8000-000000000001", "case_no": "990102001-261123-0001", "order_id": null,
            "body": "transport", "role": "lead", "round": 1, "stage": "resolve",
            "due_before": "2026-12-07T10:00:00Z", "due_after": "2026-12-08T10:00:00Z", "awaiting_year": null,
            "left_more_s": null, "why_zh": "2026-12-02 改为休息", "why_en": "2026-12-02 is off now",
        });
        let outcome = Outcome {
            calendar: "cn-official".to_owned(),
            version: 2,
            years: vec![2026, 2027],
            applied: false,
            cases: 3,
            moves: vec![moved],
            refused: Vec::new(),
        };
        let rows = rows(&outcome.moves, "Asia/Shanghai").unwrap();
        let said = format!("{}{rows}{}", heading(&outcome), summary(&outcome));
        assert!(said.starts_with("cn-official  第 2 版 / version 2  2026 2027\n"), "{said}");
        let row = said.lines().nth(3).unwrap();
        let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
        assert_eq!(
            cells,
            [
                "990102001-261123-0001",
                "transport",
                "resolve",
                "2026-12-07 18:00",
                "2026-12-08 18:00",
                "2026-12-02 改为休息 / 2026-12-02 is off now"
            ]
        );
        assert!(said.contains("1 due times would move, of 3 cases\n"), "{said}");
        assert!(said.ends_with("--calendar cn-official --version 2 --apply\n"), "{said}");
        let moved = Outcome { applied: true, refused: vec!["990102001-261123-0002".to_owned()], ..outcome };
        assert!(summary(&moved).ends_with("990102001-261123-0002\n"), "{}", summary(&moved));
    }

    #[test]
    fn ids_are_parts_of_an_address_and_nothing_more() {
        assert_eq!(address("/c", "a&b", Some("1")), "/c:replan?calendar=a%26b&after=1");
        assert!(code("990102001000").is_ok() && code("../x").is_err());
    }
}
