//! Path parameters. An identifier that cannot be one is an unknown one: 404, the same bytes as any other.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, de::DeserializeOwned};

use super::problem::Problem;

/// Like axum's, with [`Problem::not_found`] for whatever does not parse.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::not_found())
    }
}

/// [`Path`] of an act on what is also read: the same address without a verb is 405, as for any other method.
#[derive(Debug, Clone, Copy)]
pub struct ActPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for ActPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|unknown| if verb(parts) { unknown } else { Problem::only("GET,HEAD") })
    }
}

/// [`Path`] of reading what is also acted on: an address with a verb is 405, as for any other method.
#[derive(Debug, Clone, Copy)]
pub struct ReadPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for ReadPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|unknown| if verb(parts) { Problem::only("POST") } else { unknown })
    }
}

fn verb(parts: &Parts) -> bool {
    parts.uri.path().rsplit('/').next().is_some_and(|target| target.contains(':'))
}

/// The last segment of a custom verb (D18), `{id}:acknowledge`. The router has no patterns inside a segment, so
/// the route is `/orders/{target}` and the handler matches `verb`, answering 404 to one it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdVerb<T> {
    /// What stands before the last colon.
    pub id: T,
    /// What stands behind it.
    pub verb: String,
}

impl<'de, T: FromStr> Deserialize<'de> for IdVerb<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Segment(PhantomData))
    }
}

struct Segment<T>(PhantomData<T>);

impl<T: FromStr> Visitor<'_> for Segment<T> {
    type Value = IdVerb<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier, a colon, a verb")
    }

    fn visit_str<E: Error>(self, segment: &str) -> Result<Self::Value, E> {
        let (id, verb) = segment.rsplit_once(':').ok_or_else(|| E::custom("no verb"))?;
        let id = id.parse().map_err(|_| E::custom("no identifier"))?;
        Ok(IdVerb { id, verb: verb.to_owned() })
    }
}
