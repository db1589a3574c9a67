//! The three doors of an orchestrator: `/livez`, `/readyz`, `/metrics`.
//!
//! `/livez` says the process runs and never looks at a dependency: restarting us heals no database. `/readyz` says
//! it can do its own job: every named component has released its latch. `/metrics` is the service's instruments as text.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use pg::Pulse;
use serde::Serialize;
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

/// How often the database is asked. With the bound of one question, a database that answers nothing is noticed
/// within three seconds.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// Ready once every latch taken from it is released. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, bool>>>);

/// One component's say. Held at first; dropping it changes nothing, so a component that dies early keeps the
/// process unready.
#[derive(Debug)]
pub struct Latch {
    name: &'static str,
    readiness: Readiness,
}

/// The body of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessAnswer {
    /// Whether work may be sent here.
    pub ready: bool,
    /// The components that hold.
    pub waiting_for: Vec<&'static str>,
}

impl Readiness {
    /// A latch for a component, held. Taking the same name again holds it again.
    pub fn latch(&self, name: &'static str) -> Latch {
        let latch = Latch { name, readiness: self.clone() };
        latch.hold();
        latch
    }

    /// Who holds, by name.
    pub fn answer(&self) -> ReadinessAnswer {
        let latches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting_for: Vec<_> = latches.iter().filter(|(_, held)| **held).map(|(name, _)| *name).collect();
        ReadinessAnswer { ready: waiting_for.is_empty(), waiting_for }
    }

    /// Whether work may be sent here.
    pub fn ready(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().all(|held| !held)
    }

    fn set(&self, name: &'static str, held: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, held);
    }
}

impl Latch {
    /// The component can do its job.
    pub fn release(&self) {
        self.readiness.set(self.name, false);
    }

    /// The component cannot, or not any more.
    pub fn hold(&self) {
        self.readiness.set(self.name, true);
    }
}

/// Ready means: the database answers (the broker may be away; reports are still taken). It is asked on a
/// connection of its own, so a busy process stays ready.
pub async fn watch(mut database: Pulse, latch: Latch, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match database.beat().await {
            Ok(()) => latch.release(),
            Err(_) => latch.hold(),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(BEAT_EVERY) => {}
        }
    }
}

/// The three routes, to merge into a service's.
pub fn routes(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready).with_state(readiness))
        .route("/metrics", get(show).with_state(metrics))
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let answer = readiness.answer();
    let status = if answer.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

async fn show(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok((content_type, text)) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not encode the metrics");
            crate::door::Problem::internal().into_response()
        }
    }
}
