//! The docket of one batch: the open cases its reports might join, and what becomes of them.
//!
//! Loaded once, decided in memory, saved once: so reports of the same batch see each other's cases, and the
//! number of statements does not grow with the batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use contract::EventType;
use contract::document::Name;
use contract::proto::{to_wire, triage as wire};
use ids::{CaseId, CaseNo, EventId, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;
use snapshot::{StreetView, View};
use uuid::Uuid;

use super::{Room, Settled, Submission};
use crate::core::item::{Finding, ReviewReason};
use crate::core::join::{self, Candidate};
use crate::core::voices::told_at;
use crate::core::{plan, wire as forms};
use crate::events::Went;
use crate::store::cases::{self, NewCase, OpenCase, Wanted};
use crate::store::counters;
use crate::store::reviews::{self, NewReview};
use crate::store::voices::{self, NewVoice};
use crate::tenants::Street;

pub(super) struct Docket<'a> {
    room: &'a Room,
    view: Arc<View<Street>>,
    now: Timestamp,
    /// Those loaded, and those opened by this batch.
    cases: Vec<OpenCase>,
    /// Ids of loaded cases that got a voice.
    touched: Vec<CaseId>,
    counts: BTreeMap<(TenantId, Date), u32>,
    opened: Vec<NewCase>,
    voices: Vec<NewVoice>,
    reviews: Vec<NewReview>,
    said: Vec<NewEvent>,
}

impl<'a> Docket<'a> {
    /// Loads the open cases nearby of the items that were found.
    pub(super) async fn load(
        room: &'a Room,
        view: Arc<View<Street>>,
        tx: &mut ScopedTx,
        now: Timestamp,
        found: &[(&Submission, Finding)],
    ) -> Result<Self, pg::Error> {
        let items =
            found.iter().filter_map(|(submission, finding)| Some((submission, finding.item.as_ref().ok()?)));
        let wanted: Vec<Wanted> = items.map(|(submission, item)| Wanted::near(submission, item)).collect();
        let tenants = found.iter().map(|(submission, _)| submission.report.tenant);
        let days: BTreeMap<_, _> =
            tenants.filter_map(|tenant| Some((tenant, day_of(view.street(tenant)?, now)))).collect();
        let cases = cases::wanted(tx, &wanted, now - join::WINDOW).await?;
        let counts = counters::of_days(tx, &days).await?;
        Ok(Self {
            room,
            view,
            now,
            cases,
            touched: Vec::new(),
            counts,
            opened: Vec::new(),
            voices: Vec::new(),
            reviews: Vec::new(),
            said: Vec::new(),
        })
    }

    /// Decides one report.
    pub(super) fn settle(&mut self, submission: &Submission, finding: &Finding) -> Settled {
        let (went, settled) = match &finding.item {
            Err(reason) => (Went::ToReview, self.request_review(submission, *reason, finding)),
            Ok(item) => match self.candidate(submission, item) {
                Some(chosen) => (Went::Joined, self.join(submission, item, &chosen)),
                None => (Went::Opened, self.open(submission, item, finding)),
            },
        };
        self.room.events.settled(went, finding.explanation.method.as_str());
        settled
    }

    fn candidate(&self, submission: &Submission, item: &str) -> Option<Candidate> {
        let report = &submission.report;
        let same = |case: &&OpenCase| {
            case.tenant == report.tenant
                && case.item == item
                && case.datum == report.datum
                && case.drill == submission.drill
        };
        let candidates = self.cases.iter().filter(same).map(OpenCase::candidate);
        join::choose(report.point, self.now, candidates)
    }

