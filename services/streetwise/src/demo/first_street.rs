//! The bus line, from report to closure.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use uuid::Uuid;

use super::Stopped;
use super::checklist::{Checklist, Step};
use super::doors::{Case, Doors, Report};
use super::place::Place;
use super::stage::Order;
use super::wait::until;

const STREET: &str = "990102001000";
const WITHIN: Duration = Duration::from_secs(15);

const FIRST_WORDS: &str =
    "公交306路环线改了走向，取消了我们小区的站点，三千多户居民出行要多走两站路，请协调恢复。";
/// Names no item; the keywords decide (D51).
const SECOND_WORDS: &str = "公交306路改道绕行，取消站点，出行不便";

/// Plays it; `found` is set as soon as the case is known.
pub(super) async fn play(
    doors: &Doors,
    checklist: &Checklist,
    found: &OnceLock<(&str, Case)>,
) -> Result<(), Stopped> {
    let (code, trace_id) = report(doors, checklist).await?;
    let case = joined(doors, &code).await?;
    checklist.seen(Step::Joined);
    let case = found.get_or_init(|| (STREET, case)).1.clone();
    let orders = orders(doors, checklist, case.case_id).await?;
    notice(doors, checklist, &orders).await?;
    // Bodies work on without a webhook, so the story goes on; what was not told is said at its end.
    let told = told(doors, checklist, &case, &trace_id).await;
    for (persona, step) in
        [("traffic-police", Step::PoliceDone), ("bus-company", Step::BusDone), ("transport", Step::LeadDone)]
    {
        let order = orders.iter().find(|order| order.body == persona && order.works());
        handle(doors, persona, order.ok_or(Stopped::NotSeen(step))?).await?;
        checklist.seen(step);
    }
    verify(doors, checklist, case.case_id).await?;
    until(Step::Followed, WITHIN, async || {
        Ok(doors.follow(&code).await?.filter(|seen| seen.phase == "closed"))
    })
    .await?;
    checklist.seen(Step::Followed);
    until(Step::Recorded, WITHIN, async || {
        let entries = doors.timeline(STREET, case.case_id).await?;
        Ok(complete(&entries.iter().map(|entry| entry.event_type.as_str()).collect::<Vec<_>>()).then_some(()))
    })
    .await?;
    checklist.seen(Step::Recorded);
    told
}

/// Two reports, 200 m apart; returns the first one's code and trace.
async fn report(doors: &Doors, checklist: &Checklist) -> Result<(String, String), Stopped> {
    let place = Place::drawn("滨江路社区公交站");
    let nearby = place.nearby("滨江路社区东门");
    let first = Report::new("grid-worker", STREET, FIRST_WORDS, Some("TRA-01"), &place);
    let second = Report::new("resident", STREET, SECOND_WORDS, None, &nearby);
    let receipt = until(Step::Reported, WITHIN, async || doors.report(&first).await).await?;
    // The second person reports what is a case by then: of two reports at once either may open it.
    let code = &receipt.tracking_code;
    until(Step::Reported, WITHIN, async || {
        Ok(doors.follow(code).await?.filter(|seen| seen.case_no.is_some()))
    })
    .await?;
    until(Step::Reported, WITHIN, async || doors.report(&second).await).await?;
    checklist.seen(Step::Reported);
    Ok((receipt.tracking_code, first.trace_id))
}

/// The case of the first report, once it has both voices.
async fn joined(doors: &Doors, code: &str) -> Result<Case, Stopped> {
    until(Step::Joined, WITHIN, async || {
        let Some(case_no) = doors.follow(code).await?.and_then(|seen| seen.case_no) else { return Ok(None) };
        let case = doors.case(STREET, &case_no).await?;
        Ok(case.filter(|case| case.voices == 2))
    })
    .await
}

