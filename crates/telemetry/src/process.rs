//! Starting and ending telemetry with the process.

use std::sync::mpsc;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::export::Export;
use crate::lines::Line;
use crate::records::Records;
use crate::settings::Settings;

const FILTER_DEFAULT: &str = "info,async_nats=warn";

/// The export of this process, to be flushed at its end. Without one it does nothing.
#[derive(Debug)]
#[must_use = "what was not sent yet is lost unless it is ended"]
pub struct Telemetry(Option<&'static Export>);

/// Starts logging, and exporting if the standard variables name a collector. The filter is `STREETWISE_LOG`
/// (default `info`). Call it inside the runtime the process lives in; a second call starts nothing.
pub fn init(service: &'static str) -> Telemetry {
    init_with(service, &Settings::of_process())
}

/// The same with settings of the caller's. A collector that cannot be used is said and then done without.
pub fn init_with(service: &'static str, settings: &Settings) -> Telemetry {
    let started = settings.endpoint.as_deref().map(|endpoint| Export::start(service, endpoint, settings));
    let (export, refused) = match started {
        Some(Ok(export)) => (Some(export), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let filter = EnvFilter::try_from_env("STREETWISE_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER_DEFAULT));
    let lines = tracing_subscriber::fmt::layer().event_format(Line).with_writer(std::io::stderr);
    let records = export.map(|export| Records(export.logger.clone()));
    if tracing_subscriber::registry().with(filter).with(lines).with(records).try_init().is_ok() {
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    }
    if let Some(error) = refused {
        tracing::warn!(%error, "telemetry is not exported");
    }
    Telemetry(export)
}

impl Telemetry {
    /// Sends what is there now; blocks for as long as the collector may take.
    pub fn flush(&self) {
        if let Some(export) = self.0 {
            export.flush();
        }
    }

    /// Sends the rest and ends the export, within this time: a collector that does not answer delays no exit.
    /// Blocks; the runtime must still be there. Whether it was done in time.
    pub fn end(self, within: Duration) -> bool {
        let Some(export) = self.0 else { return true };
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            export.end();
            // Nobody waits any more when the time is over.
            let _ = done.send(());
        });
        ended.recv_timeout(within).is_ok()
    }
}
