//! Past cases under a document that is not applied yet: who would have got what, at which level, under which limit, and whether
//! it would have been late. Writes nothing, locks nothing.
//!
//! A case is planned again from its row and from the place and lane its explanation kept. Of cases older than these columns nobody
//! knows in which role they were reported, and how many households they touch. Late means that the time from
//! opening to closing is longer than the limit of stage resolve, counted as for an order without pauses. How often a matter had come
//! before is what was counted then; where nobody did, or over other days, it is counted from the cases as they are now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use contract::document::{Document, ResolvedPolicy, Stage};
use contract::proto::intake::Place;
use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};
use routing::rules::Repetition;
use routing::{CasePlan, Explanation, Level};
use snapshot::StreetView;
use tokio::task::JoinError;
use uuid::Uuid;

use super::Room;
use crate::core::amend::{Outcome, ReviewExplanation, ladder};
use crate::core::board::Seeking;
use crate::core::desk::Desk;
use crate::core::distance::Point;
use crate::core::plan::plan;
use crate::core::repeats::{self, Earlier};
use crate::core::report::{Assigned, datum_of, datum_word};
use crate::store;
use crate::store::past::PastCase;
use crate::store::repeats::Sought;
use crate::tenants::Street;
use crate::tenants::ruled::Matter;

/// Cases of one page at most.
pub(crate) const CASES_MAX: i64 = 500;
/// Documents kept compiled: people who try something at the same time.
const PROPOSALS_MAX: usize = 2;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Backtest {
    pub street: TenantId,
    pub document: Document,
    pub since: Timestamp,
    /// The last case of the page before.
    pub after: Uuid,
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub looked_at: usize,
    /// Of those, what this build cannot read the decision of: nothing is said about them.
    pub unreadable: usize,
    /// Those that would have gone otherwise, or would be late where they were not, or the other way round.
    pub differing: Vec<Differing>,
    /// Late then and late as it would be, of all that were looked at and could be told.
    pub late_before: usize,
    pub late_after: usize,
    /// Where the next page begins.
    pub next: Option<Uuid>,
}

/// One case that would have gone otherwise.
#[derive(Debug)]
pub(crate) struct Differing {
    pub case_id: Uuid,
    pub case_no: String,
    pub item: String,
    pub opened_at: Timestamp,
    pub before: CasePlan,
    pub after: CasePlan,
    /// Keys of the rules that would have held.
    pub rules: Vec<String>,
    /// So many minutes beyond the limit, begun ones counted; 0 in time, nothing where that cannot be told.
    pub late_before: Option<u64>,
    pub late_after: Option<u64>,
}

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untested {
    #[error("{0}")]
    Faulty(String),
    #[error("reading past cases: {0}")]
    Failed(#[from] pg::Error),
}

/// Streets as documents would make them, compiled once for all pages of a backtest: a whole district's pack takes longer than a page
/// of cases.
#[derive(Debug, Default)]
pub(super) struct Proposals(Mutex<VecDeque<Proposal>>);

/// What stood when it was asked for, the document, and the street under it.
#[derive(Debug)]
struct Proposal {
    now: Arc<StreetView<Street>>,
    document: Document,
    then: Arc<StreetView<Street>>,
}

impl Proposals {
    /// Of the street as it stands: a later generation of it, of its district or its territory is another view.
    async fn of(
        &self,
        now: &Arc<StreetView<Street>>,
        document: Document,
    ) -> Result<Arc<StreetView<Street>>, Untested> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &&Proposal| Arc::ptr_eq(&kept.now, now) && kept.document == document;
        if let Some(known) = kept().iter().find(same) {
            return Ok(known.then.clone());
        }
        let (of_now, body, street) = (now.clone(), document.body.clone(), now.code);
        let proposing = tokio::task::spawn_blocking(move || of_now.of.proposed(street, &body));
        let of = proposing.await.map_err(broken)?.map_err(Untested::Faulty)?;
        let (generation, pack_generation) = (now.generation, now.pack_generation);
        let (code, district, placed, learned) = (now.code, now.district, now.placed, now.learned);
        let then = StreetView { code, district, generation, pack_generation, placed, learned, of };
        let proposal = Proposal { now: now.clone(), document, then: Arc::new(then) };
        let then = proposal.then.clone();
        let mut kept = kept();
        kept.truncate(PROPOSALS_MAX - 1);
        kept.push_front(proposal);
        Ok(then)
    }
}

fn broken(error: JoinError) -> pg::Error {
    pg::Error::broken("trying rules on past cases", error)
}