async fn orders(doors: &Doors, checklist: &Checklist, case_id: Uuid) -> Result<Vec<Order>, Stopped> {
    let orders = until(Step::Ordered, WITHIN, async || {
        let orders = doors.orders(STREET, case_id).await?;
        let working: BTreeSet<_> =
            orders.iter().filter(|o| o.works()).map(|o| (&*o.role, &*o.body)).collect();
        let expected = [("lead", "transport"), ("assist", "traffic-police"), ("assist", "bus-company")];
        Ok((working == expected.into()).then_some(orders))
    })
    .await?;
    checklist.seen(Step::Ordered);
    let informed: BTreeSet<&str> = orders.iter().filter(|o| o.role == "inform").map(|o| &*o.body).collect();
    let centres = [format!("street-centre@{STREET}"), "governance-centre".to_owned()];
    if informed == centres.iter().map(String::as_str).collect() {
        checklist.seen(Step::Informed);
    }
    if orders.iter().filter(|order| order.works()).all(Order::timed) {
        checklist.seen(Step::Timed);
    }
    Ok(orders)
}

/// The informed ones look at theirs; there is nothing else for them to do.
async fn notice(doors: &Doors, checklist: &Checklist, orders: &[Order]) -> Result<(), Stopped> {
    for order in orders.iter().filter(|order| order.role == "inform") {
        let persona = order.body.split('@').next().unwrap_or(&order.body);
        doors.act(persona, STREET, order.order_id, "see", "").await?;
    }
    checklist.seen(Step::Noticed);
    Ok(())
}

/// One signed webhook to each of the five, all of the report's trace.
async fn told(doors: &Doors, checklist: &Checklist, case: &Case, trace_id: &str) -> Result<(), Stopped> {
    let lines = until(Step::Told, WITHIN, async || {
        let mut lines = doors.webhooks(&case.case_no)?;
        lines.retain(|line| line.body["type"] == "dispatch.order.dispatched");
        let bodies: BTreeSet<&str> = lines.iter().map(|line| line.path.as_str()).collect();
        Ok((bodies.len() == 5).then_some(lines))
    })
    .await?;
    checklist.seen(Step::Told);
    if lines.iter().all(|line| line.traceparent.contains(trace_id)) {
        checklist.seen(Step::Traced);
    }
    Ok(())
}

/// All a body does; the visit where the item asks for one.
async fn handle(doors: &Doors, persona: &str, order: &Order) -> Result<(), Stopped> {
    let acts = [
        ("see", "", true),
        ("acknowledge", "已签收", true),
        ("arrive", "已到场查看", order.has_stage("on_site")),
        ("progress", "已协调恢复临时站点", order.role == "lead"),
        ("submit", "已办结", true),
    ];
    for (verb, note, asked) in acts {
        if asked {
            doors.act(persona, STREET, order.order_id, verb, note).await?;
        }
    }
    Ok(())
}

async fn verify(doors: &Doors, checklist: &Checklist, case_id: Uuid) -> Result<(), Stopped> {
    doors.verify(STREET, case_id, "claim", "").await?;
    checklist.seen(Step::Claimed);
    let verified = doors.verify(STREET, case_id, "pass", "已回访两名诉求人，站点已恢复").await?;
    if verified.phase != "closed" {
        return Err(Stopped::NotSeen(Step::Closed));
    }
    checklist.seen(Step::Closed);
    Ok(())
}

/// What the timeline of such a case must tell, and how often.
fn complete(events: &[&str]) -> bool {
    let needed = [
        ("triage.case.opened", 1),
        ("triage.case.joined", 1),
        ("triage.case.routed", 1),
        ("dispatch.order.dispatched", 5),
        ("dispatch.order.seen", 5),
        ("dispatch.order.acknowledged", 3),
        ("dispatch.order.arrived", 3),
        ("dispatch.order.submitted", 3),
        ("dispatch.case.submitted", 1),
        ("dispatch.case.verifying", 1),
        ("dispatch.case.closed", 1),
        ("notification.delivery.delivered", 5),
    ];
    needed.iter().all(|(event, times)| events.iter().filter(|told| *told == event).count() >= *times)
}
