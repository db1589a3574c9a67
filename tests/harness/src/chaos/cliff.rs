//! F13: thousands of orders are due at once, and dispatch is killed in the middle of firing them: twice where it is told to die, and
//! once both of its replicas by the signal that nobody hears.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::wait;

use super::{Found, Scale};
use crate::cluster::Cluster;

/// All have to be fired so long after dispatch is back.
const FIRED_WITHIN: Duration = Duration::from_secs(30);
/// Nothing else may take longer.
const WITHIN: Duration = Duration::from_secs(240);
/// Where it dies: with a batch decided and not committed, and with a batch committed and nothing said of it.
const POINTS: [&str; 2] = ["wakeups.before_commit:1", "wakeups.after_commit:1"];

/// So many have to be left for both replicas to be caught in the middle: some batches of theirs.
const CAUGHT_MIN: i64 = 3_000;

/// Orders of this load have a limit of some seconds ([`super::cluster`]).
pub(super) async fn killed_on_the_cliff(cluster: &Cluster, scale: &Scale) -> Result<Found> {
    let armed =
        wait::until(WITHIN, async || (waiting(cluster).await.ok()? >= scale.due_at_once).then_some(()));
    ensure!(armed.await.is_some(), "only {} orders wait for their limit", waiting(cluster).await?);
    cluster.program("dispatch").kill().await;
    let due = waiting(cluster).await?;
    let over = wait::until(WITHIN, async || (ahead(cluster).await.ok()? == 0).then_some(()));
    ensure!(over.await.is_some(), "limits are not over");
    for point in POINTS {
        cluster.start_service("dispatch", &[("STREETWISE_CRASH_POINT", point)]).await?;
        let died = wait::until(WITHIN, async || (!cluster.program("dispatch").alive()).then_some(()));
        ensure!(died.await.is_some(), "dispatch never reached {point}");
    }
    let left = overdue(cluster).await?;
    ensure!(left > 0, "nothing was left to be fired: dispatch did not die in the middle");
    let (left, killed) = match left >= CAUGHT_MIN {
        true => kill_both(cluster, left).await?,
        false => (left, String::new()),
    };
    let began = Instant::now();
    cluster.start_service("dispatch", &[]).await?;
    let fired = wait::until(WITHIN, async || (overdue(cluster).await.ok()? == 0).then_some(()));
    let mut violations = Vec::new();
    if fired.await.is_none() || began.elapsed() > FIRED_WITHIN {
        let left = overdue(cluster).await?;
        violations.push(format!(
            "F13: {left} of {due} orders were not fired {:.1?} after dispatch was back",
            began.elapsed()
        ));
    }
    let took = began.elapsed();
    Ok(Found {
        notes: vec![format!(
            "{due} orders due at once; dispatch killed at {}{killed}; the last {left} fired {took:.1?} after its start",
            POINTS.join(" and ")
        )],
        violations,
    })
}

/// Two replicas fire, and both are killed as soon as some are fired and not all. Returns how many are left, and what to say.
async fn kill_both(cluster: &Cluster, before: i64) -> Result<(i64, String)> {
    let (own, second) = (cluster.own_replica("dispatch"), cluster.second_replica("dispatch"));
    tokio::try_join!(own.program.start(&[]), second.program.start(&[]))?;
    let begun = wait::until(WITHIN, async || (overdue(cluster).await.ok()? < before).then_some(())).await;
    tokio::join!(own.program.kill(), second.program.kill());
    ensure!(begun.is_some(), "two replicas fired nothing");
    let left = overdue(cluster).await?;
    ensure!(left > 0, "all {before} were fired before both replicas were killed");
    Ok((left, format!(", then both replicas after {} of {before}", before - left)))
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
