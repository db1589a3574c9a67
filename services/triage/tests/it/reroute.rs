//! A case that bodies have already is about another item, or lies elsewhere (重新派单): drawn anew once, said whole, and what stood before
//! stays readable.

use contract::document::RoutingMode;
use contract::proto::intake::Assignment;
use contract::proto::triage::{CaseRerouted, PlannedOrder, Role};
use contract::{Envelope, EventType};
use routing::Explanation;
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, Said, Sent, report};
use crate::place::{self, EAST, WEST};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";
const REFUSED: EventType = EventType::CaseRerouteRefused;
/// East of the border between the two communities.
const EASTERN: f64 = 106.57;

impl Desk {
    async fn one(&self) -> String {
        let [opened] = &self.opened().await[..] else { panic!("one case") };
        opened.case.as_ref().unwrap().case_id.clone()
    }

    async fn reroute(&self, who: &str, case_id: &str, body: Value) -> (u16, Value) {
        self.acts(who, &format!("cases/{case_id}:reroute"), body).await
    }

    async fn rerouted(&self) -> Vec<(Envelope, CaseRerouted)> {
        let said = self.said().await.into_iter();
        said.filter_map(
            |(envelope, said)| if let Said::Rerouted(said) = said { Some((envelope, said)) } else { None },
        )
        .collect()
    }

    async fn bodies(&self, case_id: &str) -> Vec<String> {
        sqlx::query_scalar("SELECT bodies FROM triage.cases WHERE case_id = $1")
            .bind(uuid::Uuid::parse_str(case_id).unwrap())
            .fetch_one(self.rig.admin())
            .await
            .unwrap()
    }

    pub async fn examples(&self) -> Vec<(String, String)> {
        let (mut told, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.reads(CENTRE, &format!("examples?limit=1{after}")).await;
            let text = |example: &Value, field: &str| example[field].as_str().unwrap().to_owned();
            let examples = page["examples"].as_array().unwrap().iter();
            told.extend(examples.map(|example| (text(example, "text"), text(example, "label"))));
            let Some(next) = page.get("next") else { return told };
            after = format!("&after={}", next.as_str().unwrap());
        }
    }
}

fn lead(orders: &[PlannedOrder]) -> &str {
    &orders.iter().find(|order| order.role() == Role::Lead).unwrap().body
}

fn place(lon: f64) -> Value {
    json!({ "lon": lon, "lat": 29.5628, "datum": "wgs84", "address": "南坪路2号" })
}

/// An explanation of the door, made again: it says the same.
fn remade(explanation: &Value) -> Explanation {
    let explanation: Explanation = serde_json::from_value(explanation.clone()).unwrap();
    assert_eq!(routing::recompute(&explanation), explanation);
    explanation
}

#[tokio::test]
async fn another_item_draws_the_plan_anew_and_what_stood_before_stays_readable() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let body = json!({ "item": "TRA-03", "note": "其实是站台损坏" });
    let (status, answer) = desk.reroute(CENTRE, &case_id, body).await;
    assert_eq!(
        (status, &answer["item"], &answer["bodies"][0]),
        (200, &json!("TRA-03"), &json!("bus-company"))
    );
    assert_eq!(answer["case_no"], "990102001-261123-0001", "{answer}");

    let [(envelope, said)] = &desk.rerouted().await[..] else { panic!("one") };
    let (case, plan) = (said.case.as_ref().unwrap(), said.plan.as_ref().unwrap());
    assert_eq!(
        (envelope.event_type, envelope.version),
        (EventType::CaseRerouted, 4),
        "opened, routed, joined"
    );
    assert_eq!((case.item.as_str(), case.voices, case.text.as_str()), ("TRA-03", 2, "改线"));
    assert_eq!((lead(&plan.orders), plan.orders.len()), ("bus-company", 5));
    assert!(plan.policy.is_some() && plan.verify.is_some(), "all that dispatch needs");
    assert_eq!(
        (said.item_before.as_str(), said.item_before_en.as_str()),
        ("TRA-01", "Bus route change affecting travel")
    );
    assert_eq!((said.bodies_before[0].as_str(), &said.place_before), ("transport", &None));
    assert_eq!(
        (said.by.as_str(), said.desk.as_str(), said.note.as_str()),
        (CENTRE, "street", "其实是站台损坏")
    );
    assert!(said.item_explanation_json.contains("\"method\":\"review\""), "{}", said.item_explanation_json);

    // The column that bodies are told and let in by follows.
    let bodies: Vec<String> = plan.orders.iter().map(|order| order.body.clone()).collect();
    assert_eq!(desk.bodies(&case_id).await, bodies);
    let why = desk.reads(CENTRE, &format!("cases/{case_id}/explanation")).await;
    assert_eq!((&why["item"]["method"], &why["item"]["item"]), (&json!("review"), &json!("TRA-03")));
    assert_eq!(remade(&why["plan"]).plan.lead.to_string(), "bus-company");
    let earlier = &why["earlier"][0];
    assert_eq!(remade(&earlier["plan"]).plan.lead.to_string(), "transport");
    assert_eq!((&earlier["item"]["item"], &earlier["note"]), (&json!("TRA-01"), &json!("其实是站台损坏")));
    assert_eq!(why["earlier"].as_array().unwrap().len(), 1);
    // From here on it is a case of that item.
    desk.hear(&[report(3, "TRA-03", "站牌倒了"), report(4, "TRA-01", "改线")]).await;
    let apart: [&[u128]; 2] = [&[1, 2, 3], &[4]];
    assert_eq!(desk.cases(STREET).await, apart);
}

