//! A writer behind a door: keeps in one transaction whatever came during the last one (ADR 018).
//!
//! Requests leave themselves in a bounded queue and wait for their answer. The first that finds a writer free
//! starts it; it takes what waits, urgent ones first, has it kept by the room ([`Keep`]), answers, and takes again,
//! until nothing waits; streets take turns. So a lone request is kept at once, and under load the cost of a commit is
//! shared by all that came meanwhile. Two writers, so that one goes on where the other's transaction takes longer than the last or a whole
//! batch waits; otherwise theirs begin as far apart as the last one took (ADR 069).
//!
//! Promises: nobody waits for ever, for every waiter gets an answer or a refusal; a request that the database does not
//! take fails alone; what is in the queue is kept although its caller went away; a full queue refuses the street that
//! has most in it; urgent requests only when it holds twice as many and nothing ordinary any more.
//!
//! Deliberately not here: what a request is, and what its answer says.

mod fair;
mod queue;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ids::TenantId;
use pg::Gate;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use queue::{Pushed, Queue, Waiting};

/// Least time between the starts of two transactions, unless a whole batch waits.
const GATHER_FOR: Duration = Duration::from_millis(5);
/// And most: as long as the last batch took, with its repetitions, which says how busy the machine is. What a transaction costs whatever
/// it carries is then shared by twice as many as if the other writer began in its middle.
const GATHER_FOR_MAX: Duration = Duration::from_millis(40);
/// How long one transaction may take. Callers are told "unavailable" sooner; this is for a connection that the server
/// has given up without our hearing of it: it would be waited on for ever.
const KEEP_WITHIN: Duration = Duration::from_secs(5);

/// The room that keeps requests.
pub trait Keep: Send + Sync + 'static {
    /// What requests are, for logs: `reports`.
    const KIND: &'static str;
    /// Most requests of one transaction: as many as take some milliseconds.
    const BATCH_MAX: usize;
    /// What is kept.
    type Request: Send + Sync + 'static;
    /// What its sender is told once it is decided and durable.
    type Answer: Send + 'static;

    /// One transaction; one answer for each request, in order. After an error it is unknown whether they were kept.
    fn keep(
        &self,
        batch: &[&Self::Request],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, pg::Error>> + Send;

    /// A writer took so many.
    fn began(&self, requests: usize);

    /// A request left the queue, or never entered it, because it was full.
    fn turned_away(&self, why: Unkept);
}

impl<K: Keep> Keep for Arc<K> {
    const KIND: &'static str = K::KIND;
    const BATCH_MAX: usize = K::BATCH_MAX;
    type Request = K::Request;
    type Answer = K::Answer;

    async fn keep(&self, batch: &[&K::Request]) -> Result<Vec<K::Answer>, pg::Error> {
        (**self).keep(batch).await
    }

    fn began(&self, requests: usize) {
        (**self).began(requests);
    }

    fn turned_away(&self, why: Unkept) {
        (**self).turned_away(why);
    }
}

/// Why a request got no answer of the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// The queue is full. Nothing was kept.
    Full,
    /// The queue is full, and the street has more in it than the one it made room for. Nothing was kept.
    OverShare,
    /// The database is away. Whether it was kept is unknown; the same key may be sent again.
    Unavailable,
    /// The database took every other request but this, or we broke. The same key may be sent again.
    Failed,
}

/// Whose a request is, and whether it waits behind others.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Whose turn it takes.
    pub street: TenantId,
    /// Before everything that is not.
    pub urgent: bool,
}

/// The queue, and who is working on it. Cloning shares it.
pub struct Writer<R, A>(Arc<Shared<R, A>>);

impl<R, A> Clone for Writer<R, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Send + Sync + 'static, A: Send + 'static> fmt::Debug for Writer<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

struct Shared<R, A> {
    queue: Queue<R, A>,
    gate: Gate,
    tasks: TaskTracker,
}

impl<R: Send + Sync + 'static, A: Send + 'static> Writer<R, A> {
    /// Empty; `waiting_max` ordinary requests may wait.
    pub fn new(waiting_max: usize) -> Self {
        let tasks = TaskTracker::new();
        // Closed means only that waiting ends when no writer runs; more may start.
        tasks.close();
        let gate = Gate::new(GATHER_FOR, GATHER_FOR_MAX);
        Self(Arc::new(Shared { queue: Queue::new(waiting_max), gate, tasks }))
    }

