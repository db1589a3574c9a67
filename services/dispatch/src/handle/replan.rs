//! A newly published calendar and the clocks of a street: what it moves, and moving it.
//!
//! A batch is one transaction over some cases in order, so whoever is interrupted goes on behind the last answer, and what was
//! moved is not moved again: `tests/flow`, `replanning`, kills it between two batches. Looking goes the same way without
//! locks and saves nothing: the same decisions on the same states, so what is listed is what is moved.

use std::time::Duration;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use orders::Actor;
use pg::{ScopedTx, TenantScope, crash};
use uuid::Uuid;

use super::answer::{Answer, Answers, Request};
use super::calendars::Calendars;
use super::save::{By, save};
use super::{Denied, Room, matters};
use crate::core::matter::Matter;
use crate::core::replan::MovePage;
use crate::store::{self, Key};

/// Cases in one transaction at most, each with its orders: some MiB.
pub(crate) const CASES_MAX: u32 = 100;

/// Longer than a caller waits: a connection that the server has given up must not be waited on for ever.
const WITHIN: Duration = Duration::from_secs(20);

/// Which clocks: those of a street's cases on a calendar, behind a cursor.
#[derive(Debug, Clone)]
pub(crate) struct Which {
    pub street: TenantId,
    pub calendar: String,
    pub after: Option<CaseId>,
    pub cases_max: u32,
}

/// Moving them, by whom and with which words.
#[derive(Debug, Clone)]
pub(crate) struct Replan {
    pub request: Request,
    pub which: Which,
    /// The publication that the caller has looked at.
    pub version: u64,
    pub note: String,
    pub traceparent: String,
}

/// Lists what would move. Writes nothing.
pub(crate) async fn look(room: &Room, scope: TenantScope, which: &Which) -> Result<MovePage, Denied> {
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let batch = Batch::find(room, &mut tx, which).await?;
    let cases = store::cases::read(&mut tx, &batch.keys).await?;
    let orders = store::orders::read_of_cases(&mut tx, &batch.keys).await?;
    let mut matters = matters(cases, orders);
    let nobody = Actor { principal: String::new(), body: None };
    let refused = batch.decide(room, &mut tx, now, &mut matters, &nobody, "").await?;
    // Nothing was saved but a publication in the archive, perhaps.
    tx.commit().await?;
    Ok(batch.page(&matters, refused))
}

/// Moves one batch, once for each request.
pub(crate) async fn apply(room: &Room, replan: &Replan) -> Result<Answer, Denied> {
    pg::within(WITHIN, pg::retrying(|| tried(room, replan))).await?
}

/// A refusal is an answer; what the database says may be tried again.
async fn tried(room: &Room, replan: &Replan) -> Result<Result<Answer, Denied>, pg::Error> {
    match once(room, replan).await {
        Err(Denied::Database(error)) => Err(error),
        answered => Ok(answered),
    }
}

async fn once(room: &Room, replan: &Replan) -> Result<Answer, Denied> {
    let Replan { request, which, note, .. } = replan;
    let mut tx = room.house.pool.begin(TenantScope::of_principal([which.street])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let batch = Batch::find(room, &mut tx, which).await?;
    let cases = store::cases::lock(&mut tx, &batch.keys).await?;
    // Under the locks, so two equal requests never both find none; where there is nothing to lock, nothing is done twice.
    let mut answers = Answers::given(&mut tx, &[request]).await?;
    if let Some(given) = answers.find(request)? {
        return given;
    }
    if replan.version != batch.version {
        return Err(Denied::OtherPublication(batch.version));
    }
    let orders = store::orders::lock_of_cases(&mut tx, &batch.keys).await?;
    let mut matters = matters(cases, orders);
    let actor = Actor { principal: request.principal.clone(), body: None };
    let refused = batch.decide(room, &mut tx, now, &mut matters, &actor, note).await?;
    let page = batch.page(&matters, refused);
    let moved = !page.moves.is_empty();
    let by = By { otherwise: "calendar", traceparent: Some(&replan.traceparent), note };
    save(room, &mut tx, now, &mut matters, by).await?;
    let body = serde_json::to_vec(&page).expect("a page can be written");
    let answer = answers.add(request, page.version, body);
    answers.keep(&mut tx, now).await?;
    crash::point("dispatch.replan.before_commit");
    tx.commit().await?;
    crash::point("dispatch.replan.after_commit");
    if moved {
        room.house.committed();
    }
    Ok(answer)
}

/// The cases of one transaction, before they are loaded.
struct Batch {
    keys: Vec<Key>,
    calendar: String,
    version: u64,
    left: u64,
}

impl Batch {
    async fn find(room: &Room, tx: &mut ScopedTx, which: &Which) -> Result<Self, Denied> {
        let Which { street, calendar, after, cases_max } = which;
        let view = room.house.snapshot.view();
        let present = view.street(*street).and_then(|street| street.of.calendar(calendar));
        let version = present.ok_or(Denied::NotReady)?.reference().version;
        let (ids, behind) =
            store::calendars::running(tx, *street, calendar, *after, i64::from(*cases_max)).await?;
        let left = u64::try_from(behind).unwrap_or_default().saturating_sub(ids.len() as u64);
        let keys = ids.into_iter().map(|id| (*street, id)).collect();
        Ok(Self { keys, calendar: calendar.clone(), version, left })
    }

    async fn decide(
        &self,
        room: &Room,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: &mut [Matter],
        actor: &Actor,
        note: &str,
    ) -> Result<Vec<String>, Denied> {
        let calendars = Calendars::of(room, tx, now, &*matters).await?;
        let mut refused = Vec::new();
        for matter in matters {
            let clocks = calendars.of_matter(matter).ok_or(Denied::NotReady)?;
            // Nothing of it counts on that calendar any more.
            let Some(publications) = clocks.of_id(&self.calendar) else { continue };
            // Documents that came in between are for the next request.
            if publications.present().reference().version != self.version {
                return Err(Denied::OtherPublication(publications.present().reference().version));
            }
            let before = matter.clone();
            if let Err(refusal) = matter.replan(actor, (clocks, publications), note, now) {
                // One case must not keep the rest of the street from being moved.
                // The answer names it; who asked sees to it.
                tracing::warn!(tenant = %before.tenant(), subject_id = %before.case.id, error = %refusal, "clocks of a case stay as they are");
                refused.push(before.facts.case_no.clone());
                *matter = before;
            }
        }
        Ok(refused)
    }

    /// What was decided; asked before it is said.
    fn page(&self, matters: &[Matter], refused: Vec<String>) -> MovePage {
        let last: Option<Uuid> = self.keys.last().map(|(_, id)| *id);
        MovePage {
            calendar: self.calendar.clone(),
            version: self.version,
            moves: matters.iter().flat_map(Matter::moves).collect(),
            refused,
            cases: u32::try_from(self.keys.len()).unwrap_or(u32::MAX),
            cases_left: self.left,
            next: last.filter(|_| self.left > 0),
        }
    }
}
