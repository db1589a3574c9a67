//! Orders on real processes: how fast due stages of orders are fired, all in one transaction each batch, and how fast
//! bodies' acts are taken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Row;
use testkit::wait;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::sheet::Sheet;
use super::{Knobs, limits, server, statements};
use crate::cluster::{Cluster, Setup};
use crate::invariants;
use crate::load::{self, Plan};
use crate::measure::percentile_ms;
use crate::streets;

/// Reports whose orders are fired and acted on.
const REPORTS: usize = 3_000;
/// How fast they come.
const REPORTS_PER_S: u32 = 150;
/// Until an order's limit is over: long enough that all are dispatched before the first is due.
const LIMIT_S: u64 = 60;
/// Bodies' clients that act at the same time.
const CLIENTS: usize = 64;
/// Services that rest while orders are fired.
const OTHERS: [&str; 4] = ["intake", "triage", "notification", "console"];
/// Nothing may take longer.
const WITHIN: Duration = Duration::from_secs(180);
/// Bodies with a token here.
const BODIES: [&str; 4] = ["transport", "traffic-police", "bus-company", "governance-centre"];

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let reports = knobs.rows.unwrap_or(REPORTS);
    let setup = Setup {
        street: |n| streets::with_limit(n, LIMIT_S),
        postgres: if knobs.statements { server::COUNTING } else { server::SETTINGS },
        ..Setup::of(knobs.streets.unwrap_or(20))
    };
    let cluster = Arc::new(Cluster::start_as(setup).await?);
    if knobs.statements {
        statements::begin(&cluster.admin).await?;
    }
    let mut sheet = Sheet::default();
    let limits = cluster.postgres.cluster().admin_url("postgres");
    eprintln!("measuring the machine's own limit");
    sheet.put("limit_pg_batched_rows_per_s", limits::batched_rows_per_s(&limits).await?.round());
    fire(&cluster, &mut sheet, reports).await?;
    act(&cluster, &mut sheet).await?;
    Ok(sheet.finish(format!(
        "six processes, Postgres that syncs, {reports} reports; every order has {LIMIT_S} s to be acknowledged. order_fire: \
         dispatch is killed before the first limit is over and started when the last is, with database and broker for itself; orders whose breach is on the record, each with journal, \
         outbox and next wake-up, from the first of those decisions to the last, without the last one's. told_after: until the other services, started after that, have told everybody of them. commands: each order acknowledged by its body over \
         HTTP, {CLIENTS} clients that wait for their answer, keys and tokens as anybody has them; the clients run on the same machine. Half of them \
         with everything running (commands), half while the other services rest (alone_commands). In the \
         end nothing moves, and every promise of docs/invariants.md is checked"
    )))
}

async fn fire(cluster: &Arc<Cluster>, sheet: &mut Sheet, reports: usize) -> Result<()> {
    let lasting = Duration::from_secs((reports as u64).div_ceil(REPORTS_PER_S.into()));
    ensure!(
        lasting.as_secs() + 20 < LIMIT_S,
        "try fewer --rows: orders would be due before all are dispatched"
    );
    eprintln!("{reports} reports, {REPORTS_PER_S} a second");
    let began = Instant::now();
    let plan = Plan { per_s: REPORTS_PER_S, lasting, seed: 5, in_flight_max: 1_024 };
    let calls = load::run(cluster, &plan).await;
    settle(cluster).await?;
    ensure!(
        began.elapsed().as_secs() < LIMIT_S,
        "the machine is too slow: orders were due before dispatch was killed"
    );
    cluster.program("dispatch").kill().await;
    let due = number(cluster, "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order'").await?;
    eprintln!("{due} orders wait for their limit, {} reports acknowledged", calls.len());
    let over = wait::until(WITHIN, async || {
        let waiting =
            "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order' AND due_at > clock_timestamp()";
        (number(cluster, waiting).await.ok()? == 0).then_some(())
    });
    ensure!(over.await.is_some(), "limits are not over");
    // What follows from a fired order is the work of others, on the same machine: it is measured by itself.
    for name in OTHERS {
        cluster.program(name).kill().await;
    }
    statements::forget(&cluster.admin).await?;
    cluster.start_service("dispatch", &[]).await?;
    // Asked from the latest on, which are fired last: counting the journal time and again took a third of the database.
    let fired = wait::until(WITHIN, async || {
        let waits =
            "SELECT count(*) FROM (SELECT FROM dispatch.wakeups WHERE kind = 'order' AND due_at <= now()
                     ORDER BY due_at DESC LIMIT 1) w";
        // One that failed is put off, and fires later.
        (number(cluster, waits).await.ok()? == 0 && breached(cluster).await.ok()?.orders >= due).then_some(())
    });
    if fired.await.is_none() {
        bail!("{} of {due} orders fired", breached(cluster).await?.orders);
    }
    let fired = breached(cluster).await?;
    sheet.put("order_fire_per_s", fired.per_s());
    sheet.count("orders_fired", fired.orders as u64);
    statements::say(&cluster.admin, fired.orders as f64).await?;
    let began = Instant::now();
    for name in OTHERS {
        cluster.start_service(name, &[]).await?;
    }
    settle(cluster).await?;
    sheet.put("told_after_s", began.elapsed().as_secs_f64());
    Ok(())
}