#[tokio::test]
async fn the_same_again_gets_the_same_answer_and_nothing_is_said_twice() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let wanted = json!({ "item": "TRA-03", "note": "站台" });
    let first = desk.reroute(CENTRE, &case_id, wanted.clone()).await;
    desk.rig.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted).await, first);
    assert_eq!(
        desk.reroute(DISTRICT, &case_id, json!({ "item": "TRA-03" })).await,
        first,
        "other words, or persons"
    );
    assert_eq!(desk.rerouted().await.len(), 1);
    // Even when it is over since.
    desk.dispatch_says(EventType::CaseClosed, &case_id, 7).await;
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-03" })).await, first);
    desk.dispatch_says(EventType::CaseReopened, &case_id, 8).await;
    // There and back again is another one each time.
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-01" })).await.0, 200);
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-03" })).await.0, 200);
    let versions: Vec<u64> = desk.rerouted().await.iter().map(|(envelope, _)| envelope.version).collect();
    assert_eq!(versions, [3, 4, 5]);
}

/// It came too late for dispatch: who has orders reads why again, and the same request is no repetition.
#[tokio::test]
async fn what_dispatch_refused_is_asked_and_said_anew() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let held = desk.bodies(&case_id).await;
    let wanted = json!({ "item": "TRA-03", "note": "站台" });
    let (status, first) = desk.reroute(CENTRE, &case_id, wanted.clone()).await;
    assert_eq!(status, 200, "{first}");
    let drawn = desk.bodies(&case_id).await;
    assert_ne!(drawn, held);
    // Of a plan that nobody drew anew, and of one that an older dispatch does not name.
    desk.dispatch_answers(REFUSED, &case_id, 4, 2).await;
    desk.dispatch_says(REFUSED, &case_id, 5).await;
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted.clone()).await, (200, first.clone()));
    assert_eq!((desk.bodies(&case_id).await, desk.rerouted().await.len()), (drawn.clone(), 1));

    // It, and it again.
    for version in [6, 6, 7] {
        desk.dispatch_answers(REFUSED, &case_id, version, 3).await;
    }
    assert_eq!(desk.bodies(&case_id).await, held);
    assert_eq!(desk.rerouted().await.len(), 1, "nothing is said because of it");
    desk.rig.clock.advance(std::time::Duration::from_secs(60));
    let (status, again) = desk.reroute(CENTRE, &case_id, wanted.clone()).await;
    assert_eq!(
        (status, &again["item"], &again["bodies"]),
        (200, &first["item"], &first["bodies"]),
        "{again}"
    );
    assert_ne!(again["rerouted_at"], first["rerouted_at"]);
    let said = desk.rerouted().await;
    let [(_, one), (envelope, other)] = &said[..] else { panic!("two") };
    assert_eq!((envelope.version, &other.bodies_before), (4, &held));
    assert_eq!(other.plan.as_ref().unwrap().orders, one.plan.as_ref().unwrap().orders);

    // Late, of the first one: the second stands.
    desk.dispatch_answers(REFUSED, &case_id, 8, 3).await;
    assert_eq!(desk.bodies(&case_id).await, drawn);
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted).await, (200, again));
    assert_eq!(desk.rerouted().await.len(), 2);
}

