//! `WatchOrders`: every change of the orders a caller may see, from a cursor on, without loss or doubles.
//!
//! Changes are read from the record by the positions the relay gave them; a change that is not sealed yet comes
//! when it is. Core NATS only says "look", and a poll finds what a lost hint was about (D25). Rights are asked for
//! at every look. The call ends when its reader goes, when the process stops, when its token is over, and after 15
//! minutes: the reader comes back with its cursor.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use access::Action;
use bootstrap::door::Problem;
use bootstrap::rpc::{Call, named};
use contract::proto::dispatch as wire;
use futures_util::{Stream, StreamExt, stream};
use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use pg::{Pool, TenantScope};
use prost::Message;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tonic::Status;

use super::seats::{Seat, Seats};
use crate::handle::Room;
use crate::hints::Hints;
use crate::store::changes;

/// Changes read at once.
const PAGE_MAX: i64 = 200;
/// How soon a lost hint is made good.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// Looks of all watchers at once: one hint wakes everybody who watches a street, and others need connections too.
const LOOKS_MAX: usize = 2;
/// How long one may take; a connection that died unheard is not waited on for ever.
const LOOK_WITHIN: Duration = Duration::from_secs(5);
/// What a watcher without a seat is told.
const FULL_RETRY_AFTER_S: u32 = 5;
/// How long a call lasts.
const CALL_FOR: Duration = Duration::from_secs(15 * 60);

/// What a watcher hears.
pub(super) type Changes = Pin<Box<dyn Stream<Item = Result<wire::WatchOrdersResponse, Status>> + Send>>;

/// The watchers of this process: their hints, and their places.
#[derive(Debug, Clone)]
pub(crate) struct Watching {
    hints: Hints,
    seats: Seats,
    looks: Looks,
}

/// Looks of all watchers. Each goes on by itself: a reader that stops reading in the middle of one, so that nobody
/// asks its stream any more, holds neither the place of a look nor a connection.
#[derive(Debug, Clone)]
struct Looks {
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Looks {
    /// The changes after a position, and how far they reach.
    async fn after(
        &self,
        pool: Pool,
        scope: TenantScope,
        street: TenantId,
        position: i64,
    ) -> Result<(Vec<changes::Change>, i64), Problem> {
        let places = self.places.clone();
        let look = async move {
            let _place = places.acquire().await.map_err(|error| pg::Error::broken("looking", error))?;
            let read = async {
                let mut tx = pool.begin(scope).await?;
                let found = changes::after(&mut tx, street, position, PAGE_MAX).await?;
                tx.commit().await?;
                Ok::<_, pg::Error>(found)
            };
            pg::within(LOOK_WITHIN, read).await
        };
        let found = self.tasks.spawn(look).await;
        Ok(found.map_err(|error| pg::Error::broken("looking", error))??)
    }
}

impl Watching {
    pub(super) fn new(hints: Hints) -> Self {
        Self {
            hints,
            seats: Seats::default(),
            looks: Looks { places: Arc::new(Semaphore::new(LOOKS_MAX)), tasks: TaskTracker::new() },
        }
    }

