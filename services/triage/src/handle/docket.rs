//! The docket of one batch: the open cases its reports join, and what becomes of them.
//!
//! Chosen in memory from what stands around, loaded once, saved once: so reports of the same batch see each other's
//! cases, the number of statements does not grow with the batch, and only of chosen cases is the text read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::EventType;
use contract::document::Name;
use contract::proto::{to_wire, triage as wire};
use ids::{CaseId, CaseNo, Lane, TenantId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;
use snapshot::{StreetView, View};
use uuid::Uuid;
use wakeups::Wakeup;

use super::choice::{Around, Choice};
use super::repeated::{ClosedAround, Repeated};
use super::review::told_of_report;
use super::{Matter, Room, Said, Settled, Submission, json};
use crate::core::desk::{Desk, Standing};
use crate::core::item::ReviewReason;
use crate::core::join::{self, Candidate, JoinExplanation};
use crate::core::pressing::Sameness;
use crate::core::voices::told_at;
use crate::core::worded::Similar;
use crate::events::Went;
use crate::store::bands;
use crate::store::cases::{self, NewCase, OpenCase};
use crate::store::counters;
use crate::store::plans::{self, NewPlanReview};
use crate::store::reviews::{self, NewReview};
use crate::store::voices::{self, NewVoice};
use crate::tenants::Street;
use crate::tenants::drawn::{self, Drawn};
use crate::tenants::ruled;

pub(super) struct Docket<'a> {
    room: &'a Room,
    view: Arc<View<Street>>,
    now: Timestamp,
    /// Those joined, and those opened by this batch.
    cases: BTreeMap<CaseId, OpenCase>,
    /// Ids of cases that got a further voice.
    joined: BTreeSet<CaseId>,
    counts: BTreeMap<(TenantId, Date, bool), u32>,
    opened: BTreeMap<CaseId, NewCase>,
    voices: Vec<NewVoice>,
    reviews: Vec<NewReview>,
    /// Plans that wait for a person.
    waiting: Vec<NewPlanReview>,
    said: Vec<NewEvent>,
    /// Cases that closed not long ago.
    closed: ClosedAround,
    /// What came before, where rules ask.
    repeated: Repeated,
}

/// How long dispatch may take to hear of a case, in what it is told about repeats.
pub(super) const DISPATCHED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