/// Two were asked before either refusal was heard, and the lanes bring these in any order.
#[tokio::test]
async fn bodies_have_what_they_had_before_the_first_of_several_refused() {
    for order in [[3, 4], [4, 3]] {
        let desk = Desk::open().await;
        desk.hear(&[report(1, "TRA-01", "改线")]).await;
        let case_id = desk.one().await;
        let held = desk.bodies(&case_id).await;
        for item in ["TRA-03", "TRA-02"] {
            assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": item })).await.0, 200);
        }
        for (version, plan_version) in (6..).zip(order) {
            desk.dispatch_answers(REFUSED, &case_id, version, plan_version).await;
        }
        assert_eq!(desk.bodies(&case_id).await, held, "{order:?}");
        // What it was is right after all: that is said, too.
        assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-01" })).await.0, 200);
        assert_eq!(desk.rerouted().await.len(), 3);
    }
}

#[tokio::test]
async fn another_place_is_placed_anew() {
    let desk = place::desk().await;
    desk.hear(&[report(1, "ENV-04", "")]).await;
    let case_id = desk.one().await;
    let body = json!({ "place": place(EASTERN), "note": "在路的另一侧" });
    let (status, answer) = desk.reroute(CENTRE, &case_id, body).await;
    assert_eq!((status, &answer["bodies"][0]), (200, &json!(format!("community@{EAST}"))), "{answer}");
    let [(_, said)] = &desk.rerouted().await[..] else { panic!("one") };
    let (case, before) = (said.case.as_ref().unwrap(), said.place_before.as_ref().unwrap());
    assert_eq!((case.community.as_str(), case.grid.as_str()), (EAST, "990102001006001"));
    assert_eq!((said.community_before.as_str(), said.grid_before.as_str()), (WEST, "990102001005001"));
    assert_eq!((before.lon, before.address.as_str()), (106.5512, "滨江路"));
    let now = case.place.as_ref().unwrap();
    assert_eq!((now.lon, now.address.as_str()), (EASTERN, "南坪路2号"));
    assert_eq!(
        (said.item_before.as_str(), said.item_explanation_json.as_str()),
        ("ENV-04", ""),
        "the item stays"
    );
    // Who reports there joins it, and who reports at the old place does not.
    desk.hear(&[Sent { lon: EASTERN, ..report(2, "ENV-04", "") }, report(3, "ENV-04", "")]).await;
    let apart: [&[u128]; 2] = [&[1, 2], &[3]];
    assert_eq!(desk.cases(STREET).await, apart);
    let (status, refusal) = desk.reroute(CENTRE, &case_id, json!({ "place": place(107.0) })).await;
    assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!("outside-territory")));
    assert_eq!(desk.examples().await, [], "no item was corrected");
}

#[tokio::test]
async fn a_corrected_item_is_a_labelled_example_the_last_word_on_its_report() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好"), Sent { lon: 106.6, ..report(2, "TRA-01", "您好") }]).await;
    let decide = format!("reviews/{}:decide", uuid::Uuid::from_u128(1));
    assert_eq!(desk.acts(CENTRE, &decide, json!({ "item": "TRA-01" })).await.0, 200);
    assert_eq!(desk.examples().await, [("你好".to_owned(), "TRA-01".to_owned())]);
    for opened in desk.opened().await {
        desk.rig.clock.advance(std::time::Duration::from_secs(1));
        let case = opened.case.unwrap();
        let wanted = if case.text == "你好" { "TRA-03" } else { "TRA-02" };
        assert_eq!(desk.reroute(CENTRE, &case.case_id, json!({ "item": wanted })).await.0, 200);
    }
    let mut examples = desk.examples().await;
    examples.sort();
    let example = |text: &str, label: &str| (text.to_owned(), label.to_owned());
    assert_eq!(examples, [example("你好", "TRA-03"), example("您好", "TRA-02")]);
}

