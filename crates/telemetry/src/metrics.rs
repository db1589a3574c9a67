//! Instruments: made once, with every label's vocabulary, read by scrape and by OTLP alike.
//!
//! A name is OpenTelemetry's (`intake.reports.accepted`); the scrape shows it as Prometheus has it
//! (`intake_reports_accepted_total`, with the unit as a suffix).

use std::sync::Arc;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::{Encoder, Registry, TextEncoder};

use crate::export::{Export, resource, scope};
use crate::labels::{Label, Table};
use crate::tenants::{self, TenantCounter};

/// The library folds what exceeds two thousand series of an instrument into one; those by tenant need more.
fn roomy(instrument: &Instrument) -> Option<Stream> {
    let stream = Stream::builder().with_cardinality_limit(tenants::SERIES_MAX);
    instrument.name().contains(tenants::INFIX).then(|| stream.build().ok())?
}

/// The instruments of one service. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    meter: Meter,
    /// Ends the readers with the last clone.
    _provider: SdkMeterProvider,
}

/// Something that is counted, by `N` labels.
#[derive(Debug, Clone)]
pub struct Counter<const N: usize> {
    inner: opentelemetry::metrics::Counter<u64>,
    table: Arc<Table<N>>,
}

/// A level, by `N` labels.
#[derive(Debug, Clone)]
pub struct Gauge<const N: usize> {
    inner: opentelemetry::metrics::Gauge<i64>,
    table: Arc<Table<N>>,
}

/// A distribution, by `N` labels.
#[derive(Debug, Clone)]
pub struct Histogram<const N: usize> {
    inner: opentelemetry::metrics::Histogram<f64>,
    table: Arc<Table<N>>,
}

impl Metrics {
    /// Instruments of a service. When the process exports, these are exported too.
    pub fn new(service: &str) -> Self {
        let registry = Registry::new();
        let scrape = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .expect("a new registry takes a collector");
        let mut builder =
            SdkMeterProvider::builder().with_resource(resource(service)).with_reader(scrape).with_view(roomy);
        let reader = Export::get().map(|export| (export, export.reader()));
        let exported = match reader {
            Some((export, Ok(reader))) => {
                builder = builder.with_reader(reader);
                Some(export)
            }
            Some((_, Err(error))) => {
                tracing::warn!(%error, "metrics are not exported");
                None
            }
            None => None,
        };
        let provider = builder.build();
        if let Some(export) = exported {
            export.adopt(provider.clone());
        }
        Self { registry, meter: provider.meter_with_scope(scope()), _provider: provider }
    }

