//! The way to the broker: as which user, with which key, and what is told when the broker refuses something.
//!
//! Users and what each may do are `contract::broker_user`'s; keys are made by `streetwise broker-users`. A key is an
//! Ed25519 seed that never leaves this process: the broker knows the public half, and the client signs what the
//! broker asks it to. So no password stands in an address, an environment variable or a log.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::{ClientError, ConnectError, ConnectOptions, Event, ServerError};
use contract::broker_user::inbox_prefix;
use nkeys::{KeyPair, KeyPairType};

/// The key of a user of the broker. Shows nothing of itself.
#[derive(Clone)]
pub struct NatsKey {
    seed: String,
    public: String,
}

impl fmt::Debug for NatsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NatsKey").field(&self.public).finish()
    }
}

/// Why a key file is no use. Says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum NatsKeyError {
    /// Not there, or not ours to read.
    #[error("could not read the broker key {}", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something else than the seed of a user.
    #[error("{} holds no seed of a user (SU…)", .0.display())]
    NoSeed(PathBuf),
}

impl NatsKey {
    /// The seed in a file, as `streetwise broker-users` writes it; blanks around it do not matter.
    pub fn read(file: &Path) -> Result<Self, NatsKeyError> {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|source| NatsKeyError::Unreadable { file: file.to_owned(), source })?;
        Self::of_seed(text.trim()).ok_or_else(|| NatsKeyError::NoSeed(file.to_owned()))
    }

    fn of_seed(seed: &str) -> Option<Self> {
        let pair = KeyPair::from_seed(seed).ok().filter(|pair| pair.key_pair_type() == KeyPairType::User)?;
        Some(Self { seed: seed.to_owned(), public: pair.public_key() })
    }

    /// What the broker's settings name: no secret.
    pub fn public(&self) -> &str {
        &self.public
    }
}

/// Options of a connection as `user`: its name, its own inboxes, its key. Without a key only a broker that lets
/// everybody in answers.
pub fn options(user: &str, key: Option<NatsKey>) -> ConnectOptions {
    let options = ConnectOptions::new().name(user).custom_inbox_prefix(inbox_prefix(user));
    match key {
        Some(key) => options.nkey(key.seed),
        None => options,
    }
}

/// Connects in the background: a broker that is down at start is harmless. Pings every 2 s, because a frozen
/// broker keeps its connections open.
pub async fn connect(
    service: &'static str,
    url: &str,
    key: Option<NatsKey>,
) -> Result<async_nats::Client, ConnectError> {
    let told = Arc::new(Told::default());
    options(service, key)
        .retry_on_initial_connect()
        .ping_interval(Duration::from_secs(2))
        .request_timeout(Some(Duration::from_secs(5)))
        .reconnect_delay_callback(|attempts| Duration::from_millis(100 * (attempts as u64).min(10)))
        .event_callback(move |event| {
            let told = told.clone();
            async move { told.tell(&event) }
        })
        .connect(url)
        .await
}

/// Refusals so far. What is refused is tried again for ever, so a line is written for the first, second, fourth,
/// eighth … of its kind.
#[derive(Debug, Default)]
struct Told {
    forbidden: AtomicU64,
    unknown: AtomicU64,
}

impl Told {
    fn tell(&self, event: &Event) {
        match refusal(event) {
            Some(Refusal::Forbidden(what)) => {
                let times = self.forbidden.fetch_add(1, Ordering::Relaxed) + 1;
                if times.is_power_of_two() {
                    tracing::error!(
                        error = what,
                        attempts = times,
                        "the broker does not allow this service what it does"
                    );
                }
            }
            Some(Refusal::Unknown) => {
                let times = self.unknown.fetch_add(1, Ordering::Relaxed) + 1;
                if times.is_power_of_two() {
                    tracing::error!(attempts = times, "the broker does not know this service's key");
                }
            }
            None => {}
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal<'a> {
    /// A subject outside the allow-lists, in the broker's words.
    Forbidden(&'a str),
    /// No user has this key, or there was none.
    Unknown,
}

/// The client has no variants for these: the words are those of the protocol's `-ERR`.
fn refusal(event: &Event) -> Option<Refusal<'_>> {
    match event {
        Event::ServerError(ServerError::AuthorizationViolation) => Some(Refusal::Unknown),
        Event::ServerError(ServerError::Other(text)) if holds(text, "permissions violation") => {
            Some(Refusal::Forbidden(text))
        }
        Event::ClientError(ClientError::Other(text)) if holds(text, "authorization violation") => {
            Some(Refusal::Unknown)
        }
        _ => None,
    }
}

fn holds(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("intake.nk");
        let pair = KeyPair::new_user();
        let seed = pair.seed().unwrap();
        std::fs::write(&file, format!("{seed}\n")).unwrap();
        let key = NatsKey::read(&file).unwrap();
        assert_eq!(key.public(), pair.public_key());
        assert!(!format!("{key:?}").contains(&seed), "{key:?}");
    }

    #[test]
    fn other_files_are_refused_without_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(matches!(NatsKey::read(&file), Err(NatsKeyError::Unreadable { .. })));
        let account = KeyPair::new_account().seed().unwrap();
        let public = KeyPair::new_user().public_key();
        for content in ["", "secret-word", &account, &public] {
            std::fs::write(&file, content).unwrap();
            let error = NatsKey::read(&file).unwrap_err();
            assert!(matches!(error, NatsKeyError::NoSeed(_)));
            assert!(content.is_empty() || !format!("{error} {error:?}").contains(content));
        }
    }

    #[test]
    fn refusals_are_told_from_the_rest() {
        let said = "Permissions Violation for Publish to \"triage.case.opened\"".to_owned();
        let event = Event::ServerError(ServerError::Other(said.clone()));
        assert_eq!(refusal(&event), Some(Refusal::Forbidden(&said)));
        assert_eq!(refusal(&Event::ServerError(ServerError::AuthorizationViolation)), Some(Refusal::Unknown));
        let stale = Event::ServerError(ServerError::Other("stale connection".to_owned()));
        assert_eq!(refusal(&stale), None);
        assert_eq!(refusal(&Event::Disconnected), None);
    }
}
