//! Files the drills and reads what becomes of them, until all is there or time is up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::end::end;
use super::report::faults;
use super::{Documents, Doors, Drill, Expected};
use crate::failure::Failure;

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Between two looks at what is not there yet.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a street that was just applied may be unknown to a service, or be planned by its older self.
const SETTLING: Duration = Duration::from_secs(10);

/// When a change must be active in every service (D21, twice its time): what a drill of before shows may be of the
/// documents of before, at one service if not at all.
const ACTIVE_WITHIN: Duration = Duration::from_secs(2);

/// A drill that was seen too late is ended all the same.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// What came of a drill.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The report it was filed as last.
    pub report_id: Uuid,
    /// What was found, in the form of what was expected.
    pub found: Expected,
    /// Bodies with the stages of their orders.
    pub stages: BTreeMap<String, BTreeSet<String>>,
    /// The street's generation that planned it; nothing while it is not planned.
    pub generation: Option<u64>,
    /// A person is asked to judge, with the reason.
    pub review: Option<String>,
    /// It was filed so often.
    pub filed: u32,
    /// The case it became.
    pub case_id: Option<Uuid>,
    /// So many of its cases are left open: dispatch was not asked, or did not answer in time.
    pub left_open: u32,
}

#[derive(Debug, Deserialize)]
struct Receipt {
    report_id: Uuid,
}

#[derive(Debug, Deserialize)]
struct Lines {
    #[serde(default)]
    case_id: Option<Uuid>,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: Option<String>,
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    role: Option<String>,
    due: BTreeMap<String, Option<Timestamp>>,
    lies_in: Option<String>,
    street_generation: Option<u64>,
    reason: Option<String>,
    about: Option<String>,
}

/// Files all of them, a few at a time, and follows each. Returns what came of them, in order, after `within` at the
/// latest.
pub async fn follow(
    doors: &Doors,
    documents: &Documents,
    drills: &[Drill],
    within: Duration,
    progress: bool,
) -> Result<Vec<Outcome>, Failure> {
    let times = Times { active: Instant::now() + ACTIVE_WITHIN, deadline: Instant::now() + within };
    let one = |(n, drill)| async move { Ok::<_, Failure>((n, drive(doors, documents, drill, times).await?)) };
    let mut under_way = stream::iter(drills.iter().enumerate().map(one)).buffer_unordered(AT_ONCE);
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    while let Some(done) = under_way.next().await {
        let (n, outcome) = done?;
        outcomes.insert(n, outcome);
        if progress && (outcomes.len().is_multiple_of(20) || outcomes.len() == drills.len()) {
            eprintln!("  演练 drills: {}/{}", outcomes.len(), drills.len());
        }
    }
    Ok(outcomes.into_values().collect())
}

/// Instants of one verification.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// From here on every service works with the documents that were read.
    active: Instant,
    /// Nothing is waited for any longer.
    deadline: Instant,
}

/// One drill, filed again while an older generation plans it, and once more if it was too early to say that it does not
/// hold.
async fn drive(
    doors: &Doors,
    documents: &Documents,
    drill: &Drill,
    times: Times,
) -> Result<Outcome, Failure> {
    let Times { active, deadline } = times;
    let (mut filed, mut left_open) = (0, 0);
    loop {
        let early = Instant::now() < active;
        let report_id = file(doors, documents, drill, deadline).await?;
        filed += 1;
        let until = if early { deadline.min(active + SETTLING) } else { deadline };
        let outcome = watch(doors, documents, drill, report_id, until).await?;
        if let Some(case_id) = outcome.case_id {
            let by = deadline.max(Instant::now() + ENDED_WITHIN);
            left_open += u32::from(!end(doors, documents, case_id, by).await?);
        }
        let older = outcome.generation.is_some_and(|generation| generation < documents.generation);
        let too_early = early && !faults(documents.generation, drill, &outcome).is_empty();
        if !(older || too_early) || Instant::now() >= deadline {
            return Ok(Outcome { filed, left_open, ..outcome });
        }
        if too_early {
            tokio::time::sleep_until(active.into()).await;
        }
    }
}

