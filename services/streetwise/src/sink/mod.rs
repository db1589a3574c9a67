//! `streetwise sink`: a webhook receiver for demonstrations.
//!
//! Takes `POST /hooks/<body>`, checks the Standard Webhooks signature against the demo secrets notification drops
//! (D20), appends what came to a file, and answers 204, or 401 when no secret fits. The line is on the file before
//! the answer goes out, so a delivery that counts as delivered can be read.
//!
//! Deliberately not here: retries of its own, misbehaviour on demand (testkit's sink has that).

mod log;
mod secrets;
mod signature;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::any;

use crate::cli::Sink;
use crate::failure::Failure;
use crate::wall_clock;

use log::Log;
pub use log::{Line, read as read_log};

/// Largest body taken.
const BODY_BYTES_MAX: usize = 1024 * 1024;

struct Desk {
    secrets: PathBuf,
    log: Log,
}

/// Runs the command until the process is ended.
pub async fn run(arguments: &Sink) -> Result<(), Failure> {
    let failed =
        |doing: String, next: &'static str| move |error: std::io::Error| Failure::world(doing, next, error);
    let out = arguments.out.display();
    let next = "请核对 --out 可写 / check that --out can be written";
    let log = Log::open(&arguments.out).map_err(failed(format!("打开 / opening {out}"), next))?;
    let next = "端口可能被占用 / the port may be taken";
    let doing = format!("监听 / listening on {}", arguments.listen);
    let listener = tokio::net::TcpListener::bind(arguments.listen).await.map_err(failed(doing, next))?;
    println!("✓ 接收端 / sink: http://{}/hooks/<body> → {out}", arguments.listen);
    let served =
        axum::serve(listener, router(arguments.secrets.clone(), log)).with_graceful_shutdown(ended()).await;
    served.map_err(failed("接收 / serving".to_owned(), ""))
}

async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn router(secrets: PathBuf, log: Log) -> Router {
    let desk = Arc::new(Desk { secrets, log });
    Router::new()
        .route("/hooks/{body}", any(receive))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(desk)
}

async fn receive(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now = wall_clock::now();
    let endpoint = uri.path().strip_prefix("/hooks/").unwrap_or_default();
    // A few small files; reading them each time means a secret made a moment ago is known.
    let secrets = secrets::of_endpoint(&desk.secrets, endpoint);
    let verified = signature::holds(&secrets, &headers, &body, now);
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let line = Line {
        path: uri.path().to_owned(),
        webhook_id: text("webhook-id"),
        verified,
        body: parsed(&body),
        traceparent: text("traceparent"),
        received_at: now,
    };
    if let Err(error) = desk.log.append(&line) {
        eprintln!("✗ 无法记录 / could not append: {error}");
        return StatusCode::INSUFFICIENT_STORAGE;
    }
    if verified { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}

fn parsed(body: &[u8]) -> serde_json::Value {
    let text = || serde_json::Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stand {
        folder: tempfile::TempDir,
        address: std::net::SocketAddr,
    }

    async fn stand() -> Stand {
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("sink.jsonl")).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router(folder.path().join("secrets"), log);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Stand { folder, address }
    }

    impl Stand {
        fn keep(&self, name: &str, secret: &[u8]) {
            use base64::Engine;
            let secrets = self.folder.path().join("secrets");
            std::fs::create_dir_all(&secrets).unwrap();
            let text = format!("whsec_{}\n", base64::engine::general_purpose::STANDARD.encode(secret));
            std::fs::write(secrets.join(name), text).unwrap();
        }

        async fn send(&self, endpoint: &str, secret: &[u8], age_s: i64) -> u16 {
            let timestamp = (wall_clock::now().as_second() - age_s).to_string();
            let body = r#"{"type":"dispatch.order.dispatched"}"#;
            let signature = testkit::sink::sign(secret, "id-1", &timestamp, body.as_bytes());
            let request = reqwest::Client::new()
                .post(format!("http://{}/hooks/{endpoint}", self.address))
                .header("webhook-id", "id-1")
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", signature)
                .header("traceparent", "00-trace")
                .body(body);
            request.send().await.unwrap().status().as_u16()
        }

        fn lines(&self) -> Vec<Line> {
            log::read(&self.folder.path().join("sink.jsonl")).unwrap()
        }
    }

    #[tokio::test]
    async fn a_signed_webhook_is_taken_and_any_other_refused() {
        let stand = stand().await;
        let (ours, other) = ([1; 32], [2; 32]);
        assert_eq!(stand.send("transport", &ours, 0).await, 401, "no secret is known yet");
        stand.keep("990102000000__transport", &ours);
        stand.keep("990102001000__street-centre", &ours);
        stand.keep("990102002000__street-centre", &other);
        assert_eq!(stand.send("transport", &ours, 0).await, 204, "secrets are looked up at each request");
        assert_eq!(stand.send("transport", &other, 0).await, 401);
        assert_eq!(stand.send("transport", &ours, 3_600).await, 401, "too old to be no replay");
        assert_eq!(stand.send("street-centre@990102001000", &ours, 0).await, 204);
        assert_eq!(stand.send("street-centre@990102002000", &ours, 0).await, 401, "another street's secret");
        assert_eq!(stand.send("..", &ours, 0).await, 404);

        let lines = stand.lines();
        let verified: Vec<bool> = lines.iter().map(|line| line.verified).collect();
        assert_eq!(verified, [false, true, false, false, true, false]);
        assert_eq!(lines[1].path, "/hooks/transport");
        assert_eq!(lines[1].body["type"], "dispatch.order.dispatched");
        assert_eq!((lines[1].webhook_id.as_str(), lines[1].traceparent.as_str()), ("id-1", "00-trace"));
    }
}
