//! Everything that crosses a process boundary: subjects, the CloudEvents envelope, typed events, tenant
//! documents, streams, consumers, and who may say and hear what at the broker. The only place that knows protobuf.
//!
//! Promises: one grammar of subjects ([`subject`]), unknown fields survive because received payload bytes are
//! forwarded and never encoded again (D53), an unknown schema version is an error the consumer parks.
//! Not here: connections, delivery, retries (crate `messaging`).

pub mod broker_user;
pub mod document;
pub mod envelope;
pub mod event;
pub mod proto;
pub mod subject;
pub mod topology;

pub use envelope::{BadEnvelope, Envelope, SCHEMA_VERSION};
pub use event::EventType;
