//! The writer: keeps in one transaction whatever came during the last one (ADR 018).
//!
//! Requests leave themselves in a bounded queue and wait for their answer. The first that finds a writer free
//! starts it; it takes what waits, at most [`BATCH_MAX`] and urgent ones first, keeps it, answers, and takes again,
//! until nothing waits; streets take turns. So a lone request is kept at once, and under load the cost of a commit is shared by all that
//! came meanwhile. Two writers, so that one prepares while the other's commit is on its way to the disk; their
//! transactions begin a few milliseconds apart.
//!
//! Promises, each with its test (`tests/it/writer`): nobody waits for ever, for every waiter gets an answer or a
//! refusal; a request that the database does not take fails alone; what is in the queue is kept although its caller
//! went away; a full queue refuses the street that has most in it; urgent reports only when it holds twice
//! as many and nothing ordinary any more.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ids::{Lane, TenantId};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::prepare::Prepared;
use super::{Receipt, Refusal, Room, SubmitReport, keep_all};
use crate::core::fair::Fair;

/// Most requests of one transaction: about 1 MiB of ordinary reports, and some milliseconds.
const BATCH_MAX: usize = 512;
/// Transactions of writers at once.
const WRITERS_MAX: usize = 2;
/// Least time between the starts of two transactions, unless a whole batch waits.
const GATHER_FOR: Duration = Duration::from_millis(5);
/// How many times the mark of ordinary reports urgent ones may use.
const URGENT_TIMES: usize = 2;

/// Why a request got no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// It was decided so; nothing was kept.
    Refused(Refusal),
    /// The database is away. Whether it was kept is unknown; the same key may be sent again.
    Unavailable,
    /// The database took every other request but this, or we broke. The same key may be sent again.
    Failed,
}

type Answer = Result<Receipt, Unkept>;

/// The queue, and who is working on it.
pub struct Writer {
    queue: Mutex<Queue>,
    waiting_max: usize,
    /// Made by the first writer: a timer belongs to the runtime it was made in.
    apart: AsyncMutex<Option<Interval>>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Queue {
    urgent: Fair<Waiting>,
    others: Fair<Waiting>,
    writers: usize,
}

/// How long one transaction may take. Callers are told "unavailable" sooner; this is for a connection that the server
/// has given up without our hearing of it: it would be waited on for ever.
const KEEP_WITHIN: Duration = Duration::from_secs(5);

/// What a street is told whose report made room for another street's.
const OVER_SHARE: Refusal = Refusal::QuotaExceeded { retry_after_s: 1 };

/// A request, and where its answer goes.
struct Waiting {
    request: Prepared,
    answer: oneshot::Sender<Answer>,
}

/// A request was left.
struct Pushed {
    /// A writer is to be started.
    writer_free: bool,
    /// What had to leave for it, and why.
    displaced: Option<(Waiting, Refusal)>,
}

impl Room {
    /// Puts one report on the record, together with whatever else comes at the time.
    pub async fn submit(self: &Arc<Self>, command: SubmitReport) -> Answer {
        let screened = self.screen(&command);
        self.admit(&command, screened).map_err(Unkept::Refused)?;
        let request = self.prepare(command, screened).await.map_err(Unkept::Refused)?;
        let (answer, answered) = oneshot::channel();
        let Some(Pushed { writer_free, displaced }) = self.writer.push(Waiting { request, answer }) else {
            self.events.refused(Refusal::Overloaded.reason());
            return Err(Unkept::Refused(Refusal::Overloaded));
        };
        if let Some((displaced, refusal)) = displaced {
            self.events.refused(refusal.reason());
            displaced.tell(Err(Unkept::Refused(refusal)));
        }
        if writer_free {
            // Tracked, not the caller's own: a caller that goes away must not take the others' transaction along.
            self.writer.tasks.spawn(write(self.clone()));
        }
        // A lost answer is a writer's panic.
        answered.await.unwrap_or(Err(Unkept::Failed))
    }
}

impl Writer {
    /// Empty; `waiting_max` ordinary requests may wait.
    pub(super) fn new(waiting_max: usize) -> Self {
        let tasks = TaskTracker::new();
        // Closed means only that waiting ends when no writer runs; more may start.
        tasks.close();
        Self { queue: Mutex::default(), waiting_max, apart: AsyncMutex::default(), tasks }
    }

    /// Waits until no writer runs, which is when nothing waits.
    pub async fn idle(&self) {
        self.tasks.wait().await;
    }

