//! A span of ours. Its ids always exist, so that they can be stored and sent on; everything else costs only when
//! the span is recorded.

use std::borrow::Cow;
use std::future::Future;

use opentelemetry::context::{FutureExt, WithContext};
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue, TraceFlags, Value};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use opentelemetry_semantic_conventions::attribute::ERROR_TYPE;

use crate::export::Export;
use crate::traceparent::{self, Parent};

/// Ends when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Span(Context);

impl Span {
    /// Continues the caller's trace, or starts one. With no exporter, or when the sampler says no, it has ids and
    /// nothing more.
    pub(crate) fn entry(kind: SpanKind, name: &'static str, parent: Option<Parent<'_>>) -> Self {
        match Export::get() {
            Some(export) => {
                let parent = parent.map(|parent| remote(parent.context())).unwrap_or_default();
                Self::build(export, kind, name.into(), &parent)
            }
            None => Self(remote(unrecorded(parent))),
        }
    }

    /// A child of the span a stored or received `traceparent` points at; nothing unless that one is recorded and
    /// spans are exported. `name` is only made then.
    pub(crate) fn child(kind: SpanKind, traceparent: &str, name: impl FnOnce() -> String) -> Option<Self> {
        let export = Export::get()?;
        let parent = traceparent::parse(traceparent).filter(Parent::sampled)?;
        let span = Self::build(export, kind, name().into(), &remote(parent.context()));
        span.recorded().then_some(span)
    }

    /// A child of the span this code runs in; nothing unless that one is recorded.
    pub(crate) fn inner(kind: SpanKind, name: &'static str) -> Option<Self> {
        let export = Export::get()?;
        Context::map_current(|current| {
            let recorded = current.has_active_span() && current.span().is_recording();
            recorded.then(|| Self::build(export, kind, name.into(), current))
        })
    }

    /// A trace of its own that links to others; recorded if one of them is.
    pub(crate) fn beside(kind: SpanKind, name: String, others: impl Iterator<Item = Span>) -> Option<Self> {
        let export = Export::get()?;
        let links = others.map(|other| Link::with_context(other.0.span().span_context().clone()));
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_links(links.collect());
        let span = export.tracer.build_with_context(builder, &Context::new());
        Some(Self(Context::new().with_span(span))).filter(Self::recorded)
    }

    fn build(export: &Export, kind: SpanKind, name: Cow<'static, str>, parent: &Context) -> Self {
        let builder = SpanBuilder::from_name(name).with_kind(kind);
        Self(Context::new().with_span(export.tracer.build_with_context(builder, parent)))
    }

    /// Whether anybody will see what is set on it. Ask before making a text only for it.
    pub fn recorded(&self) -> bool {
        self.0.span().is_recording()
    }

    /// `00-<trace id>-<this span's id>-<flags>`, for journal rows and headers.
    pub fn traceparent(&self) -> String {
        traceparent::text(self.0.span().span_context())
    }

    /// The 32 hex digits people search for.
    pub fn trace_id(&self) -> String {
        self.0.span().span_context().trace_id().to_string()
    }

    /// Names it anew, once more is known.
    pub(crate) fn rename(&self, name: impl FnOnce() -> String) {
        if self.recorded() {
            self.0.span().update_name(name());
        }
    }

    /// States a fact. Only listed keys leave the process.
    pub(crate) fn set(&self, key: &'static str, value: impl Into<Value>) {
        if self.recorded() {
            self.0.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// It failed, for a reason out of a bounded set.
    pub fn failed(&self, error_type: impl Into<Cow<'static, str>>) {
        if self.recorded() {
            self.set(ERROR_TYPE, Value::from(error_type.into()));
            self.0.span().set_status(Status::error(""));
        }
    }

    /// What also led here.
    pub(crate) fn link(&self, other: &Span) {
        if self.recorded() {
            self.0.span().add_link(other.0.span().span_context().clone(), Vec::new());
        }
    }

    /// Runs this inside the span.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.0.clone().attach();
        work()
    }

    /// Runs the future inside the span: log lines carry its ids, inner spans become its children.
    pub fn around<F: Future>(&self, future: F) -> WithContext<F> {
        future.with_context(self.0.clone())
    }
}

/// Runs the future inside the span, if there is one.
pub async fn around<F: Future>(span: Option<&Span>, future: F) -> F::Output {
    match span {
        Some(span) => span.around(future).await,
        None => future.await,
    }
}

fn remote(ids: SpanContext) -> Context {
    Context::new().with_remote_span_context(ids)
}

/// Ids of a span nobody records: the caller's trace goes on with its own flags, so that others may still record.
fn unrecorded(parent: Option<Parent<'_>>) -> SpanContext {
    let ids = RandomIdGenerator::default();
    let (trace_id, flags) = match parent.map(|parent| parent.context()) {
        Some(parent) => (parent.trace_id(), parent.trace_flags()),
        None => (ids.new_trace_id(), TraceFlags::NOT_SAMPLED),
    };
    SpanContext::new(trace_id, ids.new_span_id(), flags, false, TraceState::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// This test binary never starts an exporter.
    #[test]
    fn without_an_exporter_a_span_is_ids_and_nothing_is_made_for_it() {
        let span = Span::entry(SpanKind::Server, "request", traceparent::parse(TRACE));
        assert!(!span.recorded());
        assert_eq!(span.traceparent()[..36], TRACE[..36]);
        assert_ne!(span.traceparent()[36..52], TRACE[36..52], "the span is our own");
        assert!(span.traceparent().ends_with("-01"), "others may still record");
        span.rename(|| unreachable!("nobody would read the name"));
        let child = Span::child(SpanKind::Producer, TRACE, || unreachable!("nor this one"));
        assert!(child.is_none());
        assert!(Span::inner(SpanKind::Client, "transaction").is_none());
        assert!(Span::beside(SpanKind::Consumer, String::new(), [span].into_iter()).is_none());
    }

    #[test]
    fn a_new_trace_has_sound_ids_and_says_that_nobody_recorded_it() {
        let span = Span::entry(SpanKind::Server, "request", None);
        let traceparent = span.traceparent();
        let parent = traceparent::parse(&traceparent).expect("sound");
        assert_eq!((parent.trace_id, parent.sampled()), (&*span.trace_id(), false));
    }
}