pub(crate) async fn page(room: &Room, scope: TenantScope, asked: Backtest) -> Result<Page, Untested> {
    let view = room.house.snapshot.view();
    let now = view
        .street(asked.street)
        .ok_or_else(|| Untested::Faulty("the street is not known".to_owned()))?
        .clone();
    let then = room.proposals.of(&now, asked.document).await?;
    let mut tx = room.house.pool.begin(scope).await?;
    let at = room.house.clock.now(&mut tx).await?;
    let cases = store::past::page(&mut tx, asked.street, asked.since, asked.after, CASES_MAX).await?;
    let repeated = repeated(&mut tx, &then, &cases).await?;
    tx.commit().await?;
    let trying = tokio::task::spawn_blocking(move || tried(&now, &then, cases, &repeated, at));
    trying.await.map_err(|error| Untested::Failed(broken(error)))
}

/// What came before each case that a rule may ask it of.
async fn repeated(
    tx: &mut ScopedTx,
    then: &StreetView<Street>,
    cases: &[PastCase],
) -> Result<BTreeMap<Uuid, Repetition>, pg::Error> {
    let days = then.of.repeat_days();
    let mut around: Vec<(&PastCase, Point, Vec<Earlier>)> = Vec::new();
    let (mut sought, mut whose) = (Vec::new(), Vec::new());
    for case in cases {
        let asks = then.of.asks_repetition(&case.item, then.of.day(case.opened_at));
        let point = Point::from_degrees(case.lon, case.lat);
        let datum = datum_of(&case.datum).and_then(datum_word);
        let Some((point, datum)) = point.zip(datum).filter(|_| asks) else { continue };
        let seeking = Seeking { tenant: then.code, item: &case.item, datum, drill: false, point };
        let (since, until) = (repeats::since(case.opened_at, days), case.opened_at);
        for spot in seeking.spots() {
            sought.push(Sought { spot, since, until });
            whose.push(around.len());
        }
        around.push((case, point, Vec::new()));
    }
    for (position, earlier) in store::repeats::earlier(tx, &sought).await? {
        around[whose[position]].2.push(earlier);
    }
    let counted = around
        .into_iter()
        .map(|(case, point, earlier)| (case.case_id, repeats::count(point, case.opened_at, days, earlier)));
    Ok(counted.collect())
}

/// A street with the calendar its limits count on.
struct Side<'a> {
    street: &'a StreetView<Street>,
    calendar: Option<sla::Calendar>,
    /// Of bodies that keep hours of their own.
    of_bodies: BTreeMap<BodyRef, sla::Calendar>,
}

impl<'a> Side<'a> {
    fn of(street: &'a StreetView<Street>, at: Timestamp) -> Self {
        let day = street.of.day(at);
        Self { street, calendar: street.of.calendar(day).ok(), of_bodies: street.of.calendars_of_bodies(day) }
    }

    /// How many minutes late, 0 in time; nothing where the policy has no such limit, or the calendar does not reach.
    fn late(
        &self,
        (policy, lead): (&ResolvedPolicy, &BodyRef),
        opened_at: Timestamp,
        until: Timestamp,
    ) -> Option<u64> {
        let limit = policy.limits.get(&Stage::Resolve)?;
        let written = serde_json::to_value(limit).ok()?;
        let limit: sla::Limit = serde_json::from_value(written).ok()?;
        let calendar = self.of_bodies.get(lead).or(self.calendar.as_ref())?;
        sla::due_at(calendar, limit, opened_at).ok().map(|due| minutes_beyond(due, until))
    }
}

/// Minutes, a begun one counted: whoever is late at all is late by one.
fn minutes_beyond(due: Timestamp, until: Timestamp) -> u64 {
    let beyond = until.duration_since(due).as_nanos().max(0).unsigned_abs();
    u64::try_from(beyond.div_ceil(60_000_000_000)).unwrap_or(u64::MAX)
}

fn tried(
    now: &StreetView<Street>,
    then: &StreetView<Street>,
    cases: Vec<PastCase>,
    repeated: &BTreeMap<Uuid, Repetition>,
    at: Timestamp,
) -> Page {
    let (now, then) = (Side::of(now, at), Side::of(then, at));
    let full = cases.len() >= CASES_MAX as usize;
    let mut page = Page { next: cases.last().filter(|_| full).map(|case| case.case_id), ..Page::default() };
    for case in &cases {
        page.looked_at += 1;
        let counted = repeated.get(&case.case_id).copied();
        let Some(differing) = again(&now, &then, case, counted, at) else {
            page.unreadable += 1;
            continue;
        };
        page.late_before += usize::from(is_late(differing.late_before));
        page.late_after += usize::from(is_late(differing.late_after));
        let otherwise = !same(&differing.before, &differing.after);
        let late = differing.late_before.zip(differing.late_after);
        if otherwise || late.is_some_and(|(before, after)| (before > 0) != (after > 0)) {
            page.differing.push(differing);
        }
    }
    page
}

