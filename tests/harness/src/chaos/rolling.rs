//! F20: a rolling restart of every service, one by one, in the order of the chart's Deployment: one more replica, ready;
//! the old one taken off the routes while its `preStop` sleeps; SIGTERM; gone within its grace. No request may fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use crate::cluster::{Cluster, Replica};
use crate::streets;

/// The chart's `preStop`; the endpoint goes from the routes somewhere within it.
const PRE_STOP: Duration = Duration::from_secs(5);
const OFF_THE_ROUTES_AFTER: Duration = Duration::from_secs(1);
/// A process must be gone so long after SIGTERM (the rest of `terminationGracePeriodSeconds`).
const GONE_WITHIN: Duration = Duration::from_secs(25);
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Between two readings of one door.
const READ_EVERY: Duration = Duration::from_millis(50);
/// One thing that people read at each door, and who.
const READ: [(&str, &str, &str); 5] = [
    ("triage", "reviews", "street-centre"),
    ("dispatch", "orders", "street-centre"),
    ("notification", "deliveries", "street-centre"),
    ("directory", "documents/core", "street-centre"),
    ("console", "cases", "street-centre"),
];

/// What F20 saw: figures in words, and what must not be.
pub(super) struct Rolled {
    pub notes: Vec<String>,
    pub violations: Vec<String>,
}

/// Rolls the services, each of them twice: to a second process and back.
pub(super) async fn restart(cluster: &Arc<Cluster>, services: &[&'static str]) -> Result<Rolled> {
    let reading = Reading::begin(cluster).await?;
    let (mut notes, mut violations) = (Vec::new(), Vec::new());
    for service in services {
        let began = Instant::now();
        let own = cluster.own_replica(service);
        let second = cluster.second_replica(service);
        let away = replace(cluster, service, &own, &second).await?;
        let back = replace(cluster, service, &second, &own).await?;
        for (gone, which) in [(away, "the first"), (back, "the second")] {
            if gone > GONE_WITHIN {
                violations.push(format!("F20: {service}, {which}, was gone {gone:.1?} after SIGTERM"));
            }
        }
        eprintln!("  {service}: there and back in {:.1?}", began.elapsed());
        notes.push(format!("{service}: gone {away:.1?} and {back:.1?} after SIGTERM"));
    }
    let (read, failed) = reading.end().await;
    notes.push(format!("{read} requests read beside the load"));
    violations.extend(failed);
    if read == 0 {
        violations.push("F20: nothing was read: nothing was tested".to_owned());
    }
    Ok(Rolled { notes, violations })
}

/// One process takes the place of another. Returns how long that took to go.
async fn replace(cluster: &Cluster, service: &str, old: &Replica<'_>, new: &Replica<'_>) -> Result<Duration> {
    new.program.start(&[]).await?;
    if !new.ready(cluster.http(), READY_WITHIN).await {
        bail!("the new {service} is not ready after {READY_WITHIN:?}");
    }
    cluster.front(service).add(new.address);
    tokio::time::sleep(OFF_THE_ROUTES_AFTER).await;
    cluster.front(service).remove(old.address);
    tokio::time::sleep(PRE_STOP - OFF_THE_ROUTES_AFTER).await;
    let asked = Instant::now();
    old.program.terminate();
    while old.program.alive() {
        if asked.elapsed() > 2 * GONE_WITHIN {
            bail!("the old {service} does not go");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(asked.elapsed())
}

/// Readers at every door, until told to end.
struct Reading {
    over: Arc<AtomicBool>,
    read: Arc<AtomicUsize>,
    readers: JoinSet<Vec<String>>,
}

impl Reading {
    /// Begins once every door knows the street.
    async fn begin(cluster: &Arc<Cluster>) -> Result<Self> {
        for (service, what, who) in READ {
            let known = testkit::wait::until(READY_WITHIN, async || {
                ask(cluster, service, what, who).await.ok()?.status().is_success().then_some(())
            });
            known.await.with_context(|| format!("{service} does not know the street"))?;
        }
        let (over, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut readers = JoinSet::new();
        for (service, what, who) in READ {
            let (cluster, over, read) = (cluster.clone(), over.clone(), read.clone());
            readers.spawn(async move {
                let mut failed = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    match ask(&cluster, service, what, who).await {
                        Ok(answer) if answer.status().is_success() => {
                            read.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => failed.push(format!("F20: {service} answered {}", answer.status())),
                        Err(error) => failed.push(format!("F20: {service} did not answer: {error:?}")),
                    }
                    tokio::time::sleep(READ_EVERY).await;
                }
                failed
            });
        }
        Ok(Self { over, read, readers })
    }

    /// How many were answered, and what was not.
    async fn end(self) -> (usize, Vec<String>) {
        self.over.store(true, Ordering::Relaxed);
        let failed = self.readers.join_all().await.into_iter().flatten().collect();
        (self.read.load(Ordering::Relaxed), failed)
    }
}

async fn ask(
    cluster: &Cluster,
    service: &str,
    what: &str,
    who: &str,
) -> Result<reqwest::Response, reqwest::Error> {
    let url = format!("{}/{service}/v1/streets/{}/{what}", cluster.url(service), streets::code(1));
    cluster.http().get(url).bearer_auth(cluster.token(who)).send().await
}
