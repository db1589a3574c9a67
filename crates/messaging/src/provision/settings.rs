//! Settings side by side: what was asked, and what the broker says it has.

use async_nats::jetstream::consumer::{Config as ConsumerConfig, pull};
use async_nats::jetstream::stream::Config;

use super::Difference;

/// Where a stream is not as asked.
pub(super) fn of_stream(name: &str, asked: &Config, found: &Config) -> Vec<Difference> {
    let side = |config: &Config| {
        vec![
            ("subjects", format!("{:?}", config.subjects)),
            ("retention", format!("{:?}", config.retention)),
            ("discard", format!("{:?}", config.discard)),
            ("storage", format!("{:?}", config.storage)),
            ("deny_delete", config.deny_delete.to_string()),
            ("max_age", format!("{:?}", config.max_age)),
            ("max_bytes", config.max_bytes.to_string()),
            ("max_messages_per_subject", config.max_messages_per_subject.to_string()),
            ("num_replicas", config.num_replicas.to_string()),
            ("allow_atomic", config.allow_atomic_publish.to_string()),
        ]
    };
    differing(name, side(asked), side(found))
}

/// Where a consumer is not as asked.
pub(super) fn of_consumer(name: &str, asked: &pull::Config, found: &ConsumerConfig) -> Vec<Difference> {
    // A server answers a single filter in a field of its own.
    let filters = if found.filter_subjects.is_empty() {
        vec![found.filter_subject.clone()]
    } else {
        found.filter_subjects.clone()
    };
    let side = |filters: &[String], ack_wait, max_ack_pending: i64| {
        vec![
            ("filter_subjects", format!("{filters:?}")),
            ("ack_wait", format!("{ack_wait:?}")),
            ("max_ack_pending", max_ack_pending.to_string()),
        ]
    };
    let asked = side(&asked.filter_subjects, asked.ack_wait, asked.max_ack_pending);
    differing(name, asked, side(&filters, found.ack_wait, found.max_ack_pending))
}

fn differing(
    name: &str,
    asked: Vec<(&'static str, String)>,
    found: Vec<(&'static str, String)>,
) -> Vec<Difference> {
    let pairs = asked.into_iter().zip(found);
    let other = pairs.filter(|((_, asked), (_, found))| asked != found);
    let difference = |((setting, asked), (_, found))| Difference {
        name: name.to_owned(),
        setting,
        asked,
        found: Some(found),
    };
    other.map(difference).collect()
}
