//! Where something stands in its trace, as text: W3C Trace Context, in headers, journal rows and log lines.

use opentelemetry::trace::{SpanContext, TraceState};
use opentelemetry::{SpanId, TraceFlags, TraceId};

/// The header, in and out.
pub const HEADER: &str = "traceparent";

/// A `traceparent` that was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent<'a> {
    /// 32 hex digits.
    pub trace_id: &'a str,
    /// 16 hex digits: the span it points at.
    pub span_id: &'a str,
    /// Two hex digits.
    flags: u8,
}

impl Parent<'_> {
    /// Whoever wrote it may have recorded its span; then we record ours.
    pub fn sampled(&self) -> bool {
        self.flags & TraceFlags::SAMPLED.to_u8() != 0
    }

    pub(crate) fn context(&self) -> SpanContext {
        let trace_id = TraceId::from_hex(self.trace_id).unwrap_or(TraceId::INVALID);
        let span_id = SpanId::from_hex(self.span_id).unwrap_or(SpanId::INVALID);
        SpanContext::new(trace_id, span_id, TraceFlags::new(self.flags), true, TraceState::default())
    }
}

/// Understands the text, if it is a `traceparent` of this or a later version (W3C Trace Context §3.2).
pub fn parse(text: &str) -> Option<Parent<'_>> {
    let (head, rest) = text.split_at_checked(55)?;
    let mut parts = head.split('-');
    let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let later = version != "00" && (rest.is_empty() || rest.starts_with('-'));
    let known_length = rest.is_empty() || later;
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &str| part.bytes().any(|b| b != b'0');
    let sound = hex(version, 2) && hex(trace_id, 32) && hex(span_id, 16) && hex(flags, 2);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    let known = known_length && sound && version != "ff" && set(trace_id) && set(span_id);
    known.then_some(Parent { trace_id, span_id, flags })
}

/// The trace id of a `traceparent`, or empty: what people search for and the timeline shows.
pub fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap_or_default()
}

pub(crate) fn text(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sound("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Some(true))]
    #[case::not_sampled("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", Some(false))]
    #[case::other_flags("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02", Some(false))]
    #[case::later("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", Some(true))]
    #[case::longer("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None)]
    #[case::later_glued("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more", None)]
    #[case::version_ff("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None)]
    #[case::upper_case("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None)]
    #[case::zero_trace("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None)]
    #[case::zero_span("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None)]
    #[case::moved_hyphen("00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01", None)]
    #[case::short("00-4bf92f", None)]
    #[case::empty("", None)]
    fn only_a_sound_text_is_understood(#[case] given: &str, #[case] sampled: Option<bool>) {
        let parent = parse(given);
        assert_eq!(parent.map(|parent| parent.sampled()), sampled);
        if let Some(parent) = parent {
            let again = text(&parent.context());
            assert_eq!(again[3..], given[3..55], "what is read is what is written");
        }
    }
}
