//! What every change at this door has in common: key, version, trace, and the answer.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bootstrap::door::{IdempotencyKeyHeader, IfMatch, Problem, TraceContext};
use bootstrap::{Bearer, Identity};
use ids::{IdempotencyKey, TenantId};
use serde::Serialize;

use crate::handle::answer::{Answer, Request};

/// The caller and the headers of a change.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub who: Identity,
    pub key: IdempotencyKey,
    pub if_match: Option<IfMatch>,
    pub traceparent: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Change {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Bearer(who) = Bearer::from_request_parts(parts, state).await?;
        let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::from_request_parts(parts, state).await?;
        let Ok(trace) = TraceContext::from_request_parts(parts, state).await;
        Ok(Self { who, key, if_match: IfMatch::of(&parts.headers), traceparent: trace.traceparent })
    }
}

impl Change {
    /// The request of this change on a route of a street.
    pub fn request(&self, tenant: TenantId, route: String, body: &impl Serialize) -> Request {
        Request {
            tenant,
            principal: self.who.subject.clone(),
            route,
            key: self.key,
            request_sha256: Request::digest(body),
            if_match: self.if_match.clone(),
        }
    }
}

/// A changed row with its version.
pub(super) fn answered(answer: Answer) -> Result<Response, Problem> {
    let Answer { version, body } = answer;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json), (header::ETAG, etag(version))], body).into_response())
}

/// A version as `ETag`.
pub(super) fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("quoted digits")
}
