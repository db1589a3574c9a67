//! Two cases that bodies have turn out to be one matter (并案): all voices go into the one, and the other is over.

use contract::EventType;
use contract::document::RoutingMode;
use contract::proto::intake::Assignment;
use contract::proto::triage::CaseMerged;
use ids::Lane;
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, Said, Sent, report};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";
const SAFETY: &str = "street-safety@990102001000";

impl Desk {
    async fn merges(&self, who: &str, from: &str, into: &str) -> (u16, Value) {
        let body = json!({ "case_id": into, "note": "同一处站牌" });
        self.acts(who, &format!("cases/{from}:merge"), body).await
    }

    /// What was said of merged cases, with the version it was said at.
    async fn merged(&self) -> Vec<(u64, CaseMerged)> {
        let said = self.said().await.into_iter();
        said.filter_map(|(envelope, said)| match said {
            Said::Merged(merged) => Some((envelope.version, merged)),
            _ => None,
        })
        .collect()
    }
}

/// A bus stop by two names: `[from, into]`, the first with two voices.
async fn two_cases(desk: &Desk) -> [String; 2] {
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    desk.hear(&[report(2, "TRA-03", "站牌坏了"), report(3, "TRA-03", "站牌坏了")]).await;
    [desk.case_of(2).await, desk.case_of(1).await]
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

fn fault(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errors"][0]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn all_voices_go_over_once_and_bodies_are_told_once() {
    let desk = Desk::open().await;
    let [from, into] = two_cases(&desk).await;
    let (status, first) = desk.merges(CENTRE, &from, &into).await;
    assert_eq!(
        (status, &first["case_no"], &first["into_case_no"], &first["into_case_id"]),
        (200, &json!("990102001-261123-0002"), &json!("990102001-261123-0001"), &json!(into)),
        "{first}"
    );
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
    let joined = desk.joined().await;
    let mut of_into: Vec<_> =
        joined.iter().filter(|joined| joined.case.as_ref().unwrap().case_id == into).collect();
    of_into.sort_by_key(|joined| joined.case.as_ref().unwrap().voices);
    let counted = of_into.iter().map(|joined| joined.case.as_ref().unwrap().voices);
    assert_eq!(counted.collect::<Vec<_>>(), [2, 3], "each is said to have joined");
    assert_eq!(of_into.iter().map(|joined| joined.told_bodies.len()).collect::<Vec<_>>(), [0, 5]);
    assert!(of_into.iter().all(|joined| joined.placement == 2 && joined.tracking_sha256.len() == 32));
    let [(version, merged)] = &desk.merged().await[..] else { panic!("said once") };
    let case = merged.case.as_ref().unwrap();
    assert_eq!((*version, case.standing.as_str(), case.voices), (4, "merged", 2), "opened, routed, joined");
    assert_eq!(
        (merged.by.as_str(), merged.routed, merged.note.as_str(), merged.into_case_id.as_str()),
        (CENTRE, true, "同一处站牌", into.as_str())
    );
    // The same again is answered alike, however late, and says nothing; another one is refused.
    let said = desk.said().await;
    desk.rig.clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(desk.merges(DISTRICT, &from, &into).await, (200, first));
    assert_eq!(desk.said().await, said);
    desk.hear(&[report(4, "TRA-03", "站牌坏了")]).await;
    assert_eq!(desk.cases(STREET).await, [vec![1, 2, 3], vec![4]], "nothing joins what is over");
    let elsewhere = desk.merges(CENTRE, &from, &desk.case_of(4).await).await;
    assert_eq!(code(&elsewhere), (409, "invalid-transition"));
}

#[tokio::test]
async fn a_merge_that_was_wrong_is_undone_voice_by_voice() {
    let desk = Desk::open().await;
    let [from, into] = two_cases(&desk).await;
    assert_eq!(desk.merges(CENTRE, &from, &into).await.0, 200);
    // The one that had opened its case, too: here it is a voice like any other.
    let (status, apart) = desk.split(&into, 2, json!({ "item": "TRA-03" })).await;
    assert_eq!((status, &apart["case_no"]), (200, &json!("990102001-261123-0003")), "{apart}");
    assert_eq!(desk.cases(STREET).await, [vec![1, 3], vec![2]]);
    let texts: Vec<String> =
        sqlx::query_scalar("SELECT text FROM triage.cases WHERE case_no LIKE '%0003' AND item = 'TRA-03'")
            .fetch_all(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(texts, ["站牌坏了"]);
    let numbers: Vec<i32> =
        sqlx::query_scalar("SELECT voice FROM triage.voices WHERE case_id = $1::uuid ORDER BY voice")
            .bind(uuid::Uuid::parse_str(&into).unwrap())
            .fetch_all(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(numbers, [1, 3], "numbers are not given twice");
    assert_eq!(code(&desk.split(&from, 3, json!({})).await), (409, "invalid-transition"), "it has none");
}

/// What dispatch says of the orders that end, or what it had said before it heard, opens and closes nothing of a merged case.
#[tokio::test]
async fn what_dispatch_says_of_a_merged_case_changes_nothing() {
    let desk = Desk::open().await;
    let [from, into] = two_cases(&desk).await;
    let (_, first) = desk.merges(CENTRE, &from, &into).await;
    desk.dispatch_says(EventType::CaseReopened, &from, 3).await;
    desk.hear(&[Sent { lat: 29.5668, ..report(4, "TRA-03", "站牌坏了") }]).await;
    assert_eq!(desk.cases(STREET).await, [vec![1, 2, 3], vec![4]], "it stays over");
    desk.dispatch_says(EventType::CaseClosed, &from, 4).await;
    desk.hear(&[Sent { lat: 29.5588, ..report(5, "TRA-03", "站牌坏了") }]).await;
    assert_eq!(desk.cases(STREET).await.len(), 3, "beyond the reach of the other one");
    assert!(desk.routed().await.iter().all(|(_, routed)| routed.repeats.is_none()), "nobody closed it");
    desk.dispatch_says(EventType::CaseCancelled, &from, 5).await;
    desk.rig.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(desk.merges(CENTRE, &from, &into).await, (200, first));
    desk.hear(&[report(6, "TRA-01", "改线")]).await;
    assert!(desk.cases(STREET).await.contains(&vec![1, 2, 3, 6]), "the one that stays is open");
}

#[tokio::test]
async fn what_is_not_open_beside_it_takes_nothing() {
    let desk = Desk::open().await;
    let [from, into] = two_cases(&desk).await;
    let drill = Sent { drill: true, ..report(9, "TRA-01", "演练") };
    desk.hear(&[drill]).await;
    let drill = desk.case_of(9).await;
    let nowhere = uuid::Uuid::from_u128(77).to_string();
    assert_eq!(fault(&desk.merges(CENTRE, &from, &from).await), (422, "same-case"));
    assert_eq!(fault(&desk.merges(CENTRE, &from, &nowhere).await), (422, "no-open-case"));
    assert_eq!(fault(&desk.merges(CENTRE, &from, &drill).await), (422, "no-open-case"));
    assert_eq!(fault(&desk.merges(CENTRE, &drill, &into).await), (422, "no-open-case"));
    assert_eq!(desk.merges(CENTRE, &nowhere, &into).await.0, 404);
    assert_eq!(desk.merges("transport", &from, &into).await.0, 403);
    assert_eq!(desk.merges("stranger", &from, &into).await.0, 404);
    let target = format!("cases/{from}:merge");
    let report_id = uuid::Uuid::from_u128(2);
    for (body, pointer) in [
        (json!({}), "/case_id"),
        (json!({ "case_id": into, "report_id": report_id }), "/report_id"),
        (json!({ "case_id": into, "item": "TRA-01" }), "/item"),
    ] {
        let (status, refusal) = desk.acts(CENTRE, &target, body).await;
        assert_eq!((status, &refusal["errors"][0]["pointer"]), (422, &json!(pointer)), "{refusal}");
    }
    let misplaced = desk.split(&from, 3, json!({ "case_id": into })).await;
    assert_eq!(misplaced.1["errors"][0]["pointer"], "/case_id");
    desk.dispatch_says(EventType::CaseClosed, &into, 4).await;
    assert_eq!(fault(&desk.merges(CENTRE, &from, &into).await), (422, "no-open-case"));
    assert_eq!(code(&desk.merges(CENTRE, &into, &from).await), (409, "case-over"));
    assert_eq!(desk.cases(STREET).await, [vec![1], vec![2, 3], vec![9]]);
    assert!(desk.merged().await.is_empty());
}

/// Bodies do not have what waits: it is merged at its own desk, and nothing goes into it here.
#[tokio::test]
async fn a_plan_that_waits_is_merged_at_its_desk() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    let [from, into] = two_cases(&desk).await;
    assert_eq!(code(&desk.merges(CENTRE, &from, &into).await), (409, "plan-waits"));
    assert_eq!(desk.acts(CENTRE, &format!("plan-reviews/{from}:approve"), json!({})).await.0, 200);
    assert_eq!(code(&desk.merges(CENTRE, &from, &into).await), (409, "plan-waits"), "the other one does");
    assert_eq!(desk.acts(CENTRE, &format!("plan-reviews/{into}:approve"), json!({})).await.0, 200);
    assert_eq!(desk.merges(CENTRE, &from, &into).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
}

#[tokio::test]
async fn the_more_urgent_case_stays() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { lane: Lane::Urgent, ..report(1, "SAF-01", "着火了") }]).await;
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    let (fire, bus) = (desk.case_of(1).await, desk.case_of(2).await);
    for who in [CENTRE, DISTRICT] {
        assert_eq!(code(&desk.merges(who, &fire, &bus).await), (409, "urgent-stays"), "{who}");
    }
    assert_eq!(desk.merges(CENTRE, &bus, &fire).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    // Words alone make a case urgent, too: so many orders wait for nobody.
    desk.hear(&[report(3, "TRA-03", "站牌坏了"), report(4, "TRA-01", "改线")]).await;
    desk.hear(&[Sent { lane: Lane::Urgent, ..report(5, "TRA-03", "站牌坏了") }]).await;
    let (sign, bus) = (desk.case_of(3).await, desk.case_of(4).await);
    assert_eq!(desk.case_of(5).await, sign);
    assert_eq!(code(&desk.merges(CENTRE, &sign, &bus).await), (409, "urgent-stays"));
}

#[tokio::test]
async fn what_the_district_gave_or_the_list_reserves_above_is_merged_by_the_district() {
    let desk = Desk::open().await;
    let assigned = Assignment { by: "district".to_owned(), lead: SAFETY.to_owned(), assists: Vec::new() };
    desk.hear(&[report(1, "SAF-10", "小餐馆乱拉电线"), report(2, "TRA-01", "改线")]).await;
    desk.hear(&[Sent { assigned: Some(assigned), ..report(3, "SAF-10", "请排查小场所") }]).await;
    let (premises, bus, given) = (desk.case_of(1).await, desk.case_of(2).await, desk.case_of(3).await);
    assert_eq!(code(&desk.merges(CENTRE, &given, &premises).await), (409, "district-merges"));
    assert_eq!(
        code(&desk.merges(CENTRE, &bus, &premises).await),
        (409, "district-merges"),
        "its lead is below"
    );
    assert_eq!(desk.merges(CENTRE, &premises, &given).await.0, 200, "into it anybody may");
    assert_eq!(desk.merges(DISTRICT, &given, &bus).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
}

/// Each into the other at the same time: one of them stays.
#[tokio::test(flavor = "multi_thread")]
async fn two_merges_that_cross_leave_one_case() {
    let desk = Desk::open().await;
    let [from, into] = two_cases(&desk).await;
    let (one, other) = tokio::join!(desk.merges(CENTRE, &from, &into), desk.merges(DISTRICT, &into, &from));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{one:?} {other:?}");
    assert!(matches!(statuses[1], 409 | 422), "{one:?} {other:?}");
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
    assert_eq!(desk.merged().await.len(), 1);
}
