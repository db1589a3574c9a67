//! The way out: traces, logs and metrics by OTLP over gRPC, in batches, from threads of the SDK.
//!
//! One per process, like the subscriber of `tracing`. Nothing here waits for the collector: what it does not take
//! in time is dropped and counted by the SDK.

use std::sync::{Mutex, OnceLock, PoisonError};

use opentelemetry::logs::LoggerProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use opentelemetry_semantic_conventions::attribute::{SERVICE_INSTANCE_ID, SERVICE_VERSION};

use crate::redacting::Redacting;
use crate::sampling::Linked;
use crate::settings::{Sampling, Settings};

static EXPORT: OnceLock<Export> = OnceLock::new();

/// The exporters of this process.
#[derive(Debug)]
pub(crate) struct Export {
    pub tracer: SdkTracer,
    pub logger: SdkLogger,
    endpoint: String,
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
    metrics: Mutex<Vec<SdkMeterProvider>>,
}

impl Export {
    /// The exporters, if there are any. One atomic read.
    pub(crate) fn get() -> Option<&'static Self> {
        EXPORT.get()
    }

    /// Starts them; connects when there is something to send. Must run inside a tokio runtime, which carries the
    /// connection and has to outlive the last flush. A second start changes nothing.
    pub(crate) fn start(
        service: &str,
        endpoint: &str,
        settings: &Settings,
    ) -> Result<&'static Self, ExporterBuildError> {
        let traces = traces(service, endpoint, settings.sampling)?;
        let logs = SdkLoggerProvider::builder()
            .with_resource(resource(service))
            .with_batch_exporter(LogExporter::builder().with_tonic().with_endpoint(endpoint).build()?)
            .build();
        let (tracer, logger) = (traces.tracer_with_scope(scope()), logs.logger_with_scope(scope()));
        let (endpoint, metrics) = (endpoint.to_owned(), Mutex::default());
        Ok(EXPORT.get_or_init(|| Self { tracer, logger, endpoint, traces, logs, metrics }))
    }

    /// A reader that sends a service's metrics the same way.
    pub(crate) fn reader(&self) -> Result<PeriodicReader<MetricExporter>, ExporterBuildError> {
        let exporter = MetricExporter::builder().with_tonic().with_endpoint(&self.endpoint).build()?;
        Ok(PeriodicReader::builder(exporter).build())
    }

    /// Flushed and ended with the others.
    pub(crate) fn adopt(&self, provider: SdkMeterProvider) {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(provider);
    }

    /// Sends what is there. Blocks; a failure was already said by the SDK.
    pub(crate) fn flush(&self) {
        let _ = self.traces.force_flush();
        let _ = self.logs.force_flush();
        for provider in self.metrics.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = provider.force_flush();
        }
    }

    /// Sends what is there and ends. Blocks.
    pub(crate) fn end(&self) {
        let _ = self.traces.shutdown();
        for provider in self.metrics.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = provider.shutdown();
        }
        let _ = self.logs.shutdown();
    }
}

fn traces(
    service: &str,
    endpoint: &str,
    sampling: Sampling,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource(service))
        .with_sampler(Linked::over(sampling))
        .with_batch_exporter(Redacting(exporter));
    Ok(provider.build())
}

pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("streetwise")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}

/// Who speaks. The instance is drawn once a process, unless `OTEL_RESOURCE_ATTRIBUTES` names it.
pub(crate) fn resource(service: &str) -> Resource {
    static INSTANCE: OnceLock<String> = OnceLock::new();
    let given = Resource::builder().build().get(&Key::from_static_str(SERVICE_INSTANCE_ID));
    let drawn = || {
        let bytes = RandomIdGenerator::default().new_trace_id().to_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    };
    let instance = given.unwrap_or_else(|| INSTANCE.get_or_init(drawn).clone().into());
    Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new(SERVICE_INSTANCE_ID, instance))
        .build()
}
