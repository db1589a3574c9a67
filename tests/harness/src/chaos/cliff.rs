//! F13: thousands of orders are due at once, and dispatch is killed in the middle of firing them: twice where it is told to die, and
//! once all of its replicas by the signal that nobody hears. Each order fires once, none early, all in time.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::PgPool;
use testkit::wait;

use super::Found;
use crate::cluster::{Cluster, Replica};
use crate::streets;

#[cfg(test)]
mod tests;

/// All have to be fired so long after every replica was killed.
const FIRED_WITHIN: Duration = Duration::from_secs(30);
/// Nothing else may take longer.
const WITHIN: Duration = Duration::from_secs(240);
/// Where it dies: with a batch decided and not committed, and with a batch committed and nothing said of it.
const POINTS: [&str; 2] = ["wakeups.before_commit:1", "wakeups.after_commit:1"];

/// How high.
#[derive(Debug, Clone)]
pub struct Cliff {
    /// Reports per second, of two and a half orders each.
    pub per_s: u32,
    /// The n-th street: its orders have some seconds, and as many wait at a time as come within these.
    pub street: fn(usize) -> String,
    /// Dispatch is stopped when so many orders wait, and started when all of them are due. They are more than [`Self::due`] by what is
    /// fired until it has died at both named points: a batch of each of its two hands at most.
    pub armed: i64,
    /// So many at least are due when the replicas start that are killed. Each of them has to be seen firing before nothing is left,
    /// which takes some batches: of 512 orders or, where streets are few, of 64 from each.
    pub due: i64,
}

impl Cliff {
    /// Five batches from four streets.
    pub(super) fn short() -> Self {
        Self { per_s: 60, street: |n| streets::with_limit(n, 15), armed: 1_600, due: 1_200 }
    }

    /// What the matrix asks.
    pub(super) fn full() -> Self {
        Self { per_s: 60, street: |n| streets::with_limit(n, 100), armed: 11_100, due: 10_000 }
    }
}

/// What the journal tells of the orders that were due.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
struct Told {
    due: i64,
    /// Whose breach is on record.
    fired: i64,
    /// More than once.
    again: i64,
    /// Before its due time.
    early: i64,
}

impl Told {
    fn left(self) -> i64 {
        self.due - self.fired
    }

    fn violations(self, took: Duration) -> Vec<String> {
        let Self { due, fired, again, early } = self;
        let late = fired < due || took > FIRED_WITHIN;
        let found = [
            late.then(|| {
                format!("{fired} of {due} orders were fired {took:.1?} after every replica was killed")
            }),
            (again > 0).then(|| format!("{again} of {due} orders were fired more than once")),
            (early > 0).then(|| format!("{early} of {due} orders were fired early")),
        ];
        found.into_iter().flatten().map(|found| format!("F13: {found}")).collect()
    }
}

/// Orders of this load have a limit of some seconds ([`super::cluster`]).
pub(super) async fn killed_on_the_cliff(cluster: &Cluster, cliff: &Cliff) -> Result<Found> {
    stop_before(cluster, cliff).await?;
    for point in POINTS {
        die_at(cluster, point).await?;
    }
    let before = told(&cluster.admin).await?;
    ensure!(
        before.left() >= cliff.due,
        "only {} of {} orders are left to be fired",
        before.left(),
        before.due
    );
    let killed = kill_all(cluster, before).await?;
    let midway = told(&cluster.admin).await?;
    ensure!(
        before.fired < midway.fired && midway.left() > 0,
        "the kill of all replicas did not come midway: {} of {} orders were fired before it and {} before they started",
        midway.fired,
        midway.due,
        before.fired
    );
    start_all(cluster).await?;
    let all = wait::until(WITHIN, async || {
        // To count the journal is dear: once nothing waits.
        (overdue(cluster).await.ok()? == 0 && told(&cluster.admin).await.ok()?.left() == 0).then_some(())
    });
    // If not, the end says how many are left.
    all.await;
    let took = killed.elapsed();
    let end = told(&cluster.admin).await?;
    Ok(Found { notes: vec![in_words(before, midway, end, took)], violations: end.violations(took) })
}

fn in_words(before: Told, midway: Told, end: Told, took: Duration) -> String {
    format!(
        "{} orders due at once; dispatch killed at {}; then both replicas by SIGKILL when {} of the {} left were fired; the last of the \
         other {} fired {took:.1?} after that; in all {} fired once, {} again, {} early",
        before.due,
        POINTS.join(" and "),
        midway.fired - before.fired,
        before.left(),
        midway.left(),
        end.fired - end.again,
        end.again,
        end.early
    )
}

/// Stops dispatch when enough orders wait and none is due, takes down which they are, and returns when all of them are due.
async fn stop_before(cluster: &Cluster, cliff: &Cliff) -> Result<()> {
    let armed = wait::until(WITHIN, async || (waiting(cluster).await.ok()? >= cliff.armed).then_some(()));
    ensure!(armed.await.is_some(), "only {} orders wait for their limit", waiting(cluster).await?);
    cluster.program("dispatch").kill().await;
    let_go(cluster).await?;
    take_down(&cluster.admin).await?;
    let over = wait::until(WITHIN, async || (ahead(cluster).await.ok()? == 0).then_some(()));
    ensure!(over.await.is_some(), "limits are not over");
    Ok(())
}

