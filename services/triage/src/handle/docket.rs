//! The docket of one batch: the open cases its reports join, and what becomes of them.
//!
//! Chosen in memory from what stands around, loaded once, saved once: so reports of the same batch see each other's
//! cases, the number of statements does not grow with the batch, and only of chosen cases is the text read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::EventType;
use contract::document::Name;
use contract::proto::{to_wire, triage as wire};
use ids::{CaseId, CaseNo, EventId, TenantId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;
use snapshot::{StreetView, View};
use uuid::Uuid;

use super::{Matter, Room, Settled, Submission};
use crate::core::board::{Board, Seeking, Spot};
use crate::core::item::ReviewReason;
use crate::core::join::{self, Candidate, Closed};
use crate::core::voices::told_at;
use crate::events::Went;
use crate::store::cases::{self, NewCase, OpenCase};
use crate::store::counters;
use crate::store::reviews::{self, NewReview};
use crate::store::voices::{self, NewVoice};
use crate::tenants::Street;
use crate::tenants::{drawn, ruled};

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
    said: Vec<NewEvent>,
    /// Cases that closed not long ago, by their spots.
    closed: BTreeMap<Spot, Vec<Closed>>,
}

/// How long dispatch may take to hear of a case, in what it is told about repeats.
const DISPATCHED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// Where a report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Review(ReviewReason),
    Join(Candidate),
    Open(CaseId),
}

impl Matter<'_> {
    /// What it looks for; nothing while its item is not known, or whose it is.
    fn seeking(&self) -> Result<Seeking<'_>, ReviewReason> {
        if self.astray() {
            return Err(ReviewReason::OutsideTerritory);
        }
        let report = &self.submission.report;
        let item = self.finding.item.as_deref().map_err(|reason| *reason)?;
        let (tenant, datum, point) = (report.tenant, report.datum, report.point);
        Ok(Seeking { tenant, item, datum, drill: self.submission.drill, point })
    }

    /// When the report was accepted; never later than now.
    fn accepted_at(&self, now: Timestamp) -> Timestamp {
        self.submission.report.accepted_at.map_or(now, |at| at.min(now))
    }

    /// The same, as rules see it.
    fn for_rules<'m>(&'m self, item: &'m str, now: Timestamp) -> ruled::Matter<'m> {
        let report = &self.submission.report;
        ruled::Matter {
            item,
            community: self.place.as_ref().and_then(|place| place.community),
            grid: self.place.as_ref().and_then(|place| place.grid.as_deref()),
            lane: self.lane,
            reporter: &report.source,
            drill: self.submission.drill,
            text: &report.text,
            households: report.households,
            reading_milli: report.reading_milli,
            now,
        }
    }
}

impl<'a> Docket<'a> {
    /// Chooses where each goes and loads the cases that are joined. Choices in order.
    pub(super) async fn load(
        room: &'a Room,
        view: Arc<View<Street>>,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: &[Matter<'_>],
    ) -> Result<(Self, Vec<Choice>), pg::Error> {
        let seeking = matters.iter().filter_map(|matter| matter.seeking().ok());
        let spots: BTreeSet<Spot> = seeking.flat_map(|seeking| seeking.spots().collect::<Vec<_>>()).collect();
        let near = cases::near(tx, &spots, now - join::WINDOW).await?;
        let standing: BTreeMap<CaseId, TenantId> =
            near.iter().map(|(spot, case)| (case.case_id, spot.tenant)).collect();
        let choices = choose(room, now, matters, near);
        let joined = choices.iter().filter_map(|choice| match choice {
            Choice::Join(case) => Some((*standing.get(&case.case_id)?, case.case_id)),
            Choice::Review(_) | Choice::Open(_) => None,
        });
        let cases = cases::load(tx, &joined.collect()).await?;
        let closed = closed(tx, &view, now, matters, &choices).await?;
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
            said: Vec::new(),
            closed,
        };
        Ok((docket, choices))
    }

    /// Does what was chosen for one report.
    pub(super) fn settle(&mut self, matter: &Matter<'_>, choice: Choice) -> Settled {
        let (went, settled) = match choice {
            Choice::Review(reason) => (Went::ToReview, self.request_review(matter, reason)),
            Choice::Join(case) => (Went::Joined, self.join(matter, &case)),
            Choice::Open(case_id) => (Went::Opened, self.open(matter, case_id)),
        };
        if !matter.submission.drill {
            self.room.events.settled(went, matter.finding.explanation.method.as_str());
        }
        settled
    }

