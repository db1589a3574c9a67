//! What a scrape shows. The shared instruments are made here by crate `telemetry` itself, each with one value, and read back
//! from the scrape: series, labels and buckets are the real ones. Those a service makes in its `events.rs` are declared in
//! [`OWN`], made the same way, and held against the file by a test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use telemetry::{Metrics, label};

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// A level that is set.
    Gauge,
    /// A level that is looked up when somebody asks.
    Observed,
    /// One level without labels that is looked up when somebody asks.
    Level,
    /// A count that is kept elsewhere and looked up when somebody asks.
    Tally,
    /// A counter by tenant and one more label.
    OfTenants,
    /// A distribution.
    Histogram,
}

/// An instrument of one place in the code.
#[derive(Debug)]
pub struct Own {
    /// The file that makes it.
    pub file: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its unit there.
    pub unit: &'static str,
    /// Its labels there; of what is counted by tenant, the other one.
    pub labels: &'static [&'static str],
    /// The upper bounds of a distribution's buckets that are asked for.
    pub bounds: &'static [f64],
}

const fn own(
    file: &'static str,
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [&'static str],
) -> Own {
    Own { file, name, kind, unit, labels, bounds: &[1.0] }
}

const fn with_bounds(own: Own, bounds: &'static [f64]) -> Own {
    Own { bounds, ..own }
}

const INTAKE: &str = "services/intake/src/events.rs";
const DISPATCH: &str = "services/dispatch/src/events.rs";
const NOTIFICATION: &str = "services/notification/src/events.rs";
const CONSOLE: &str = "services/console/src/events.rs";
const ASSEMBLE: &str = "crates/bootstrap/src/assemble.rs";

/// All that are not made by crate `telemetry`.
pub const OWN: [Own; 37] = [
    own(INTAKE, "intake.reports.accepted", Kind::Counter, "{report}", &["lane"]),
    own(INTAKE, "intake.reports.replayed", Kind::Counter, "{report}", &[]),
    own(INTAKE, "intake.reports.refused", Kind::Counter, "{report}", &["reason"]),
    own(INTAKE, "intake.outbox.rows", Kind::Gauge, "{row}", &[]),
    own(INTAKE, "intake.batch.reports", Kind::Histogram, "{report}", &[]),
    own("services/intake/src/quotas/shared.rs", "intake.quota.shared", Kind::Gauge, "", &[]),
    own("services/triage/src/events.rs", "triage.cases.rehomed", Kind::Counter, "{case}", &["moved"]),
    own("services/triage/src/events.rs", "triage.plans.reviewed", Kind::Counter, "{plan}", &["outcome"]),
    own("services/triage/src/events.rs", "triage.reviews.overdue", Kind::Counter, "{report}", &["desk"]),
    own("services/triage/src/events.rs", "triage.rules.failed", Kind::Counter, "{rule}", &[]),
    own(
        "services/triage/src/events.rs",
        "triage.reports.settled",
        Kind::Counter,
        "{report}",
        &["went", "method"],
    ),
    own(DISPATCH, "dispatch.calendar.awaited", Kind::Counter, "{stage}", &["stage"]),
    own(DISPATCH, "dispatch.stages.warned", Kind::Counter, "{stage}", &["stage"]),
    own(DISPATCH, "dispatch.stages.breached", Kind::Counter, "{stage}", &["stage"]),
    own(DISPATCH, "dispatch.stages.escalated", Kind::Counter, "{stage}", &["stage"]),
    own(DISPATCH, "dispatch.batch.commands", Kind::Histogram, "{command}", &[]),
    own(DISPATCH, "dispatch.commands.turned_away", Kind::Counter, "{command}", &[]),
    own(DISPATCH, "dispatch.auditor.looks", Kind::Counter, "{look}", &[]),
    own(DISPATCH, "dispatch.auditor.subjects", Kind::Counter, "{subject}", &[]),
    own(DISPATCH, "dispatch.auditor.differences", Kind::Counter, "{subject}", &["difference"]),
    own(DISPATCH, "dispatch.links.refused", Kind::Counter, "{attempt}", &["reason"]),
    with_bounds(own(DISPATCH, "dispatch.report_to_order.duration", Kind::Histogram, "s", &[]), &[1.0, 5.0]),
    own(NOTIFICATION, "notification.verdicts", Kind::Counter, "{verdict}", &["verdict"]),
    own(NOTIFICATION, "notification.attempts", Kind::Counter, "{attempt}", &["outcome"]),
    own(NOTIFICATION, "notification.attempt.duration", Kind::Histogram, "s", &[]),
    with_bounds(
        own(NOTIFICATION, "notification.order_to_attempt.duration", Kind::Histogram, "s", &[]),
        &[0.5, 2.0],
    ),
    own(NOTIFICATION, "notification.secrets.unopened", Kind::Counter, "{secret}", &[]),
    own("services/directory/src/events.rs", "directory.applies", Kind::Counter, "{manifest}", &["outcome"]),
    own(CONSOLE, "console.events.heard", Kind::Counter, "{event}", &["publisher"]),
    own(CONSOLE, "console.lines.sequenced", Kind::Counter, "{line}", &[]),
    own(CONSOLE, "console.live.readers", Kind::Gauge, "{reader}", &[]),
    own(CONSOLE, "console.tenant.events", Kind::OfTenants, "{event}", &["event"]),
    own("crates/messaging/src/relay/age.rs", "messaging.outbox.oldest_age", Kind::Level, "s", &[]),
    own(ASSEMBLE, "database.clock.held", Kind::Level, "", &[]),
    own(ASSEMBLE, "database.scope.refusals", Kind::Tally, "{row}", &[]),
    own("crates/wakeups/src/metrics.rs", "wakeups.put_off", Kind::Counter, "{wakeup}", &["kind"]),
    own(ASSEMBLE, "documents.revision", Kind::Observed, "{revision}", &["documents.state"]),
];

/// Series of others, and who exports them. To ask for one more, add it with the review that it exists there.
pub const OF_OTHERS: [(&str, &str); 22] = [
    ("up", "Prometheus"),
    (
        "nats_stream_total_bytes",
        "prometheus-nats-exporter -jsz=all -prefix=nats, as the official chart starts it",
    ),
    ("nats_stream_limit_bytes", "prometheus-nats-exporter"),
    ("nats_stream_total_messages", "prometheus-nats-exporter"),
    ("nats_consumer_num_pending", "prometheus-nats-exporter"),
    ("nats_consumer_num_ack_pending", "prometheus-nats-exporter"),
    ("nats_consumer_num_redelivered", "prometheus-nats-exporter"),
    ("nats_varz_connections", "prometheus-nats-exporter -varz"),
    ("nats_varz_slow_consumers", "prometheus-nats-exporter -varz"),
    ("nats_varz_mem", "prometheus-nats-exporter -varz"),
    ("cnpg_backends_total", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_settings_setting", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_stat_database_xact_commit", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_stat_database_xact_rollback", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_stat_database_deadlocks", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_database_size_bytes", "CloudNativePG's instances, default queries"),
    ("cnpg_pg_replication_lag", "CloudNativePG's instances, default queries"),
    ("kubelet_volume_stats_used_bytes", "the kubelet"),
    ("kubelet_volume_stats_capacity_bytes", "the kubelet"),
    ("kube_cronjob_status_last_successful_time", "kube-state-metrics"),
    ("kube_cronjob_created", "kube-state-metrics"),
    ("kube_job_failed", "kube-state-metrics"),
];

/// A series of the scrape: its labels, and for `le` the bounds there are.
#[derive(Debug, Default)]
pub struct Series {
    /// Their names.
    pub labels: BTreeSet<String>,
    /// The bounds of a bucket series, as the scrape writes them.
    pub bounds: BTreeSet<String>,
}

/// Every series a scrape of the six services can show.
pub fn scraped() -> BTreeMap<String, Series> {
    let metrics = Metrics::new("chart");
    shared(&metrics);
    OWN.iter().for_each(|instrument| made(&metrics, instrument));
    let (_, text) = metrics.text().expect("the scrape is text");
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _value) = line.rsplit_once(' ').expect("a line of the scrape has a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let known = all.entry(name.to_owned()).or_default();
        for (label, value) in pairs(labels.trim_end_matches('}')) {
            if label == "le" {
                known.bounds.insert(value.to_owned());
            }
            known.labels.insert(label.to_owned());
        }
    }
    all
}

/// `a="x",b="y"`: no value of ours holds a quote.
fn pairs(labels: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<&str> = labels.split('"').collect();
    let pairs = parts.chunks(2).filter(|pair| pair.len() == 2);
    pairs.map(|pair| (pair[0].trim_matches([',', '=', ' ']), pair[1])).collect::<Vec<_>>().into_iter()
}

fn shared(metrics: &Metrics) {
    let second = Duration::from_secs(1);
    telemetry::http::ServerDuration::new(metrics).answered("POST", Some("/x"), 500, second);
    let methods: Vec<&'static str> = contract::proto::METHODS.iter().map(String::as_str).collect();
    telemetry::rpc::ServerDuration::new(metrics, &methods).ended(methods[0], "OK", second);
    telemetry::messaging::Publishing::new(metrics, "intake").published("intake", 1, 1);
    let processing = telemetry::messaging::Processing::new(metrics, "triage-intake-urgent");
    processing.batch("triage-intake-urgent", second);
    processing.settled("triage-intake-urgent", "applied", 1);
    telemetry::messaging::Parked::new(metrics).counted(1, 1);
    telemetry::wakeups::Lateness::new(metrics, "order").claimed("order", 1);
    telemetry::db::pool_gauge(metrics, || (2, 1));
}

fn made(metrics: &Metrics, instrument: &Own) {
    let Own { name, kind, unit, labels, bounds, .. } = *instrument;
    match (kind, labels) {
        (Kind::Counter, []) => metrics.counter(name, "", unit, []).add([], 1),
        (Kind::Counter, [one]) => metrics.counter(name, "", unit, [label(one, ["x"])]).add(["x"], 1),
        (Kind::Counter, [one, two]) => {
            metrics.counter(name, "", unit, [label(one, ["x"]), label(two, ["x"])]).add(["x", "x"], 1);
        }
        (Kind::Gauge, []) => metrics.gauge(name, "", unit, []).set([], 1),
        (Kind::Observed, [one]) => metrics.observed(name, "", unit, label(one, ["x"]), || [("x", 1)]),
        (Kind::Level, []) => metrics.level(name, "", unit, || 1),
        (Kind::Tally, []) => metrics.tally(name, "", unit, || 1),
        (Kind::OfTenants, [one]) => {
            metrics.tenant_counter(name, "", unit, label(one, ["x"])).add(1, || "x".to_owned(), "x", 1);
        }
        (Kind::Histogram, []) => metrics.histogram(name, "", unit, bounds, []).record([], 1.0),
        _ => panic!("{name}: no instrument of ours has these labels: {labels:?}"),
    }
}
