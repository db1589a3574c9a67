//! Which spans are recorded: what the settings say, and every span that begins beside a recorded one.
//!
//! A batch has no parent among its messages' traces; it is recorded when it links to a recorded message, so that
//! the link leads somewhere.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceState};
use opentelemetry::{Context, KeyValue, TraceId};
use opentelemetry_sdk::trace::{Config, Sampler, SamplingDecision, SamplingResult, ShouldSample};

use crate::settings::{RATIO_DEFAULT, Sampling};

/// A sampler that follows links.
#[derive(Debug, Clone)]
pub(crate) struct Linked(Box<dyn ShouldSample>);

impl Linked {
    pub(crate) fn over(sampling: Sampling) -> Self {
        let ratio = |part| Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(part)));
        Self(match sampling {
            Sampling::Standard => Config::default().sampler,
            Sampling::Ratio(part) => Box::new(ratio(part)),
            Sampling::Usual => Box::new(ratio(RATIO_DEFAULT)),
        })
    }
}

impl ShouldSample for Linked {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let begins = !parent.is_some_and(|parent| parent.span().span_context().is_valid());
        if begins && links.iter().any(|link| link.span_context.is_sampled()) {
            let (decision, attributes) = (SamplingDecision::RecordAndSample, Vec::new());
            return SamplingResult { decision, attributes, trace_state: TraceState::default() };
        }
        self.0.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}
