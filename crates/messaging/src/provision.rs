//! Makes the broker look like `contract::topology`, and refuses a broker that answers with something else.
//!
//! An old server takes newer settings without an error and ignores them; so what comes back is compared with
//! what was asked, and the version is checked first (at least 2.12).

mod lag;
mod settings;
mod survey;

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, ErrorCode};
use contract::topology::{self, ConsumerSpec, Retention, StreamSpec};

pub use lag::{ConsumerLag, lag};
pub use survey::{Difference, survey};

/// Why the broker was refused.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Too old; newer settings would be ignored silently.
    #[error("nats-server {0} is too old: at least 2.12 is needed")]
    TooOld(String),
    /// The broker answered with other settings than were asked.
    #[error("the broker did not take `{setting}` of {name}")]
    Ignored {
        /// Stream or consumer.
        name: String,
        /// The setting.
        setting: &'static str,
    },
    /// What is reserved for streams is used up.
    #[error(
        "the broker has no room to reserve {mib} MiB on disk for stream {name}: raise `max_file_store` in its \
         settings (by itself it allows three quarters of the disk that was free when it started), or give it a larger disk"
    )]
    NoRoom {
        /// The stream.
        name: String,
        /// What it reserves.
        mib: i64,
    },
    /// The broker failed.
    #[error("the broker refused {name}")]
    Broker {
        /// Stream or consumer.
        name: String,
        /// Why.
        #[source]
        source: async_nats::Error,
    },
}

/// What a killed process had fetched comes again after this (F1: resumed within 10 s). A living one says before it is
/// over that it is still at work.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(6);

/// Deliveries of one consumer the broker waits for, at most: one replica's batch and what it fetched ahead, twice, and
/// messages that wait for their tenant's documents.
const UNACKNOWLEDGED_MAX: i64 = 12_288;

/// How many copies the cluster keeps of each stream.
#[derive(Debug, Clone, Copy)]
pub struct Replicas(pub usize);

/// Streams first, then every consumer, before any publisher starts: with interest retention a message nobody is
/// subscribed to is dropped at once (D14).
pub async fn provision(client: &async_nats::Client, replicas: Replicas) -> Result<(), ProvisionError> {
    check_version(client)?;
    let jetstream = jetstream::new(client.clone());
    for spec in topology::streams() {
        stream(&jetstream, &spec, replicas).await?;
    }
    for spec in topology::consumers() {
        consumer(&jetstream, &spec).await?;
    }
    Ok(())
}

/// The oldest server that knows every setting asked of it.
fn check_version(client: &async_nats::Client) -> Result<(), ProvisionError> {
    let version = client.server_info().version.clone();
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if (major, minor) >= (2, 12) { Ok(()) } else { Err(ProvisionError::TooOld(version)) }
}

async fn stream(
    jetstream: &jetstream::Context,
    spec: &StreamSpec,
    replicas: Replicas,
) -> Result<(), ProvisionError> {
    let asked = stream_config(spec, replicas);
    let failed = |source: async_nats::Error| ProvisionError::Broker { name: spec.name.to_owned(), source };
    let made = jetstream.create_or_update_stream(asked.clone()).await;
    made.map_err(|e| if no_room(&e) { crowded(spec) } else { failed(e.into()) })?;
    let made = jetstream.get_stream(spec.name).await.map_err(|e| failed(e.into()))?;
    refuse_ignored(settings::of_stream(spec.name, &asked, &made.cached_info().config))
}

fn no_room(error: &CreateStreamError) -> bool {
    let CreateStreamErrorKind::JetStream(error) = error.kind() else { return false };
    error.error_code() == ErrorCode::STORAGE_RESOURCES_EXCEEDED
}

fn crowded(spec: &StreamSpec) -> ProvisionError {
    ProvisionError::NoRoom { name: spec.name.to_owned(), mib: spec.bytes_max / (1024 * 1024) }
}

fn stream_config(spec: &StreamSpec, replicas: Replicas) -> Config {
    let documents = spec.retention == Retention::LastOfSubject;
    Config {
        name: spec.name.to_owned(),
        subjects: vec![spec.subjects.clone()],
        retention: if documents { RetentionPolicy::Limits } else { RetentionPolicy::Interest },
        // With one message a subject, `new` would refuse every newer document.
        discard: if documents { DiscardPolicy::Old } else { DiscardPolicy::New },
        storage: StorageType::File,
        deny_delete: true,
        max_age: Duration::from_secs(spec.age_max_days.unwrap_or(0) * 86_400),
        max_bytes: spec.bytes_max,
        max_messages_per_subject: if documents { 1 } else { -1 },
        num_replicas: replicas.0,
        duplicate_window: Duration::from_secs(120),
        // The relay publishes batches (ADR 030).
        allow_atomic_publish: true,
        ..Config::default()
    }
}

async fn consumer(jetstream: &jetstream::Context, spec: &ConsumerSpec) -> Result<(), ProvisionError> {
    let failed = |source: async_nats::Error| ProvisionError::Broker { name: spec.name.clone(), source };
    let asked = consumer_config(spec);
    let stream = jetstream.get_stream_no_info(spec.stream).await.map_err(|e| failed(e.into()))?;
    stream.create_consumer(asked.clone()).await.map_err(|e| failed(e.into()))?;
    // Asked again: the answer to an update still tells what was.
    let made: PullConsumer = stream.get_consumer(&spec.name).await.map_err(failed)?;
    refuse_ignored(settings::of_consumer(&spec.name, &asked, &made.cached_info().config))
}

fn consumer_config(spec: &ConsumerSpec) -> pull::Config {
    pull::Config {
        durable_name: Some(spec.name.clone()),
        filter_subjects: spec.filters.clone(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: UNACKNOWLEDGED_MAX,
        max_deliver: -1,
        ..pull::Config::default()
    }
}

fn refuse_ignored(differences: Vec<Difference>) -> Result<(), ProvisionError> {
    match differences.into_iter().next() {
        None => Ok(()),
        Some(Difference { name, setting, .. }) => Err(ProvisionError::Ignored { name, setting }),
    }
}
