//! A case that bodies have already turns out to be about another item, or to lie elsewhere: its plan is drawn anew by the rules of
//! now, the way a first one is, and said whole; dispatch follows it. What stood before is kept beside it, explanations included.
//! One whose plan still waits for a person gets another plan, which goes on waiting ([`waiting`]).
//!
//! Under the street's lock, in one transaction. The same request again gets the same answer, and nothing is said twice. What
//! dispatch refused is asked again like something new.

use std::sync::Arc;

use bytes::Bytes;
use contract::EventType;
use contract::proto::triage as wire;
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};
use prost::Message;
use snapshot::{StreetView, View};

use super::choice::Choice;
use super::docket::{item_name, state};
use super::repeated::Repeated;
use super::{Decided, Goes, Matter, Room, Said, Submission, json, matter};
use crate::core::amend::Duties;
use crate::core::desk::{Desk, Refusal, Standing, decidable};
use crate::core::distance::Point;
use crate::core::report::{Report, datum_word};
use crate::core::reroute::{Stakes, Wanted, level_of, may};
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::explanations::CaseExplanation;
use crate::store::plans::PlanReview;
use crate::store::reroutes::NewReroute;
use crate::tenants::drawn::{self, Drawn};
use crate::tenants::{Placed, Street, ruled};

mod waiting;

/// A person corrects what a case is about, or where it is.
#[derive(Debug, Clone)]
pub struct RerouteCase {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// Which.
    pub case_id: CaseId,
    /// What is right.
    pub wanted: Wanted,
    /// The person's words.
    pub note: String,
    /// Who does it.
    pub subject: String,
    /// Whose desk the person may decide at.
    pub rank: Desk,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// The case as it is since then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerouted {
    /// Which.
    pub case_id: CaseId,
    /// Its number.
    pub case_no: String,
    /// What it is about.
    pub item: String,
    /// The bodies of its plan, the lead first.
    pub bodies: Vec<String>,
    /// Since when.
    pub rerouted_at: Timestamp,
}

/// Does it.
pub async fn reroute(room: &Room, command: &RerouteCase) -> Result<Result<Rerouted, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &RerouteCase) -> Result<Result<Rerouted, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let key = (command.tenant, command.case_id);
    let Some(before) = store::cases::find(&mut tx, key).await? else { return Ok(Err(Refusal::Unknown)) };
    let last = store::reroutes::last(&mut tx, key).await?;
    let same = |last: &store::reroutes::Last| last.asked_as == command.wanted.asked();
    // Of what dispatch refused nothing came: the same again is no repetition.
    if let Some(last) = last.filter(|last| !last.refused && same(last)) {
        let waits = waiting::plan_of(&mut tx, &before).await?;
        let bodies = waits.map_or_else(|| before.bodies.clone(), |entry| waiting::bodies(&entry));
        return Ok(Ok(shown(before, bodies, last.rerouted_at.to_jiff())));
    }
    let waits = match stands(&mut tx, &before, command, now).await? {
        Ok(waits) => waits,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let known = Known::of(&mut tx, before).await?;
    let Some(known) = known else { return Ok(Err(Refusal::NotKept)) };
    let view = room.house.snapshot.view();
    let redrawing = Redrawing { room, view, now, command, known, waits };
    let redrawn = match redrawing.redraw(&mut tx).await? {
        Ok(redrawn) => redrawn,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let bodies = redrawn.drawn.bodies.clone();
    let case = redrawing.keep(&mut tx, redrawn).await?;
    pg::crash::point("triage.reroute.before_commit");
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(shown(case, bodies, now)))
}

fn shown(case: OpenCase, bodies: Vec<String>, rerouted_at: Timestamp) -> Rerouted {
    let OpenCase { case_id, case_no, item, .. } = case;
    Rerouted { case_id, case_no, item, bodies, rerouted_at }
}

/// Whether bodies have it, or will, and it is not over: the plan that waits, which whoever may decide on it may have drawn anew.
async fn stands(
    tx: &mut ScopedTx,
    case: &OpenCase,
    command: &RerouteCase,
    now: Timestamp,
) -> Result<Result<Option<PlanReview>, Refusal>, pg::Error> {
    if let Some(entry) = waiting::plan_of(tx, case).await? {
        let free = decidable(entry.desk, entry.claim.as_ref(), &command.subject, command.rank, now);
        return Ok(free.map(|()| Some(entry)));
    }
    let open = store::cases::stands(tx, case.tenant, case.case_id).await?;
    Ok(if case.standing == Standing::Open && open { Ok(None) } else { Err(Refusal::CaseOver) })
}

/// What is known of the case before.
struct Known {
    case: OpenCase,
    explained: CaseExplanation,
    /// The report of its first voice.
    report: Report,
    /// Explanation of the plan that bodies have, where dispatch refused what was drawn since.
    followed: Option<Vec<u8>>,
}