/// What was fired.
struct Fired {
    orders: i64,
    /// Of these, the ones decided before the last transaction was.
    before_last: i64,
    /// From the first of those decisions to the last, in seconds.
    took_s: f64,
}

impl Fired {
    /// A transaction's time is that of its decision, so how long the last one took is not in the seconds; nor are its orders.
    fn per_s(&self) -> f64 {
        self.before_last as f64 / self.took_s.max(0.001)
    }
}

/// Orders whose breach is on the record.
async fn breached(cluster: &Cluster) -> Result<Fired> {
    let row = sqlx::query(
        "WITH breached AS (
             SELECT aggregate_id, at, min(at) OVER () AS first, max(at) OVER () AS last
             FROM dispatch.journal WHERE event_type = 'dispatch.order.breached')
         SELECT count(DISTINCT aggregate_id) AS orders,
                count(DISTINCT aggregate_id) FILTER (WHERE at < last) AS before_last,
                coalesce(extract(epoch FROM max(last) - min(first)), 0)::float8 AS took_s
         FROM breached",
    )
    .fetch_one(&cluster.admin)
    .await?;
    Ok(Fired { orders: row.get("orders"), before_last: row.get("before_last"), took_s: row.get("took_s") })
}

async fn act(cluster: &Arc<Cluster>, sheet: &mut Sheet) -> Result<()> {
    settle(cluster).await?;
    let orders = sqlx::query(
        "SELECT tenant_id, id, body FROM dispatch.orders
         WHERE role <> 'inform' AND split_part(body, '@', 1) = ANY ($1) ORDER BY id",
    )
    .bind(BODIES.map(str::to_owned).to_vec())
    .fetch_all(&cluster.admin)
    .await?;
    ensure!(!orders.is_empty(), "no order is of a body that has a token");
    eprintln!("{} orders are acknowledged", orders.len());
    let waiting: Vec<Command> = orders
        .iter()
        .map(|row| {
            let (tenant, order): (i64, Uuid) = (row.get("tenant_id"), row.get("id"));
            let path = format!("/dispatch/v1/streets/{tenant}/orders/{order}:acknowledge");
            (path, row.get("body"), order)
        })
        .collect();
    let (beside, alone) = waiting.split_at(waiting.len() / 2);
    commands(cluster, sheet, "command", beside.to_vec()).await?;
    settle(cluster).await?;
    // As firing was measured: what follows from a command is the work of others.
    for name in OTHERS {
        cluster.program(name).kill().await;
    }
    commands(cluster, sheet, "alone_command", alone.to_vec()).await?;
    for name in OTHERS {
        cluster.start_service(name, &[]).await?;
    }
    settle(cluster).await?;
    let violations = invariants::check(cluster, &[]).await?;
    ensure!(violations.is_empty(), "{violations:?}");
    Ok(())
}

async fn settle(cluster: &Arc<Cluster>) -> Result<()> {
    invariants::quiet(cluster, WITHIN).await.map_err(|moving| anyhow::anyhow!("not quiet: {moving}"))
}

/// Figures of some commands, under keys that begin so.
async fn commands(
    cluster: &Arc<Cluster>,
    sheet: &mut Sheet,
    named: &str,
    waiting: Vec<Command>,
) -> Result<()> {
    statements::forget(&cluster.admin).await?;
    let (count, queue, started) = (waiting.len(), Arc::new(Mutex::new(waiting)), Instant::now());
    let clients = (0..CLIENTS).map(|_| client(cluster.clone(), queue.clone()));
    let mut latencies = futures_util::future::try_join_all(clients).await?.concat();
    sheet.put(format!("{named}s_per_s"), count as f64 / started.elapsed().as_secs_f64());
    sheet.put(format!("{named}_p50_ms"), percentile_ms(&mut latencies, 50.0));
    sheet.put(format!("{named}_p99_ms"), percentile_ms(&mut latencies, 99.0));
    sheet.count(&format!("{named}s"), count as u64);
    statements::say(&cluster.admin, count as f64).await
}

/// Where, by whom, and which order, whose id serves as the key of its one command.
type Command = (String, String, Uuid);

async fn client(cluster: Arc<Cluster>, queue: Arc<Mutex<Vec<Command>>>) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let Some((path, body, key)) = queue.lock().await.pop() else { return Ok(latencies) };
        let persona = body.split('@').next().unwrap_or_default();
        let began = Instant::now();
        let request = cluster.http().post(format!("{}{path}", cluster.url("dispatch")));
        let request = request.bearer_auth(cluster.token(persona)).json(&json!({}));
        let answer = request.header("idempotency-key", key.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status == StatusCode::OK, "{body} could not acknowledge: {status} {text}");
        latencies.push(began.elapsed());
    }
}

async fn number(cluster: &Cluster, query: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(query).fetch_one(&cluster.admin).await?)
}
