//! Log lines: one JSON object a line, with the ids of the trace it was said in.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::fields::{Fields, write_json, write_text};

/// Formats events for `tracing_subscriber::fmt`.
#[derive(Debug)]
pub(crate) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        out.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut out)?;
        out.write_str("\",\"level\":\"")?;
        out.write_str(level(event).as_str())?;
        out.write_char('"')?;
        said(&mut out, &Fields::of(event))?;
        member(&mut out, "target", event.metadata().target())?;
        place(&mut out)?;
        out.write_str("}\n")
    }
}

/// An exporter that cannot reach its collector is not an alarm of this service.
pub(crate) fn level(event: &Event<'_>) -> Level {
    let metadata = event.metadata();
    let of_exporter = metadata.target().starts_with("opentelemetry");
    if of_exporter && *metadata.level() == Level::ERROR { Level::WARN } else { *metadata.level() }
}

fn said(out: &mut Writer<'_>, fields: &Fields) -> fmt::Result {
    member(out, "message", &fields.message)?;
    for (name, value) in &fields.rest {
        out.write_char(',')?;
        write_text(out, name)?;
        out.write_char(':')?;
        write_json(out, value)?;
    }
    Ok(())
}

fn place(out: &mut Writer<'_>) -> fmt::Result {
    Context::map_current(|context| {
        if !context.has_active_span() {
            return Ok(());
        }
        let span = context.span();
        let ids = span.span_context();
        write!(out, ",\"trace_id\":\"{}\",\"span_id\":\"{}\"", ids.trace_id(), ids.span_id())
    })
}

fn member(out: &mut Writer<'_>, name: &str, text: &str) -> fmt::Result {
    write!(out, ",\"{name}\":")?;
    write_text(out, text)
}