/// What was read last is decided anew before the next page is asked for: what lies between is not left out.
#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended_though_its_last_example_moved() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好"), report(2, "", "您好"), report(3, "", "大家好")]).await;
    for (n, item) in [(1, "TRA-01"), (2, "TRA-03"), (3, "TRA-02")] {
        let decide = format!("reviews/{}:decide", uuid::Uuid::from_u128(n));
        assert_eq!(desk.acts(CENTRE, &decide, json!({ "item": item })).await.0, 200);
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
    }
    let texts = |page: &Value| -> Vec<String> {
        let examples = page["examples"].as_array().unwrap().iter();
        examples.map(|example| example["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = desk.reads(CENTRE, "examples?limit=1").await;
    assert_eq!(texts(&first), ["你好"]);
    let case_id = desk.case_of(1).await;
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-02" })).await.0, 200);
    let rest = desk.reads(CENTRE, &format!("examples?after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(texts(&rest), ["您好", "大家好", "你好"], "it again, with the last word on it");
    // The report alone, as builds before gave it out: behind where it is now.
    let bare = desk.reads(CENTRE, &format!("examples?after={}", uuid::Uuid::from_u128(2))).await;
    assert_eq!(texts(&bare), ["大家好", "你好"]);
    for forged in ["7", "now.00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000009"] {
        let path = format!("/triage/v1/streets/{STREET}/examples?after={forged}");
        let (status, _, problem) =
            desk.rig.http("GET", &path, Some(&desk.rig.token(CENTRE)), &[], None).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("bad-cursor")), "{forged}");
    }
}

/// It was re-routed often where it was, and once where it came to: versions of two cases cannot be held against each other.
#[tokio::test]
async fn the_last_word_on_a_report_is_the_last_in_time_whatever_case_it_was_in() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-03", "你好"), report(2, "TRA-01", "您好")]).await;
    let (from, into) = (desk.case_of(1).await, desk.case_of(2).await);
    let corrects = async |case_id: &str, item: &str| {
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
        let (status, answer) = desk.reroute(CENTRE, case_id, json!({ "item": item })).await;
        assert_eq!(status, 200, "{answer}");
    };
    for item in ["TRA-01", "TRA-03"] {
        corrects(&from, item).await;
    }
    assert_eq!(desk.examples().await, [("你好".to_owned(), "TRA-03".to_owned())]);
    let merge = json!({ "case_id": into, "note": "同一处" });
    assert_eq!(desk.acts(CENTRE, &format!("cases/{from}:merge"), merge).await.0, 200);
    let (status, apart) = desk.split(&into, 1, json!({ "item": "TRA-03" })).await;
    assert_eq!(status, 200, "{apart}");
    corrects(apart["case_id"].as_str().unwrap(), "TRA-01").await;
    assert_eq!(desk.examples().await, [("你好".to_owned(), "TRA-01".to_owned())]);
}

#[tokio::test]
async fn what_cannot_be_re_routed_says_why() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let item = |item: &str| json!({ "item": item });
    for (wanted, code) in [
        (item("TRA-99"), "unknown-item"),
        (json!({ "note": "不对" }), "missing-field"),
        (json!({ "item": "TRA-03", "report_id": uuid::Uuid::from_u128(1) }), "unknown-field"),
    ] {
        let (status, refusal) = desk.reroute(CENTRE, &case_id, wanted).await;
        assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!(code)), "{refusal}");
    }
    let far = json!({ "place": { "lon": 200.0, "lat": 29.5, "datum": "wgs84" } });
    assert_eq!(desk.reroute(CENTRE, &case_id, far).await.0, 422);
    let undeclared = json!({ "place": { "lon": 106.5, "lat": 29.5 } });
    assert_eq!(desk.reroute(CENTRE, &case_id, undeclared).await.0, 422);
    let (status, refusal) = desk.reroute(CENTRE, &case_id, item("TRA-01")).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("nothing-changed")));
    assert_eq!(desk.reroute("resident", &case_id, item("TRA-03")).await.0, 403);
    assert_eq!(desk.reroute("transport", &case_id, item("TRA-03")).await.0, 403);
    assert_eq!(desk.reroute("stranger", &case_id, item("TRA-03")).await.0, 404);
    let nobodys = uuid::Uuid::from_u128(9).to_string();
    assert_eq!(desk.reroute(CENTRE, &nobodys, item("TRA-03")).await.0, 404);
    desk.dispatch_says(EventType::CaseClosed, &case_id, 7).await;
    let (status, refusal) = desk.reroute(CENTRE, &case_id, item("TRA-03")).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("case-over")));
    assert_eq!((desk.rerouted().await, desk.count("reroutes").await), (vec![], 0));
}

