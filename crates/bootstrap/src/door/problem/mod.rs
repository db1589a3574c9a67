//! Refusals as RFC 9457 problem documents with a stable `code` and a hint what to do next.
//!
//! A problem never repeats what the caller sent, and never shows SQL, a stack or an inner error: it is made of
//! texts written here and in the services. The only thing of the caller's in it is the JSON pointer to a field
//! that our own types name. A 404 is byte-identical whatever was asked for.

mod kinds;
mod openapi;
mod refusals;

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub use kinds::Kind;

/// A refusal on its way out. Made by the constructors, or from a service's own [`Kind`].
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: &'static Kind,
    detail: Option<Cow<'static, str>>,
    hint: Option<Cow<'static, str>>,
    faults: Vec<Fault>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// One thing wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) to the value, e.g. `/place/lon`; empty for the whole body.
    pub pointer: String,
    /// Stable name of the fault, e.g. `missing-field`.
    pub code: Cow<'static, str>,
    /// For people, Chinese first.
    pub detail: String,
    /// Line in the body as it was sent, from 1; there only where the body is a text people write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// The body of every refusal, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// For people, Chinese first.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable name of the kind of problem; match on this.
    pub code: String,
    /// More about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next.
    pub hint: String,
    /// Each thing wrong with the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}

impl Problem {
    /// A problem of a kind.
    pub fn of(kind: &'static Kind) -> Self {
        Self(Box::new(Inner { kind, detail: None, hint: None, faults: Vec::new(), header: None }))
    }

    /// Says more about this occurrence. Never text the caller sent.
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Replaces the kind's hint by one that fits the case better. Never text the caller sent.
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a fault with its place.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The stable name of the kind.
    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    /// Seconds after which the caller may try again, where waiting helps.
    pub fn retry_after_s(&self) -> Option<u32> {
        let (name, value) = self.0.header.as_ref()?;
        (name == header::RETRY_AFTER).then(|| value.to_str().ok()?.parse().ok()).flatten()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status).expect("kinds carry valid statuses")
    }

    /// The body.
    pub fn into_document(self) -> ProblemDocument {
        let Inner { kind, detail, hint, faults, .. } = *self.0;
        ProblemDocument {
            problem_type: format!("urn:streetwise:problem:{}", kind.code),
            title: kind.title.to_owned(),
            status: kind.status,
            code: kind.code.to_owned(),
            detail: detail.map(Cow::into_owned),
            hint: hint.map_or_else(|| kind.hint.to_owned(), Cow::into_owned),
            errors: faults,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let (status, extra) = (self.status(), self.0.header.take());
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut response = (status, Json(self.into_document())).into_response();
        for (name, value) in [content_type, cache].into_iter().chain(extra) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
