//! Plans that wait for a person (D33): who decides, what becomes of them, and that none waits for ever.

use contract::document::RoutingMode;
use contract::proto::from_wire;
use contract::proto::triage::{PlanReviewRequested, Role};
use ids::Lane;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, Said, Sent, report};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";

impl Desk {
    /// Plans that were put onto a desk, in the order they were said.
    async fn requested(&self) -> Vec<PlanReviewRequested> {
        let said = self.said().await.into_iter();
        said.filter_map(|(_, said)| if let Said::PlanReview(said) = said { Some(said) } else { None })
            .collect()
    }

    /// The one plan that waits: its case's id.
    async fn waiting(&self) -> String {
        let list = self.reads(CENTRE, "plan-reviews").await;
        let [entry] = &list["plan_reviews"].as_array().unwrap()[..] else { panic!("{list}") };
        entry["case_id"].as_str().unwrap().to_owned()
    }

    /// Roles of the one plan that went out, and what its review says.
    async fn went_out(&self) -> (Vec<(String, Role)>, Value) {
        let [(_, routed)] = &self.routed().await[..] else { panic!("one case") };
        let plan = routed.plan.as_ref().unwrap();
        let roles = plan.orders.iter().map(|order| (order.body.clone(), order.role()));
        (roles.collect(), serde_json::from_str(&plan.review_json).unwrap())
    }
}

#[tokio::test]
async fn a_plan_waits_for_the_street_and_goes_out_as_it_was_drawn() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    assert_eq!(desk.routed().await, [], "nobody has it yet");
    let [asked] = &desk.requested().await[..] else { panic!("one plan") };
    assert_eq!(
        (asked.desk.as_str(), &asked.told_bodies[..]),
        ("street", &[format!("street-centre@{STREET}")][..])
    );
    let due_at = from_wire(asked.due_at.as_ref().unwrap()).unwrap();
    assert_eq!(due_at, desk.rig.clock.now() + SignedDuration::from_mins(30));
    assert!(
        desk.joined().await.iter().all(|joined| joined.told_bodies.is_empty()),
        "no body has it to be told"
    );
    let list = desk.reads(CENTRE, "plan-reviews?desk=street").await;
    let entry = &list["plan_reviews"][0];
    assert_eq!(
        (&entry["lead"], &entry["voices"], &entry["mode"], &entry["item"], &entry["desk"]),
        (&json!("transport"), &json!(2), &json!("street-review"), &json!("TRA-01"), &json!("street"))
    );
    assert_eq!(entry["plan_explanation"]["plan"]["lead"], "transport", "{entry}");
    assert_eq!(desk.reads(CENTRE, "plan-reviews?desk=district").await["plan_reviews"], json!([]));
    let case_id = desk.waiting().await;
    desk.rig.clock.advance(std::time::Duration::from_secs(600));
    let approve = format!("plan-reviews/{case_id}:approve");
    let (status, first) = desk.acts(CENTRE, &approve, json!({ "note": "属实" })).await;
    assert_eq!((status, &first["outcome"]), (200, &json!("approved")), "{first}");
    assert_eq!(desk.acts(DISTRICT, &approve, json!({})).await, (200, first), "again, whoever asks");
    let (roles, review) = desk.went_out().await;
    assert_eq!(roles[0], ("transport".to_owned(), Role::Lead));
    assert_eq!(
        (&review["outcome"], &review["desk"], &review["note"]),
        (&json!("approved"), &json!("street"), &json!("属实"))
    );
    let (envelope, routed) = &desk.routed().await[0];
    assert_eq!(
        (envelope.version, routed.case.as_ref().unwrap().voices),
        (4, 2),
        "opened, asked, joined, routed"
    );
    assert!(routed.case.as_ref().unwrap().standing.is_empty() && routed.accepted_at.is_none());
    let explained = desk.reads(CENTRE, &format!("cases/{case_id}/explanation")).await;
    assert_eq!(explained["plan_review"]["outcome"], "approved");
    // From here on it is a case like any other.
    desk.hear(&[report(3, "TRA-01", "改线"), report(4, "TRA-01", "改线"), report(5, "TRA-01", "改线")]).await;
    assert_eq!(
        desk.joined().await.iter().map(|joined| joined.told_bodies.len()).max(),
        Some(5),
        "told at the fifth voice"
    );
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3, 4, 5]]);
    desk.rig.clock.advance(std::time::Duration::from_secs(3_600));
    desk.rig.drain().await;
    assert_eq!(desk.routed().await.len(), 1, "what was decided does not lapse");
}

