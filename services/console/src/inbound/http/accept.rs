//! 406 for a caller that cannot take server-sent events. The doors that answer JSON have theirs in `bootstrap`.

use axum::http::{HeaderMap, header};
use bootstrap::door::Problem;

const HINT: &str = "请接受 text/event-stream / Accept text/event-stream";

/// Refuses a caller whose `Accept` excludes event streams; one without `Accept` takes anything.
pub(super) fn event_stream(headers: &HeaderMap) -> Result<(), Problem> {
    let mut lists = headers.get_all(header::ACCEPT).iter().peekable();
    if lists.peek().is_none() || lists.filter_map(|list| list.to_str().ok()).any(takes_event_stream) {
        return Ok(());
    }
    Err(Problem::not_acceptable().with_hint(HINT))
}

/// The most specific range that matches decides; a quality of zero means "not this" (RFC 9110 §12.4.2 and §12.5.1).
fn takes_event_stream(list: &str) -> bool {
    const RANGES: [&str; 3] = ["*/*", "text/*", "text/event-stream"];
    let ranges = list.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next()?;
        let specific = RANGES.iter().position(|range| *range == essence)?;
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        Some((specific, !refused))
    });
    ranges.max_by_key(|(specific, _)| *specific).is_some_and(|(_, taken)| taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_streams_are_taken_unless_excluded() {
        for list in ["*/*", "text/event-stream", "application/json, text/*;q=0.1", "Text/Event-Stream; q=1"] {
            assert!(takes_event_stream(list), "{list}");
        }
        for list in
            ["application/json", "text/html", "", "text/event-stream;q=0", "*/*, text/event-stream;q=0.0"]
        {
            assert!(!takes_event_stream(list), "{list}");
        }
        assert!(event_stream(&HeaderMap::new()).is_ok());
    }
}