    fn request_review(
        &mut self,
        submission: &Submission,
        reason: ReviewReason,
        finding: &Finding,
    ) -> Settled {
        let report = &submission.report;
        let item_explanation_json = json(&finding.explanation);
        self.reviews.push(NewReview {
            tenant: report.tenant,
            report_id: report.report_id,
            reason: reason.as_str(),
            lane: submission.lane,
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
        self.say(submission, submission.lane, said, &message);
        Settled::ToReview
    }

    fn join(&mut self, submission: &Submission, item: &str, chosen: &Candidate) -> Settled {
        let report = &submission.report;
        let explanation = join::explain(chosen, item, report.datum, report.point, self.now);
        let name = self.item_name(report.tenant, item);
        let case = self.cases.iter_mut().find(|case| case.case_id == chosen.case_id);
        let case = case.expect("the chosen case is one of the docket's");
        case.voices += 1;
        case.version += 1;
        case.lane = case.lane.raised_to(submission.lane);
        let (case_id, voice, version, lane) = (case.case_id, case.voices, case.version, case.lane);
        let message = wire::CaseJoined {
            case: Some(state(case, &name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            join_explanation_json: json(&explanation),
            told_bodies: if told_at(voice) { case.bodies.clone() } else { Vec::new() },
        };
        self.touched.push(case_id);
        self.add_voice(submission, case_id, voice, Some(message.join_explanation_json.clone()));
        let said = Said { event_type: EventType::CaseJoined, aggregate_id: case_id.as_uuid(), version };
        self.say(submission, lane, said, &message);
        Settled::InCase { case_id, voice }
    }

    fn open(&mut self, submission: &Submission, item: &str, finding: &Finding) -> Settled {
        let report = &submission.report;
        let street = self.view.street(report.tenant).expect("a loaded street stays in the view").clone();
        let planned = plan::plan(&street, item, submission.lane);
        let case = OpenCase {
            tenant: report.tenant,
            case_id: CaseId(self.room.house.minter.mint(self.now)),
            case_no: self.next_case_no(&street).to_string(),
            item: item.to_owned(),
            text: report.text.clone(),
            place: report.place.clone(),
            point: report.point,
            datum: report.datum.to_owned(),
            drill: submission.drill,
            lane: planned.plan.lane,
            voices: 1,
            version: 2,
            opened_at: self.now,
            bodies: planned.bodies(),
        };
        let item_explanation = json(&finding.explanation);
        let plan_explanation = json(&planned.explanation);
        let opened = wire::CaseOpened {
            case: Some(state(&case, &planned.name)),
            report_id: report.report_id.to_string(),
            tracking_sha256: report.tracking_sha256.clone(),
            item_explanation_json: item_explanation.clone(),
        };
        let routed = wire::CaseRouted {
            case: Some(state(&case, &planned.name)),
            plan: Some(forms::plan(&planned, &plan_explanation)),
        };
        let (case_id, lane) = (case.case_id, case.lane);
        let said = |event_type, version| Said { event_type, aggregate_id: case_id.as_uuid(), version };
        self.say(submission, lane, said(EventType::CaseOpened, 1), &opened);
        self.say(submission, lane, said(EventType::CaseRouted, 2), &routed);
        self.add_voice(submission, case_id, 1, None);
        self.opened.push(NewCase { case_id, item_explanation, plan_explanation });
        self.cases.push(case);
        Settled::InCase { case_id, voice: 1 }
    }

    fn next_case_no(&mut self, street: &StreetView<Street>) -> CaseNo {
        let day = day_of(street, self.now);
        let count = self.counts.entry((street.code, day)).or_default();
        *count += 1;
        CaseNo { street: street.code, day, count: *count }
    }

    fn item_name(&self, tenant: TenantId, item: &str) -> Name {
        let named = self.view.street(tenant).and_then(|street| street.of.item_name(item));
        named.cloned().unwrap_or_else(|| Name { zh: item.to_owned(), en: item.to_owned() })
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
        let new = |case_id: CaseId| self.opened.iter().find(|new| new.case_id == case_id);
        let opened: Vec<_> = self.cases.iter().filter_map(|case| Some((case, new(case.case_id)?))).collect();
        let joined: Vec<_> = self
            .cases
            .iter()
            .filter(|case| self.touched.contains(&case.case_id) && new(case.case_id).is_none())
            .collect();
        counters::keep(tx, &self.counts).await?;
        cases::insert(tx, &opened).await?;
        cases::update(tx, &joined).await?;
        voices::insert(tx, &self.voices, self.now).await?;
        reviews::insert(tx, &self.reviews, self.now).await?;
        self.room.house.outbox.append(tx, &self.said).await
    }
}

struct Said {
    event_type: EventType,
    aggregate_id: Uuid,
    version: u64,
}

fn day_of(street: &StreetView<Street>, now: Timestamp) -> Date {
    now.to_zoned(street.of.zone().clone()).date()
}

fn state(case: &OpenCase, name: &Name) -> wire::CaseState {
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
    }
}

/// Explanations hold texts, integers and lists: nothing that cannot be written.
fn json(explanation: &impl serde::Serialize) -> String {
    serde_json::to_string(explanation).expect("explanations are plain data")
}