    /// How many requests wait for a writer.
    pub fn waiting(&self) -> usize {
        self.locked().len()
    }

    /// Leaves a request; `None` if there is no room for it.
    fn push(&self, waiting: Waiting) -> Option<Pushed> {
        let mut queue = self.locked();
        let (urgent, street) = (waiting.request.lane == Lane::Urgent, waiting.request.command.street);
        let most = if urgent { self.waiting_max * URGENT_TIMES } else { self.waiting_max };
        let full = queue.len() >= most;
        let displaced = if full { Some(queue.make_room(urgent, street)?) } else { None };
        let line = if urgent { &mut queue.urgent } else { &mut queue.others };
        line.push(street, waiting);
        let writer_free = queue.writers < WRITERS_MAX;
        queue.writers += usize::from(writer_free);
        Some(Pushed { writer_free, displaced })
    }

    /// Lets requests gather, if a transaction began just now.
    async fn gather(&self) {
        if self.waiting() < BATCH_MAX {
            self.apart.lock().await.get_or_insert_with(|| pg::apart(GATHER_FOR)).tick().await;
        }
    }

    /// The next batch; empty means that this writer has signed off.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.locked();
        let next = || queue.urgent.pop().or_else(|| queue.others.pop());
        let batch: Vec<Waiting> = std::iter::from_fn(next).take(BATCH_MAX).collect();
        if batch.is_empty() {
            queue.writers -= 1;
        }
        batch
    }

    /// Nothing panics while it is held, so a poisoned queue is a whole one.
    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Who leaves, and what they are told. Nothing ordinary waits while something urgent is refused.
    fn make_room(&mut self, urgent: bool, street: TenantId) -> Option<(Waiting, Refusal)> {
        if !urgent {
            return self.others.displace(street).map(|waiting| (waiting, OVER_SHARE));
        }
        let leaving = self.others.leave().or_else(|| self.urgent.displace(street));
        leaving.map(|waiting| (waiting, Refusal::Overloaded))
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.others.len()
    }
}

/// The part that lets a process end only when no writer runs.
pub struct Writing(pub Arc<Room>);

impl Part for Writing {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            shutdown.cancelled().await;
            self.0.writer.idle().await;
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move {
            self.0.writer.idle().await;
            Ok(0)
        })
    }
}

/// Keeps what waits until nothing does.
async fn write(room: Arc<Room>) {
    loop {
        room.writer.gather().await;
        let batch = room.writer.take();
        if batch.is_empty() {
            return;
        }
        room.events.batch(batch.len());
        // A panic drops the batch's answers, which tells the callers; the next batch is not to suffer from it.
        if AssertUnwindSafe(settle(&room, batch)).catch_unwind().await.is_err() {
            tracing::error!("a batch of reports panicked");
        }
    }
}

/// Keeps a batch and answers it. One that the database does not take is halved until the culprit is alone (D17).
async fn settle(room: &Room, batch: Vec<Waiting>) {
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        let requests: Vec<&Prepared> = part.iter().map(|waiting| &waiting.request).collect();
        match pg::within(KEEP_WITHIN, keep_all(room, &requests)).await {
            Ok(answers) => {
                for (waiting, answer) in part.into_iter().zip(answers) {
                    waiting.tell(answer.map_err(Unkept::Refused));
                }
            }
            Err(error) if part.len() > 1 && at_fault(&error) => {
                tracing::warn!(
                    requests = part.len(),
                    error = &error as &dyn std::error::Error,
                    "a batch of reports was refused and is halved"
                );
                parts.push(part.split_off(part.len() / 2));
                parts.push(part);
            }
            Err(error) => {
                let unkept = failed(&error);
                part.into_iter().for_each(|waiting| waiting.tell(Err(unkept)));
            }
        }
    }
}

impl Waiting {
    /// A caller that went away needs no answer: its report is kept all the same.
    fn tell(self, answer: Answer) {
        drop(self.answer.send(answer));
    }
}

/// Whether a request of the batch can be the cause, and not the database's absence.
fn at_fault(error: &pg::Error) -> bool {
    matches!(error.kind(), pg::Kind::Data | pg::Kind::Broken)
}

/// Logged once for all who waited.
fn failed(error: &pg::Error) -> Unkept {
    if at_fault(error) {
        tracing::error!(error = error as &dyn std::error::Error, "a report could not be kept");
        Unkept::Failed
    } else {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "reports not kept: database is not available"
        );
        Unkept::Unavailable
    }
}