fn is_late(minutes: Option<u64>) -> bool {
    minutes.is_some_and(|minutes| minutes > 0)
}

/// The plan as it went out: where its review changed it, with the lead and the assistants of the review.
fn went_out(drawn: CasePlan, case: &PastCase, now: &StreetView<Street>) -> Option<CasePlan> {
    let Some(review) = &case.plan_review else { return Some(drawn) };
    let review: ReviewExplanation = serde_json::from_slice(review).ok()?;
    if review.outcome != Outcome::Changed {
        return Some(drawn);
    }
    let lead: BodyRef = review.decided.lead.parse().ok()?;
    let assists = review.decided.assists.iter().map(|body| body.parse().ok());
    let assists: Vec<BodyRef> = assists.collect::<Option<_>>()?;
    let day = now.of.day(case.opened_at);
    let reached = |lead: &BodyRef, assists: &[BodyRef]| {
        std::iter::once(lead).chain(assists).filter_map(|body| now.of.level_of(body, day)).max()
    };
    let level = ladder(drawn.level, reached(&drawn.lead, &drawn.assists), reached(&lead, &assists));
    let working = |body: &&BodyRef| **body != lead && !assists.contains(body);
    let informs = drawn.informs.iter().filter(working).cloned().collect();
    Some(CasePlan { level, informs, lead, assists, ..drawn })
}

/// Nothing where what was stored cannot be read by this build.
fn again(
    now: &Side<'_>,
    then: &Side<'_>,
    case: &PastCase,
    counted: Option<Repetition>,
    at: Timestamp,
) -> Option<Differing> {
    let stored: Explanation = serde_json::from_slice(&case.plan_explanation).ok()?;
    let facts = &stored.inputs.facts;
    let known = facts.circumstances.as_ref();
    let assigned = facts.assigned.as_ref().and_then(given);
    let days = then.street.of.repeat_days();
    let kept = known.and_then(|known| known.repetition).filter(|kept| kept.days == days);
    let datum = datum_of(&case.datum).unwrap_or_default();
    let place = Place { lon: case.lon, lat: case.lat, datum: datum.into(), ..Place::default() };
    let matter = Matter {
        item: &case.item,
        community: facts.community,
        grid: known.map_or(case.grid.as_deref(), |known| Some(&known.grid)),
        place: Some(&place),
        layers: known.and_then(|known| known.layers.as_deref()),
        lane: facts.lane,
        reporter: case.reporter.as_deref().unwrap_or_default(),
        drill: false,
        text: &case.text,
        households: case.households,
        reading_milli: case.reading_milli,
        assigned: assigned.as_ref(),
        repetition: kept.or(counted),
        now: case.opened_at,
    };
    let day = then.street.of.day(case.opened_at);
    let planned = plan(then.street, &matter, day);
    let held = planned.explanation.inputs.rules.iter().filter(|tried| tried.decides());
    let rules = held.map(|tried| tried.key.clone()).collect();
    let until = case.closed_at.unwrap_or(at);
    // The limits of then are those of today's document for the policy it names: a policy itself is not kept with the case.
    let before = went_out(stored.plan.clone(), case, now.street)?;
    let policy = policy_of(now.street, &before, &matter);
    Some(Differing {
        case_id: case.case_id,
        case_no: case.case_no.clone(),
        item: case.item.clone(),
        opened_at: case.opened_at,
        late_before: policy.and_then(|policy| now.late((&policy, &before.lead), case.opened_at, until)),
        late_after: then.late((&planned.policy, &planned.plan.lead), case.opened_at, until),
        before,
        after: planned.plan,
        rules,
    })
}

/// Whom a centre gave it to, as it was understood then.
fn given(stored: &routing::Assigned) -> Option<Assigned> {
    Some(Assigned {
        by: if stored.by == Level::District { Desk::District } else { Desk::Street },
        lead: stored.lead.as_ref()?.body.clone(),
        assists: stored.assists.iter().map(|seat| seat.body.clone()).collect(),
    })
}

fn policy_of(now: &StreetView<Street>, plan: &CasePlan, matter: &Matter<'_>) -> Option<ResolvedPolicy> {
    let day = now.of.day(matter.now);
    let listed = now.of.line(matter.item, matter.community, day).map(|line| line.policy);
    listed.filter(|policy| policy.key == plan.policy).or_else(|| now.of.policy(&plan.policy, day))
}

/// The same bodies in the same roles, under the same terms. Generations differ by nature.
fn same(before: &CasePlan, after: &CasePlan) -> bool {
    let told = |plan: &CasePlan| {
        (
            plan.lead.clone(),
            plan.assists.clone(),
            plan.informs.clone(),
            plan.policy.clone(),
            plan.priority,
            plan.level,
        )
    };
    told(before) == told(after)
}