    pub(super) async fn begin(
        &self,
        room: Room,
        call: Call,
        asked: wire::WatchOrdersRequest,
    ) -> Result<Changes, Problem> {
        let street: TenantId = named(&asked.street)?;
        let admitted = room.house.admit(&call.who, Action::OrderList, street)?;
        let seat = self.seats.take(&call.who.subject, CALL_FOR);
        let seat = seat.ok_or_else(|| Problem::unavailable(FULL_RETRY_AFTER_S))?;
        // Listen before looking: what is sealed in between is then not missed.
        let hints = self.hints.of(street);
        let mut tx = room.house.pool.begin(admitted.scope()).await?;
        let last = changes::last(&mut tx, street).await?;
        let now = room.house.clock.now(&mut tx).await?;
        tx.commit().await?;
        let over = tokio::time::sleep(lasting(now, call.who.expires_at));
        let position = position_of(&asked.cursor, street).filter(|position| (0..=last).contains(position));
        let position = position.ok_or_else(Problem::bad_cursor)?;
        let ending = call.ending.clone().cancelled_owned();
        let (looks, ready) = (self.looks.clone(), VecDeque::new());
        let watch = Watch { room, call, street, position, hints, looks, ready, _seat: seat };
        let changes = stream::unfold(Some(watch), next);
        Ok(Box::pin(changes.take_until(ending).take_until(Box::pin(over))))
    }
}

/// Not longer than the caller's token.
fn lasting(now: Timestamp, expires_at: Timestamp) -> Duration {
    Duration::try_from(expires_at.duration_since(now)).unwrap_or_default().min(CALL_FOR)
}

struct Watch {
    room: Room,
    call: Call,
    street: TenantId,
    position: i64,
    hints: watch::Receiver<()>,
    looks: Looks,
    ready: VecDeque<wire::WatchOrdersResponse>,
    _seat: Seat,
}

type Item = Result<wire::WatchOrdersResponse, Status>;

async fn next(watch: Option<Watch>) -> Option<(Item, Option<Watch>)> {
    let mut watch = watch?;
    loop {
        if let Some(change) = watch.ready.pop_front() {
            return Some((Ok(change), Some(watch)));
        }
        match watch.read().await {
            Ok(true) => {}
            Ok(false) => watch.wait().await,
            Err(problem) => return Some((Err(problem.into()), None)),
        }
    }
}

impl Watch {
    /// Reads a page and moves past it; false if there was nothing new.
    async fn read(&mut self) -> Result<bool, Problem> {
        // Asked each time: somebody may have lost the right meanwhile, or the key that signed the token.
        let admitted = self.room.house.admit(&self.call.still()?, Action::OrderList, self.street)?;
        let (pool, scope) = (self.room.house.pool.clone(), admitted.scope());
        let (changes, up_to) = self.looks.after(pool, scope, self.street, self.position).await?;
        let moved = up_to > self.position;
        self.position = up_to;
        for change in changes {
            let event = wire::OrderEvent::decode(&*change.payload)
                .map_err(|error| pg::Error::broken("reading a change", error))?;
            let body: Option<BodyRef> = event.order.as_ref().and_then(|order| order.body.parse().ok());
            if body.is_some_and(|body| admitted.bodies.contains(&body)) {
                self.ready.push_back(told(self.street, &change, event));
            }
        }
        Ok(moved)
    }

    async fn wait(&mut self) {
        if let Ok(Err(_nobody_hears)) = tokio::time::timeout(POLL_EVERY, self.hints.changed()).await {
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

fn told(street: TenantId, change: &changes::Change, event: wire::OrderEvent) -> wire::WatchOrdersResponse {
    wire::WatchOrdersResponse {
        cursor: format!("{street}:{}", change.position),
        event: change.event_type.as_str().rsplit('.').next().unwrap_or_default().to_owned(),
        at: event.at,
        order: event.order,
    }
}

/// Ours, of this street, or nothing; empty is the beginning.
fn position_of(cursor: &str, street: TenantId) -> Option<i64> {
    if cursor.is_empty() {
        return Some(0);
    }
    let (of, position) = cursor.split_once(':')?;
    (of == street.to_string()).then(|| position.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_with_its_token() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(lasting(now, after(60)), Duration::from_secs(60));
        assert_eq!(lasting(now, after(86_400)), CALL_FOR);
        assert_eq!(lasting(now, after(-1)), Duration::ZERO);
    }

    #[test]
    fn a_cursor_belongs_to_its_street() {
        let street: TenantId = "990102001000".parse().expect("a code");
        assert_eq!(position_of("", street), Some(0));
        assert_eq!(position_of("990102001000:7", street), Some(7));
        for foreign in ["990102002000:7", "7", "990102001000:", "990102001000:x", ":"] {
            assert_eq!(position_of(foreign, street), None, "{foreign}");
        }
    }
}
