//! A JSON body, strictly: what is not exactly what the route takes is refused with a reason.
//!
//! 415 for another content type, 413 over 1 MiB, 408 when it does not arrive in time, 400 `malformed-body` for
//! what is no sound document, 422 `validation-failed` with a JSON pointer for what does not fit the type. Types
//! use `#[serde(deny_unknown_fields)]`; a type with a free-keyed map would show its keys in pointers.
//! Texts arrive byte for byte as sent.

mod node;
mod reader;
mod shape;
#[cfg(test)]
mod tests;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::body;
use super::problem::Problem;

/// Most bytes of a JSON body: 1 MiB.
pub const JSON_BYTES_MAX: usize = 1 << 20;

/// A body parsed into `T`.
#[derive(Debug, Clone)]
pub struct StrictJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !declares_json(request.headers()) {
            return Err(Problem::unsupported_media_type());
        }
        let bytes = body::read(request, JSON_BYTES_MAX).await?;
        parse(&bytes).map(Self)
    }
}

/// Parses one document, as [`StrictJson`] does with a body.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::malformed_body())?;
    let node = reader::read(text).map_err(|unreadable| match unreadable {
        reader::Unreadable::Malformed => Problem::malformed_body(),
        reader::Unreadable::TooManyValues => Problem::payload_too_large(),
    })?;
    T::deserialize(node).map_err(|misfit| Problem::validation_failed([misfit.into_fault()]))
}

/// `application/json`, at most with `charset=utf-8`, and not compressed.
fn declares_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = |part: &str| {
        let part = part.to_ascii_lowercase();
        part == "charset=utf-8" || part == "charset=\"utf-8\""
    };
    json && parts.all(utf8) && !headers.contains_key(header::CONTENT_ENCODING)
}