    /// Counts things. `unit` is UCUM, e.g. `{report}`. Every declared series starts at zero.
    pub fn counter<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        labels: [Label; N],
    ) -> Counter<N> {
        let inner = self.meter.u64_counter(name).with_description(help).with_unit(unit).build();
        let counter = Counter { inner, table: Arc::new(Table::new(labels)) };
        counter.table.declared().for_each(|row| counter.inner.add(0, row));
        counter
    }

    /// Shows a level that is set when it is looked at.
    pub fn gauge<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        labels: [Label; N],
    ) -> Gauge<N> {
        let inner = self.meter.i64_gauge(name).with_description(help).with_unit(unit).build();
        let gauge = Gauge { inner, table: Arc::new(Table::new(labels)) };
        gauge.table.declared().for_each(|row| gauge.inner.record(0, row));
        gauge
    }

    /// Spreads values over buckets; `buckets` are upper bounds in the unit.
    pub fn histogram<const N: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        buckets: &[f64],
        labels: [Label; N],
    ) -> Histogram<N> {
        let inner = self.raw_histogram(name, help, unit, buckets);
        Histogram { inner, table: Arc::new(Table::new(labels)) }
    }

    /// For attributes whose values come from a table of the code itself, such as routes.
    pub(crate) fn raw_histogram(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        buckets: &[f64],
    ) -> opentelemetry::metrics::Histogram<f64> {
        let builder = self.meter.f64_histogram(name).with_description(help).with_unit(unit);
        builder.with_boundaries(buckets.to_vec()).build()
    }

    /// Shows levels that are looked up when somebody asks: `look` answers a word of the label and its level.
    pub fn observed<const M: usize>(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        label: Label,
        look: impl Fn() -> [(&'static str, i64); M] + Send + Sync + 'static,
    ) {
        let table = Table::new([label]);
        let builder = self.meter.i64_observable_gauge(name).with_description(help).with_unit(unit);
        let builder = builder.with_callback(move |observer| {
            for (word, level) in look() {
                observer.observe(level, table.row([word]));
            }
        });
        // The callback lives in the meter; the instrument itself is only a receipt.
        let _receipt = builder.build();
    }

    /// Shows one level that is looked up when somebody asks.
    pub fn level(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        look: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        let builder = self.meter.i64_observable_gauge(name).with_description(help).with_unit(unit);
        let _receipt = builder.with_callback(move |observer| observer.observe(look(), &[])).build();
    }

    /// Shows a count that is kept elsewhere and never falls, looked up when somebody asks.
    pub fn tally(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        look: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let builder = self.meter.u64_observable_counter(name).with_description(help).with_unit(unit);
        let _receipt = builder.with_callback(move |observer| observer.observe(look(), &[])).build();
    }

    /// Counts things of tenants by a word of a declared label; the name has `.tenant.` in it ([`crate::tenants`]).
    pub fn tenant_counter(
        &self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
        label: Label,
    ) -> TenantCounter {
        let inner = self.meter.u64_counter(name).with_description(help).with_unit(unit).build();
        TenantCounter::new(inner, label)
    }

    /// The scrape, in Prometheus's text format, with its content type.
    pub fn text(&self) -> Result<(String, String), prometheus::Error> {
        let (encoder, mut text) = (TextEncoder::new(), Vec::new());
        encoder.encode(&self.registry.gather(), &mut text)?;
        Ok((encoder.format_type().to_owned(), String::from_utf8_lossy(&text).into_owned()))
    }

    /// The level of a series in the scrape, by its line up to the value; for tests.
    pub fn value(&self, series: &str) -> Option<f64> {
        let (_, text) = self.text().ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }
}

/// Nobody's: for tests and tools. The scrape works all the same.
impl Default for Metrics {
    fn default() -> Self {
        Self::new("unnamed")
    }
}

impl<const N: usize> Counter<N> {
    /// So many more.
    pub fn add(&self, words: [&str; N], more: u64) {
        self.inner.add(more, self.table.row(words));
    }
}

impl<const N: usize> Gauge<N> {
    /// It stands there now.
    pub fn set(&self, words: [&str; N], level: i64) {
        self.inner.record(level, self.table.row(words));
    }
}

impl<const N: usize> Histogram<N> {
    /// One more value.
    pub fn record(&self, words: [&str; N], value: f64) {
        self.inner.record(value, self.table.row(words));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::label;

    #[test]
    fn the_scrape_shows_every_instrument_under_its_prometheus_name() {
        let metrics = Metrics::new("intake");
        let accepted = metrics.counter(
            "intake.reports.accepted",
            "Reports.",
            "{report}",
            [label("lane", ["urgent", "normal"])],
        );
        accepted.add(["urgent"], 2);
        accepted.add(["13800138000"], 1);
        metrics.gauge("intake.outbox.rows", "Waiting.", "{row}", []).set([], 7);
        let took = metrics.histogram("attempt.duration", "Attempts.", "s", &[0.1, 1.0], []);
        took.record([], 0.5);
        metrics.observed("pool.connections", "Open.", "{connection}", label("state", ["idle"]), || {
            [("idle", 3)]
        });
        for (series, level) in [
            ("intake_reports_accepted_total{lane=\"urgent\"}", 2.0),
            ("intake_reports_accepted_total{lane=\"normal\"}", 0.0),
            ("intake_reports_accepted_total{lane=\"other\"}", 1.0),
            ("intake_outbox_rows", 7.0),
            ("attempt_duration_seconds_bucket{le=\"1\"}", 1.0),
            ("attempt_duration_seconds_count", 1.0),
            ("pool_connections{state=\"idle\"}", 3.0),
        ] {
            assert_eq!(metrics.value(series), Some(level), "{series}\n{}", metrics.text().expect("text").1);
        }
        assert!(!metrics.text().expect("text").1.contains("13800138000"));
    }

    #[test]
    fn an_instrument_made_twice_is_one() {
        let metrics = Metrics::default();
        for _ in 0..2 {
            metrics.counter("twice", "Said twice.", "", []).add([], 1);
        }
        assert_eq!(metrics.value("twice_total"), Some(2.0));
    }
}
