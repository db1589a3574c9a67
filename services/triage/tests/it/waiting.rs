//! A plan that waits for a person and is drawn anew meanwhile: nobody decides on one they have not read, and what stays the
//! same stays.

use contract::EventType;
use contract::document::RoutingMode;
use contract::proto::triage::Repeat;
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, report};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";

impl Desk {
    /// One plan that waits in a street whose plans are reviewed, and its case's id.
    async fn with_a_plan(mode: RoutingMode) -> (Self, String) {
        let desk = Self::reviewing(mode).await;
        desk.hear(&[report(1, "TRA-01", "改线")]).await;
        let case_id = desk.case_of(1).await;
        (desk, case_id)
    }

    async fn draws_anew(&self, who: &str, case_id: &str, wanted: Value) {
        let (status, answer) = self.acts(who, &format!("cases/{case_id}:reroute"), wanted).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Approves the plan of this version, and no other.
    async fn approves_of(&self, who: &str, case_id: &str, if_match: &str) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{STREET}/plan-reviews/{case_id}:approve");
        let (token, insists) = (self.rig.token(who), [("if-match", if_match)]);
        let (status, _, body) = self.rig.http("POST", &path, Some(&token), &insists, Some(json!({}))).await;
        (status.as_u16(), body)
    }

    async fn entry_of_plan(&self) -> Value {
        self.reads(CENTRE, "plan-reviews").await["plan_reviews"][0].clone()
    }

    /// The closed case that the plan of this case names when it goes out.
    async fn repeats(&self, case_id: &str) -> Option<Repeat> {
        let approve = format!("plan-reviews/{case_id}:approve");
        assert_eq!(self.acts(CENTRE, &approve, json!({})).await.0, 200);
        let mut routed = self.routed().await.into_iter().map(|(_, routed)| routed);
        routed.find(|routed| routed.case.as_ref().unwrap().case_id == case_id).unwrap().repeats
    }
}

#[tokio::test]
async fn who_insists_approves_of_the_plan_they_have_read_or_of_none() {
    let (desk, case_id) = Desk::with_a_plan(RoutingMode::StreetReview).await;
    assert_eq!(desk.entry_of_plan().await["version"], 1);
    // Neither a voice nor another desk makes it another plan.
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    for verb in ["raise", "hand-down"] {
        let (status, state) = desk.acts(DISTRICT, &format!("plan-reviews/{case_id}:{verb}"), json!({})).await;
        assert_eq!((status, &state["version"]), (200, &json!(1)), "{state}");
    }
    desk.draws_anew(DISTRICT, &case_id, json!({ "item": "TRA-03" })).await;
    assert_eq!(desk.entry_of_plan().await["version"], 2);
    for unread in ["\"1\"", "\"3\"", "nonsense"] {
        let (status, refusal) = desk.approves_of(DISTRICT, &case_id, unread).await;
        assert_eq!((status, &refusal["code"]), (412, &json!("precondition-failed")), "{unread}");
    }
    assert_eq!(desk.routed().await, []);
    let (status, state) = desk.approves_of(DISTRICT, &case_id, "\"2\"").await;
    assert_eq!(
        (status, &state["outcome"], &state["version"]),
        (200, &json!("approved"), &json!(2)),
        "{state}"
    );
    assert_eq!(desk.approves_of(DISTRICT, &case_id, "\"2\"").await, (200, state), "the same again");
    let (status, _) = desk.approves_of(CENTRE, &case_id, "\"1\"").await;
    assert_eq!(status, 412, "what was approved is not what they have read");
    assert_eq!(desk.routed().await.len(), 1);
}

/// Who does not insist is held off for as long as somebody who looks again needs.
#[tokio::test]
async fn who_draws_a_plan_anew_has_it_in_hand() {
    let (desk, case_id) = Desk::with_a_plan(RoutingMode::StreetReview).await;
    desk.draws_anew(CENTRE, &case_id, json!({ "item": "TRA-03" })).await;
    assert_eq!(desk.entry_of_plan().await["claimed_by"], CENTRE);
    let approve = format!("plan-reviews/{case_id}:approve");
    let (status, refusal) = desk.acts(DISTRICT, &approve, json!({})).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("claimed-by-another")), "{refusal}");
    assert_eq!(desk.acts(CENTRE, &approve, json!({})).await.0, 200);
}

/// What was closed is told by item and point. An address is words for people: to correct it takes back nothing.
#[tokio::test]
async fn a_closed_case_is_forgotten_with_the_item_or_the_point_only() {
    let place = |lon: f64| json!({ "lon": lon, "lat": 29.5628, "datum": "wgs84", "address": "南坪路2号" });
    for (wanted, forgotten) in [
        (json!({ "place": place(106.5512) }), false),
        (json!({ "place": place(106.5513) }), true),
        (json!({ "item": "TRA-03" }), true),
    ] {
        let (desk, closed) = Desk::with_a_plan(RoutingMode::StreetReview).await;
        assert_eq!(desk.repeats(&closed).await, None);
        desk.dispatch_says(EventType::CaseClosed, &closed, 4).await;
        desk.hear(&[report(2, "TRA-01", "改线")]).await;
        let case_id = desk.case_of(2).await;
        desk.draws_anew(CENTRE, &case_id, wanted.clone()).await;
        let repeats = desk.repeats(&case_id).await.map(|repeat| repeat.case_id);
        assert_eq!(repeats, Some(closed).filter(|_| !forgotten), "{wanted}");
    }
}

/// Whoever may approve of it may correct it.
#[tokio::test]
async fn what_the_district_handed_down_is_drawn_anew_by_the_street() {
    let (desk, case_id) = Desk::with_a_plan(RoutingMode::DistrictReview).await;
    let down = format!("plan-reviews/{case_id}:hand-down");
    assert_eq!(desk.acts(DISTRICT, &down, json!({})).await.0, 200);
    desk.draws_anew(CENTRE, &case_id, json!({ "item": "TRA-03" })).await;
    assert_eq!(desk.entry_of_plan().await["desk"], "street");
    assert_eq!(desk.acts(CENTRE, &format!("plan-reviews/{case_id}:approve"), json!({})).await.0, 200);
}
