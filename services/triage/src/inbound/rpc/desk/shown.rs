//! What the HTTP door shows, as messages. What is absent there is empty or unset here.

use bootstrap::door::Problem;
use bytes::Bytes;
use contract::proto::intake::Place;
use contract::proto::to_wire;
use contract::proto::triage as wire;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::core::desk::Desk;
use crate::core::item::Proposal;
use crate::core::report::datum_of;
use crate::inbound::merges::MergedDocument;
use crate::inbound::plans::{PlanReviewDocument, PlanReviewList, PlanReviewState};
use crate::inbound::reroutes::ReroutedDocument;
use crate::inbound::reviews::{DecisionDocument, PlaceDocument, ReviewDocument, ReviewList, SimilarDocument};
use crate::inbound::splits::SplitDocument;
use crate::inbound::voices::{VoiceDocument, VoiceList};

/// What a stored explanation says to the person who judges.
#[derive(Deserialize)]
struct Explained {
    zh: String,
    en: String,
    #[serde(default)]
    proposed: Vec<Proposal>,
    danger: Option<String>,
}

/// A page of reports. Fails on an explanation that is none.
pub(super) fn reviews(list: ReviewList) -> Result<wire::ListReviewsResponse, Problem> {
    let reviews: Result<_, Problem> = list.reviews.into_iter().map(waiting).collect();
    Ok(wire::ListReviewsResponse { reviews: reviews?, next: word(list.next) })
}

fn waiting(review: ReviewDocument) -> Result<wire::WaitingReport, Problem> {
    let broken = |_| Problem::from(pg::Error::impossible_row("triage.reviews.item_explanation"));
    let explained = Explained::deserialize(&review.item_explanation).map_err(broken)?;
    Ok(wire::WaitingReport {
        report_id: review.report_id.to_string(),
        reason: review.reason,
        why_zh: explained.zh,
        why_en: explained.en,
        item_explanation: json(&review.item_explanation),
        proposed: explained.proposed.into_iter().map(proposed).collect(),
        similar: review.similar.into_iter().map(similar).collect(),
        danger: explained.danger.unwrap_or_default(),
        lane: review.lane.to_owned(),
        drill: review.drill,
        text: review.text,
        item: review.item.unwrap_or_default(),
        place: Some(place(review.place)),
        requested_at: Some(to_wire(review.requested_at)),
        desk: desk(review.desk).into(),
        note: review.note,
        claimed_by: review.claimed_by.unwrap_or_default(),
        claimed_until: review.claimed_until.map(to_wire),
        due_at: review.due_at.map(to_wire),
    })
}

fn proposed(proposal: Proposal) -> wire::ProposedItem {
    // The score compares proposals of one report with each other only; their order says as much.
    let Proposal { item, zh, en, words, permille, score: _ } = proposal;
    wire::ProposedItem { item, zh, en, words, permille }
}

fn similar(case: SimilarDocument) -> wire::SimilarCase {
    let SimilarDocument { case_id, case_no, item, alike_per_mille, distance_mm } = case;
    wire::SimilarCase { case_id: case_id.to_string(), case_no, item, alike_per_mille, distance_mm }
}

fn place(place: PlaceDocument) -> Place {
    let PlaceDocument { lon, lat, datum, address } = place;
    Place { lon, lat, datum: datum_of(datum).unwrap_or_default().into(), address }
}

fn desk(desk: Desk) -> wire::Desk {
    match desk {
        Desk::Street => wire::Desk::Street,
        Desk::District => wire::Desk::District,
    }
}

fn json(value: &Value) -> Bytes {
    value.to_string().into()
}