    fn request_review(&mut self, matter: &Matter<'_>, reason: ReviewReason) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let item_explanation_json = json(&matter.finding.explanation);
        self.reviews.push(NewReview {
            tenant: report.tenant,
            report_id: report.report_id,
            reason: reason.as_str(),
            lane: matter.lane,
            drill: submission.drill,
            report: report.payload.clone(),
            item_explanation: item_explanation_json.clone(),
        });
        let message = wire::ReviewRequested {
            report_id: report.report_id.to_string(),
            street: report.tenant.to_string(),
            reason: reason.as_str().to_owned(),
            item_explanation_json,
            tracking_sha256: report.tracking_sha256.clone(),
        };
        let said = Said {
            event_type: EventType::CaseReviewRequested,
            aggregate_id: report.report_id.as_uuid(),
            version: 1,
        };
        self.say(submission, matter.lane, said, &message);
        Settled::ToReview
    }

    fn join(&mut self, matter: &Matter<'_>, chosen: &Candidate) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let case = self.cases.get_mut(&chosen.case_id).expect("a chosen case is one of the docket's");
        let explanation = join::explain(chosen, &case.item, report.datum, report.point, self.now);
        let name = item_name(&self.view, report.tenant, &case.item);
        case.voices += 1;
        case.version += 1;
        case.lane = case.lane.raised_to(matter.lane);
        let (case_id, voice, version, lane) = (case.case_id, case.voices, case.version, case.lane);
        let message = wire::CaseJoined {
            case: Some(state(case, &name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            join_explanation_json: json(&explanation),
            told_bodies: if told_at(voice) { case.bodies.clone() } else { Vec::new() },
        };
        self.joined.insert(case_id);
        self.add_voice(submission, case_id, voice, Some(message.join_explanation_json.clone()));
        let said = Said { event_type: EventType::CaseJoined, aggregate_id: case_id.as_uuid(), version };
        self.say(submission, lane, said, &message);
        Settled::InCase { case_id, voice }
    }

    fn open(&mut self, matter: &Matter<'_>, case_id: CaseId) -> Settled {
        let (submission, report) = (matter.submission, &matter.submission.report);
        let item = matter.finding.item.as_deref().expect("only what has an item opens a case");
        let street = self.view.street(report.tenant).expect("a loaded street stays in the view").clone();
        let community = matter.place.as_ref().and_then(|place| place.community);
        let drawn = drawn::plan(&street, &matter.for_rules(item, self.now), street.of.day(self.now));
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
        };
        let item_explanation = json(&matter.finding.explanation);
        let opened = wire::CaseOpened {
            case: Some(state(&case, &drawn.name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            item_explanation_json: item_explanation.clone(),
        };
        let by_itself = submission.decided_item.is_none();
        let routed = wire::CaseRouted {
            case: opened.case.clone(),
            plan: Some(drawn.plan.clone()),
            accepted_at: report.accepted_at.filter(|_| by_itself).map(to_wire),
            repeats: self.repeats(matter, &street),
        };
        let lane = case.lane;
        let said = |event_type, version| Said { event_type, aggregate_id: case_id.as_uuid(), version };
        self.say(submission, lane, said(EventType::CaseOpened, 1), &opened);
        self.say(submission, lane, said(EventType::CaseRouted, 2), &routed);
        self.add_voice(submission, case_id, 1, None);
        let plan_explanation = drawn.plan.explanation_json.clone();
        let new = NewCase {
            item_explanation,
            plan_explanation,
            reporter: report.source.clone(),
            households: report.households,
            reading_milli: report.reading_milli,
        };
        self.opened.insert(case_id, new);
        self.cases.insert(case_id, case);
        Settled::InCase { case_id, voice: 1 }
    }

    /// The closed case of which this is the same matter again, and why. Dispatch says whether it was closed falsely.
    fn repeats(&self, matter: &Matter<'_>, street: &StreetView<Street>) -> Option<wire::Repeat> {
        let seeking = matter.seeking().ok().filter(|seeking| !seeking.drill)?;
        let within = street.of.false_closure(street.of.day(self.now));
        let around = seeking.spots().filter_map(|spot| self.closed.get(&spot)).flatten().copied();
        let at = matter.accepted_at(self.now);
        let chosen = join::repeated(seeking.point, at, within, around)?;
        let explanation = join::explain_repeat(&chosen, seeking.item, seeking.point, at, within);
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
        });
    }

    fn say(&mut self, submission: &Submission, lane: ids::Lane, said: Said, message: &impl Message) {
        self.said.push(NewEvent {
            id: EventId(self.room.house.minter.mint(self.now)),
            event_type: said.event_type,
            tenant: submission.report.tenant,
            lane,
            aggregate_id: said.aggregate_id,
            version: said.version,
            at: self.now,
            actor: submission.actor.clone(),
            purpose: None,
            traceparent: submission.traceparent.clone(),
            drill: submission.drill,
            payload: Bytes::from(message.encode_to_vec()),
        });
    }

    /// Writes what was decided, in a fixed number of statements.
    pub(super) async fn save(self, tx: &mut ScopedTx) -> Result<(), pg::Error> {
        let opened: Vec<_> = self.opened.iter().map(|(case_id, new)| (&self.cases[case_id], new)).collect();
        let joined = self.joined.iter().filter(|case_id| !self.opened.contains_key(case_id));
        let joined: Vec<_> = joined.map(|case_id| &self.cases[case_id]).collect();
        counters::keep(tx, &self.counts).await?;
        cases::insert(tx, &opened).await?;
        cases::update(tx, &joined).await?;
        voices::insert(tx, &self.voices, self.now).await?;
        reviews::insert(tx, &self.reviews, self.now).await?;
        self.room.house.outbox.append(tx, &self.said).await
    }
}

/// Cases around those that will be opened, closed as long ago as counts for the most patient of their streets.
async fn closed(
    tx: &mut ScopedTx,
    view: &View<Street>,
    now: Timestamp,
    matters: &[Matter<'_>],
    choices: &[Choice],
) -> Result<BTreeMap<Spot, Vec<Closed>>, pg::Error> {
    let opening = matters.iter().zip(choices).filter(|(_, choice)| matches!(choice, Choice::Open(_)));
    let (mut spots, mut earliest) = (BTreeSet::new(), now);
    for (matter, _) in opening {
        let Some(seeking) = matter.seeking().ok().filter(|seeking| !seeking.drill) else { continue };
        let Some(street) = view.street(seeking.tenant) else { continue };
        earliest = earliest.min(matter.accepted_at(now) - street.of.false_closure(street.of.day(now)));
        spots.extend(seeking.spots());
    }
    let mut closed: BTreeMap<Spot, Vec<Closed>> = BTreeMap::new();
    for (spot, case) in cases::closed_near(tx, &spots, earliest).await? {
        closed.entry(spot).or_default().push(case);
    }
    Ok(closed)
}

/// Where each goes: into a case that stands around, also one of this batch, or into a new one.
fn choose(room: &Room, now: Timestamp, matters: &[Matter<'_>], near: Vec<(Spot, Candidate)>) -> Vec<Choice> {
    let mut board = Board::default();
    near.into_iter().for_each(|(spot, case)| board.add(spot, case));
    let choose = |matter: &Matter<'_>| {
        let seeking = match matter.seeking() {
            Ok(seeking) => seeking,
            Err(reason) => return Choice::Review(reason),
        };
        // Each drill has to show a path of its own, by the documents of now.
        if matter.joins
            && !seeking.drill
            && let Some(case) = board.choose(&seeking, now)
        {
            return Choice::Join(case);
        }
        let case_id = CaseId(room.house.minter.mint(now));
        board.add(seeking.own_spot(), Candidate { case_id, point: seeking.point, opened_at: now });
        Choice::Open(case_id)
    };
    matters.iter().map(choose).collect()
}

pub(super) fn item_name(view: &View<Street>, tenant: TenantId, item: &str) -> Name {
    let named = view.street(tenant).and_then(|street| street.of.item_name(item));
    named.cloned().unwrap_or_else(|| Name { zh: item.to_owned(), en: item.to_owned() })
}

struct Said {
    event_type: EventType,
    aggregate_id: Uuid,
    version: u64,
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
        voices: case.voices,
        opened_at: Some(to_wire(case.opened_at)),
        community: case.community.map_or_else(String::new, |code| code.to_string()),
        grid: case.grid.clone().unwrap_or_default(),
    }
}

/// Explanations hold texts, integers and lists: nothing that cannot be written.
fn json(explanation: &impl serde::Serialize) -> String {
    serde_json::to_string(explanation).expect("explanations are plain data")
}
