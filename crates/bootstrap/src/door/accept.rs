//! 406 for a caller that cannot take JSON. For routers that answer JSON only; pages and SSE do without.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The router, refusing callers whose `Accept` excludes JSON.
pub fn json_only<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(from_fn(check))
}

async fn check(request: Request, next: Next) -> Response {
    if takes_json(request.headers()) {
        next.run(request).await
    } else {
        Problem::not_acceptable().into_response()
    }
}

fn takes_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    values.peek().is_none() || values.filter_map(|value| value.to_str().ok()).any(list_takes_json)
}

fn list_takes_json(list: &str) -> bool {
    list.split(',').any(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().unwrap_or_default();
        let matches = matches!(essence.as_str(), "*/*" | "application/*" | "application/json");
        // A quality of zero means "not this" (RFC 9110 §12.4.2).
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        matches && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_unless_excluded() {
        for list in ["*/*", "application/json", "text/html, application/*;q=0.1", "Application/JSON; q=1"] {
            assert!(list_takes_json(list), "{list}");
        }
        for list in
            ["text/html", "application/xml", "application/json;q=0", "image/*, application/json; q=0.000", ""]
        {
            assert!(!list_takes_json(list), "{list}");
        }
        assert!(takes_json(&HeaderMap::new()));
    }
}
