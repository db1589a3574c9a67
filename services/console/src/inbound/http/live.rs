//! Live updates of a street as server-sent events. `id:` is the position of a line; a reader that comes back with it
//! (`Last-Event-ID`, or `?after=`) gets every line after it. Without a cursor a stream starts at the newest line.
//!
//! The signal only says "look"; lines are read from the database by their positions, in pages, and a poll finds what
//! a lost signal was about. A stream ends when its reader goes, when the process stops, when the caller may no longer
//! watch, and after 15 minutes, so that a token is asked for again: the reader comes back with its cursor.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use access::Action;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use futures_util::{Stream, StreamExt, stream};
use ids::TenantId;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

use super::views::EntryView;
use crate::handle::{LIVE_READERS_MAX, Room};
use crate::live::Hints;
use crate::store;

/// Lines read at once.
const PAGE_MAX: i64 = 200;
/// How soon a lost signal is made good.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// A comment this often keeps proxies from closing a quiet stream.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// How long a stream lasts.
const STREAM_FOR: Duration = Duration::from_secs(15 * 60);

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// Lines after this position; `Last-Event-ID` comes first.
    after: Option<i64>,
}

/// 实时动态 / What is new in a street, as server-sent events.
#[utoipa::path(get, path = "/console/v1/streets/{street}/live", tag = "live",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), From,
        ("Last-Event-ID" = Option<i64>, Header, description = "the position last seen")),
    responses((status = 200, body = Object, content_type = "text/event-stream",
        description = "events `ready` and `entry`; the data of an `entry` is a line of the timeline"), Problem))]
pub(super) async fn watch(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let admitted = room.house.admit(&who, Action::LiveWatch, street)?;
    let seat = room.seats.clone().try_acquire_owned().map_err(|_| Problem::unavailable(5))?;
    // Listen before looking: what is committed in between is then not missed.
    let hints = room.live.hints(street);
    let cursor = match cursor(&headers)?.or(from.after) {
        Some(position) => position,
        None => {
            let mut tx = room.house.pool.begin(admitted.scope()).await?;
            let last = store::positions::last(&mut tx, street).await?;
            tx.commit().await?;
            last
        }
    };
    let ending = room.live.ending().clone().cancelled_owned();
    let watch = Watch::new(room, who, street, cursor, hints, seat);
    let events = stream::unfold(watch, Watch::next);
    let events = events.take_until(ending).take_until(Box::pin(tokio::time::sleep(STREAM_FOR)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT_EVERY)))
}

fn cursor(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or_else(Problem::bad_cursor)
}

/// One stream.
struct Watch {
    room: Room,
    who: Identity,
    street: TenantId,
    cursor: i64,
    hints: Hints,
    ready: VecDeque<Event>,
    seat: Option<OwnedSemaphorePermit>,
}

impl Watch {
    /// Its first event is `ready` with the cursor, so that a reader can come back before anything happened.
    fn new(
        room: Room,
        who: Identity,
        street: TenantId,
        cursor: i64,
        hints: Hints,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        let ready = Event::default().event("ready").id(cursor.to_string()).data("{}");
        let watch = Self { room, who, street, cursor, hints, ready: [ready].into(), seat: Some(seat) };
        watch.count();
        watch
    }

    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            let read = match self.read().await {
                Ok(read) => read,
                Err(problem) => {
                    tracing::debug!(street = %self.street, code = problem.code(), "a live stream ended");
                    return None;
                }
            };
            if read == 0 {
                tokio::select! {
                    () = self.hints.grown() => {}
                    () = tokio::time::sleep(POLL_EVERY) => {}
                }
            }
        }
    }

    /// Reads a page and moves the cursor past it; returns how many lines it had, invisible ones included.
    async fn read(&mut self) -> Result<usize, Problem> {
        // Asked each time: somebody may have lost the right meanwhile.
        let admitted = self.room.house.admit(&self.who, Action::LiveWatch, self.street)?;
        let bodies = admitted.bodies.bodies();
        let mut tx = self.room.house.pool.begin(admitted.scope()).await?;
        let entries =
            store::timeline::of_street(&mut tx, self.street, bodies.as_deref(), self.cursor, PAGE_MAX)
                .await?;
        tx.commit().await?;
        let read = entries.len();
        for entry in entries {
            self.cursor = entry.position;
            if entry.visible {
                self.ready.push_back(event(EntryView::from(entry))?);
            }
        }
        Ok(read)
    }

    fn count(&self) {
        self.room.events.live_readers(LIVE_READERS_MAX - self.room.seats.available_permits());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seat.take();
        self.count();
    }
}

fn event(entry: EntryView) -> Result<Event, Problem> {
    let event = Event::default().event("entry").id(entry.position.to_string()).json_data(&entry);
    event.map_err(|_| Problem::internal())
}
