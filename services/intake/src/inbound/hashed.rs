//! A strict JSON body together with the hash of its bytes, which idempotency compares (D19).

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bootstrap::door::json::JSON_BYTES_MAX;
use bootstrap::door::{Problem, StrictJson, body};
use serde::de::DeserializeOwned;

use crate::core::tracking::sha256;

/// Like [`StrictJson`], and the SHA-256 of the body as it came.
pub(super) struct HashedJson<T> {
    pub value: T,
    pub body_sha256: [u8; 32],
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for HashedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, rest) = request.into_parts();
        let bytes = body::read(Request::from_parts(parts.clone(), rest), JSON_BYTES_MAX).await?;
        let body_sha256 = sha256(&bytes);
        let again = Request::from_parts(parts, Body::from(bytes));
        let StrictJson(value) = StrictJson::from_request(again, state).await?;
        Ok(Self { value, body_sha256 })
    }
}