/// A wrong item does not have to go out first: the plan that waits is another one, and goes on waiting until the same instant.
#[tokio::test]
async fn a_plan_that_waits_is_drawn_anew_and_goes_on_waiting() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let due_at = desk.reads(CENTRE, "plan-reviews").await["plan_reviews"][0]["due_at"].clone();
    desk.rig.clock.advance(std::time::Duration::from_secs(600));
    let wanted = json!({ "item": "TRA-03", "note": "其实是站台损坏" });
    let (status, answer) = desk.reroute(CENTRE, &case_id, wanted.clone()).await;
    assert_eq!(
        (status, &answer["item"], &answer["bodies"][0]),
        (200, &json!("TRA-03"), &json!("bus-company")),
        "{answer}"
    );
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted).await, (200, answer), "the same again");
    let unchanged =
        desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-03", "place": place(106.5512) })).await;
    assert_eq!(unchanged.0, 200, "another address");
    assert_eq!(
        (desk.rerouted().await, desk.routed().await),
        (vec![], vec![]),
        "dispatch hears nothing of it"
    );
    let said = desk.said().await.into_iter().filter_map(|(envelope, said)| match said {
        Said::PlanReview(said) => Some((envelope.version, said)),
        _ => None,
    });
    let said: Vec<_> = said.collect();
    let [(2, first), (4, anew), (5, moved)] = &said[..] else { panic!("{said:?}") };
    let case = anew.case.as_ref().unwrap();
    assert_eq!((case.item.as_str(), case.standing.as_str()), ("TRA-03", "reviewing"));
    assert_eq!((lead(&anew.plan.as_ref().unwrap().orders), anew.due_at), ("bus-company", first.due_at));
    assert_eq!(
        (anew.item_before.as_str(), anew.by.as_str(), anew.note.as_str(), anew.told_bodies.len()),
        ("TRA-01", CENTRE, "其实是站台损坏", 0)
    );
    assert!(anew.place_before.is_none() && moved.place_before.is_some());
    let list = desk.reads(CENTRE, "plan-reviews").await;
    let entry = &list["plan_reviews"][0];
    assert_eq!(
        (&entry["item"], &entry["lead"], &entry["due_at"]),
        (&json!("TRA-03"), &json!("bus-company"), &due_at)
    );
    assert!(desk.bodies(&case_id).await.is_empty(), "nobody has it");
    assert_eq!(desk.examples().await, [("改线".to_owned(), "TRA-03".to_owned())]);
    // Nobody decides: what goes out is what was drawn last.
    desk.rig.clock.advance(std::time::Duration::from_secs(1_200));
    desk.rig.drain().await;
    let [(_, routed)] = &desk.routed().await[..] else { panic!("one case") };
    assert_eq!(lead(&routed.plan.as_ref().unwrap().orders), "bus-company");
    let why = desk.reads(CENTRE, &format!("cases/{case_id}/explanation")).await;
    assert_eq!(remade(&why["earlier"][1]["plan"]).plan.lead.to_string(), "transport", "{why}");
}

#[tokio::test]
async fn a_plan_that_waits_is_drawn_anew_by_who_may_decide_on_it() {
    let desk = Desk::reviewing(RoutingMode::DistrictReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let wanted = json!({ "item": "TRA-03" });
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted.clone()).await.1["code"], "districts-desk");
    assert_eq!(desk.reroute(DISTRICT, &case_id, wanted.clone()).await.0, 200);
    let nothing = desk.reroute(DISTRICT, &case_id, json!({ "item": "TRA-03", "place": null })).await;
    assert_eq!(nothing.0, 200, "the same again");
    // It turns out to be mortal danger: nobody waits any more.
    assert_eq!(desk.reroute(DISTRICT, &case_id, json!({ "item": "SAF-01" })).await.0, 200);
    let [(envelope, routed)] = &desk.routed().await[..] else { panic!("one case") };
    let case = routed.case.as_ref().unwrap();
    assert_eq!(
        (envelope.lane, case.item.as_str(), case.standing.as_str()),
        (ids::Lane::Urgent, "SAF-01", "")
    );
    let review: Value = serde_json::from_str(&routed.plan.as_ref().unwrap().review_json).unwrap();
    assert_eq!(review["outcome"], "pressed");
    assert_eq!(desk.count("wakeups").await, 0);
    // Somebody has it in hand.
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    assert_eq!(desk.acts(DISTRICT, &format!("plan-reviews/{case_id}:claim"), json!({})).await.0, 200);
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted).await.1["code"], "claimed-by-another");
}

