//! Keeping the view fresh: load from Postgres, then poll the highest revision.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use contract::document::{Document, Part};
use ids::TenantId;
use pg::{Pool, TenantScope};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::retired::Retired;
use crate::spread::spread;
use crate::store;
use crate::view::{Project, View, Workshop};

/// How often replicas look (D21).
const POLL: Duration = Duration::from_millis(250);

/// The readers' handle. Cloning shares it; taking the view never waits.
#[derive(Debug)]
pub struct Snapshot<S> {
    view: Arc<ArcSwap<View<S>>>,
    loaded: watch::Receiver<i64>,
}

impl<S> Clone for Snapshot<S> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone(), loaded: self.loaded.clone() }
    }
}

impl<S> Snapshot<S> {
    /// The newest compiled view.
    pub fn view(&self) -> Arc<View<S>> {
        self.view.load_full()
    }

    /// The revision of the documents the view is made of: everything its own schema holds up to there. Negative before
    /// the first load.
    pub fn revision(&self) -> i64 {
        *self.loaded.borrow()
    }

    /// Whether the first load is done: a part of readiness.
    pub fn loaded(&self) -> bool {
        self.revision() >= 0
    }
}

/// The one writer of a [`Snapshot`].
pub struct Poller<P: Project> {
    pool: Pool,
    /// Shared with the thread that compiles.
    workshop: Arc<Mutex<Workshop<P>>>,
    view: Arc<ArcSwap<View<P::Street>>>,
    revision: watch::Sender<i64>,
    retired: Retired<P::Street>,
}

/// What moved, as of one instant.
struct News {
    heads: Vec<store::Head>,
    removals: Vec<store::removals::Row>,
    newest: Option<i64>,
}

impl<P: Project> Poller<P> {
    /// A poller that has loaded nothing yet, and the readers' handle.
    pub fn new(pool: Pool, project: P) -> (Self, Snapshot<P::Street>) {
        let view = Arc::new(ArcSwap::from_pointee(View::default()));
        let (revision, loaded) = watch::channel(-1);
        let snapshot = Snapshot { view: view.clone(), loaded };
        let workshop = Arc::new(Mutex::new(Workshop::new(project)));
        (Self { pool, workshop, view, revision, retired: Retired::default() }, snapshot)
    }

    /// Runs until shutdown; a database that is away leaves the last good view in place.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.refresh().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "documents could not be polled");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Looks once; returns whether anything was new.
    pub async fn refresh(&mut self) -> Result<bool, pg::Error> {
        self.clear();
        let known = *self.revision.borrow();
        let News { heads, removals, newest } = self.news(known.max(0)).await?;
        let Some(newest) = newest else {
            if known < 0 {
                self.revision.send_replace(0);
            }
            return Ok(false);
        };
        let documents = self.documents(heads.iter().map(|head| head.tenant_id).collect()).await?;
        let workshop = self.workshop.clone();
        // Off the threads that answer: a thousand streets are seconds of work.
        let compiling = tokio::task::spawn_blocking(move || compile(&workshop, &removals, &documents));
        match compiling.await {
            Ok(view) => self.retired.keep(self.view.swap(Arc::new(view))),
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // The process is ending.
            Err(_) => return Ok(false),
        }
        self.revision.send_replace(newest);
        Ok(true)
    }

    /// Takes apart what was replaced and is read by nobody any more, off the threads that answer.
    fn clear(&mut self) {
        let unread = self.retired.unread(&self.view.load());
        if !unread.is_empty() {
            tokio::task::spawn_blocking(move || drop(unread));
        }
    }

    /// What moved after a revision. Two statements see two instants: what is committed between them could be passed over,
    /// so both are asked again until nothing newer came. Revisions are committed in their order.
    async fn news(&self, known: i64) -> Result<News, pg::Error> {
        let mut before = None;
        loop {
            let mut tx = self.pool.begin(TenantScope::of_claim()).await?;
            let heads = store::heads_after(&mut tx, known).await?;
            let removals = store::removals::after(&mut tx, known).await?;
            tx.commit().await?;
            let revisions = heads.iter().map(|head| head.revision);
            let newest = revisions.chain(removals.iter().map(|removal| removal.revision)).max();
            if newest == before {
                return Ok(News { heads, removals, newest });
            }
            before = newest;
        }
    }

    async fn documents(&self, tenants: Vec<i64>) -> Result<Vec<store::Stored>, pg::Error> {
        let typed = tenants.iter().filter_map(|tenant| TenantId::from_i64(*tenant).ok());
        let mut tx = self.pool.begin(TenantScope::for_snapshot(typed)).await?;
        let documents = store::documents_of(&mut tx, &tenants, &parts::<P>()).await?;
        tx.commit().await?;
        Ok(documents)
    }
}

/// Takes in what moved.
fn compile<P: Project>(
    workshop: &Mutex<Workshop<P>>,
    removals: &[store::removals::Row],
    documents: &[store::Stored],
) -> View<P::Street> {
    let mut workshop = workshop.lock().unwrap_or_else(PoisonError::into_inner);
    // First: whoever is removed may have been onboarded again since.
    removals.iter().for_each(|removal| workshop.forget(removal));
    let decoded = spread(documents, |stored| Document::decode(&stored.body));
    for (stored, decoded) in documents.iter().zip(decoded) {
        match decoded {
            Ok(document) => workshop.take(document),
            Err(error) => {
                tracing::error!(tenant = stored.tenant_id, error = %error, "stored document does not decode");
            }
        }
    }
    workshop.view()
}

/// The parts a service compiles.
fn parts<P: Project>() -> Vec<String> {
    let wanted = Part::ALL.into_iter().filter(|part| match part {
        Part::Core | Part::People => true,
        Part::Territory => P::TERRITORY,
        Part::Classifier => P::CLASSIFIER,
    });
    wanted.map(|part| part.as_str().to_owned()).collect()
}
