//! Query parameters: 422 `validation-failed` for an unknown or ill-formed one. Types use `deny_unknown_fields`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Fault, Problem};

/// Like axum's, with a [`Problem`] for whatever does not parse. Which parameter it was is not told: its name may
/// be the caller's text.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let fault =
            || Fault::new("", "invalid-query", "查询参数无效 / a query parameter is unknown or not valid");
        query.map(|query| Self(query.0)).map_err(|_| Problem::validation_failed([fault()]))
    }
}
