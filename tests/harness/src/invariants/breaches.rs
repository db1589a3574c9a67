//! I5: a clock says its breach once. Verdicts are rows with a key, and could hide a second telling: events are counted here.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use contract::proto::dispatch as said;
use prost::Message;
use sqlx::PgPool;

use super::Violation;

pub(super) async fn check(admin: &PgPool) -> Result<Vec<Violation>> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT event_type, payload FROM dispatch.journal
         WHERE event_type IN ('dispatch.order.breached', 'dispatch.case.breached')",
    )
    .fetch_all(admin)
    .await?;
    let clocks = rows.iter().map(|(kind, payload)| {
        let of_order = kind == "dispatch.order.breached";
        if of_order { of_an_order(payload) } else { of_a_case(payload) }
    });
    Ok(told_again(clocks.collect::<Result<Vec<_>>>()?))
}

/// An order is of one round, and each of its stages has one clock.
fn of_an_order(payload: &[u8]) -> Result<String> {
    let event = said::OrderEvent::decode(payload).context("a breach of an order")?;
    let order = event.order.unwrap_or_default();
    Ok(format!("{} {}", order.order_id, event.stage))
}

/// A case has a clock of each round's verification and of each return; of two returns of a round, the due time tells them apart.
fn of_a_case(payload: &[u8]) -> Result<String> {
    let event = said::CaseEvent::decode(payload).context("a breach of a case")?;
    let case = event.case.unwrap_or_default();
    let clock = case.adjudication.iter().chain(&case.stages).find(|clock| clock.stage == event.stage);
    let due_at = clock.and_then(|clock| clock.due_at).map(|at| (at.seconds, at.nanos)).unwrap_or_default();
    Ok(format!("{} {} of round {} due {due_at:?}", case.case_id, event.stage, case.round))
}

fn told_again(clocks: Vec<String>) -> Vec<Violation> {
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    clocks.into_iter().for_each(|clock| *told.entry(clock).or_default() += 1);
    let again = told.into_iter().filter(|(_, times)| *times > 1);
    let found =
        |(clock, times)| Violation { invariant: "I5", found: format!("breach told {times} times: {clock}") };
    again.map(found).take(5).collect()
}
