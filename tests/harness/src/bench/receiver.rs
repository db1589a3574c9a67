//! Where webhooks arrive in a bench: answers 204 at once, notes when which report's webhooks were complete, and
//! keeps one request in [`SAMPLE`] whole, to verify its signature afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::sink::{Signature, verify};
use tokio::net::TcpListener;

use super::tag::Tag;
use crate::streets::DISTRICT;

/// One request of so many is kept.
const SAMPLE: u64 = 64;
/// Requests kept at most.
const KEPT_MAX: usize = 4_096;

/// Bodies of the demo that have an endpoint, by path; a street's own centre stands for all streets.
const PATHS: [(&str, u8); 5] = [
    ("/hooks/transport", 1),
    ("/hooks/traffic-police", 2),
    ("/hooks/bus-company", 4),
    ("/hooks/governance-centre", 8),
    ("/hooks/street-centre@", 16),
];

/// The webhooks a report must lead to: one bit for each body that has an endpoint.
pub fn bodies(names: &[&str]) -> u8 {
    let named = |path: &str| names.iter().any(|name| path.trim_end_matches('@').ends_with(name));
    PATHS.iter().filter(|(path, _)| named(path)).map(|(_, bit)| bit).sum()
}

/// What arrived of one load.
#[derive(Debug)]
pub struct Arrivals {
    run: u64,
    wanted: u8,
    seen: Vec<AtomicU8>,
    /// When the last webhook that was wanted arrived, in microseconds since [`Arrivals::opened`].
    last_us: Vec<AtomicU64>,
    complete: AtomicU64,
    opened: Instant,
}

impl Arrivals {
    fn note(&self, n: u64, body: u8) {
        let Some(seen) = self.seen.get(n as usize) else { return };
        let before = seen.fetch_or(body, Ordering::AcqRel);
        if before & body != 0 || body & self.wanted == 0 {
            return; // a repeated attempt, or a body nobody asked for
        }
        self.last_us[n as usize].fetch_max(self.opened.elapsed().as_micros() as u64, Ordering::AcqRel);
        if (before | body) & self.wanted == self.wanted {
            self.complete.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How many calls have all their webhooks.
    pub fn complete(&self) -> u64 {
        self.complete.load(Ordering::Acquire)
    }

    /// When the last webhook of a call arrived; nothing while one is missing.
    pub fn at(&self, n: u64) -> Option<Instant> {
        let seen = self.seen.get(n as usize)?.load(Ordering::Acquire);
        let last = Duration::from_micros(self.last_us[n as usize].load(Ordering::Acquire));
        (seen & self.wanted == self.wanted).then(|| self.opened + last)
    }
}

struct Kept {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Default)]
struct Desk {
    runs: RwLock<Vec<Arc<Arrivals>>>,
    requests: AtomicU64,
    kept: Mutex<Vec<Kept>>,
}

/// A running receiver; it ends with the process.
pub struct Receiver {
    address: SocketAddr,
    desk: Arc<Desk>,
}

impl Receiver {
    /// Listens on a loopback port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, desk) = (listener.local_addr()?, Arc::<Desk>::default());
        let router = Router::new().fallback(receive).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, desk })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Watches for the webhooks of a load of at most `calls` calls; those of earlier loads go on being watched.
    pub fn watch(&self, run: u64, calls: u64, wanted: u8) -> Arc<Arrivals> {
        let arrivals = Arc::new(Arrivals {
            run,
            wanted,
            seen: (0..calls).map(|_| AtomicU8::new(0)).collect(),
            last_us: (0..calls).map(|_| AtomicU64::new(0)).collect(),
            complete: AtomicU64::new(0),
            opened: Instant::now(),
        });
        self.desk.runs.write().unwrap_or_else(PoisonError::into_inner).push(arrivals.clone());
        arrivals
    }

    /// Requests so far, repeated attempts and unknown traces included.
    pub fn requests(&self) -> u64 {
        self.desk.requests.load(Ordering::Acquire)
    }

    /// Verifies every kept request with the secrets notification dropped; returns how many there were.
    pub fn verify_sample(&self, secrets: &Path) -> Result<u64> {
        let secrets = read_secrets(secrets)?;
        let kept = self.desk.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for request in kept.iter() {
            let known = secrets.get(&request.path).map(Vec::as_slice).unwrap_or_default();
            let worth = verify(known, &request.headers, &request.body);
            ensure!(worth == Signature::Valid, "a webhook to {} does not verify: {worth:?}", request.path);
        }
        Ok(kept.len() as u64)
    }
}

async fn receive(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let tag = headers.get("traceparent").and_then(|value| Tag::read(value.to_str().ok()?));
    let bit = PATHS.iter().find(|(path, _)| uri.path().starts_with(path)).map_or(0, |(_, bit)| *bit);
    if let Some(tag) = tag {
        let runs = desk.runs.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrivals) = runs.iter().rev().find(|arrivals| arrivals.run == tag.run) {
            arrivals.note(tag.n, bit);
        }
    }
    if desk.requests.fetch_add(1, Ordering::AcqRel).is_multiple_of(SAMPLE) && bit != 0 {
        let mut kept = desk.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(Kept { path: uri.path().to_owned(), headers, body });
        }
    }
    StatusCode::NO_CONTENT
}

/// By the receiver's path; files are named `<tenant>__<endpoint>`.
fn read_secrets(folder: &Path) -> Result<BTreeMap<String, Vec<Vec<u8>>>> {
    let mut secrets: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((tenant, key)) = name.split_once("__") else { continue };
        let own = if tenant == DISTRICT { String::new() } else { format!("@{tenant}") };
        let text = std::fs::read_to_string(entry.path())?;
        let secret = STANDARD.decode(text.trim().trim_start_matches("whsec_"))?;
        secrets.entry(format!("/hooks/{key}{own}")).or_default().push(secret);
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_report_is_complete_when_each_body_was_told_once() {
        let receiver = Receiver::start().await.unwrap();
        let arrivals = receiver.watch(1, 2, bodies(&["street-centre", "governance-centre"]));
        arrivals.note(0, 16);
        arrivals.note(0, 16);
        arrivals.note(0, 1);
        arrivals.note(7, 16);
        assert_eq!((arrivals.complete(), arrivals.at(0)), (0, None));
        arrivals.note(0, 8);
        assert_eq!(arrivals.complete(), 1);
        assert!(arrivals.at(0).is_some() && arrivals.at(1).is_none());
    }

    #[test]
    fn bodies_are_told_apart_by_their_path() {
        assert_eq!(bodies(&["street-centre"]), 16);
        assert_eq!(bodies(&["transport", "traffic-police", "bus-company", "governance-centre"]), 15);
        assert_eq!(bodies(&[]), 0);
    }
}
