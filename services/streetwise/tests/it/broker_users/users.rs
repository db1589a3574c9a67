//! A provisioned broker with its users, and callers that remember what the broker refused them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, Event, ServerError, jetstream};
use bootstrap::broker::{self, NatsKey};
use bytes::Bytes;
use contract::broker_user::{BrokerUser, PROVISIONER, broker_users};
use contract::topology;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use streetwise::broker_users::{key_file, write};
use streetwise::cli::Provision;
use tempfile::TempDir;
use testkit::nats::Broker;
use testkit::wait;

/// A user that may do everything: for looking, and to show that a probe is worth something.
pub const KEEPER: &str = "keeper";
/// The client keeps no more than 128 of the broker's words that nobody has taken yet.
const AT_ONCE: usize = 32;
const WITHIN: Duration = Duration::from_secs(20);

pub struct Town {
    pub broker: Broker,
    folder: TempDir,
}

impl Town {
    /// Keys and settings by the command, a broker that reads them, and streams by the provisioner.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start_with(&settings_in(&folder)).await.unwrap();
        let nkey_file = Some(key_file(&keys_in(&folder), PROVISIONER));
        let arguments = Provision { nats_url: broker.url(), nkey_file, replicas: 1, plan: false };
        // Twice: making and updating ask for different things.
        for _ in 0..2 {
            streetwise::provision::run(&arguments).await.expect("provisioned as the provisioner");
        }
        Self { broker, folder }
    }

    /// Removes a user's key; the command makes another.
    pub fn change_key(&self, user: &str) {
        std::fs::remove_file(self.key_file(user)).unwrap();
        self.read_settings_anew();
    }

    /// Runs the command again; the broker reads what it wrote while it runs.
    pub fn read_settings_anew(&self) {
        self.broker.read_anew(&settings_in(&self.folder)).unwrap();
    }

    pub fn key_file(&self, user: &str) -> PathBuf {
        key_file(&keys_in(&self.folder), user)
    }

    pub async fn caller(&self, user: &str) -> Caller {
        self.caller_with_key_of(user, user).await
    }

    /// With the key of one user and the name and inboxes of another.
    pub async fn caller_with_key_of(&self, key: &str, name: &str) -> Caller {
        let refused = Arc::new(Mutex::new(Vec::new()));
        let words = refused.clone();
        let key = NatsKey::read(&self.key_file(key)).unwrap();
        let options = broker::options(name, Some(key)).request_timeout(Some(Duration::from_secs(1)));
        let options = options.event_callback(move |event| {
            let words = words.clone();
            async move {
                if let Event::ServerError(ServerError::Other(text)) = event {
                    words.lock().unwrap().push(text);
                }
            }
        });
        Caller { client: options.connect(self.broker.url()).await.unwrap(), refused }
    }

    /// Streams with their messages and consumers.
    pub async fn broker_state(&self, keeper: &Caller) -> BTreeMap<String, (u64, u64, BTreeSet<String>)> {
        let jetstream = jetstream::new(keeper.client.clone());
        let mut state = BTreeMap::new();
        for spec in topology::streams() {
            let stream = jetstream.get_stream(spec.name).await.unwrap();
            let consumers = stream.consumer_names().try_collect().await.unwrap();
            let counts = &stream.cached_info().state;
            state.insert(spec.name.to_owned(), (counts.messages, counts.last_sequence, consumers));
        }
        state
    }
}

fn keys_in(folder: &TempDir) -> PathBuf {
    folder.path().join("keys")
}

/// What the command writes, with a user that may do everything besides.
fn settings_in(folder: &TempDir) -> String {
    let out = folder.path().join("users.conf");
    let everything = || vec![">".to_owned()];
    let keeper = BrokerUser { name: KEEPER, publish: everything(), subscribe: everything() };
    let users: Vec<BrokerUser> = broker_users().into_iter().chain([keeper]).collect();
    write(&users, &keys_in(folder), &out).unwrap();
    std::fs::read_to_string(out).unwrap()
}

pub struct Caller {
    pub client: Client,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Caller {
    /// The broker's words so far.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }

    /// The broker has taken everything sent until now: it answers a message to oneself, if only with a refusal, which
    /// is not kept.
    pub async fn settled(&self) {
        let subject = self.client.new_inbox();
        let mut own = self.client.subscribe(subject.clone()).await.unwrap();
        self.client.publish(subject.clone(), Bytes::new()).await.unwrap();
        let answered = wait::until(WITHIN, async || {
            let refused = self.refused().iter().any(|text| text.contains(&subject));
            (refused || own.next().now_or_never().is_some()).then_some(())
        });
        answered.await.expect("the broker answers");
        self.refused.lock().unwrap().retain(|text| !text.contains(&subject));
    }

    /// Each of the subjects is refused with the broker's own word, and nothing else is.
    pub async fn is_refused_all(&self, what: &str, subjects: &[String], attempt: impl AsyncFn(String)) {
        self.refused.lock().unwrap().clear();
        for some in subjects.chunks(AT_ONCE) {
            for subject in some {
                attempt(subject.clone()).await;
            }
            let wanted: BTreeSet<String> =
                some.iter().map(|subject| format!("{what} to \"{subject}\"")).collect();
            let all = wait::until(WITHIN, async || {
                let refused = self.refused();
                wanted.iter().all(|wanted| refused.iter().any(|text| text.contains(wanted))).then_some(())
            });
            if all.await.is_none() {
                let refused = self.refused();
                let silent =
                    wanted.iter().filter(|wanted| !refused.iter().any(|text| text.contains(*wanted)));
                panic!("the broker did not refuse {:?}; it said {refused:?}", silent.collect::<Vec<_>>());
            }
        }
        assert_eq!(self.refused().len(), subjects.len(), "one word for each");
    }
}
