//! What a report costs at a rate of one's choice, from the door to its webhooks: for comparing two states of the code
//! within minutes.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::{Knobs, flow, limits, reports};

/// Runs it: one district, the smallest report, a short load to warm up and one that is measured.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let per_s = f64::from(knobs.per_s.unwrap_or(400));
    let (warm_up, lasting) = (Duration::from_secs(5), knobs.lasting(15));
    let sheet = flow::at_rate(knobs, reports::SMALLEST, per_s, (warm_up, lasting)).await?;
    Ok(sheet.finish(format!(
        "a fresh district; six service processes, Postgres and NATS share the machine with the driver, which receives the \
         webhooks. {} (2 orders, 2 webhooks) by an open loop at end_to_end_at_per_s, {} s after a warm-up of {} s at the \
         same rate; end_to_end_held: accepted on schedule, at most a second's worth on its way at the end; the other keys \
         are those of bench flow. {}",
        reports::SMALLEST.item,
        lasting.as_secs(),
        warm_up.as_secs(),
        limits::METHOD
    )))
}
