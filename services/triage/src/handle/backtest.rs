//! Past cases under a document that is not applied yet: who would have got what, at which level, under which limit, and whether
//! it would have been late. Writes nothing, locks nothing.
//!
//! A case is planned again from its row and from the place and lane its explanation kept. Of cases older than these columns nobody
//! knows in which role they were reported, and how many households they touch. Late means that the time from
//! opening to closing is longer than the limit of stage resolve, counted as for an order without pauses.

use contract::document::{Document, ResolvedPolicy, Stage};
use ids::TenantId;
use jiff::Timestamp;
use pg::TenantScope;
use routing::{CasePlan, Explanation};
use snapshot::StreetView;
use uuid::Uuid;

use super::Room;
use crate::core::plan::plan;
use crate::store;
use crate::store::past::PastCase;
use crate::tenants::Street;
use crate::tenants::ruled::Matter;

/// Cases of one page at most.
pub(crate) const CASES_MAX: i64 = 500;

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
    pub late_before: Option<bool>,
    pub late_after: Option<bool>,
}

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untested {
    #[error("{0}")]
    Faulty(String),
    #[error("reading past cases: {0}")]
    Failed(#[from] pg::Error),
}

pub(crate) async fn page(room: &Room, scope: TenantScope, asked: Backtest) -> Result<Page, Untested> {
    let view = room.house.snapshot.view();
    let now = view
        .street(asked.street)
        .ok_or_else(|| Untested::Faulty("the street is not known".to_owned()))?
        .clone();
    let mut tx = room.house.pool.begin(scope).await?;
    let at = room.house.clock.now(&mut tx).await?;
    let cases = store::past::page(&mut tx, asked.street, asked.since, asked.after, CASES_MAX).await?;
    tx.commit().await?;
    let trying = tokio::task::spawn_blocking(move || {
        let of = now.of.proposed(asked.street, &asked.document.body)?;
        let (generation, pack_generation) = (now.generation, now.pack_generation);
        let then = StreetView {
            code: now.code,
            district: now.district,
            generation,
            pack_generation,
            placed: now.placed,
            learned: now.learned,
            of,
        };
        Ok(tried(&now, &then, cases, at))
    });
    let tried = trying.await.map_err(|error| pg::Error::broken("trying rules on past cases", error))?;
    tried.map_err(Untested::Faulty)
}

/// A street with the calendar its limits count on.
struct Side<'a> {
    street: &'a StreetView<Street>,
    calendar: Option<sla::Calendar>,
}

impl<'a> Side<'a> {
    fn of(street: &'a StreetView<Street>, at: Timestamp) -> Self {
        Self { street, calendar: street.of.calendar(street.of.day(at)).ok() }
    }

    /// Nothing where the policy has no such limit, or the calendar does not reach.
    fn late(&self, policy: &ResolvedPolicy, opened_at: Timestamp, until: Timestamp) -> Option<bool> {
        let limit = policy.limits.get(&Stage::Resolve)?;
        let written = serde_json::to_value(limit).ok()?;
        let limit: sla::Limit = serde_json::from_value(written).ok()?;
        sla::due_at(self.calendar.as_ref()?, limit, opened_at).ok().map(|due| until > due)
    }
}

fn tried(now: &StreetView<Street>, then: &StreetView<Street>, cases: Vec<PastCase>, at: Timestamp) -> Page {
    let (now, then) = (Side::of(now, at), Side::of(then, at));
    let full = cases.len() >= CASES_MAX as usize;
    let mut page = Page { next: cases.last().filter(|_| full).map(|case| case.case_id), ..Page::default() };
    for case in &cases {
        page.looked_at += 1;
        let Some(differing) = again(&now, &then, case, at) else { continue };
        page.late_before += usize::from(differing.late_before == Some(true));
        page.late_after += usize::from(differing.late_after == Some(true));
        let otherwise = !same(&differing.before, &differing.after);
        let late = differing.late_before.zip(differing.late_after);
        if otherwise || late.is_some_and(|(before, after)| before != after) {
            page.differing.push(differing);
        }
    }
    page
}

/// Nothing where what was stored cannot be read by this build.
fn again(now: &Side<'_>, then: &Side<'_>, case: &PastCase, at: Timestamp) -> Option<Differing> {
    let stored: Explanation = serde_json::from_slice(&case.plan_explanation).ok()?;
    let facts = &stored.inputs.facts;
    let known = facts.circumstances.as_ref();
    let matter = Matter {
        item: &case.item,
        community: facts.community,
        grid: known.map_or(case.grid.as_deref(), |known| Some(&known.grid)),
        lane: facts.lane,
        reporter: case.reporter.as_deref().unwrap_or_default(),
        drill: false,
        text: &case.text,
        households: case.households,
        reading_milli: case.reading_milli,
        now: case.opened_at,
    };
    let day = then.street.of.day(case.opened_at);
    let planned = plan(then.street, &matter, day);
    let held = planned.explanation.inputs.rules.iter().filter(|tried| tried.decides());
    let rules = held.map(|tried| tried.key.clone()).collect();
    let until = case.closed_at.unwrap_or(at);
    // The limits of then are those of today's document for the policy it names: a policy itself is not kept with the case.
    let policy = policy_of(now.street, &stored.plan, &matter);
    Some(Differing {
        case_id: case.case_id,
        case_no: case.case_no.clone(),
        item: case.item.clone(),
        opened_at: case.opened_at,
        late_before: policy.and_then(|policy| now.late(&policy, case.opened_at, until)),
        late_after: then.late(&planned.policy, case.opened_at, until),
        before: stored.plan,
        after: planned.plan,
        rules,
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