impl Known {
    /// Nothing of a case from before reports were kept with their voices.
    async fn of(tx: &mut ScopedTx, case: OpenCase) -> Result<Option<Self>, pg::Error> {
        let gone = || pg::Error::broken("re-routing a case", "it has no voice, or no explanation");
        let (tenant, case_id) = (case.tenant, case.case_id);
        let explained = store::explanations::of_case(tx, tenant, case_id, None).await?.ok_or_else(gone)?;
        let (_, voice) = store::voices::of_case(tx, tenant, case_id, 1).await?.pop().ok_or_else(gone)?;
        let Some(report) = voice.report else { return Ok(None) };
        let report = Report::read(&Bytes::from(report), tenant);
        let report = report.map_err(|error| pg::Error::broken("reading a kept report", error))?;
        let followed = store::reroutes::before_refused(tx, (tenant, case_id)).await?;
        Ok(Some(Self { case, explained, report, followed }))
    }
}

/// A case that is drawn anew, under the lock.
struct Redrawing<'a> {
    room: &'a Room,
    view: Arc<View<Street>>,
    now: Timestamp,
    command: &'a RerouteCase,
    known: Known,
    /// The plan of before, where it waits for a person.
    waits: Option<PlanReview>,
}

/// What came out.
struct Redrawn {
    /// The case as it is from here on.
    case: OpenCase,
    drawn: Arc<Drawn>,
    /// How its item was found, where that was corrected.
    item_explanation: Option<String>,
}