#[tokio::test]
async fn a_plan_nobody_reviews_goes_out_when_its_time_is_over_and_not_before() {
    let desk = Desk::reviewing(RoutingMode::DistrictReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.waiting().await;
    desk.rig.clock.advance(std::time::Duration::from_secs(1_799));
    desk.rig.drain().await;
    assert_eq!(desk.routed().await, []);
    desk.rig.clock.advance(std::time::Duration::from_secs(1));
    desk.rig.drain().await;
    let (roles, review) = desk.went_out().await;
    assert_eq!(roles[0], ("transport".to_owned(), Role::Lead));
    assert_eq!(
        (&review["outcome"], &review["desk"], &review["zh"]),
        (&json!("lapsed"), &json!("district"), &json!("区未在时限内审核，按原方案派单"))
    );
    assert_eq!(desk.count("wakeups").await, 0);
    let (status, late) = desk.acts(DISTRICT, &format!("plan-reviews/{case_id}:approve"), json!({})).await;
    assert_eq!((status, &late["code"]), (409, &json!("invalid-transition")));
}

/// A street whose lock is never free for the runner: whoever holds it for a batch of reports lets out what is due.
#[tokio::test]
async fn a_due_plan_goes_out_with_the_next_batch_of_its_street() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let settle = async |n: u128| {
        let other = Sent { lat: 29.62, ..report(n, "TRA-03", "站牌坏了") };
        let scope = pg::TenantScope::of_subjects([other.tenant()]);
        let mut tx = desk.rig.house.pool.begin(scope).await.unwrap();
        let room = desk.replica();
        triage::handle::settle(&room, &mut tx, desk.rig.clock.now(), &[other.submission()]).await.unwrap();
        tx.commit().await.unwrap();
    };
    desk.rig.clock.advance(std::time::Duration::from_secs(1_799));
    settle(2).await;
    assert_eq!(desk.routed().await, [], "it is not due yet");
    desk.rig.clock.advance(std::time::Duration::from_secs(1));
    settle(3).await;
    let (roles, review) = desk.went_out().await;
    assert_eq!((roles[0].0.as_str(), &review["outcome"]), ("transport", &json!("lapsed")));
    // The wake-up of the other one is left, and fires for nothing but that.
    assert_eq!(desk.count("wakeups").await, 1);
    desk.rig.drain().await;
    assert_eq!(desk.routed().await.len(), 1);
}

#[tokio::test]
async fn a_person_routes_by_hand_within_what_the_list_reserves() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let approve = format!("plan-reviews/{}:approve", desk.waiting().await);
    for (body, pointer) in
        [(json!({ "lead": "nobody" }), "/lead"), (json!({ "assists": ["no body"] }), "/assists")]
    {
        let (status, refusal) = desk.acts(CENTRE, &approve, body).await;
        assert_eq!((status, &refusal["errors"][0]["pointer"]), (422, &json!(pointer)), "{refusal}");
    }
    let only_assists = json!({ "lead": "women-federation" });
    for who in [CENTRE, DISTRICT] {
        let (status, refusal) = desk.acts(who, &approve, only_assists.clone()).await;
        assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!("cannot-lead")), "{refusal}");
    }
    let down = json!({ "lead": format!("street-centre@{STREET}") });
    let (status, refusal) = desk.acts(CENTRE, &approve, down.clone()).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("reserved-above")));
    let by_hand = json!({ "lead": "traffic-police", "assists": ["bus-company"], "note": "先由交警处置" });
    let (status, state) = desk.acts(CENTRE, &approve, by_hand.clone()).await;
    assert_eq!((status, &state["outcome"]), (200, &json!("changed")), "{state}");
    let (roles, review) = desk.went_out().await;
    assert_eq!(
        roles[..2],
        [("traffic-police".to_owned(), Role::Lead), ("bus-company".to_owned(), Role::Assist)]
    );
    assert!(roles.iter().all(|(body, _)| body != "transport"), "{roles:?}");
    assert_eq!(
        (&review["drawn"]["lead"], &review["decided"]["lead"]),
        (&json!("transport"), &json!("traffic-police"))
    );
    assert_eq!(desk.acts(CENTRE, &approve, by_hand).await, (200, state), "the same again");
    // Past cases are held against what went out, not against what was drawn.
    let asked =
        json!({ "core_document": crate::rules::core(1, STREET, |_| {}), "since": "2026-11-01T00:00:00Z" });
    let (_, answer) = desk.backtest(CENTRE, STREET, asked).await;
    let case = &answer["cases"][0];
    assert_eq!(
        (&case["before"]["lead"], &case["before"]["assists"], &case["after"]["lead"]),
        (&json!("traffic-police"), &json!(["bus-company"]), &json!("transport")),
        "{answer}"
    );
    for other in [down, json!({}), json!({ "lead": "traffic-police", "assists": [] })] {
        let (status, refusal) = desk.acts(DISTRICT, &approve, other).await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("invalid-transition")),
            "nobody believes what is not so"
        );
    }
}

