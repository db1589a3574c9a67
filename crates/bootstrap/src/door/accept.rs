//! 406 for a caller that cannot take what a router answers with. For routers that answer one type only; pages and SSE
//! do without. Refusals are problem documents whatever the caller takes.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;

use super::problem::Problem;

/// The router, refusing callers whose `Accept` excludes JSON.
pub fn json_only<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(from_fn(async |request: Request, next: Next| {
        if takes(request.headers(), "application/json") {
            next.run(request).await
        } else {
            Problem::not_acceptable().into_response()
        }
    }))
}

/// The router, refusing callers whose `Accept` excludes YAML.
pub fn yaml_only<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(from_fn(async |request: Request, next: Next| {
        if takes(request.headers(), "application/yaml") {
            next.run(request).await
        } else {
            let hint = "请接受 application/yaml / Accept application/yaml";
            Problem::not_acceptable().with_hint(hint).into_response()
        }
    }))
}

fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    values.peek().is_none()
        || values.filter_map(|value| value.to_str().ok()).any(|list| list_takes(list, media_type))
}

fn list_takes(list: &str, media_type: &str) -> bool {
    list.split(',').any(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().unwrap_or_default();
        let matches = matches!(essence.as_str(), "*/*" | "application/*") || essence == media_type;
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
            assert!(list_takes(list, "application/json"), "{list}");
        }
        for list in
            ["text/html", "application/xml", "application/json;q=0", "image/*, application/json; q=0.000", ""]
        {
            assert!(!list_takes(list, "application/json"), "{list}");
        }
        assert!(takes(&HeaderMap::new(), "application/json"));
    }

    #[test]
    fn yaml_is_another_type() {
        for (list, taken) in [("application/yaml", true), ("*/*", true), ("application/json", false)] {
            assert_eq!(list_takes(list, "application/yaml"), taken, "{list}");
        }
    }
}