impl Redrawing<'_> {
    async fn redraw(&self, tx: &mut ScopedTx) -> Result<Result<Redrawn, Refusal>, pg::Error> {
        let before = &self.known.case;
        let Some(street) = self.view.street(before.tenant) else { return Ok(Err(Refusal::Unknown)) };
        let Some(submission) = self.submission() else { return Ok(Err(Refusal::OutsideTerritory)) };
        let item = submission.decided.as_ref().map_or(before.item.as_str(), |decided| decided.item.as_str());
        if !street.of.lists(item, street.of.day(self.now)) {
            return Ok(Err(Refusal::UnknownItem));
        }
        let Some(matter) = self.placed(&submission)? else { return Ok(Err(Refusal::OutsideTerritory)) };
        let drawn = self.draw(tx, street, &matter, item).await?;
        let case = self.amended(&matter, item, &drawn, street.generation);
        let had = self.waits.as_ref().map_or_else(|| before.bodies.clone(), waiting::bodies);
        let same = case.item == before.item && case.place == before.place && drawn.bodies == had;
        // What was refused is triage's alone: to say it anew changes what bodies have.
        if same && self.known.followed.is_none() {
            return Ok(Err(Refusal::NothingChanged));
        }
        if let Err(refusal) = may(self.command.rank, self.stakes(&matter, &drawn, case.lane)) {
            return Ok(Err(refusal));
        }
        let corrected = case.item != before.item;
        let item_explanation = corrected.then(|| json(&matter.finding.explanation));
        Ok(Ok(Redrawn { case, drawn, item_explanation }))
    }

    /// What is found about it; nothing where the new place is not in its street.
    fn placed<'s>(&self, submission: &'s Submission) -> Result<Option<Matter<'s>>, pg::Error> {
        let (before, mut matter) = (&self.known.case, matter(&self.view, submission, self.now)?);
        if self.command.wanted.place.is_none() {
            // What it was placed by stays until its street is drawn anew.
            matter.place = Some(Placed { community: before.community, grid: before.grid.clone() });
            return Ok(Some(matter));
        }
        Ok((!matter.outside).then_some(matter))
    }

    /// The plan by the rules of now.
    async fn draw(
        &self,
        tx: &mut ScopedTx,
        street: &StreetView<Street>,
        matter: &Matter<'_>,
        item: &str,
    ) -> Result<Arc<Drawn>, pg::Error> {
        let (before, now) = (&self.known.case, self.now);
        let opening = [Choice::Open(before.case_id, None)];
        let matters = std::slice::from_ref(matter);
        let repeated = Repeated::look(tx, &self.view, now, matters, &opening).await?;
        let repetition = repeated.before_case(matter, street, now, before);
        let for_rules = ruled::Matter { repetition, ..matter.for_rules(item, now) };
        let drawn = drawn::plan(street, &for_rules, street.of.day(now));
        if !before.drill {
            self.room.events.rules_failed(drawn.rules_failed);
        }
        Ok(drawn)
    }

    /// The first report as it should have been, decided by this person; nothing where a place is none.
    fn submission(&self) -> Option<Submission> {
        let Known { case, report, .. } = &self.known;
        let place = self.command.wanted.place.as_ref().unwrap_or(&case.place).clone();
        let point = Point::from_degrees(place.lon, place.lat)?;
        let datum = datum_word(place.datum())?;
        let item = self.command.wanted.item.as_ref().unwrap_or(&case.item).clone();
        Some(Submission {
            report: Report { place, point, datum, ..report.clone() },
            decided: Some(Decided { item, goes: Goes::ByItself, reviewed_at: Some(self.command.rank) }),
            lane: case.lane,
            drill: case.drill,
            actor: self.command.subject.clone(),
            traceparent: self.command.traceparent.clone(),
        })
    }

    fn amended(&self, matter: &Matter<'_>, item: &str, drawn: &Drawn, generation: u64) -> OpenCase {
        let (before, report) = (&self.known.case, &matter.submission.report);
        let lane = if before.drill { before.lane } else { before.lane.raised_to(drawn.lane) };
        let lies = matter.place.clone().unwrap_or(Placed { community: None, grid: None });
        let moved = self.command.wanted.place.is_some();
        OpenCase {
            item: item.to_owned(),
            place: report.place.clone(),
            point: report.point,
            datum: report.datum.to_owned(),
            lane,
            version: before.version + 1,
            bodies: if self.waits.is_some() { Vec::new() } else { drawn.bodies.clone() },
            community: lies.community,
            grid: lies.grid,
            placed_by: if moved { generation } else { before.placed_by },
            ..before.clone()
        }
    }

    fn stakes(&self, matter: &Matter<'_>, drawn: &Drawn, lane: ids::Lane) -> Stakes {
        let followed = self.known.followed.as_ref().unwrap_or(&self.known.explained.plan_explanation);
        let explained: Option<routing::Explanation> = serde_json::from_slice(followed).ok();
        let before = explained.map(|explained| explained.plan);
        let of = |lead: &str| self.level_of(lead);
        // At the desk where it waits it was asked already; the district may have handed it down.
        let asked_already = self.waits.is_some();
        Stakes {
            given_by: self.known.report.assigned.as_ref().map(|assigned| assigned.by),
            waits_for: matter.reviewed_at(&drawn.plan, lane).filter(|_| !asked_already),
            // Of a lead that is not there any more, all that the plan reached is taken.
            led_before: before.map(|plan| of(&plan.lead.to_string()).unwrap_or(plan.level)),
            led: of(&Duties::of(&drawn.plan).lead).or(level_of(&drawn.plan.level)),
        }
    }

    /// Where a body stands by the documents of today.
    fn level_of(&self, body: &str) -> Option<routing::Level> {
        let street = self.view.street(self.known.case.tenant)?;
        street.of.level_of(&body.parse().ok()?, street.of.day(self.now))
    }

    async fn keep(&self, tx: &mut ScopedTx, redrawn: Redrawn) -> Result<OpenCase, pg::Error> {
        let (command, Known { case: before, explained, report, .. }) = (self.command, &self.known);
        let said = match &self.waits {
            Some(entry) => self.said_of_waiting(entry, &redrawn),
            None => self.said(&redrawn),
        };
        let Redrawn { case, drawn, item_explanation } = redrawn;
        let item_explanation = item_explanation.as_ref().map(String::as_bytes);
        let item_explanation = item_explanation.unwrap_or(&explained.item_explanation);
        store::reroutes::amend(tx, &case, item_explanation, drawn.plan.explanation_json.as_bytes()).await?;
        let asked_as = command.wanted.asked();
        let new = NewReroute {
            report_id: report.report_id,
            asked_as: &asked_as,
            labelled: case.item != before.item && !case.drill,
            before,
            explained,
            desk: command.rank,
            by: &command.subject,
            note: &command.note,
        };
        store::reroutes::insert(tx, &case, &new, self.now).await?;
        self.room.house.outbox.append(tx, &[said]).await?;
        if self.waits.is_some() {
            self.goes_on_waiting(tx, &case, &drawn).await?;
        }
        Ok(case)
    }

    fn said(&self, redrawn: &Redrawn) -> NewEvent {
        let (command, before) = (self.command, &self.known.case);
        let name = |item: &str| item_name(&self.view, before.tenant, item);
        let (case, named_before) = (&redrawn.case, name(&before.item));
        let message = wire::CaseRerouted {
            case: Some(state(case, &name(&case.item))),
            plan: Some(redrawn.drawn.plan.clone()),
            item_before: before.item.clone(),
            item_before_zh: named_before.zh,
            item_before_en: named_before.en,
            place_before: (case.place != before.place).then(|| before.place.clone()),
            community_before: before.community.map_or_else(String::new, |code| code.to_string()),
            grid_before: before.grid.clone().unwrap_or_default(),
            bodies_before: before.bodies.clone(),
            item_explanation_json: redrawn.item_explanation.clone().unwrap_or_default(),
            by: command.subject.clone(),
            desk: command.rank.as_str().to_owned(),
            note: command.note.clone(),
        };
        self.event(EventType::CaseRerouted, case, &message)
    }

    /// About the case, as it is from here on.
    fn event(&self, event_type: EventType, case: &OpenCase, message: &impl Message) -> NewEvent {
        let said = Said {
            event_type,
            tenant: case.tenant,
            lane: case.lane,
            aggregate_id: case.case_id.as_uuid(),
            version: case.version,
            actor: &self.command.subject,
            traceparent: &self.command.traceparent,
            drill: case.drill,
        };
        self.room.event(&said, self.now, message)
    }
}
