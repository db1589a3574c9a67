//! The second door: gRPC, for what machines do. The same commands, the same rooms and the same refusals as HTTP.
//!
//! A service hands its generated servers to [`crate::Plan::rpc`], those that need no account to
//! [`crate::Plan::rpc_for_strangers`]; this module adds health and reflection, bounds,
//! deadlines (`grpc-timeout` is honoured by tonic: the call ends `CANCELLED` or `DEADLINE_EXCEEDED` and its
//! transaction is whole or not there) and the [`Call`] or [`Knock`] every method begins with. It listens on
//! `STREETWISE_GRPC_LISTEN`; where that is not set there is no such door. TLS ends at the ingress.

mod follow;
mod front;
mod incoming;
mod knock;
mod status;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{self, HeaderMap, header};
use futures_util::future::{Either, select};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tonic::{Request, Status};
use tonic_health::server::HealthReporter;
use tower::Layer;

use crate::door::{Problem, TraceContext};
use crate::health::Readiness;
use crate::identity::{Authenticator, Identity};
use crate::listen::Limits;
use front::Front;
use incoming::connections;
use knock::Open;

pub(crate) use follow::Follow;
pub use front::Fronted;
pub use knock::{Knock, Servers};

/// Most bytes of one message, as of one JSON body.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Headers together, as at the HTTP door.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// Calls at once on one connection; a client beyond waits.
const STREAMS_MAX: u32 = 256;
/// A peer that does not answer a ping for this long is gone.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// To the head of the answer, as at the HTTP door; a stream goes on after that. A shorter `grpc-timeout` comes first.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_800);
/// How often readiness is copied into the health service.
const HEALTH_POLL: Duration = Duration::from_millis(250);

/// Who calls, and where the call stands in its trace.
#[derive(Debug, Clone)]
pub struct Call {
    /// The caller, as the call began.
    pub who: Identity,
    /// The caller's trace, continued.
    pub trace: TraceContext,
    /// Cancelled when the process begins to stop: what streams without end ends then.
    pub ending: CancellationToken,
    authenticator: Authenticator,
    /// Only `authorization`, marked as sensitive.
    proof: HeaderMap,
}

impl Call {
    /// Of a request; its caller was proved before its message was read.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a route asks for a caller outside of listen::front");
            Problem::internal().into()
        })
    }

    fn begun<T>(front: &Front, request: &http::Request<T>) -> Result<Self, Problem> {
        let Front { authenticator, ending, .. } = front.clone();
        let (who, proof) = (authenticator.of_headers(request.headers())?, proof(request.headers()));
        let followed = request.extensions().get::<TraceContext>().cloned();
        let trace = followed.unwrap_or_else(|| TraceContext::of(request.headers()));
        Ok(Self { who, trace, ending, authenticator, proof })
    }

    /// The caller now, or `unauthenticated`: a stream must not outlive its token, nor the key that signed it.
    pub fn still(&self) -> Result<Identity, Problem> {
        self.authenticator.of_headers(&self.proof)
    }
}

fn proof(headers: &HeaderMap) -> HeaderMap {
    let values = headers.get_all(header::AUTHORIZATION).iter().cloned();
    let sensitive = values.map(|mut value| {
        value.set_sensitive(true);
        (header::AUTHORIZATION, value)
    });
    sensitive.collect()
}

/// A field of a message as what it names; anything else is refused as at the HTTP door.
pub fn parsed<T: std::str::FromStr>(pointer: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| invalid(pointer))
}

/// A field of a message that has none of the values it may have.
pub fn invalid(pointer: &'static str) -> Problem {
    let detail = format!("格式不正确 / not a valid value of {}", pointer.trim_start_matches('/'));
    Problem::validation_failed([crate::door::Fault::new(pointer, "invalid-value", detail)])
}

/// An address that names a row: what is no id is unknown, exactly as another tenant's.
pub fn named<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// The servers of a service behind their front and nothing else: for tests, which call them in their own process, without a port, a
/// bound of time and a trace that is exported.
pub fn fronted(servers: Servers, authenticator: Authenticator) -> Fronted<Routes> {
    let Servers { routes, open } = servers;
    let (open, ending) = (Open(Arc::new(open)), CancellationToken::new());
    Front { authenticator, open, ending }.layer(routes.routes())
}

/// Answers on the listener until `soft` is cancelled, then finishes what is under way; `hard` cuts the rest.
pub(crate) async fn serve(
    listener: TcpListener,
    servers: Servers,
    authenticator: Authenticator,
    follow: Follow,
    readiness: Readiness,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let Servers { routes, open } = servers;
    let routes = described(routes).add_service(health);
    let front = Front { authenticator, open: Open(Arc::new(open)), ending: soft.clone() };
    let server = tonic::transport::Server::builder()
        .timeout(ANSWER_WITHIN)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .layer(follow)
        .layer(front)
        .add_routes(routes);
    let incoming = connections(listener, Limits::default().connections_max);
    let serving = server.serve_with_incoming_shutdown(incoming, soft.clone().cancelled_owned());
    let (serving, told) =
        (pin!(hard.run_until_cancelled(serving)), pin!(tell_health(reporter, readiness, soft)));
    let ended = match select(serving, told).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), serving)) => serving.await,
    };
    if let Some(Err(error)) = ended {
        tracing::warn!(error = &error as &dyn std::error::Error, "the gRPC door ended early");
    }
}

/// `grpc.health.v1` says what `/readyz` says, until shutdown begins.
async fn tell_health(reporter: HealthReporter, readiness: Readiness, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let serving = match readiness.ready() {
            true => tonic_health::ServingStatus::Serving,
            false => tonic_health::ServingStatus::NotServing,
        };
        reporter.set_service_status("", serving).await;
        shutdown.run_until_cancelled(tokio::time::sleep(HEALTH_POLL)).await;
    }
    reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
}

/// Reflection says what `proto/` says.
fn described(services: RoutesBuilder) -> Routes {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(contract::proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("our own descriptors are sound");
    services.routes().add_service(reflection)
}