fn word(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

impl From<VoiceList> for wire::ListVoicesResponse {
    fn from(list: VoiceList) -> Self {
        let voices = list.voices.into_iter().map(Into::into).collect();
        Self { voices, next: list.next.unwrap_or_default() }
    }
}

impl From<VoiceDocument> for wire::Voice {
    fn from(voice: VoiceDocument) -> Self {
        let VoiceDocument { report_id, voice, joined_at, report } = voice;
        let named = Self {
            report_id: report_id.to_string(),
            voice,
            joined_at: Some(to_wire(joined_at)),
            ..Self::default()
        };
        let Some(report) = report else { return named };
        Self {
            text: report.text,
            item: report.item.unwrap_or_default(),
            place: Some(place(report.place)),
            source: report.source,
            ..named
        }
    }
}

impl From<PlanReviewList> for wire::ListPlanReviewsResponse {
    fn from(list: PlanReviewList) -> Self {
        Self { plan_reviews: list.plan_reviews.into_iter().map(Into::into).collect(), next: word(list.next) }
    }
}

impl From<PlanReviewDocument> for wire::WaitingPlan {
    fn from(plan: PlanReviewDocument) -> Self {
        Self {
            case_id: plan.case_id.to_string(),
            case_no: plan.case_no,
            item: plan.item,
            text: plan.text,
            address: plan.address,
            voices: plan.voices,
            lane: plan.lane.to_owned(),
            mode: plan.mode,
            desk: desk(plan.desk).into(),
            note: plan.note,
            lead: plan.lead,
            assists: plan.assists,
            level: plan.level,
            priority: plan.priority,
            policy: plan.policy,
            plan_explanation: json(&plan.plan_explanation),
            requested_at: Some(to_wire(plan.requested_at)),
            due_at: Some(to_wire(plan.due_at)),
            claimed_by: plan.claimed_by.unwrap_or_default(),
            claimed_until: plan.claimed_until.map(to_wire),
            version: plan.version,
        }
    }
}

impl From<DecisionDocument> for wire::ReviewReportResponse {
    fn from(state: DecisionDocument) -> Self {
        Self {
            report_id: state.report_id.to_string(),
            desk: desk(state.desk).into(),
            claimed_by: state.claimed_by.unwrap_or_default(),
            claimed_until: state.claimed_until.map(to_wire),
            item: state.item.unwrap_or_default(),
            case_id: word(state.case_id),
            case_no: state.case_no.unwrap_or_default(),
            voice: state.voice.unwrap_or_default(),
            ground: state.ground.unwrap_or_default(),
            decided_at: state.decided_at.map(to_wire),
        }
    }
}

impl From<PlanReviewState> for wire::ReviewPlanResponse {
    fn from(state: PlanReviewState) -> Self {
        Self {
            case_id: state.case_id.to_string(),
            desk: desk(state.desk).into(),
            due_at: Some(to_wire(state.due_at)),
            claimed_by: state.claimed_by.unwrap_or_default(),
            claimed_until: state.claimed_until.map(to_wire),
            outcome: state.outcome.unwrap_or_default().to_owned(),
            decided_at: state.decided_at.map(to_wire),
            version: state.version,
        }
    }
}

impl From<SplitDocument> for wire::SplitVoiceResponse {
    fn from(apart: SplitDocument) -> Self {
        let SplitDocument { report_id, case_id, case_no } = apart;
        Self { report_id: report_id.to_string(), case_id: case_id.to_string(), case_no }
    }
}

impl From<MergedDocument> for wire::MergeCaseResponse {
    fn from(merged: MergedDocument) -> Self {
        let MergedDocument { case_id, case_no, into_case_id, into_case_no, merged_at } = merged;
        let (case_id, into_case_id) = (case_id.to_string(), into_case_id.to_string());
        Self { case_id, case_no, into_case_id, into_case_no, merged_at: Some(to_wire(merged_at)) }
    }
}

impl From<ReroutedDocument> for wire::RerouteCaseResponse {
    fn from(rerouted: ReroutedDocument) -> Self {
        let ReroutedDocument { case_id, case_no, item, bodies, rerouted_at } = rerouted;
        Self { case_id: case_id.to_string(), case_no, item, bodies, rerouted_at: Some(to_wire(rerouted_at)) }
    }
}
