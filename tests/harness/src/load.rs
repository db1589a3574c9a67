//! Open-loop reports: sent on schedule whatever the answers do, with a history that keeps unknowns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ids::{IdempotencyKey, ReportId};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::streets;

/// Never stored readably, never logged, never sent on (I10).
pub const CANARY: &str = "CANARY13812345678";

/// Part of a report id's scope (D19); the id is computed here anew, from the decision and not from the service.
const ROUTE: &str = "POST /intake/v1/streets/{street}/reports";

/// What became of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: it must be there for ever.
    Acked {
        /// The whole answer, which a replay must repeat.
        answer: Value,
    },
    /// A definite no: nothing of it may be there.
    Refused(u16),
    /// No answer: it may be there once or not at all.
    Unknown,
}

/// One report with its answer.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which street.
    pub street: String,
    /// The idempotency key.
    pub key: Uuid,
    /// The id the report must have (D19).
    pub report_id: ReportId,
    /// What was sent.
    pub body: Value,
    /// When it was due, since the start.
    pub due: Duration,
    /// From its due instant to the answer.
    pub latency: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Reports per second, over all streets.
    pub per_s: u32,
    /// For how long.
    pub lasting: Duration,
    /// Seeds keys and places; printed by whoever runs it.
    pub seed: u64,
    /// Requests under way at most; beyond that the schedule slips visibly in the latencies.
    pub in_flight_max: usize,
}

/// Items of the pack that join nothing when places are spread, with and without assistants and visits.
pub const ITEMS: [&str; 4] = ["TRA-01", "TRA-02", "TRA-05", "TRA-09"];

/// Sends the whole plan; returns every call.
pub async fn run(cluster: &Arc<Cluster>, plan: &Plan) -> Vec<Call> {
    let (calls, slots) =
        (Arc::new(Mutex::new(Vec::new())), Arc::new(tokio::sync::Semaphore::new(plan.in_flight_max)));
    let started = Instant::now();
    let total = u64::from(plan.per_s) * plan.lasting.as_secs();
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..total {
        let due = Duration::from_secs_f64(n as f64 / f64::from(plan.per_s));
        tokio::time::sleep_until((started + due).into()).await;
        let slot = slots.clone().acquire_owned().await.expect("never closed");
        let (cluster, calls, seed) = (cluster.clone(), calls.clone(), plan.seed);
        sending.spawn(async move {
            let mut call = prepare(&cluster, seed, n, due);
            call.outcome = send(&cluster, &call).await;
            call.latency = started.elapsed().saturating_sub(due);
            calls.lock().await.push(call);
            drop(slot);
        });
        while sending.try_join_next().is_some() {}
    }
    while sending.join_next().await.is_some() {}
    let mut calls = std::mem::take(&mut *calls.lock().await);
    calls.sort_by_key(|call| call.due);
    calls
}

/// A report besides the schedule, far from all others, as yet without an answer.
pub fn besides(cluster: &Cluster, seed: u64) -> Call {
    prepare(cluster, seed, 150_000, Duration::ZERO)
}

/// The n-th report of a seed: the same every time.
fn prepare(cluster: &Cluster, seed: u64, n: u64, due: Duration) -> Call {
    let street = streets::code(1 + (n as usize % cluster.streets));
    let key = Uuid::from_u64_pair(seed ^ 0x5EED_0000_0000_0000, n);
    let (east, north) = (n / 200, n % 200);
    // A hundredth of a degree is about a kilometre: nothing is within 500 m of anything else.
    let place =
        json!({"lon": 100.0 + east as f64 * 0.01, "lat": 20.0 + north as f64 * 0.01, "datum": "wgs84"});
    let item = ITEMS[n as usize % ITEMS.len()];
    let body = json!({
        "text": format!("公交线路调整，第{n}号"),
        "item": item,
        "place": place,
        "reporter": {"contact": CANARY},
    });
    let report_id = ReportId::derive(&[&street, "grid-worker", ROUTE], IdempotencyKey(key));

    Call { street, key, report_id, body, due, latency: Duration::ZERO, outcome: Outcome::Unknown }
}

/// Sends one report (again): with the same key it must have one effect.
pub async fn send(cluster: &Cluster, call: &Call) -> Outcome {
    let url = format!("{}/intake/v1/streets/{}/reports", cluster.url("intake"), call.street);
    let request = cluster.http().post(&url).bearer_auth(cluster.token("grid-worker"));
    let request = request.header("idempotency-key", call.key.to_string()).json(&call.body);
    let Ok(answer) = request.send().await else { return Outcome::Unknown };
    let status = answer.status();
    match answer.json().await {
        Ok(answer) if status.is_success() => Outcome::Acked { answer },
        // The body was cut: whether it was done is not known.
        Err(_) if status.is_success() => Outcome::Unknown,
        _ => Outcome::Refused(status.as_u16()),
    }
}

/// Asks again for everything that is not acknowledged, as a client would, until all are.
pub async fn settle(cluster: &Arc<Cluster>, calls: &mut [Call], within: Duration) -> usize {
    let deadline = Instant::now() + within;
    loop {
        let mut open = 0;
        for call in calls.iter_mut() {
            if matches!(call.outcome, Outcome::Acked { .. }) {
                continue;
            }
            call.outcome = send(cluster, call).await;
            open += usize::from(!matches!(call.outcome, Outcome::Acked { .. }));
        }
        if open == 0 || Instant::now() > deadline {
            return open;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
