//! `streetwise desk`: the review desk (研判台) for whoever sits at it without a console, through triage's door. Nothing is decided
//! here, and nothing is done twice: what has ended an entry gives the same answer again.

mod told;
mod voices;
mod waiting;

use ids::TenantId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::{
    Desk, DeskAccept, DeskApprove, DeskDoor, DeskList, DeskReroute, DeskShow, DeskSplit, Kind, Said,
};
use crate::client::Client;
use crate::failure::{Failure, Refusal};
use crate::street::{advised, print_json, read};
use waiting::{Plan, Queue, Report};

const LOOKING: &str = "查看研判台 / looking at the review desk";
const ACTING: &str = "研判台处理 / acting at the review desk";

/// Runs the command.
pub async fn run(command: &Desk) -> Result<(), Failure> {
    match command {
        Desk::List(arguments) => list(arguments).await,
        Desk::Show(arguments) => show(arguments).await,
        Desk::Accept(arguments) => accept(arguments).await,
        Desk::Route(arguments) => {
            let body = noted(json!({ "item": arguments.item }), &arguments.said);
            Seat::of(&arguments.door)?.act(Queue::Reports, arguments.report, "decide", &body).await
        }
        Desk::Approve(arguments) => approve(arguments).await,
        Desk::Merge(arguments) => {
            let body = noted(json!({ "case_id": arguments.into }), &arguments.said);
            merge(&Seat::of(&arguments.door)?, arguments.entry, &body).await
        }
        Desk::Reroute(arguments) => reroute(arguments).await,
        Desk::Reject(arguments) => {
            let body = noted(json!({ "ground": arguments.ground }), &arguments.said);
            Seat::of(&arguments.door)?.act_on_either(arguments.entry, "reject", "reject", &body).await
        }
        Desk::Claim(entry) => passed(&entry.door, entry.entry, "claim", &json!({})).await,
        Desk::Release(entry) => passed(&entry.door, entry.entry, "release", &json!({})).await,
        Desk::Raise(pass) => passed(&pass.door, pass.entry, "raise", &noted(json!({}), &pass.said)).await,
        Desk::HandDown(pass) => {
            passed(&pass.door, pass.entry, "hand-down", &noted(json!({}), &pass.said)).await
        }
        Desk::Voices(arguments) => voices::list(arguments).await,
        Desk::Split(arguments) => split(arguments).await,
    }
}

/// A street's desk, with who sits at it.
struct Seat {
    client: Client,
    street: TenantId,
    json: bool,
}

impl Seat {
    /// Connects to nothing yet.
    fn of(door: &DeskDoor) -> Result<Self, Failure> {
        let client = Client::new(door.triage_url.as_str(), &door.caller.token()?)?;
        Ok(Self { client, street: door.street, json: door.caller.json })
    }

    fn path(&self, rest: &str) -> String {
        format!("/triage/v1/streets/{}/{rest}", self.street)
    }

    async fn act(&self, queue: Queue, id: Uuid, verb: &str, body: &Value) -> Result<(), Failure> {
        self.tell(self.asked(&format!("{}/{id}:{verb}", queue.path()), body).await)
    }

    /// An id does not say whether a report or a plan waits under it: what is not in one queue may be in the other.
    async fn act_on_either(
        &self,
        id: Uuid,
        of_report: &str,
        of_plan: &str,
        body: &Value,
    ) -> Result<(), Failure> {
        let asked = self.asked(&format!("{}/{id}:{of_report}", Queue::Reports.path()), body).await;
        if refused(&asked, |refusal| refusal.status == 404) {
            return self.act(Queue::Plans, id, of_plan, body).await;
        }
        self.tell(asked)
    }

    async fn asked(&self, target: &str, body: &Value) -> Result<Value, Failure> {
        self.client.post(ACTING, &self.path(target), body).await
    }

    /// What is not there is looked for in the list.
    fn tell(&self, answer: Result<Value, Failure>) -> Result<(), Failure> {
        let answer = answer.map_err(|failure| advised(failure, &self.listed()))?;
        match self.json {
            true => print_json(&answer),
            false => print!("{}", told::answer(&answer)),
        }
        Ok(())
    }

    fn listed(&self) -> String {
        format!("streetwise desk list --street {}", self.street)
    }
}

/// What was drawn anew since it was read is looked at again.
async fn approve(arguments: &DeskApprove) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let seat = Seat { client: seat.client.only_if(arguments.if_version), ..seat };
    let target = format!("{}/{}:approve", Queue::Plans.path(), arguments.case);
    let asked = seat.asked(&target, &change(arguments)).await;
    if refused(&asked, |refusal| refusal.status == 412) {
        let again = format!("streetwise desk show {} --street {}", arguments.case, seat.street);
        return asked.map(drop).map_err(|failure| advised(failure, &again));
    }
    seat.tell(asked)
}

async fn passed(door: &DeskDoor, id: Uuid, verb: &str, body: &Value) -> Result<(), Failure> {
    Seat::of(door)?.act_on_either(id, verb, verb, body).await
}

async fn list(arguments: &DeskList) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let (mut all, mut text) = (json!({ "street": seat.street }), String::new());
    for queue in [Queue::Reports, Queue::Plans] {
        if arguments.kind.is_some_and(|kind| queue != Queue::of(kind)) {
            continue;
        }
        let waiting = seat.waiting(queue, arguments.desk, arguments.limit as usize).await?;
        text.push_str(&match queue {
            Queue::Reports => told::reports(&waiting.read::<Report>()?, waiting.more),
            Queue::Plans => told::plans(&waiting.read::<Plan>()?, waiting.more),
        });
        all["more"][queue.name()] = waiting.more.into();
        all[queue.name()] = waiting.entries.into();
    }
    match seat.json {
        true => print_json(&all),
        false => print!("{text}"),
    }
    Ok(())
}