/// One that a review changed is drawn anew like any other, and the review stays readable.
#[tokio::test]
async fn what_went_out_of_a_review_is_drawn_anew() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let approve = format!("plan-reviews/{case_id}:approve");
    assert_eq!(desk.acts(CENTRE, &approve, json!({ "lead": "traffic-police" })).await.0, 200);
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-03" })).await.0, 200);
    let why = desk.reads(CENTRE, &format!("cases/{case_id}/explanation")).await;
    assert_eq!(why["earlier"][0]["plan_review"]["outcome"], "changed", "{why}");
    assert_eq!(why.get("plan_review"), None, "of the first plan");
}

/// The one was helped by a body of the district and the other is not: both are the street's.
#[tokio::test]
async fn the_street_re_routes_what_it_leads_though_the_district_helped() {
    let desk = place::desk().await;
    desk.hear(&[report(1, "ENV-01", "垃圾桶满了")]).await;
    let case_id = desk.one().await;
    let (status, answer) = desk.reroute(CENTRE, &case_id, json!({ "item": "LIV-09" })).await;
    assert_eq!((status, &answer["bodies"][0]), (200, &json!(format!("street-party@{STREET}"))), "{answer}");
}

#[tokio::test]
async fn what_is_the_district_s_goes_by_the_district() {
    // The list reserved it for the district, and a street does not take it down.
    let desk = place::desk().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let down = json!({ "item": "ENV-04" });
    assert_eq!(desk.reroute(CENTRE, &case_id, down.clone()).await.1["code"], "district-reroutes");
    assert_eq!(desk.reroute(DISTRICT, &case_id, down.clone()).await.0, 200);
    assert_eq!(desk.rerouted().await[0].1.desk, "district");
    // Nor where dispatch refused the district: bodies have the district's plan still.
    desk.dispatch_answers(REFUSED, &case_id, 7, 3).await;
    assert_eq!(desk.reroute(CENTRE, &case_id, down.clone()).await.1["code"], "district-reroutes");
    assert_eq!(desk.reroute(DISTRICT, &case_id, down).await.0, 200);
    // The street's own goes where the list says.
    assert_eq!(desk.reroute(CENTRE, &case_id, json!({ "item": "TRA-01" })).await.0, 200);

    // The district gave it.
    let desk = Desk::open().await;
    let (by, lead) = ("district".to_owned(), "street-safety@990102001000".to_owned());
    let assigned = Some(Assignment { by, lead, assists: vec![] });
    desk.hear(&[Sent { assigned, ..report(1, "SAF-10", "请排查") }]).await;
    let case_id = desk.one().await;
    let moved = json!({ "place": place(EASTERN) });
    assert_eq!(desk.reroute(CENTRE, &case_id, moved.clone()).await.1["code"], "district-reroutes");
    let (status, answer) = desk.reroute(DISTRICT, &case_id, moved).await;
    assert_eq!((status, &answer["bodies"][0]), (200, &json!("street-safety@990102001000")), "whom it named");

    // It has to look at the plan.
    let desk = Desk::reviewing(RoutingMode::DistrictReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.one().await;
    let approve = format!("plan-reviews/{case_id}:approve");
    assert_eq!(desk.acts(DISTRICT, &approve, json!({})).await.0, 200);
    let wanted = json!({ "item": "TRA-03" });
    assert_eq!(desk.reroute(CENTRE, &case_id, wanted.clone()).await.1["code"], "district-reroutes");
    assert_eq!(desk.reroute(DISTRICT, &case_id, wanted).await.0, 200);
}