/// The list gives it to the street; that a body of the district helps does not make it the district's.
#[tokio::test]
async fn the_street_gives_what_it_leads_to_another_of_its_bodies() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "ENV-01", "垃圾桶满了")]).await;
    let approve = format!("plan-reviews/{}:approve", desk.waiting().await);
    let down = json!({ "lead": "community@990102001005" });
    assert_eq!(desk.acts(CENTRE, &approve, down).await.1["code"], "reserved-above");
    let lead = format!("street-enforcement@{STREET}");
    let (status, state) = desk.acts(CENTRE, &approve, json!({ "lead": lead })).await;
    assert_eq!((status, &state["outcome"]), (200, &json!("changed")), "{state}");
    let (roles, _) = desk.went_out().await;
    assert_eq!(roles[..2], [(lead, Role::Lead), ("sanitation".to_owned(), Role::Assist)]);
    let plan = desk.routed().await.remove(0).1.plan.unwrap();
    assert_eq!(plan.level, "district", "only the district can command them both");
}

#[tokio::test]
async fn the_districts_desk_is_the_districts() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let entry = format!("plan-reviews/{}", desk.waiting().await);
    let act = |verb: &str| format!("{entry}:{verb}");
    let (status, state) = desk.acts(CENTRE, &act("raise"), json!({ "note": "涉及跨区线路" })).await;
    assert_eq!((status, &state["desk"]), (200, &json!("district")));
    assert_eq!(desk.acts(CENTRE, &act("raise"), json!({})).await.1["code"], "districts-desk");
    for verb in ["approve", "hand-down", "claim"] {
        let (status, refusal) = desk.acts(CENTRE, &act(verb), json!({})).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("districts-desk")), "{verb}");
    }
    let asked = desk.requested().await;
    assert_eq!((asked[1].desk.as_str(), asked[1].note.as_str()), ("district", "涉及跨区线路"));
    assert_eq!((&asked[1].told_bodies[..], asked[1].due_at), (&[DISTRICT.to_owned()][..], asked[0].due_at));
    assert_eq!(desk.acts(DISTRICT, &act("raise"), json!({})).await.0, 409, "there already");
    assert_eq!(desk.acts(DISTRICT, &act("hand-down"), json!({})).await.1["desk"], "street");
    let (status, state) =
        desk.acts(DISTRICT, &act("approve"), json!({ "lead": format!("street-centre@{STREET}") })).await;
    assert_eq!((status, &state["outcome"]), (200, &json!("changed")), "{state}");
    let plan = desk.routed().await.remove(0).1.plan.unwrap();
    assert_eq!(plan.level, "district", "given to the street, and bodies of the district assist");
}

#[tokio::test]
async fn two_operators_do_not_collide() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "", "你好")]).await;
    let plan = format!("plan-reviews/{}", desk.waiting().await);
    let of_report = format!("reviews/{}", uuid::Uuid::from_u128(2));
    for (entry, decide) in [(plan, json!({})), (of_report, json!({ "item": "TRA-03" }))] {
        let verb = if entry.starts_with("plan") { "approve" } else { "decide" };
        let (status, state) = desk.acts(CENTRE, &format!("{entry}:claim"), json!({})).await;
        assert_eq!((status, &state["claimed_by"]), (200, &json!(CENTRE)), "{state}");
        for act in ["claim", "release", verb] {
            let body = if act == verb { decide.clone() } else { json!({}) };
            let (status, refusal) = desk.acts(DISTRICT, &format!("{entry}:{act}"), body).await;
            assert_eq!((status, &refusal["code"]), (409, &json!("claimed-by-another")), "{act}");
        }
        let list = desk.reads(DISTRICT, entry.split('/').next().unwrap()).await;
        assert!(list.to_string().contains("claimed_until"), "{list}");
        let (_, state) = desk.acts(CENTRE, &format!("{entry}:release"), json!({})).await;
        assert_eq!(state.get("claimed_by"), None);
        assert_eq!(desk.acts(DISTRICT, &format!("{entry}:claim"), json!({})).await.0, 200);
        // A claim that was forgotten ends by itself.
        desk.rig.clock.advance(std::time::Duration::from_secs(15 * 60));
        let (status, state) = desk.acts(CENTRE, &format!("{entry}:{verb}"), decide).await;
        assert_eq!((status, state.get("claimed_by")), (200, None), "{state}");
    }
}

