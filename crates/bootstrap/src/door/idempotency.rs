//! The `Idempotency-Key` header (D19): one UUID, made by the client, kept when it retries.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ids::IdempotencyKey;

use super::problem::Problem;

const NAME: &str = "idempotency-key";

/// The key of a request that changes something. Missing: 400 `idempotency-key-missing`; not one UUID: 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKeyHeader(pub IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKeyHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(NAME).iter();
        let first = values.next().ok_or_else(Problem::idempotency_key_missing)?;
        if values.next().is_some() {
            return Err(Problem::idempotency_key_invalid());
        }
        let text = first.to_str().map_err(|_| Problem::idempotency_key_invalid())?;
        parse(text).map(Self)
    }
}

/// The same of a message's field; empty is missing.
pub fn parse_key(text: &str) -> Result<IdempotencyKey, Problem> {
    if text.is_empty() { Err(Problem::idempotency_key_missing()) } else { parse(text) }
}

/// The UUID parser also takes braces and `urn:uuid:`; one spelling is enough for a key.
fn parse(text: &str) -> Result<IdempotencyKey, Problem> {
    let hyphenated = text.len() == 36;
    text.parse().ok().filter(|_| hyphenated).ok_or_else(Problem::idempotency_key_invalid)
}
