//! What committed transactions of this process announced, so that a sleeper need not look after each commit.
//!
//! An announcement is a topic and an instant. A lost one costs a poll: whoever listens looks by itself, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// What a transaction is to announce once it is committed, the least instant per topic.
pub(crate) type Notes = BTreeMap<&'static str, Timestamp>;

/// The least instant announced of each topic since its listeners last took it.
type Topics = BTreeMap<&'static str, watch::Sender<Option<Timestamp>>>;

/// One per pool; cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Topics>>);

impl Board {
    /// Tells the listeners of each topic its instant.
    pub(crate) fn post(&self, notes: Notes) {
        for (topic, at) in notes {
            self.topic(topic).send_if_modified(|least| {
                let sooner = least.is_none_or(|least| at < least);
                if sooner {
                    *least = Some(at);
                }
                sooner
            });
        }
    }

    pub(crate) fn listen(&self, topic: &'static str) -> Listener {
        Listener { sender: self.topic(topic) }
    }

    fn topic(&self, topic: &'static str) -> watch::Sender<Option<Timestamp>> {
        // A map of senders has no invariant a panicking holder could break.
        let mut topics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        topics.entry(topic).or_insert_with(|| watch::Sender::new(None)).clone()
    }
}

/// Hears the announcements of one topic.
#[derive(Debug)]
pub struct Listener {
    sender: watch::Sender<Option<Timestamp>>,
}

impl Listener {
    /// Takes the least instant that was announced since it was last taken. To be called before looking at the tables, which
    /// then show it.
    pub fn take(&self) -> Option<Timestamp> {
        let mut taken = None;
        self.sender.send_if_modified(|least| {
            taken = least.take();
            false
        });
        taken
    }

    /// Returns once something before `instant` has been announced since [`Listener::take`].
    pub async fn sooner_than(&self, instant: Timestamp) {
        let sooner = |least: &Option<Timestamp>| least.is_some_and(|least| least < instant);
        // The sender is ours, so it is never gone.
        let _ = self.sender.subscribe().wait_for(sooner).await;
    }
}
