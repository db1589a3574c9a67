//! One constructor per refusal, so that a handler reads `Err(Problem::not_found())`.

use axum::http::{HeaderValue, header};

use super::{Fault, Problem, kinds};

impl Problem {
    /// 400: not one sound JSON document.
    pub fn malformed_body() -> Self {
        Self::of(&kinds::MALFORMED_BODY)
    }

    /// 400: framing that two parties could read differently. The connection is closed.
    pub fn malformed_request() -> Self {
        let close = HeaderValue::from_static("close");
        Self::of(&kinds::MALFORMED_REQUEST).with_header(header::CONNECTION, close)
    }

    /// 400: the route needs an `Idempotency-Key`.
    pub fn idempotency_key_missing() -> Self {
        Self::of(&kinds::IDEMPOTENCY_KEY_MISSING)
    }

    /// 400: the `Idempotency-Key` is no UUID, or there are two.
    pub fn idempotency_key_invalid() -> Self {
        Self::of(&kinds::IDEMPOTENCY_KEY_INVALID)
    }

    /// 400: forged, foreign or outdated cursor.
    pub fn bad_cursor() -> Self {
        Self::of(&kinds::BAD_CURSOR)
    }

    /// 401: no token, or one that does not hold. Which of them is not told.
    pub fn unauthenticated() -> Self {
        let challenge = HeaderValue::from_static("Bearer");
        Self::of(&kinds::UNAUTHENTICATED).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the caller sees it but may not do that.
    pub fn forbidden() -> Self {
        Self::of(&kinds::FORBIDDEN)
    }

    /// 404: unknown, or another tenant's; the same bytes for both.
    pub fn not_found() -> Self {
        Self::of(&kinds::NOT_FOUND)
    }

    /// 405; the router adds `Allow`.
    pub fn method_not_allowed() -> Self {
        Self::of(&kinds::METHOD_NOT_ALLOWED)
    }

    /// 405 where the router cannot tell: one route with and without a verb. `allow` is its header.
    pub(crate) fn only(allow: &'static str) -> Self {
        Self::method_not_allowed().with_header(header::ALLOW, HeaderValue::from_static(allow))
    }

    /// 406: the caller accepts nothing we can answer with.
    pub fn not_acceptable() -> Self {
        Self::of(&kinds::NOT_ACCEPTABLE)
    }

    /// 408: the body did not arrive in time. The connection is closed.
    pub fn request_timeout() -> Self {
        let close = HeaderValue::from_static("close");
        Self::of(&kinds::REQUEST_TIMEOUT).with_header(header::CONNECTION, close)
    }

    /// 409: the state machine says no. A service with more to say uses a [`super::Kind`] of its own.
    pub fn invalid_transition() -> Self {
        Self::of(&kinds::INVALID_TRANSITION)
    }

    /// 412: stale `If-Match`.
    pub fn precondition_failed() -> Self {
        Self::of(&kinds::PRECONDITION_FAILED)
    }

    /// 413: over the bound of bytes or of values. The connection is closed: the rest is not read.
    pub fn payload_too_large() -> Self {
        let close = HeaderValue::from_static("close");
        Self::of(&kinds::PAYLOAD_TOO_LARGE).with_header(header::CONNECTION, close)
    }

    /// 414: request target over 8 KiB.
    pub fn uri_too_long() -> Self {
        Self::of(&kinds::URI_TOO_LONG)
    }

    /// 415: the body is not declared as plain `application/json`.
    pub fn unsupported_media_type() -> Self {
        Self::of(&kinds::UNSUPPORTED_MEDIA_TYPE)
    }

    /// 422: sound JSON that is not what the route takes.
    pub fn validation_failed(faults: impl IntoIterator<Item = Fault>) -> Self {
        faults.into_iter().fold(Self::of(&kinds::VALIDATION_FAILED), Self::with_fault)
    }

    /// 422: the key belongs to a request with another body.
    pub fn idempotency_key_reused() -> Self {
        Self::of(&kinds::IDEMPOTENCY_KEY_REUSED)
    }

    /// 422: free text over a bound.
    pub fn text_too_long(pointer: &'static str) -> Self {
        Self::of(&kinds::TEXT_TOO_LONG).with_fault(Fault::new(pointer, "text-too-long", "过长 / too long"))
    }

    /// 422: an identifier with anything but ASCII letters, digits, `.`, `_`, `-`.
    pub fn identifier_invalid(pointer: &'static str) -> Self {
        let fault = Fault::new(pointer, "identifier-invalid", "标识符无效 / not an identifier");
        Self::of(&kinds::IDENTIFIER_INVALID).with_fault(fault)
    }

    /// 422: a point without its datum.
    pub fn datum_required(pointer: &'static str) -> Self {
        let fault = Fault::new(pointer, "datum-required", "缺少坐标基准 / the datum is missing");
        Self::of(&kinds::DATUM_REQUIRED).with_fault(fault)
    }

    /// 429 with `Retry-After` in seconds.
    pub fn quota_exceeded(retry_after_s: u32) -> Self {
        Self::of(&kinds::QUOTA_EXCEEDED).with_header(header::RETRY_AFTER, retry_after_s.into())
    }

    /// 431: headers over 16 KiB together.
    pub fn headers_too_large() -> Self {
        Self::of(&kinds::HEADERS_TOO_LARGE)
    }

    /// 500: a broken invariant. Log the cause where it is known; nothing of it is told.
    pub fn internal() -> Self {
        Self::of(&kinds::INTERNAL)
    }

    /// 503 with `Retry-After` in seconds: overload, or a dependency is away.
    pub fn unavailable(retry_after_s: u32) -> Self {
        Self::of(&kinds::UNAVAILABLE).with_header(header::RETRY_AFTER, retry_after_s.into())
    }
}

impl Fault {
    /// A fault at a field our own types name.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into(), line: None, column: None }
    }

    /// The same, with its place in a text; both count from 1.
    pub fn at(self, line: u32, column: u32) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }
}

impl From<access::Denied> for Problem {
    fn from(denied: access::Denied) -> Self {
        match denied {
            access::Denied::NotFound => Self::not_found(),
            access::Denied::Forbidden => Self::forbidden(),
        }
    }
}