    /// Has one request kept, together with whatever else comes at the time.
    pub async fn submit<K>(&self, room: &K, line: Line, request: R) -> Result<A, Unkept>
    where
        K: Keep<Request = R, Answer = A> + Clone,
    {
        let (answer, answered) = oneshot::channel();
        let Some(Pushed { writer_free, displaced }) = self.0.queue.push(line, Waiting { request, answer })
        else {
            room.turned_away(Unkept::Full);
            return Err(Unkept::Full);
        };
        if let Some((displaced, why)) = displaced {
            room.turned_away(why);
            displaced.tell(Err(why));
        }
        if self.waiting() >= K::BATCH_MAX {
            self.0.gate.look_again();
        }
        if writer_free {
            // Tracked, not the caller's own: a caller that goes away must not take the others' transaction along.
            self.0.tasks.spawn(write(self.clone(), room.clone()));
        }
        // A lost answer is a writer's panic.
        answered.await.unwrap_or(Err(Unkept::Failed))
    }

    /// Waits until no writer runs, which is when nothing waits.
    pub async fn idle(&self) {
        self.0.tasks.wait().await;
    }

    /// How many requests wait for a writer.
    pub fn waiting(&self) -> usize {
        self.0.queue.waiting()
    }

    /// The next batch, which may gather while a transaction that began just now is under way; empty if this writer has signed off.
    async fn next(&self, batch_max: usize) -> Vec<Waiting<R, A>> {
        let queue = &self.0.queue;
        let gathers = || (1..batch_max).contains(&queue.waiting());
        self.0.gate.take(gathers, || queue.take(batch_max)).await
    }
}

/// The part that lets a process end only when no writer runs.
impl<R: Send + Sync + 'static, A: Send + 'static> Part for Writer<R, A> {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            shutdown.cancelled().await;
            self.idle().await;
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move {
            self.idle().await;
            Ok(0)
        })
    }
}

/// Keeps what waits until nothing does.
async fn write<K: Keep>(writer: Writer<K::Request, K::Answer>, room: K) {
    loop {
        let batch = writer.next(K::BATCH_MAX).await;
        if batch.is_empty() {
            return;
        }
        room.began(batch.len());
        writer.0.gate.during(settle(&room, batch)).await;
    }
}

/// Keeps a batch and answers it. One that the database does not take, or at which we break, is halved until the culprit
/// is alone (D17): the others are not to suffer from it.
async fn settle<K: Keep>(room: &K, batch: Vec<Waiting<K::Request, K::Answer>>) {
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        let requests: Vec<&K::Request> = part.iter().map(|waiting| &waiting.request).collect();
        let kept = pg::within(KEEP_WITHIN, room.keep(&requests));
        // The transaction of a panic is rolled back when it is dropped.
        let failed = match AssertUnwindSafe(kept).catch_unwind().await {
            Ok(Ok(answers)) => {
                for (waiting, answer) in part.into_iter().zip(answers) {
                    waiting.tell(Ok(answer));
                }
                continue;
            }
            Ok(Err(error)) => Some(error),
            Err(_panic) => None,
        };
        let culprit = failed.as_ref().is_none_or(at_fault);
        if culprit && part.len() > 1 {
            let error = failed.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(kind = K::KIND, requests = part.len(), error, "a batch was refused and is halved");
            parts.push(part.split_off(part.len() / 2));
            parts.push(part);
            continue;
        }
        let unkept = failed.map_or_else(|| panicked(K::KIND), |error| told(K::KIND, &error));
        part.into_iter().for_each(|waiting| waiting.tell(Err(unkept)));
    }
}

/// Whether a request of the batch can be the cause, and not the database's absence. What took too long may be done by halves.
fn at_fault(error: &pg::Error) -> bool {
    matches!(error.kind(), pg::Kind::Data | pg::Kind::Broken) || error.too_slow()
}

fn panicked(kind: &'static str) -> Unkept {
    tracing::error!(kind, "a batch panicked");
    Unkept::Failed
}

/// Logged once for all who waited.
fn told(kind: &'static str, error: &pg::Error) -> Unkept {
    let error_of = error as &dyn std::error::Error;
    if matches!(error.kind(), pg::Kind::Data | pg::Kind::Broken) {
        tracing::error!(kind, error = error_of, "a request could not be kept");
        Unkept::Failed
    } else {
        tracing::warn!(kind, error = error_of, "not kept: database is not available");
        Unkept::Unavailable
    }
}
