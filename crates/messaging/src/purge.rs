//! Taking a removed tenant's messages off the broker. Only the provisioner may (D14): services publish, hear, and no more.

use async_nats::jetstream::{self, stream::Stream};
use contract::topology;
use futures_util::TryStreamExt;
use ids::TenantId;

/// Why messages are still there.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The broker refused, or is away.
    #[error("the broker did not purge stream {stream}")]
    Broker {
        /// Which stream.
        stream: &'static str,
        /// Why.
        #[source]
        source: async_nats::Error,
    },
}

/// Removes every message of a tenant from every stream; returns how many there were. Doing it again is harmless.
pub async fn purge(client: &async_nats::Client, tenant: TenantId) -> Result<u64, PurgeError> {
    let jetstream = jetstream::new(client.clone());
    let mut purged = 0;
    for spec in topology::streams() {
        let failed = |source: async_nats::Error| PurgeError::Broker { stream: spec.name, source };
        let stream = jetstream.get_stream(spec.name).await.map_err(|error| failed(error.into()))?;
        let answer =
            stream.purge().filter(filter(spec.name, tenant)).await.map_err(|error| failed(error.into()))?;
        purged += answer.purged;
    }
    Ok(purged)
}

/// The subjects of a tenant that still have messages, of every stream.
pub async fn left(client: &async_nats::Client, tenant: TenantId) -> Result<Vec<String>, PurgeError> {
    let jetstream = jetstream::new(client.clone());
    let mut subjects = Vec::new();
    for spec in topology::streams() {
        let failed = |source: async_nats::Error| PurgeError::Broker { stream: spec.name, source };
        let stream = jetstream.get_stream(spec.name).await.map_err(|error| failed(error.into()))?;
        subjects.extend(subjects_of(&stream, filter(spec.name, tenant)).await.map_err(failed)?);
    }
    Ok(subjects)
}

async fn subjects_of(stream: &Stream, filter: String) -> Result<Vec<String>, async_nats::Error> {
    let subjects = stream.info_with_subjects(filter).await?;
    let named: Vec<(String, usize)> = subjects.try_collect().await?;
    Ok(named.into_iter().map(|(subject, _)| subject).collect())
}

/// The tenant is the last token of every subject (D13).
fn filter(stream: &str, tenant: TenantId) -> String {
    match stream {
        "directory" => format!("directory.document.*.{tenant}"),
        events => format!("{events}.*.*.*.{tenant}"),
    }
}