/// One replica fires, and ends itself there.
async fn die_at(cluster: &Cluster, point: &str) -> Result<()> {
    cluster.start_service("dispatch", &[("STREETWISE_CRASH_POINT", point)]).await?;
    let died = wait::until(WITHIN, async || (!cluster.program("dispatch").alive()).then_some(()));
    ensure!(died.await.is_some(), "dispatch never reached {point}");
    let_go(cluster).await
}

fn replicas(cluster: &Cluster) -> [Replica<'_>; 2] {
    [cluster.own_replica("dispatch"), cluster.second_replica("dispatch")]
}

async fn start_all(cluster: &Cluster) -> Result<()> {
    let [first, second] = replicas(cluster);
    tokio::try_join!(first.program.start(&[]), second.program.start(&[]))?;
    Ok(())
}

/// All replicas fire, and all are killed as soon as each of them has fired some. Returns when that was.
async fn kill_all(cluster: &Cluster, before: Told) -> Result<Instant> {
    let [first, second] = replicas(cluster);
    start_all(cluster).await?;
    let each = wait::until(WITHIN, async || {
        let now = told(&cluster.admin).await.ok()?;
        let each = now.fired > before.fired && fires(cluster, &first).await && fires(cluster, &second).await;
        // Nothing will come after that: it is for the caller to say that it was not midway.
        (each || now.left() == 0).then_some(())
    });
    let each = each.await;
    let killed = Instant::now();
    tokio::join!(first.program.kill(), second.program.kill());
    ensure!(each.is_some(), "not each of two replicas fires: {:?}", told(&cluster.admin).await?);
    let_go(cluster).await?;
    Ok(killed)
}

/// Whether a replica says that it has fired orders since its start.
async fn fires(cluster: &Cluster, replica: &Replica<'_>) -> bool {
    fired_by(cluster, replica).await.is_some_and(|orders| orders > 0.0)
}

async fn fired_by(cluster: &Cluster, replica: &Replica<'_>) -> Option<f64> {
    let url = format!("http://{}/metrics", replica.address);
    let text = cluster.http().get(url).send().await.ok()?.text().await.ok()?;
    let mut lines = text.lines().filter(|line| line.starts_with("wakeups_lateness_seconds_count{"));
    lines.find(|line| line.contains("kind=\"order\""))?.rsplit(' ').next()?.parse().ok()
}

/// Waits until the database has let go of killed processes: until then a commit of theirs may be under way.
async fn let_go(cluster: &Cluster) -> Result<()> {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'dispatch'";
    let none = wait::until(WITHIN, async || (number(cluster, sessions).await.ok()? == 0).then_some(()));
    ensure!(none.await.is_some(), "sessions of killed processes stay");
    Ok(())
}

/// Takes down what is armed, to be compared with what is told of it.
async fn take_down(admin: &PgPool) -> Result<()> {
    let due = "CREATE SCHEMA IF NOT EXISTS checker; DROP TABLE IF EXISTS checker.due;
        CREATE TABLE checker.due AS
            SELECT tenant_id, subject_id AS order_id, due_at FROM dispatch.wakeups WHERE kind = 'order'";
    sqlx::raw_sql(due).execute(admin).await?;
    Ok(())
}

async fn told(admin: &PgPool) -> Result<Told> {
    let told = "SELECT count(*) AS due, count(*) FILTER (WHERE times > 0) AS fired,
            count(*) FILTER (WHERE times > 1) AS again, count(*) FILTER (WHERE first_at < due_at) AS early
        FROM (
            SELECT d.due_at, count(j.id) AS times, min(j.at) AS first_at
            FROM checker.due d
            LEFT JOIN dispatch.journal j ON j.tenant_id = d.tenant_id AND j.aggregate_id = d.order_id
                AND j.event_type = 'dispatch.order.breached'
            GROUP BY d.tenant_id, d.order_id, d.due_at) told";
    Ok(sqlx::query_as(told).fetch_one(admin).await?)
}

/// Waits until no order is due now or within the time that looking takes.
pub(super) async fn none_due_soon(cluster: &Cluster) -> Result<()> {
    let soon = "SELECT count(*) FROM dispatch.wakeups
                WHERE kind = 'order' AND due_at < clock_timestamp() + interval '60 seconds'";
    let none = wait::until(WITHIN, async || (number(cluster, soon).await.ok()? == 0).then_some(()));
    ensure!(none.await.is_some(), "{} orders are still due soon", number(cluster, soon).await?);
    Ok(())
}

async fn waiting(cluster: &Cluster) -> Result<i64> {
    number(cluster, "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order'").await
}

async fn ahead(cluster: &Cluster) -> Result<i64> {
    number(
        cluster,
        "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order' AND due_at > clock_timestamp()",
    )
    .await
}

/// Due for more than a second: what is due just now is none of it.
async fn overdue(cluster: &Cluster) -> Result<i64> {
    number(
        cluster,
        "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order' AND due_at < clock_timestamp() - interval '1 second'",
    )
    .await
}

async fn number(cluster: &Cluster, query: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(query).fetch_one(&cluster.admin).await?)
}
