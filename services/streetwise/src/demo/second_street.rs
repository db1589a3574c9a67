//! An order nobody looks at: warned at 80 %, breached, escalated. Its clock runs five seconds (D48).

use std::sync::OnceLock;
use std::time::Duration;

use super::Stopped;
use super::checklist::{Checklist, Step};
use super::doors::{Case, Doors, Report};
use super::place::Place;
use super::wait::until;

const STREET: &str = "990102002000";
const WITHIN: Duration = Duration::from_secs(20);
const WORDS: &str = "公交站牌被撞倒了，站名也看不清。";

/// Plays it; `found` is set as soon as the case is known.
pub(super) async fn play(
    doors: &Doors,
    checklist: &Checklist,
    found: &OnceLock<(&str, Case)>,
) -> Result<(), Stopped> {
    let place = Place::drawn("云岭社区公交站");
    let report = Report::new("grid-worker", STREET, WORDS, Some("TRA-03"), &place);
    let receipt = until(Step::LeftAlone, WITHIN, async || doors.report(&report).await).await?;
    let case = until(Step::LeftAlone, WITHIN, async || {
        let case_no = doors.follow(&receipt.tracking_code).await?.and_then(|seen| seen.case_no);
        match case_no {
            Some(case_no) => doors.case(STREET, &case_no).await,
            None => Ok(None),
        }
    })
    .await?;
    let case = found.get_or_init(|| (STREET, case)).1.clone();
    until(Step::LeftAlone, WITHIN, async || {
        let orders = doors.orders(STREET, case.case_id).await?;
        let alone = |order: &super::stage::Order| {
            order.works() && order.policy == "demo-fast" && order.acts.is_empty()
        };
        Ok(orders.into_iter().find(alone))
    })
    .await?;
    checklist.seen(Step::LeftAlone);
    // Each is looked for, whatever became of the one before it.
    let seen = [
        told(doors, checklist, &case, Step::Warned, "dispatch.order.warned", "/hooks/bus-company").await,
        breached(doors, checklist, &case).await,
        told(
            doors,
            checklist,
            &case,
            Step::Escalated,
            "dispatch.order.escalated",
            "/hooks/governance-centre",
        )
        .await,
    ];
    seen.into_iter().collect()
}

/// A webhook of this event came to that endpoint, with a valid signature.
async fn told(
    doors: &Doors,
    checklist: &Checklist,
    case: &Case,
    step: Step,
    event: &str,
    path: &str,
) -> Result<(), Stopped> {
    until(step, WITHIN, async || {
        let lines = doors.webhooks(&case.case_no)?;
        Ok(lines.into_iter().find(|line| line.body["type"] == event && line.path == path).map(drop))
    })
    .await?;
    checklist.seen(step);
    Ok(())
}

async fn breached(doors: &Doors, checklist: &Checklist, case: &Case) -> Result<(), Stopped> {
    until(Step::Breached, WITHIN, async || {
        let orders = doors.orders(STREET, case.case_id).await?;
        let mut stages = orders.iter().flat_map(|order| &order.stages);
        Ok(stages.any(|stage| stage.verdict.as_deref() == Some("breached")).then_some(()))
    })
    .await?;
    checklist.seen(Step::Breached);
    Ok(())
}
