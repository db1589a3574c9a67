//! Counts by tenant: the one place where a label's words are not a constant of the code.
//!
//! A tenant's official code says nothing about a person, and there are as many series as tenants that were counted,
//! at most [`TENANTS_MAX`] times the words of the other label; whoever comes later counts as `other` (ADR 049). Such
//! counts are for those who operate the cluster: no door of a tenant shows a metric.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, Value};

use crate::labels::{Label, OTHER};

/// Tenants told apart at most: twice the largest district that was thought of.
pub const TENANTS_MAX: usize = 2_048;
/// What the name of such an instrument has in it.
pub(crate) const INFIX: &str = ".tenant.";
/// Room for sixteen words a tenant.
pub(crate) const SERIES_MAX: usize = TENANTS_MAX * 16;

/// Something that is counted by tenant and by one declared label. Cloning shares it.
#[derive(Debug, Clone)]
pub struct TenantCounter {
    inner: Counter<u64>,
    label: Label,
    known: Arc<Mutex<BTreeMap<i64, Value>>>,
}

impl TenantCounter {
    pub(crate) fn new(inner: Counter<u64>, label: Label) -> Self {
        Self { inner, label, known: Arc::default() }
    }

    /// Counts `count` more of a tenant. `tenant` tells it from others, `code` is how it is shown, asked once; a word
    /// that was not declared counts as `other`.
    pub fn add(&self, tenant: i64, code: impl FnOnce() -> String, word: &str, count: u64) {
        let word =
            self.label.words().find(|known| &***known == word).cloned().unwrap_or_else(|| OTHER.into());
        let (shown, _) = self.shown(tenant, code);
        self.inner.add(count, &self.row(shown, word));
    }

    /// Shows a tenant with zeros before anything is counted of it, so that its first count is seen as a rise.
    pub fn know(&self, tenant: i64, code: impl FnOnce() -> String) {
        let (shown, fresh) = self.shown(tenant, code);
        if fresh {
            self.label.words().for_each(|word| self.inner.add(0, &self.row(shown.clone(), word.clone())));
        }
    }

    fn row(&self, tenant: Value, word: Arc<str>) -> [KeyValue; 2] {
        [KeyValue::new("tenant", tenant), KeyValue::new(self.label.key(), Value::String(word.into()))]
    }

    /// How a tenant is shown, and whether it is for the first time.
    fn shown(&self, tenant: i64, code: impl FnOnce() -> String) -> (Value, bool) {
        // A map of words has no invariant a panicking holder could break.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = known.get(&tenant) {
            return (shown.clone(), false);
        }
        if known.len() >= TENANTS_MAX {
            return (Value::from(OTHER), false);
        }
        let shown = Value::from(code());
        known.insert(tenant, shown.clone());
        (shown, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metrics, label};

    fn counter(metrics: &Metrics) -> TenantCounter {
        metrics.tenant_counter(
            "console.tenant.heard",
            "What was heard.",
            "{event}",
            label("event", ["opened", "closed"]),
        )
    }

    #[test]
    fn tenants_are_told_apart_and_start_at_zero() {
        let metrics = Metrics::new("console");
        let heard = counter(&metrics);
        heard.know(1, || "990102001".to_owned());
        heard.know(1, || unreachable!("asked once"));
        heard.add(1, || unreachable!("asked once"), "opened", 3);
        heard.add(2, || "990102002".to_owned(), "13800138000", 1);
        let value = |tenant, event| {
            metrics.value(&format!("console_tenant_heard_total{{event=\"{event}\",tenant=\"{tenant}\"}}"))
        };
        assert_eq!(value("990102001", "opened"), Some(3.0));
        assert_eq!(value("990102001", "closed"), Some(0.0));
        assert_eq!(value("990102002", "other"), Some(1.0));
    }

    #[test]
    fn there_are_only_so_many() {
        let metrics = Metrics::new("console");
        let heard = counter(&metrics);
        (0..TENANTS_MAX as i64 + 5)
            .for_each(|tenant| heard.add(tenant, || format!("t{tenant}"), "opened", 1));
        assert_eq!(metrics.value("console_tenant_heard_total{event=\"opened\",tenant=\"other\"}"), Some(5.0));
        let (_, text) = metrics.text().unwrap();
        let series = text.lines().filter(|line| line.starts_with("console_tenant_heard_total{")).count();
        assert_eq!(series, TENANTS_MAX + 1);
    }
}