async fn show(arguments: &DeskShow) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    for queue in [Queue::Reports, Queue::Plans] {
        let Some(entry) = seat.find(queue, &arguments.entry).await? else { continue };
        match seat.json {
            true => print_json(&entry),
            false => print!("{}", told::entry(queue, &entry, seat.street)?),
        }
        return Ok(());
    }
    Err(missing(&seat, &arguments.entry))
}

/// What is proposed is read first, then decided by its item: if somebody was quicker the door says so.
async fn accept(arguments: &DeskAccept) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let id = arguments.report.to_string();
    let entry = seat.find(Queue::Reports, &id).await?.ok_or_else(|| missing(&seat, &id))?;
    let report: Report = read(LOOKING, &entry)?;
    let choice = usize::from(arguments.choice);
    let Some(proposed) = report.item_explanation.proposed.get(choice - 1) else {
        return Err(Failure::Usage(format!(
            "没有第 {choice} 条建议 / there is no suggestion {choice}\n  → streetwise desk route {id} --street {} --item ITEM",
            seat.street
        )));
    };
    let body = noted(json!({ "item": proposed.item }), &arguments.said);
    seat.act(Queue::Reports, arguments.report, "decide", &body).await
}

/// An id is that of a report that waits, of a case that bodies have, or of one whose plan waits.
async fn merge(seat: &Seat, id: Uuid, body: &Value) -> Result<(), Failure> {
    let report = seat.asked(&format!("{}/{id}:join", Queue::Reports.path()), body).await;
    if !refused(&report, |refusal| refusal.status == 404) {
        return seat.tell(report);
    }
    let case = seat.asked(&format!("cases/{id}:merge"), body).await;
    // Its plan waits, or waited until this was asked before; the plan that waits may be the other case's, too.
    let of_plan = |refusal: &Refusal| ["plan-waits", "invalid-transition"].contains(&refusal.code.as_str());
    if !refused(&case, of_plan) {
        return seat.tell(case);
    }
    let plan = seat.asked(&format!("{}/{id}:merge", Queue::Plans.path()), body).await;
    let elsewhere = |refusal: &Refusal| refusal.status == 404 || refusal.code == "invalid-transition";
    seat.tell(if refused(&plan, elsewhere) { case } else { plan })
}

fn refused(answer: &Result<Value, Failure>, so: impl Fn(&Refusal) -> bool) -> bool {
    matches!(answer, Err(Failure::Refused { refusal, .. }) if so(refusal))
}

async fn reroute(arguments: &DeskReroute) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let mut body = noted(json!({}), &arguments.said);
    if let Some(item) = &arguments.item {
        body["item"] = item.as_str().into();
    }
    if let (Some(lon), Some(lat)) = (arguments.lon, arguments.lat) {
        body["place"] = json!({ "lon": lon, "lat": lat, "datum": arguments.datum });
        if let Some(address) = &arguments.address {
            body["place"]["address"] = address.as_str().into();
        }
    }
    seat.tell(seat.asked(&format!("cases/{}:reroute", arguments.case), &body).await)
}

async fn split(arguments: &DeskSplit) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let mut body = noted(json!({ "report_id": arguments.report }), &arguments.said);
    if let Some(item) = &arguments.item {
        body["item"] = item.as_str().into();
    }
    seat.tell(seat.asked(&format!("cases/{}:split", arguments.case), &body).await)
}

fn missing(seat: &Seat, id: &str) -> Failure {
    let why = anyhow::anyhow!("{id} 不在等候之列，或已处理 / {id} does not wait here, or was decided");
    Failure::world(LOOKING, seat.listed(), why)
}

fn noted(mut body: Value, said: &Said) -> Value {
    if let Some(note) = &said.note {
        body["note"] = note.as_str().into();
    }
    body
}

/// What the person wants otherwise; nothing of it leaves the plan as it was drawn.
fn change(arguments: &DeskApprove) -> Value {
    let DeskApprove { lead, assists, no_assists, said, .. } = arguments;
    let mut body = noted(json!({}), said);
    if let Some(lead) = lead {
        body["lead"] = lead.to_string().into();
    }
    if *no_assists || !assists.is_empty() {
        body["assists"] = assists.iter().map(ToString::to_string).collect();
    }
    body
}

impl Queue {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Reports => Self::Reports,
            Kind::Plans => Self::Plans,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    fn approval(more: &[&str]) -> Value {
        let words = ["streetwise", "desk", "approve", "0190f1e2-0000-7000-8000-000000000001"];
        let door = ["--street", "990102001000", "--triage-url", "http://x", "--token", "t"];
        let all = words.iter().chain(&door).chain(more);
        let Command::Desk(desk) = Arguments::try_parse_from(all).unwrap().command else {
            panic!("another command")
        };
        let Desk::Approve(arguments) = *desk else { panic!("another act") };
        change(&arguments)
    }

    #[test]
    fn nobody_assists_is_said_and_is_not_the_same_as_saying_nothing() {
        assert_eq!(approval(&[]), json!({}));
        assert_eq!(approval(&["--no-assists"]), json!({ "assists": [] }));
        let words = ["--lead", "bus-company", "--assist", "transport", "--note", "运营调整"];
        let expected = json!({ "lead": "bus-company", "assists": ["transport"], "note": "运营调整" });
        assert_eq!(approval(&words), expected);
    }
}
