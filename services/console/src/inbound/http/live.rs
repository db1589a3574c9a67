//! Live updates of a street as server-sent events. `id:` is the position of a line; a reader that comes back with it
//! (`Last-Event-ID`, or `?after=`) gets every line after it. Without a cursor a stream starts at the newest line.
//!
//! The signal only says "look"; lines are read from the database by their positions, in pages, and a poll finds what
//! a lost signal was about. When a case becomes visible to a body, or a report joins a visible one, the earlier lines
//! are sent before the line that made them visible, without an `id:`, so that the cursor moves forward only. A stream
//! ends when its reader goes, when the process stops, when the token is over or the caller may no longer watch (both
//! are asked at every look, so within 5 s), and after 15 minutes: the reader comes back with its cursor.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use access::Action;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use bootstrap::door::{Path, Problem, Query};
use bootstrap::identity::Authenticator;
use bootstrap::{Bearer, Identity};
use contract::EventType;
use futures_util::{Stream, StreamExt, stream};
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use uuid::Uuid;

use super::views::EntryView;
use super::{Called, accept};
use crate::handle::{LIVE_READERS_MAX, Room};
use crate::live::Hints;
use crate::store;
use crate::store::lines::{Entry, Sight};

/// Lines read at once.
const PAGE_MAX: i64 = 200;
/// Earlier lines of a case sent when it becomes visible, the first ones; the timeline's door has all of them.
const EARLIER_MAX: i64 = 500;
/// Lines of a report itself: it was accepted, perhaps judged by a person.
const OF_REPORT_MAX: i64 = 8;
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

/// 实时动态 / What is new in a street, as server-sent events. A cursor that was never given out gets 400 `bad-cursor`:
/// start over without one.
#[utoipa::path(get, path = "/console/v1/streets/{street}/live", tag = "live",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), From,
        ("Last-Event-ID" = Option<i64>, Header, description = "the position last seen")),
    responses((status = 200, body = Object, content_type = "text/event-stream",
        description = "events `ready` and `entry`; the data of an `entry` is a line of the timeline"), Problem))]
pub(super) async fn watch(
    State(room): State<Room>,
    Extension(authenticator): Extension<Authenticator>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    accept::event_stream(&headers)?;
    let admitted = room.house.admit(&who, Action::LiveWatch, street)?;
    let seat = room.seats.clone().try_acquire_owned().map_err(|_| Problem::unavailable(5))?;
    // Listen before looking: what is committed in between is then not missed.
    let hints = room.live.hints(street);
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let last = store::positions::last(&mut tx, street).await?;
    tx.commit().await?;
    let asked = last_seen(&headers)?.or(from.after);
    let cursor = asked.map_or(Ok(last), |position| super::cursor(position, last))?;
    let ending = room.live.ending().clone().cancelled_owned();
    let pass = Pass { authenticator, token: token(&headers), who };
    let watch = Watch::new(room, pass, street, cursor, hints, seat);
    let events = stream::unfold(watch, Watch::next);
    let events = events.take_until(ending).take_until(Box::pin(tokio::time::sleep(STREAM_FOR)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT_EVERY)))
}

fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or_else(Problem::bad_cursor)
}

/// The token that [`Bearer`] has verified.
fn token(headers: &HeaderMap) -> String {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|text| text.split_once(' ')).map_or(String::new(), |(_, token)| token.trim().to_owned())
}

/// What lets a reader watch, for as long as it holds.
struct Pass {
    authenticator: Authenticator,
    token: String,
    who: Identity,
}

impl Pass {
    /// A stream must not outlive its token.
    fn holds(&self, now: Timestamp) -> Result<(), Problem> {
        let verified = self.authenticator.verify(&self.token, now);
        verified.map(|_| ()).map_err(|_| Problem::unauthenticated())
    }
}

