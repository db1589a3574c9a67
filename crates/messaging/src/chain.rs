//! The seal chain (D11): pure hashing, used by the relay that makes it and by whoever verifies it.
//!
//! `content = SHA-256(length-prefixed fields)`, `root(n) = SHA-256(prev || content(1) || … || content(k))`,
//! `prev(1)` is 32 zero bytes, `prev(n) = root(n-1)`.

use ids::TenantId;
use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use uuid::Uuid;

/// The first `prev` of a tenant.
pub const GENESIS: [u8; 32] = [0; 32];

/// The fields of a journal row a seal is about.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Journal id.
    pub id: Uuid,
    /// Event type.
    pub event_type: &'a str,
    /// Tenant.
    pub tenant: TenantId,
    /// What changed.
    pub aggregate_id: Uuid,
    /// Its version.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: &'a str,
    /// Why.
    pub purpose: Option<&'a str>,
    /// The encoded message.
    pub payload: &'a [u8],
}

/// Hash of one journal row.
pub fn content_sha256(content: &Content<'_>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let mut field = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    field(content.id.as_bytes());
    field(content.event_type.as_bytes());
    field(&content.tenant.as_i64().to_be_bytes());
    field(content.aggregate_id.as_bytes());
    field(&content.version.to_be_bytes());
    field(&content.at.as_microsecond().to_be_bytes());
    field(content.actor.as_bytes());
    field(content.purpose.unwrap_or_default().as_bytes());
    field(content.payload);
    digest(context)
}

/// Root of one seal.
pub fn root<'a>(prev: &[u8; 32], contents: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(prev);
    contents.into_iter().for_each(|content| context.update(content));
    digest(context)
}

fn digest(context: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}
