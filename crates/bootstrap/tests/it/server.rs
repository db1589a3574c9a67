//! A small service behind the real front, on a port of its own, with a client.

use std::sync::Arc;
use std::time::Duration;

use access::Denied;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use bootstrap::door::accept::json_only;
use bootstrap::door::{
    FreeText, IdVerb, IdempotencyKeyHeader, Path, Problem, Query, StrictJson, TraceContext,
};
use bootstrap::health::{self, Readiness};
use bootstrap::identity::Bearer;
use bootstrap::listen::{self, Limits};
use ids::{OrderId, TenantId};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::issuer::{Issuer, claims};

pub const REPORTS: &str = "/intake/v1/streets/990102001000/reports";
pub const KEY: &str = "018f5d2e-7a3b-7c4d-8e5f-0123456789ab";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmitReport {
    text: String,
}

#[derive(Serialize)]
struct Receipt {
    text: String,
    subject: String,
    street: TenantId,
    key: String,
    trace_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    size: Option<u8>,
}

#[derive(Clone)]
struct App {
    arrived: Arc<Notify>,
    go: Arc<Notify>,
}

async fn submit(
    State(_app): State<App>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    trace: TraceContext,
    StrictJson(body): StrictJson<SubmitReport>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let text = FreeText::parse("/text", body.text)?.into_string();
    let (subject, trace_id) = (who.subject, trace.trace_id);
    Ok((StatusCode::CREATED, Json(Receipt { text, subject, street, key: key.to_string(), trace_id })))
}

async fn list(Bearer(_): Bearer, Query(paging): Query<Paging>) -> Json<Option<u8>> {
    Json(paging.size)
}

async fn act(Path((_, target)): Path<(TenantId, IdVerb<OrderId>)>) -> Result<String, Problem> {
    match target.verb.as_str() {
        "see" => Ok(target.id.to_string()),
        "submit" => Err(Problem::invalid_transition().with_hint("请先到场 / Arrive first")),
        _ => Err(Problem::not_found()),
    }
}

async fn denied(Path(denied): Path<String>) -> Problem {
    if denied == "forbidden" { Denied::Forbidden.into() } else { Denied::NotFound.into() }
}

async fn wait(State(app): State<App>) -> &'static str {
    app.arrived.notify_one();
    app.go.notified().await;
    "done"
}

async fn panics() -> &'static str {
    panic!("13800000000");
}

fn routes(app: App) -> Router {
    let api = Router::new()
        .route("/intake/v1/streets/{street}/reports", post(submit).get(list))
        .route("/dispatch/v1/streets/{street}/orders/{target}", post(act))
        .route("/x/v1/denied/{how}", get(denied))
        .route("/x/v1/unavailable", get(async || Problem::unavailable(7)))
        .route("/x/v1/wait", get(wait))
        .route("/x/v1/never", get(std::future::pending::<&'static str>))
        .route("/x/v1/panic", get(panics));
    json_only(api).with_state(app)
}

/// A running server; everything in it ends with the test.
pub struct Server {
    pub issuer: Issuer,
    pub readiness: Readiness,
    pub metrics: telemetry::Metrics,
    pub soft: CancellationToken,
    pub hard: CancellationToken,
    /// A request waits in `/x/v1/wait`.
    pub arrived: Arc<Notify>,
    /// Lets it go.
    pub go: Arc<Notify>,
    pub serving: JoinHandle<()>,
    address: std::net::SocketAddr,
    client: Client,
}

impl Server {
    pub async fn start() -> Self {
        // Tests hold requests back on purpose; the bound of an answer has tests of its own.
        Self::with(Limits { answer_within: Duration::from_secs(30), ..Limits::default() }).await
    }

    pub async fn with(limits: Limits) -> Self {
        Self::of(Router::new(), limits).await
    }

    /// With more routes than the usual ones.
    pub async fn of(more: Router, limits: Limits) -> Self {
        // Err: another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let issuer = Issuer::new();
        let (readiness, metrics) = (Readiness::default(), telemetry::Metrics::default());
        let app = App { arrived: Arc::default(), go: Arc::default() };
        let (arrived, go) = (app.arrived.clone(), app.go.clone());
        let routes = routes(app).merge(more).merge(health::routes(readiness.clone(), metrics.clone()));
        let router = listen::front(routes, issuer.authenticator(), limits.clone());
        let listener = listen::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let serving = tokio::spawn(listen::serve(listener, router, limits, soft.clone(), hard.clone()));
        // A deadline of its own, so that a hanging server fails the test instead of the run.
        let client = Client::builder().timeout(Duration::from_secs(10)).no_proxy().build().expect("a client");
        Self { issuer, readiness, metrics, soft, hard, arrived, go, serving, address, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// A report that would be accepted, but for its body.
    pub fn report(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.post(REPORTS).bearer_auth(self.issuer.token(&claims()));
        request.header("idempotency-key", KEY).header("content-type", "application/json").body(body)
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    pub async fn refuses_connections(&self) -> bool {
        TcpStream::connect(self.address).await.is_err()
    }
}

/// A refusal as the client got it.
pub struct Refusal {
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub document: Value,
}

/// Sends, and checks that the answer is a whole problem document of this status and code.
pub async fn refused(request: RequestBuilder, status: u16, code: &str) -> Refusal {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status().as_u16(), status);
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "application/problem+json");
    assert!(headers.contains_key("traceparent"));
    let bytes = response.bytes().await.expect("a body").to_vec();
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(document["status"], status, "{document}");
    assert_eq!(document["code"], code, "{document}");
    assert_eq!(document["type"], format!("urn:streetwise:problem:{code}"));
    assert!(document["title"].is_string() && document["hint"].is_string(), "{document}");
    Refusal { headers, bytes, document }
}
