//! Hints that a street's record has grown, for those who watch its orders: one subscription a street and process,
//! whoever watches. A hint only says "look"; many that nobody looked after are one (D25).
//!
//! While the broker is away there are none, and watchers find what is new by their poll.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bootstrap::part::Part;
use contract::subject;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use ids::TenantId;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How soon a broken subscription is made again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What watchers ask. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Hints(Arc<Streets>);

#[derive(Debug)]
struct Streets {
    nats: async_nats::Client,
    watched: Mutex<BTreeMap<TenantId, watch::Sender<()>>>,
    wanted: mpsc::UnboundedSender<TenantId>,
}

/// The part that hears them.
pub(crate) struct Hearing {
    hints: Hints,
    wanted: mpsc::UnboundedReceiver<TenantId>,
}

impl Hints {
    /// With the part that has to run.
    pub(crate) fn new(nats: async_nats::Client) -> (Self, Hearing) {
        let (wanted, asked) = mpsc::unbounded_channel();
        let hints = Self(Arc::new(Streets { nats, watched: Mutex::default(), wanted }));
        (hints.clone(), Hearing { hints, wanted: asked })
    }

    /// Changes when the street may have grown. Listen first, then look.
    pub(crate) fn of(&self, street: TenantId) -> watch::Receiver<()> {
        let mut watched = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grown) = watched.get(&street) {
            return grown.subscribe();
        }
        let (grown, hints) = watch::channel(());
        watched.insert(street, grown);
        // Nobody hears while the process ends.
        let _ = self.0.wanted.send(street);
        hints
    }
}

impl Streets {
    /// Until nobody watches the street any more.
    async fn hear(&self, street: TenantId) {
        let Some(grown) = self.watched.lock().unwrap_or_else(PoisonError::into_inner).get(&street).cloned()
        else {
            return;
        };
        while !self.forgotten(street) {
            tokio::select! {
                () = grown.closed() => continue,
                () = self.pass_on(street, &grown) => {}
            }
            // Ended by the broker's absence; or somebody watches again.
            tokio::time::timeout(AGAIN_AFTER, grown.closed()).await.ok();
        }
    }

    async fn pass_on(&self, street: TenantId, grown: &watch::Sender<()>) {
        match self.nats.subscribe(subject::all_of("dispatch", street)).await {
            Ok(mut hints) => {
                // What came before the subscription.
                grown.send_replace(());
                while hints.next().await.is_some() {
                    grown.send_replace(());
                }
            }
            Err(error) => tracing::debug!(%error, "hints of orders are not heard; watchers poll"),
        }
    }

    /// Forgets the street if nobody watches it. Under the lock, so that nobody begins to meanwhile.
    fn forgotten(&self, street: TenantId) -> bool {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let nobody = watched.get(&street).is_none_or(|grown| grown.receiver_count() == 0);
        if nobody {
            watched.remove(&street);
        }
        nobody
    }
}

impl Part for Hearing {
    fn run(mut self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let streets = self.hints.0.clone();
            let mut heard = FuturesUnordered::new();
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    Some(street) = self.wanted.recv() => heard.push(streets.hear(street)),
                    Some(()) = heard.next(), if !heard.is_empty() => {}
                }
            }
        })
    }

    /// A hint is no work.
    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async { Ok(0) })
    }
}
