//! The whole flow: how many reports a second are accepted, how many reach their signed webhooks, and at which cost.

mod accept;
mod end_to_end;

use anyhow::Result;
use serde_json::Value;

use super::{Knobs, limits, reports};
pub(super) use end_to_end::at_rate;

/// Runs it: the door on one district, each shape of report from end to end on another.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let mut sheet = accept::measure(knobs).await?;
    sheet.all("", end_to_end::measure(knobs, reports::SMALLEST).await?);
    sheet.all("fanout_", end_to_end::measure(knobs, reports::FANOUT).await?);
    Ok(sheet.finish(format!(
        "a fresh district each for the door, the smallest report and the fan-out; six service processes, Postgres and \
         NATS share the machine with the driver, which keeps 64 to 256 connections alive and receives the webhooks. \
         accepted_per_s_max: closed loop, best of 64, 128 and 256 connections, all services running (alone_: intake \
         only); accept_p*: open loop at half of it, from a report's due instant to its 201. outbox_drain_per_s: the \
         broker is frozen while reports are accepted, then the outbox of intake drains, the other services \
         consuming. end_to_end_per_s: the highest open-loop rate (doubled, then the gap halved to 8 %) at which \
         every report is accepted on schedule, at most a second's worth is on its way at the end and all are \
         through 5 s later; smallest report {} (2 orders, 2 webhooks), fanout_ {} (5 orders, 5 webhooks); \
         end_to_end_p*: open loop at half of that rate, from the due instant to the arrival of the report's last \
         webhook (held_at_half: whether the backlog stayed small there too, on a record that has grown by then); \
         *_to_*: database times of the services' own rows in that step; cpu and resident memory (highest since \
         start) from /proc over that step. {}",
        reports::SMALLEST.item,
        reports::FANOUT.item,
        limits::METHOD
    )))
}
