//! Which spans are recorded: what the settings say, and every span that begins beside a recorded one.
//!
//! A caller may ask for the recording of its own request, before anybody knows who it is; so many a second are
//! granted to all of them together, and the others are drawn like everything else.
//!
//! A batch has no parent among its messages' traces; it is recorded when it links to a recorded message, so that
//! the link leads somewhere.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceState};
use opentelemetry::{Context, KeyValue, TraceId};
use opentelemetry_sdk::trace::{Config, Sampler, SamplingDecision, SamplingResult, ShouldSample};

use crate::settings::{RATIO_DEFAULT, Sampling};
use crate::stopwatch::Stopwatch;

/// A sampler that follows links.
#[derive(Debug, Clone)]
pub(crate) struct Linked {
    usual: Box<dyn ShouldSample>,
    asked: Arc<Asked>,
}

/// Requests of callers that asked to be recorded.
#[derive(Debug)]
struct Asked {
    since: Stopwatch,
    /// The second, and how many were granted in it.
    granted: Mutex<(u64, u32)>,
}

/// Granted in a second.
const ASKED_MAX: u32 = 50;

impl Asked {
    fn grant(&self) -> bool {
        self.grant_in(self.since.elapsed().as_secs())
    }

    fn grant_in(&self, second: u64) -> bool {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if granted.0 != second {
            *granted = (second, 0);
        }
        granted.1 += 1;
        granted.1 <= ASKED_MAX
    }
}

impl Linked {
    pub(crate) fn over(sampling: Sampling) -> Self {
        let ratio = |part| Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(part)));
        let asked = Asked { since: Stopwatch::start(), granted: Mutex::default() };
        let usual: Box<dyn ShouldSample> = match sampling {
            Sampling::Standard => Config::default().sampler,
            Sampling::Ratio(part) => Box::new(ratio(part)),
            Sampling::Usual => Box::new(ratio(RATIO_DEFAULT)),
        };
        Self { usual, asked: Arc::new(asked) }
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
        let asks = *kind == SpanKind::Server && parent.is_some_and(asks_to_be_recorded);
        let parent = if asks && !self.asked.grant() { None } else { parent };
        self.usual.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

fn asks_to_be_recorded(parent: &Context) -> bool {
    let parent = parent.span().span_context().clone();
    parent.is_remote() && parent.is_sampled()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_second_are_granted() {
        let asked = Asked { since: Stopwatch::start(), granted: Mutex::default() };
        for second in [0, 1, 7] {
            let granted = (0..3 * ASKED_MAX).filter(|_| asked.grant_in(second)).count();
            assert_eq!(granted, ASKED_MAX as usize, "second {second}");
        }
    }
}
