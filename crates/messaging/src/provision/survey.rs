//! What `provision` would change, without changing it.

use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use contract::topology;

use super::{ProvisionError, Replicas, check_version, consumer_config, settings, stream_config};

/// One thing at the broker that is not as `contract::topology` wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The stream, or the consumer.
    pub name: String,
    /// Which setting; `missing` if it is not there at all.
    pub setting: &'static str,
    /// What is wanted.
    pub asked: String,
    /// What the broker says; nothing where it has none.
    pub found: Option<String>,
}

impl Difference {
    fn missing(name: &str, asked: String) -> Self {
        Self { name: name.to_owned(), setting: "missing", asked, found: None }
    }
}

/// Every difference, streams first. Reads only.
pub async fn survey(
    client: &async_nats::Client,
    replicas: Replicas,
) -> Result<Vec<Difference>, ProvisionError> {
    check_version(client)?;
    let jetstream = jetstream::new(client.clone());
    let mut differences = Vec::new();
    for spec in topology::streams() {
        let failed =
            |source: async_nats::Error| ProvisionError::Broker { name: spec.name.to_owned(), source };
        match jetstream.get_stream(spec.name).await {
            Ok(stream) => {
                let info = stream.cached_info();
                differences.extend(settings::of_stream(
                    spec.name,
                    &stream_config(&spec, replicas),
                    &info.config,
                ));
                differences.extend(crowd(spec.name, info.state.consumer_count));
            }
            Err(error) if absent_stream(&error.kind()) => {
                differences.push(Difference::missing(spec.name, spec.subjects.clone()));
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
    for spec in topology::consumers() {
        let failed = |source: async_nats::Error| ProvisionError::Broker { name: spec.name.clone(), source };
        let stream = jetstream.get_stream_no_info(spec.stream).await.map_err(|e| failed(e.into()))?;
        match stream.consumer_info(&spec.name).await {
            Ok(info) => {
                differences.extend(settings::of_consumer(&spec.name, &consumer_config(&spec), &info.config))
            }
            Err(error) if absent_consumer(&error.kind()) => {
                differences.push(Difference::missing(&spec.name, spec.filters.join(" ")));
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
    Ok(differences)
}

/// A consumer that nobody reads holds every message of an interest stream until it is full.
fn crowd(stream: &str, found: usize) -> Option<Difference> {
    let asked = topology::consumers().iter().filter(|consumer| consumer.stream == stream).count();
    (found > asked).then(|| Difference {
        name: stream.to_owned(),
        setting: "consumers",
        asked: asked.to_string(),
        found: Some(found.to_string()),
    })
}

fn absent_stream(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn absent_consumer(kind: &ConsumerInfoErrorKind) -> bool {
    match kind {
        ConsumerInfoErrorKind::NotFound | ConsumerInfoErrorKind::StreamNotFound => true,
        ConsumerInfoErrorKind::JetStream(error) => {
            matches!(error.error_code(), ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND)
        }
        _ => false,
    }
}