/// One stream.
struct Watch {
    room: Room,
    pass: Pass,
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
        pass: Pass,
        street: TenantId,
        cursor: i64,
        hints: Hints,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        let ready = Event::default().event("ready").id(cursor.to_string()).data("{}");
        let watch = Self { room, pass, street, cursor, hints, ready: [ready].into(), seat: Some(seat) };
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
        let admitted = self.room.house.admit(&self.pass.who, Action::LiveWatch, self.street)?;
        let sight = super::sight(&self.room, &self.pass.who, &admitted);
        let mut tx = self.room.house.pool.begin(admitted.scope()).await?;
        self.pass.holds(self.room.house.clock.now(&mut tx).await?)?;
        let entries = store::lines::of_street(&mut tx, self.street, &sight, self.cursor, PAGE_MAX).await?;
        let read = entries.len();
        let own = self.of_joined(&mut tx, &sight, &entries).await?;
        for entry in entries {
            self.take(&mut tx, &sight, &own, entry).await?;
        }
        tx.commit().await?;
        Ok(read)
    }

    /// What the reports that join visible cases on this page have said themselves.
    async fn of_joined(
        &self,
        tx: &mut ScopedTx,
        sight: &Sight,
        entries: &[Entry],
    ) -> Result<Vec<Entry>, Problem> {
        let reports: Vec<Uuid> = entries.iter().filter_map(joined).collect();
        match entries.last() {
            Some(last) if sight.cases.is_some() && !reports.is_empty() => {
                let before = last.position;
                Ok(store::lines::of_reports(tx, self.street, &reports, before, OF_REPORT_MAX).await?)
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn take(
        &mut self,
        tx: &mut ScopedTx,
        sight: &Sight,
        own: &[Entry],
        entry: Entry,
    ) -> Result<(), Problem> {
        for earlier in self.before(tx, sight, own, &entry).await? {
            self.ready.push_back(self.event(earlier)?.0);
        }
        self.cursor = entry.position;
        if entry.visible {
            let (event, position) = self.event(entry)?;
            self.ready.push_back(event.id(position.to_string()));
        }
        Ok(())
    }

    /// The earlier lines that a line makes visible.
    async fn before(
        &self,
        tx: &mut ScopedTx,
        sight: &Sight,
        own: &[Entry],
        entry: &Entry,
    ) -> Result<Vec<Entry>, Problem> {
        if let Some(case) = entry.case_id.filter(|_| entry.opens_case) {
            let before = (0, entry.position);
            let earlier =
                store::lines::of_case(tx, self.street, CaseId(case), sight, before, EARLIER_MAX).await?;
            return Ok(in_the_case_by_then(earlier));
        }
        let Some(report) = joined(entry) else { return Ok(Vec::new()) };
        let earlier = |line: &&Entry| line.report_id == Some(report) && line.position < entry.position;
        Ok(own.iter().filter(earlier).cloned().collect())
    }

    /// A line without an id, and its position.
    fn event(&self, entry: Entry) -> Result<(Event, i64), Problem> {
        let view = self.room.house.snapshot.view();
        let entry = EntryView::of(Called(&view, self.street), entry);
        let event = Event::default().event("entry").json_data(&entry);
        event.map(|event| (event, entry.position)).map_err(|_| Problem::internal())
    }

    fn count(&self) {
        self.room.events.live_readers(LIVE_READERS_MAX - self.room.seats.available_permits());
    }
}

/// Without the lines of reports that joined later: they are told when they join.
fn in_the_case_by_then(earlier: Vec<Entry>) -> Vec<Entry> {
    let of_the_case = earlier.iter().filter(|entry| entry.case_id.is_some());
    let joined: BTreeSet<Uuid> = of_the_case.filter_map(|entry| entry.report_id).collect();
    let by_then = |entry: &Entry| {
        entry.case_id.is_some() || entry.report_id.is_some_and(|report| joined.contains(&report))
    };
    earlier.into_iter().filter(by_then).collect()
}

/// The report that came into a visible case with this line: its own lines were nobody's case before.
fn joined(entry: &Entry) -> Option<Uuid> {
    let joins = entry.visible && entry.event_type == EventType::CaseJoined.as_str();
    entry.report_id.filter(|_| joins)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seat.take();
        self.count();
    }
}