#[tokio::test]
async fn danger_and_drills_wait_for_nobody() {
    let desk = Desk::reviewing(RoutingMode::DistrictReview).await;
    let urgent = Sent { lane: Lane::Urgent, ..report(1, "SAF-01", "着火了") };
    let drill = Sent { drill: true, ..report(2, "TRA-01", "演练") };
    desk.hear(&[urgent, drill]).await;
    assert_eq!((desk.routed().await.len(), desk.requested().await.len()), (2, 0));
    // A case that waits, and then somebody says that there is danger.
    desk.hear(&[report(3, "TRA-01", "改线")]).await;
    assert_eq!((desk.routed().await.len(), desk.requested().await.len()), (2, 1));
    desk.hear(&[Sent { lane: Lane::Urgent, ..report(4, "TRA-01", "改线") }]).await;
    let routed = desk.routed().await;
    let (envelope, routed) = &routed.last().unwrap();
    let review: Value = serde_json::from_str(&routed.plan.as_ref().unwrap().review_json).unwrap();
    assert_eq!((envelope.lane, &review["outcome"]), (Lane::Urgent, &json!("pressed")));
    assert_eq!(desk.count("wakeups").await, 0);
    assert_eq!(desk.reads(CENTRE, "plan-reviews").await["plan_reviews"], json!([]));
}

#[tokio::test]
async fn who_decided_the_item_has_reviewed_the_plan_where_it_is_theirs_to_review() {
    for (mode, subject, waits) in [
        (RoutingMode::StreetReview, CENTRE, false),
        (RoutingMode::DistrictReview, CENTRE, true),
        (RoutingMode::DistrictReview, DISTRICT, false),
    ] {
        let desk = Desk::reviewing(mode).await;
        desk.hear(&[report(1, "", "你好")]).await;
        let decide = format!("reviews/{}:decide", uuid::Uuid::from_u128(1));
        assert_eq!(desk.acts(subject, &decide, json!({ "item": "TRA-01" })).await.0, 200);
        assert_eq!(desk.requested().await.len(), usize::from(waits), "{mode:?} {subject}");
        assert_eq!(desk.routed().await.len(), usize::from(!waits));
    }
}

#[tokio::test]
async fn what_is_rejected_is_over_and_joined_by_nothing() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "", "你好")]).await;
    let plan = format!("plan-reviews/{}:reject", desk.waiting().await);
    let of_report = format!("reviews/{}:reject", uuid::Uuid::from_u128(2));
    for target in [&plan, &of_report] {
        assert_eq!(desk.acts(CENTRE, target, json!({})).await.1["errors"][0]["pointer"], "/ground");
        assert_eq!(desk.acts(CENTRE, target, json!({ "ground": "because" })).await.0, 422);
        let body = json!({ "ground": "not-a-matter", "note": "只是问候" });
        let (status, first) = desk.acts(CENTRE, target, body.clone()).await;
        assert_eq!(status, 200, "{first}");
        assert_eq!(desk.acts(CENTRE, target, body).await, (200, first));
    }
    let said = desk.said().await;
    let rejected = said.iter().find_map(|(envelope, said)| match said {
        Said::Rejected(said) => Some((envelope.version, said.ground.as_str(), said.note.as_str())),
        _ => None,
    });
    assert_eq!(rejected, Some((3, "not-a-matter", "只是问候")));
    let told = said.iter().find_map(|(envelope, said)| match said {
        Said::ReviewRejected(said) => {
            Some((envelope.version, said.ground.as_str(), said.tracking_sha256.len()))
        }
        _ => None,
    });
    assert_eq!(told, Some((2, "not-a-matter", 32)));
    let case_id = plan.split('/').nth(1).unwrap().split(':').next().unwrap();
    let explained = desk.reads(CENTRE, &format!("cases/{case_id}/explanation")).await;
    assert_eq!(
        (&explained["plan_review"]["outcome"], &explained["plan_review"]["ground"]),
        (&json!("rejected"), &json!("not-a-matter"))
    );
    let other = json!({ "ground": "abuse" });
    assert_eq!(desk.acts(DISTRICT, &plan, other.clone()).await.0, 409);
    assert_eq!(desk.acts(DISTRICT, &of_report, other).await.0, 409);
    desk.hear(&[report(3, "TRA-01", "改线")]).await;
    assert_eq!(desk.cases(STREET).await, [[1], [3]]);
    desk.rig.clock.advance(std::time::Duration::from_secs(1_800));
    desk.rig.drain().await;
    assert_eq!(desk.routed().await.len(), 1, "only the new one lapsed");
    let decide = format!("reviews/{}:decide", uuid::Uuid::from_u128(2));
    assert_eq!(desk.acts(CENTRE, &decide, json!({ "item": "TRA-01" })).await.1["code"], "invalid-transition");
}

