//! Who waits, in which line, and who has to leave when there is no room.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ids::TenantId;
use tokio::sync::oneshot;

use crate::fair::Fair;
use crate::{Line, Unkept};

/// Transactions of writers at once.
const WRITERS_MAX: usize = 2;
/// How many times the mark of ordinary requests urgent ones may use.
const URGENT_TIMES: usize = 2;

/// A request, and where its answer goes.
pub(crate) struct Waiting<R, A> {
    pub request: R,
    pub answer: oneshot::Sender<Result<A, Unkept>>,
}

impl<R, A> Waiting<R, A> {
    /// A caller that went away needs no answer: its request is kept all the same.
    pub fn tell(self, answer: Result<A, Unkept>) {
        drop(self.answer.send(answer));
    }
}

/// A request was left.
pub(crate) struct Pushed<R, A> {
    /// A writer is to be started.
    pub writer_free: bool,
    /// What had to leave for it, and why.
    pub displaced: Option<(Waiting<R, A>, Unkept)>,
}

pub(crate) struct Queue<R, A> {
    lines: Mutex<Lines<R, A>>,
    waiting_max: usize,
}

struct Lines<R, A> {
    urgent: Fair<Waiting<R, A>>,
    others: Fair<Waiting<R, A>>,
    writers: usize,
}

impl<R, A> Queue<R, A> {
    /// Empty; `waiting_max` ordinary requests may wait.
    pub fn new(waiting_max: usize) -> Self {
        let lines = Lines { urgent: Fair::default(), others: Fair::default(), writers: 0 };
        Self { lines: Mutex::new(lines), waiting_max }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.locked().len()
    }

    /// Leaves a request; `None` if there is no room for it.
    pub fn push(&self, Line { street, urgent }: Line, waiting: Waiting<R, A>) -> Option<Pushed<R, A>> {
        let mut lines = self.locked();
        let most = if urgent { self.waiting_max * URGENT_TIMES } else { self.waiting_max };
        let full = lines.len() >= most;
        let displaced = if full { Some(lines.make_room(urgent, street)?) } else { None };
        let line = if urgent { &mut lines.urgent } else { &mut lines.others };
        line.push(street, waiting);
        let writer_free = lines.writers < WRITERS_MAX;
        lines.writers += usize::from(writer_free);
        Some(Pushed { writer_free, displaced })
    }

    /// The next batch; empty means that this writer has signed off.
    pub fn take(&self, batch_max: usize) -> Vec<Waiting<R, A>> {
        let mut lines = self.locked();
        let next = || lines.urgent.pop().or_else(|| lines.others.pop());
        let batch: Vec<_> = std::iter::from_fn(next).take(batch_max).collect();
        if batch.is_empty() {
            lines.writers -= 1;
        }
        batch
    }

    /// Nothing panics while it is held, so a poisoned queue is a whole one.
    fn locked(&self) -> MutexGuard<'_, Lines<R, A>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R, A> Lines<R, A> {
    /// Who leaves, and what they are told. Nothing ordinary waits while something urgent is refused.
    fn make_room(&mut self, urgent: bool, street: TenantId) -> Option<(Waiting<R, A>, Unkept)> {
        if !urgent {
            return self.others.displace(street).map(|waiting| (waiting, Unkept::OverShare));
        }
        let leaving = self.others.leave().or_else(|| self.urgent.displace(street));
        leaving.map(|waiting| (waiting, Unkept::Full))
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.others.len()
    }
}