/// A street that was applied a moment ago may not be known at the door yet.
async fn file(
    doors: &Doors,
    documents: &Documents,
    drill: &Drill,
    deadline: Instant,
) -> Result<Uuid, Failure> {
    let street = documents.street.code;
    let doing = format!("提交演练上报 {} / filing a drill of {}", drill.item, drill.item);
    let path = format!("/intake/v1/streets/{street}/reports:drill");
    let text = format!("演练核验：{}（{}）/ conformance drill", drill.item_zh, drill.item);
    let place = json!({ "lon": drill.lon, "lat": drill.lat, "datum": "wgs84" });
    let body = json!({ "text": text, "item": drill.item, "place": place });
    let key = Uuid::from_u128(rand::random());
    let settled = deadline.min(Instant::now() + SETTLING);
    loop {
        match doors.intake.post_again::<Receipt>(&doing, &path, key, &body).await {
            Ok(receipt) => return Ok(receipt.report_id),
            Err(Failure::Refused { refusal, .. }) if refusal.status == 404 && Instant::now() < settled => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // Under the same key, so it is filed once.
            Err(failure) if passing(&failure) && Instant::now() < deadline => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// What may be over the next time: a service that is away, or asks to wait.
pub(super) fn passing(failure: &Failure) -> bool {
    match failure {
        Failure::World { .. } => true,
        Failure::Refused { refusal, .. } => matches!(refusal.status, 408 | 429 | 502..=504),
        _ => false,
    }
}

async fn watch(
    doors: &Doors,
    documents: &Documents,
    drill: &Drill,
    report_id: Uuid,
    deadline: Instant,
) -> Result<Outcome, Failure> {
    let doing = format!("查看演练结果 / reading what became of drill {report_id}");
    let path = format!("/console/v1/streets/{}/drills/{report_id}", documents.street.code);
    let mut outcome = Outcome { report_id, ..Outcome::default() };
    let mut looked_whole = false;
    loop {
        match doors.console.get::<Lines>(&doing, &path).await {
            Ok(read_of) => outcome = read(report_id, read_of.case_id, &read_of.lines),
            Err(Failure::Refused { refusal, .. }) if refusal.status == 404 => {}
            Err(failure) if passing(&failure) && Instant::now() < deadline => {}
            Err(failure) => return Err(failure),
        }
        let older = outcome.generation.is_some_and(|generation| generation < documents.generation);
        // Looked at once more when nothing is missing: what is too much may come a moment later.
        let whole = whole(&outcome, &drill.expected);
        let ended = older || outcome.review.is_some() || (whole && looked_whole);
        if ended || Instant::now() >= deadline {
            return Ok(outcome);
        }
        looked_whole = whole;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether nothing is missing; what is too much, or other than expected, is found by the report.
fn whole(outcome: &Outcome, expected: &Expected) -> bool {
    let found = outcome.found.roles();
    let noticed = expected.notices.iter().all(|(body, verdicts)| {
        outcome.found.notices.get(body).is_some_and(|found| found.len() >= verdicts.len())
    });
    expected.roles().keys().all(|body| found.contains_key(body)) && noticed
}

fn read(report_id: Uuid, case_id: Option<Uuid>, lines: &[Line]) -> Outcome {
    let mut outcome = Outcome { report_id, case_id, ..Outcome::default() };
    for line in lines {
        let (body, detail) = (line.body.clone().unwrap_or_default(), &line.detail);
        match line.kind.as_str() {
            "triage.case.opened" => outcome.found.lies_in = detail.lies_in.clone(),
            "triage.case.routed" => outcome.generation = detail.street_generation,
            "triage.case.review_requested" => {
                outcome.review = Some(detail.reason.clone().unwrap_or_default())
            }
            "dispatch.order.dispatched" => order(&mut outcome, body, detail),
            "notification.delivery.delivered" => notice(&mut outcome, body, detail, "delivered"),
            "notification.delivery.suppressed" | "notification.delivery.dead_lettered" => {
                let reason = detail.reason.clone().unwrap_or_default();
                notice(&mut outcome, body, detail, &reason);
            }
            _ => {}
        }
    }
    outcome
}

fn order(outcome: &mut Outcome, body: String, detail: &Detail) {
    outcome.stages.insert(body.clone(), detail.due.keys().cloned().collect());
    match detail.role.as_deref() {
        Some("lead") => {
            outcome.found.stages = detail.due.keys().cloned().collect();
            outcome.found.lead = body;
        }
        Some("assist") => {
            outcome.found.assists.insert(body);
        }
        _ => {
            outcome.found.informs.insert(body);
        }
    }
}

/// Of the order's going out; that it ran late is told, too, and is another matter.
fn notice(outcome: &mut Outcome, body: String, detail: &Detail, verdict: &str) {
    if detail.about.as_deref() == Some("dispatch.order.dispatched") {
        let verdicts = outcome.found.notices.entry(body).or_default();
        verdicts.push(verdict.to_owned());
        verdicts.sort();
    }
}