#[tokio::test]
async fn a_case_goes_into_another_with_all_its_voices() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let into = desk.waiting().await;
    assert_eq!(desk.acts(CENTRE, &format!("plan-reviews/{into}:approve"), json!({})).await.0, 200);
    desk.hear(&[report(2, "TRA-03", "站牌坏了"), report(3, "TRA-03", "站牌坏了")]).await;
    let from = desk.waiting().await;
    let merge = format!("plan-reviews/{from}:merge");
    let (status, refusal) = desk.acts(CENTRE, &merge, json!({ "case_id": from })).await;
    assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!("same-case")));
    let nowhere = json!({ "case_id": uuid::Uuid::from_u128(99) });
    assert_eq!(desk.acts(CENTRE, &merge, nowhere).await.1["errors"][0]["code"], "no-open-case");
    let (status, state) = desk.acts(CENTRE, &merge, json!({ "case_id": into })).await;
    assert_eq!((status, &state["outcome"]), (200, &json!("merged")), "{state}");
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
    let joined = desk.joined().await;
    let of_into = joined.iter().filter(|joined| joined.case.as_ref().unwrap().case_id == into);
    let last = of_into.max_by_key(|joined| joined.case.as_ref().unwrap().voices).unwrap();
    assert_eq!((last.case.as_ref().unwrap().voices, last.told_bodies.len()), (3, 5), "told once of all");
    let why: Value = serde_json::from_str(&last.join_explanation_json).unwrap();
    assert_eq!((&why["method"], &why["case_id"]), (&json!("by-hand"), &json!(into)));
    let merged = desk.said().await.into_iter().find_map(|(_, said)| match said {
        Said::Merged(said) => Some(said.into_case_id),
        _ => None,
    });
    assert_eq!(merged, Some(into));
    assert_eq!(desk.count("wakeups").await, 0);
    desk.hear(&[report(4, "TRA-03", "站牌坏了")]).await;
    assert_eq!(desk.cases(STREET).await, [vec![1, 2, 3], vec![4]], "nothing joins what is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_and_the_clock_race_to_one_end() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let approve = format!("plan-reviews/{}:approve", desk.waiting().await);
    desk.rig.clock.advance(std::time::Duration::from_secs(1_800));
    let acts = (0..4).map(|_| desk.acts(CENTRE, &approve, json!({})));
    let (_, answers) = tokio::join!(desk.rig.drain(), futures_util::future::join_all(acts));
    desk.rig.drain().await;
    assert_eq!(desk.routed().await.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 409)), "{answers:?}");
    assert_eq!(desk.count("wakeups").await, 0);
}

#[tokio::test]
async fn fields_have_their_verbs_and_doors_their_callers() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let entry = format!("plan-reviews/{}", desk.waiting().await);
    for (verb, body, pointer) in [
        ("approve", json!({ "ground": "test" }), "/ground"),
        ("reject", json!({ "ground": "test", "lead": "transport" }), "/lead"),
        ("merge", json!({}), "/case_id"),
        ("claim", json!({ "assists": [] }), "/assists"),
    ] {
        let (status, refusal) = desk.acts(CENTRE, &format!("{entry}:{verb}"), body).await;
        assert_eq!((status, &refusal["errors"][0]["pointer"]), (422, &json!(pointer)), "{verb}");
    }
    assert_eq!(desk.acts(CENTRE, &format!("{entry}:fly"), json!({})).await.0, 404);
    assert_eq!(desk.acts("transport", &format!("{entry}:approve"), json!({})).await.0, 403);
    assert_eq!(desk.acts("stranger", &format!("{entry}:approve"), json!({})).await.0, 404);
    let foreign = format!("plan-reviews/{}:approve", uuid::Uuid::from_u128(77));
    assert_eq!(desk.acts(CENTRE, &foreign, json!({})).await.0, 404);
}
