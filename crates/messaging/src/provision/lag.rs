//! How far each consumer is behind, by the broker's word.

use async_nats::jetstream;
use contract::topology;

use super::ProvisionError;

/// One consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerLag {
    /// Its durable name.
    pub consumer: String,
    /// The stream it reads.
    pub stream: &'static str,
    /// Messages it has not been given yet.
    pub waiting: u64,
    /// Messages given and not acknowledged.
    pub in_hand: usize,
    /// Of those, given more than once.
    pub redelivered: usize,
}

/// Every consumer of the topology, in its order. Reads only.
pub async fn lag(client: &async_nats::Client) -> Result<Vec<ConsumerLag>, ProvisionError> {
    let jetstream = jetstream::new(client.clone());
    let mut all = Vec::new();
    for spec in topology::consumers() {
        let failed = |source: async_nats::Error| ProvisionError::Broker { name: spec.name.clone(), source };
        let stream = jetstream.get_stream_no_info(spec.stream).await.map_err(|e| failed(e.into()))?;
        let info = stream.consumer_info(&spec.name).await.map_err(|e| failed(e.into()))?;
        all.push(ConsumerLag {
            consumer: spec.name.clone(),
            stream: spec.stream,
            waiting: info.num_pending,
            in_hand: info.num_ack_pending,
            redelivered: info.num_redelivered,
        });
    }
    Ok(all)
}