impl<'a> Docket<'a> {
    /// Chooses where each goes and loads the cases that are joined. Choices in order.
    pub(super) async fn load(
        room: &'a Room,
        view: Arc<View<Street>>,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: &[Matter<'_>],
    ) -> Result<(Self, Vec<Choice>), pg::Error> {
        let mut around = Around::look(tx, now, matters).await?;
        let choices = around.choose(room, &view, now, matters);
        let both = matters.iter().zip(&choices);
        let joined = both.filter_map(|(matter, choice)| around.standing(matter, choice));
        let cases = cases::load(tx, &joined.collect()).await?;
        let closed = ClosedAround::look(tx, &view, now, matters, &choices).await?;
        let repeated = Repeated::look(tx, &view, now, matters, &choices).await?;
        let tenants = matters.iter().map(|matter| matter.submission.report.tenant);
        let days: BTreeMap<_, _> =
            tenants.filter_map(|tenant| Some((tenant, view.street(tenant)?.of.day(now)))).collect();
        let counts = counters::of_days(tx, &days).await?;
        let docket = Self {
            room,
            view,
            now,
            cases: cases.into_iter().map(|case| (case.case_id, case)).collect(),
            joined: BTreeSet::new(),
            counts,
            opened: BTreeMap::new(),
            voices: Vec::new(),
            reviews: Vec::new(),
            waiting: Vec::new(),
            said: Vec::new(),
            closed,
            repeated,
        };
        Ok((docket, choices))
    }

    /// Does what was chosen for one report.
    pub(super) fn settle(&mut self, matter: &Matter<'_>, choice: Choice) -> Settled {
        let (went, settled) = match choice {
            Choice::Review(reason, similar) => {
                (Went::ToReview, self.request_review(matter, reason, &similar))
            }
            Choice::Join(case) => (Went::Joined, self.join_by_itself(matter, &case)),
            Choice::Again(case, alike) => (Went::Joined, self.join_again(matter, &case, alike)),
            Choice::ByWords(case_id, alike, radius_mm) => {
                (Went::Joined, self.join_by_words(matter, case_id, alike, radius_mm))
            }
            Choice::Into(case_id) => (Went::Joined, self.join_by_hand(matter, case_id)),
            Choice::Open(case_id, beside) => (Went::Opened, self.open(matter, case_id, beside)),
        };
        if !matter.submission.drill {
            self.room.events.settled(went, matter.finding.explanation.method.as_str());
        }
        settled
    }

    fn request_review(&mut self, matter: &Matter<'_>, reason: ReviewReason, similar: &[Similar]) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let item_explanation_json = json(&matter.finding.explanation);
        let street = self.view.street(report.tenant).expect("a loaded street stays in the view");
        let due_at = self.now + street.of.report_review(matter.lane);
        self.reviews.push(NewReview {
            tenant: report.tenant,
            report_id: report.report_id,
            reason: reason.as_str(),
            lane: matter.lane,
            drill: submission.drill,
            report: report.payload.clone(),
            item_explanation: item_explanation_json.clone(),
            similar: (!similar.is_empty()).then(|| json(&similar)),
            due_at,
            traceparent: submission.traceparent.clone(),
        });
        let message = wire::ReviewRequested {
            report_id: report.report_id.to_string(),
            street: report.tenant.to_string(),
            reason: reason.as_str().to_owned(),
            item_explanation_json,
            tracking_sha256: report.tracking_sha256.clone(),
            desk: Desk::Street.as_str().to_owned(),
            note: String::new(),
            told_bodies: told_of_report(&self.view, report.tenant, Desk::Street, matter.lane, self.now),
            due_at: Some(to_wire(due_at)),
            by: String::new(),
        };
        let about = (report.report_id.as_uuid(), 1);
        self.say(submission, matter.lane, EventType::CaseReviewRequested, about, &message);
        Settled::ToReview
    }

    fn join_by_itself(&mut self, matter: &Matter<'_>, chosen: &Candidate) -> Settled {
        let explanation = self.why(matter, chosen);
        self.join(matter, chosen.case_id, json(&explanation))
    }

    fn join_again(&mut self, matter: &Matter<'_>, chosen: &Candidate, alike_per_mille: u32) -> Settled {
        let why = self.why(matter, chosen);
        let explanation = match matter.sameness {
            Sameness::Device => join::same_device(why, matter.alarming()),
            Sameness::Words => join::same_words(why, alike_per_mille),
            Sameness::Call | Sameness::Place => join::same_call(why, alike_per_mille),
        };
        self.join(matter, chosen.case_id, json(&explanation))
    }

    /// What stands between a report and a case of the docket.
    fn why(&self, matter: &Matter<'_>, chosen: &Candidate) -> JoinExplanation {
        let (report, case) = (&matter.submission.report, &self.cases[&chosen.case_id]);
        join::explain(chosen, &case.item, report.datum, report.point, self.now)
    }

    /// Why it is beside a case of the docket, not in it.
    fn beside(&self, matter: &Matter<'_>, near: &Candidate) -> JoinExplanation {
        let (why, case_no) = (self.why(matter, near), &self.cases[&near.case_id].case_no);
        match matter.sameness {
            Sameness::Words => join::beside_person(why, case_no),
            _ => join::beside(why, case_no),
        }
    }

    fn join_by_words(
        &mut self,
        matter: &Matter<'_>,
        case_id: CaseId,
        alike_per_mille: u32,
        radius_mm: u64,
    ) -> Settled {
        let case = &self.cases[&case_id];
        let chosen = Candidate { case_id, point: case.point, opened_at: case.opened_at };
        let explanation = join::by_words(self.why(matter, &chosen), alike_per_mille, radius_mm);
        self.join(matter, case_id, json(&explanation))
    }

    fn join_by_hand(&mut self, matter: &Matter<'_>, case_id: CaseId) -> Settled {
        self.join(matter, case_id, json(&join::by_hand(case_id)))
    }

    fn join(&mut self, matter: &Matter<'_>, case_id: CaseId, join_explanation_json: String) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let case = self.cases.get_mut(&case_id).expect("a chosen case is one of the docket's");
        let name = item_name(&self.view, report.tenant, &case.item);
        case.voices += 1;
        case.version += 1;
        case.lane = case.lane.raised_to(matter.lane);
        let (voice, version, lane) = (case.voices, case.version, case.lane);
        let message = wire::CaseJoined {
            case: Some(state(case, &name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            join_explanation_json,
            told_bodies: told(case, matter),
            placement: submission.placement(),
        };
        self.joined.insert(case_id);
        self.add_voice(submission, case_id, voice, Some(message.join_explanation_json.clone()));
        self.say(submission, lane, EventType::CaseJoined, (case_id.as_uuid(), version), &message);
        Settled::InCase { case_id, voice }
    }

    fn open(&mut self, matter: &Matter<'_>, case_id: CaseId, beside: Option<Candidate>) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let item = matter.finding.item.as_deref().expect("only what has an item opens a case");
        let street = self.view.street(report.tenant).expect("a loaded street stays in the view").clone();
        let community = matter.place.as_ref().and_then(|place| place.community);
        let repetition = self.repeated.before(matter, &street, self.now, &self.cases);
        let for_rules = ruled::Matter { repetition, ..matter.for_rules(item, self.now) };
        let drawn = drawn::plan(&street, &for_rules, street.of.day(self.now));
        if !submission.drill {
            self.room.events.rules_failed(drawn.rules_failed);
        }
        let case = OpenCase {
            tenant: report.tenant,
            case_id,
            case_no: self.next_case_no(&street, submission.drill).to_string(),
            item: item.to_owned(),
            text: report.text.clone(),
            place: report.place.clone(),
            point: report.point,
            datum: report.datum.to_owned(),
            drill: submission.drill,
            lane: if submission.drill { matter.lane } else { drawn.lane },
            voices: 1,
            version: 2,
            opened_at: self.now,
            bodies: drawn.bodies.clone(),
            community,
            grid: matter.place.as_ref().and_then(|place| place.grid.clone()),
            placed_by: street.generation,
            standing: Standing::Open,
            held_by: None,
            ended_at: None,
            voices_left: 0,
        };
        let desk = matter.reviewed_at(&drawn.plan, case.lane);
        let case = match desk {
            Some(desk) => waiting(case, street.of.centre(desk, street.of.day(self.now))),
            None => case,
        };
        let item_explanation = json(&matter.finding.explanation);
        let opened = wire::CaseOpened {
            case: Some(state(&case, &drawn.name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            item_explanation_json: item_explanation.clone(),
            placement: submission.placement(),
        };
        self.say(submission, case.lane, EventType::CaseOpened, (case_id.as_uuid(), 1), &opened);
        let repeats = self.repeats(matter, &street);
        match desk {
            Some(desk) => self.wait(submission, &case, &street, &drawn, repeats, desk),
            None => {
                let by_itself = submission.decided.is_none();
                let routed = wire::CaseRouted {
                    case: opened.case,
                    plan: Some(drawn.plan.clone()),
                    accepted_at: report.accepted_at.filter(|_| by_itself).map(to_wire),
                    repeats,
                };
                self.say(submission, case.lane, EventType::CaseRouted, (case_id.as_uuid(), 2), &routed);
            }
        }
        let beside = beside.map(|near| self.beside(matter, &near));
        self.add_voice(submission, case_id, 1, beside.as_ref().map(json));
        let plan_explanation = drawn.plan.explanation_json.clone();
        let new = NewCase {
            item_explanation,
            plan_explanation,
            reporter: report.source.clone(),
            households: report.households,
            reading_milli: report.reading_milli,
        };
        self.opened.insert(case_id, new);
        self.repeated.opened(matter, &street, &case);
        self.cases.insert(case_id, case);
        Settled::InCase { case_id, voice: 1 }
    }

    /// The plan of a new case waits for a person (D33), not for ever.
    fn wait(
        &mut self,
        submission: &Submission,
        case: &OpenCase,
        street: &StreetView<Street>,
        drawn: &Drawn,
        repeats: Option<wire::Repeat>,
        desk: Desk,
    ) {
        let due_at = self.now + street.of.plan_review();
        let message = wire::PlanReviewRequested {
            case: Some(state(case, &drawn.name)),
            plan: Some(drawn.plan.clone()),
            desk: desk.as_str().to_owned(),
            due_at: Some(to_wire(due_at)),
            told_bodies: case.held_by.iter().cloned().collect(),
            note: String::new(),
            ..Default::default()
        };
        let about = (case.case_id.as_uuid(), case.version);
        self.say(submission, case.lane, EventType::CasePlanReviewRequested, about, &message);
        self.waiting.push(NewPlanReview {
            tenant: case.tenant,
            case_id: case.case_id,
            lane: case.lane,
            mode: drawn.plan.routing_mode.clone(),
            desk,
            plan: drawn.plan.clone(),
            repeats,
            traceparent: submission.traceparent.clone(),
            due_at,
        });
    }

    /// The closed case of which this is the same matter again, and why. Dispatch says whether it was closed falsely.
    fn repeats(&self, matter: &Matter<'_>, street: &StreetView<Street>) -> Option<wire::Repeat> {
        let seeking = matter.seeking().ok().filter(|seeking| !seeking.drill)?;
        // What a centre gives is a matter of its own, not somebody's who reports again.
        if matter.submission.report.assigned.is_some() {
            return None;
        }
        let within = street.of.false_closure(street.of.day(self.now));
        let at = matter.accepted_at(self.now);
        let (chosen, alike) = self.closed.repeated(matter, &seeking, at, within)?;
        let explanation = join::explain_repeat(&chosen, seeking.item, seeking.point, at, within);
        let explanation = match alike {
            Some(alike_per_mille) => join::repeats_words(explanation, alike_per_mille),
            None => explanation,
        };
        // Dispatch counts to the new case: what the report waited for us, and at most a minute for dispatch, is nobody's close.
        let waited = self.now.duration_since(at) + DISPATCHED_WITHIN;
        Some(wire::Repeat {
            case_id: chosen.case_id.to_string(),
            within_s: (within + waited).as_secs().unsigned_abs(),
            explanation_json: json(&explanation),
        })
    }

    fn next_case_no(&mut self, street: &StreetView<Street>, drill: bool) -> CaseNo {
        let day = street.of.day(self.now);
        let count = self.counts.entry((street.code, day, drill)).or_default();
        *count += 1;
        CaseNo { street: street.code, day, count: *count, drill }
    }

    fn add_voice(
        &mut self,
        submission: &Submission,
        case_id: CaseId,
        voice: u32,
        join_explanation: Option<String>,
    ) {
        let report = &submission.report;
        self.voices.push(NewVoice {
            tenant: report.tenant,
            report_id: report.report_id,
            case_id,
            voice,
            tracking_sha256: report.tracking_sha256.clone(),
            join_explanation,
            report: report.payload.clone(),
            placement: submission.placement(),
            split_from: submission.split_from(),
        });
    }

    fn say(
        &mut self,
        submission: &Submission,
        lane: Lane,
        event_type: EventType,
        (aggregate_id, version): (Uuid, u64),
        message: &impl Message,
    ) {
        let said = Said {
            event_type,
            tenant: submission.report.tenant,
            lane,
            aggregate_id,
            version,
            actor: &submission.actor,
            traceparent: &submission.traceparent,
            drill: submission.drill,
        };
        self.said.push(self.room.event(&said, self.now, message));
    }

    /// Writes what was decided, in a fixed number of statements; a few more where words of mortal danger joined a case
    /// whose plan waits.
    pub(super) async fn save(self, tx: &mut ScopedTx) -> Result<(), pg::Error> {
        let opened: Vec<_> = self.opened.iter().map(|(case_id, new)| (&self.cases[case_id], new)).collect();
        let joined = self.joined.iter().filter(|case_id| !self.opened.contains_key(case_id));
        let joined: Vec<_> = joined.map(|case_id| &self.cases[case_id]).collect();
        counters::keep(tx, &self.counts).await?;
        cases::insert(tx, &opened).await?;
        let texts = opened.iter().filter(|(case, _)| !case.drill).map(|(case, _)| case.words());
        bands::keep(tx, &texts.collect::<Vec<_>>()).await?;
        cases::update(tx, &joined).await?;
        voices::keep(tx, &self.voices, self.now).await?;
        reviews::insert(tx, &self.reviews, self.now).await?;
        plans::insert(tx, &self.waiting, self.now).await?;
        let plans = self.waiting.iter().map(wakeup);
        let reports = self.reviews.iter().map(|review| {
            super::overdue::wakeup_at(review.tenant, review.report_id.as_uuid(), review.due_at)
        });
        wakeups::arm(tx, &plans.chain(reports).collect::<Vec<_>>()).await?;
        self.room.house.outbox.append(tx, &self.said).await?;
        let pressing = self.cases.values().filter(|case| case.waits() && case.lane == Lane::Urgent);
        let pressing: Vec<_> = pressing.map(|case| (case.tenant, case.case_id.as_uuid())).collect();
        super::plans::press(self.room, tx, self.now, &pressing).await?;
        // A street that is never idle is never free for the runner: whoever holds its lock does what is due.
        let reviewing =
            |tenant: &TenantId| self.view.street(*tenant).is_some_and(|street| street.of.reviews_plans());
        let tenants: BTreeSet<TenantId> = self.cases.values().map(|case| case.tenant).collect();
        let waiting: Vec<TenantId> = tenants.iter().copied().filter(reviewing).collect();
        super::plans::overdue(self.room, tx, self.now, &waiting).await?;
        let tenants = self.reviews.iter().map(|review| review.tenant).chain(tenants).collect();
        super::overdue::passed_over(self.room, tx, self.now, &tenants).await
    }
}

/// The case while its plan waits: no body has it, the centre holds it.
fn waiting(case: OpenCase, centre: Vec<String>) -> OpenCase {
    let held_by = centre.into_iter().next();
    OpenCase { standing: Standing::Reviewing, held_by, bodies: Vec::new(), ..case }
}

fn wakeup(waiting: &NewPlanReview) -> Wakeup {
    let (tenant, subject_id, due_at) = (waiting.tenant, waiting.case_id.as_uuid(), waiting.due_at);
    Wakeup { tenant, kind: super::plans::PLAN_REVIEW, subject_id, due_at }
}

/// The bodies to be told of the voice a case has got: by its number, which is not given twice, and of mortal danger always;
/// while its plan waits nobody has it.
fn told(case: &OpenCase, matter: &Matter<'_>) -> Vec<String> {
    if matter.alarming() || told_at(case.voices) { case.bodies.clone() } else { Vec::new() }
}

pub(super) fn item_name(view: &View<Street>, tenant: TenantId, item: &str) -> Name {
    let named = view.street(tenant).and_then(|street| street.of.item_name(item));
    named.cloned().unwrap_or_else(|| Name { zh: item.to_owned(), en: item.to_owned() })
}

pub(super) fn state(case: &OpenCase, name: &Name) -> wire::CaseState {
    wire::CaseState {
        case_id: case.case_id.to_string(),
        case_no: case.case_no.clone(),
        street: case.tenant.to_string(),
        item: case.item.clone(),
        item_zh: name.zh.clone(),
        item_en: name.en.clone(),
        text: case.text.clone(),
        place: Some(case.place.clone()),
        voices: case.voices_in(),
        opened_at: Some(to_wire(case.opened_at)),
        community: case.community.map_or_else(String::new, |code| code.to_string()),
        grid: case.grid.clone().unwrap_or_default(),
        standing: case.standing.said().to_owned(),
        held_by: case.held_by.clone().unwrap_or_default(),
        ended_at: case.ended_at.map(to_wire),
    }
}
