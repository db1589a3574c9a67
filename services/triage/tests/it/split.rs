//! A join that was wrong is undone: the voice gets a case of its own, and nothing of either is lost.

use contract::document::RoutingMode;
use serde_json::{Value, json};

use crate::desk::{Desk, SECOND_VOICE, STREET, Said, report};

const CENTRE: &str = "street-centre";

impl Desk {
    /// The case a report is in.
    pub async fn case_of(&self, n: u128) -> String {
        let case: uuid::Uuid = sqlx::query_scalar("SELECT case_id FROM triage.voices WHERE report_id = $1")
            .bind(uuid::Uuid::from_u128(n))
            .fetch_one(self.rig.admin())
            .await
            .unwrap();
        case.to_string()
    }

    pub async fn split(&self, case_id: &str, n: u128, more: Value) -> (u16, Value) {
        let mut body = json!({ "report_id": uuid::Uuid::from_u128(n) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.acts(CENTRE, &format!("cases/{case_id}:split"), body).await
    }
}

#[tokio::test]
async fn a_voice_leaves_for_a_case_of_its_own() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "站牌倒了"), report(3, "TRA-01", "改线")])
        .await;
    let from = desk.case_of(1).await;
    let (status, apart) = desk.split(&from, 2, json!({ "item": "TRA-03", "note": "另一件事" })).await;
    assert_eq!((status, &apart["case_no"]), (200, &json!("990102001-261123-0002")), "{apart}");
    assert_eq!(desk.cases(STREET).await, [vec![1, 3], vec![2]]);
    let routed = desk.routed().await;
    let (_, own) = routed.iter().find(|(_, routed)| routed.case.as_ref().unwrap().item == "TRA-03").unwrap();
    let case = own.case.as_ref().unwrap();
    assert_eq!(
        (case.text.as_str(), case.voices, case.case_id.as_str()),
        ("站牌倒了", 1, apart["case_id"].as_str().unwrap())
    );
    let left = desk.said().await.into_iter().find_map(|(envelope, said)| match said {
        Said::Split(said) => Some((envelope.version, said)),
        _ => None,
    });
    let (version, left) = left.unwrap();
    assert_eq!((version, left.case.as_ref().unwrap().voices), (5, 2));
    assert_eq!((left.to_case_id.as_str(), left.note.as_str()), (case.case_id.as_str(), "另一件事"));
    // Numbers of voices are not given twice, and the count is right.
    desk.hear(&[report(4, "TRA-01", "改线")]).await;
    let counts: Vec<u32> =
        desk.joined().await.iter().map(|joined| joined.case.as_ref().unwrap().voices).collect();
    assert_eq!(counts, [2, 3, 3], "of the voices in the case at the time");
    let numbers: Vec<i32> =
        sqlx::query_scalar("SELECT voice FROM triage.voices WHERE case_id = $1::uuid ORDER BY voice")
            .bind(uuid::Uuid::parse_str(&from).unwrap())
            .fetch_all(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(numbers, [1, 3, 4]);
}

#[tokio::test]
async fn a_voice_that_stays_with_its_item_does_not_join_back() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let from = desk.case_of(1).await;
    assert_eq!(desk.split(&from, 2, json!({})).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
    let again = desk.split(&from, 2, json!({})).await;
    assert_eq!(
        (again.0, &again.1["case_no"]),
        (200, &json!("990102001-261123-0002")),
        "the answer was lost: {again:?}"
    );
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
}

#[tokio::test]
async fn a_plan_of_a_voice_that_left_is_drawn_by_the_street_s_ways() {
    let desk = Desk::reviewing(RoutingMode::DistrictReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let from = desk.case_of(1).await;
    assert_eq!(
        desk.split(&from, 2, json!({})).await.1["code"],
        "districts-desk",
        "it lies on the district's desk"
    );
    let body = json!({ "report_id": uuid::Uuid::from_u128(2) });
    assert_eq!(desk.acts("governance-centre", &format!("cases/{from}:split"), body).await.0, 200);
    let waiting = desk.reads(CENTRE, "plan-reviews").await;
    assert_eq!(
        waiting["plan_reviews"].as_array().unwrap().len(),
        2,
        "who names no item has not looked at the plan"
    );
}

/// A split without an item has looked at the join only, and what somebody has in hand is theirs.
#[tokio::test]
async fn a_split_passes_by_no_desk() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线"), report(3, "TRA-01", "改线")]).await;
    let from = desk.case_of(1).await;
    assert_eq!(desk.acts("governance-centre", &format!("plan-reviews/{from}:claim"), json!({})).await.0, 200);
    assert_eq!(desk.split(&from, 2, json!({})).await.1["code"], "claimed-by-another");
    assert_eq!(
        desk.acts("governance-centre", &format!("plan-reviews/{from}:release"), json!({})).await.0,
        200
    );
    assert_eq!(desk.split(&from, 2, json!({})).await.0, 200);
    assert_eq!(desk.routed().await, [], "its plan waits like the other");
    assert_eq!(desk.split(&from, 3, json!({ "item": "TRA-03" })).await.0, 200);
    assert_eq!(desk.routed().await.len(), 1, "who names the item has looked");
}

/// What was rejected stays rejected, whatever leaves it.
#[tokio::test]
async fn a_voice_of_a_rejected_case_gets_a_case_of_its_own() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let from = desk.case_of(1).await;
    let reject = format!("plan-reviews/{from}:reject");
    assert_eq!(desk.acts(CENTRE, &reject, json!({ "ground": "test" })).await.0, 200);
    assert_eq!(desk.split(&from, 2, json!({ "item": "TRA-01" })).await.0, 200);
    let left = desk.said().await.into_iter().find_map(|(_, said)| match said {
        Said::Split(said) => said.case,
        _ => None,
    });
    let left = left.unwrap();
    assert_eq!((left.standing.as_str(), left.ended_at.is_some(), left.voices), ("rejected", true, 1));
    assert_eq!((desk.routed().await.len(), desk.count("wakeups").await), (1, 0));
}

#[tokio::test]
async fn what_cannot_leave_stays() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "改线")]).await;
    let from = desk.case_of(1).await;
    assert_eq!(desk.split(&from, 1, json!({})).await.0, 409, "the first voice");
    assert_eq!(desk.split(&from, 9, json!({})).await.0, 409, "no voice of it");
    assert_eq!(desk.split(&uuid::Uuid::from_u128(9).to_string(), 2, json!({})).await.0, 404);
    let (status, refusal) = desk.split(&from, 2, json!({ "item": "TRA-99" })).await;
    assert_eq!((status, &refusal["errors"][0]["code"]), (422, &json!("unknown-item")));
    let target = format!("cases/{from}:split");
    let body = json!({ "report_id": uuid::Uuid::from_u128(2) });
    assert_eq!(desk.acts("resident", &target, body.clone()).await.0, 403);
    assert_eq!(desk.acts("stranger", &target, body.clone()).await.0, 404);
    assert_eq!(desk.acts(CENTRE, &format!("cases/{from}:join"), body).await.0, 404);
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    sqlx::query("UPDATE triage.voices SET report = NULL").execute(desk.rig.admin()).await.unwrap();
    assert_eq!(
        desk.split(&from, 2, json!({})).await.1["code"],
        "invalid-transition",
        "from before reports were kept"
    );
}

#[tokio::test]
async fn a_report_goes_into_the_case_a_person_names() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "", "你好")]).await;
    let case_id = desk.case_of(1).await;
    let join = format!("reviews/{}:join", uuid::Uuid::from_u128(2));
    let nowhere = json!({ "case_id": uuid::Uuid::from_u128(77) });
    assert_eq!(desk.acts(CENTRE, &join, nowhere).await.1["errors"][0]["code"], "no-open-case");
    let (status, state) = desk.acts(CENTRE, &join, json!({ "case_id": case_id })).await;
    assert_eq!((status, &state["voice"], &state["item"]), (200, &json!(2), &json!("TRA-01")), "{state}");
    assert_eq!(desk.acts(CENTRE, &join, json!({ "case_id": case_id })).await, (200, state));
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    // What was wrong is undone.
    assert_eq!(desk.split(&case_id, 2, json!({ "item": "TRA-03" })).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
}

/// Every correction is an example: a split that gives another item as well, and the last word counts.
#[tokio::test]
async fn a_split_with_another_item_is_a_labelled_example() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "TRA-01", "站牌倒了"), report(3, "TRA-01", "您好")])
        .await;
    desk.hear(&[report(4, "", "你好")]).await;
    let from = desk.case_of(1).await;
    let join = format!("reviews/{}:join", uuid::Uuid::from_u128(4));
    assert_eq!(desk.acts(CENTRE, &join, json!({ "case_id": from })).await.0, 200);
    let example = |text: &str, label: &str| (text.to_owned(), label.to_owned());
    assert_eq!(desk.examples().await, [example("你好", "TRA-01")]);
    for (n, item) in [(2, json!({ "item": "TRA-03" })), (3, json!({})), (4, json!({ "item": "TRA-02" }))] {
        desk.rig.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(desk.split(&from, n, item).await.0, 200);
    }
    let told = [example("站牌倒了", "TRA-03"), example("你好", "TRA-02")];
    assert_eq!(
        desk.examples().await,
        told,
        "whose item stayed says nothing; the review's word is not the last"
    );
    // The case it has now turns out to be about something else again.
    desk.rig.clock.advance(std::time::Duration::from_secs(60));
    let apart = desk.case_of(2).await;
    let wanted = json!({ "item": "TRA-01" });
    assert_eq!(desk.acts(CENTRE, &format!("cases/{apart}:reroute"), wanted).await.0, 200);
    assert_eq!(desk.examples().await, [example("你好", "TRA-02"), example("站牌倒了", "TRA-01")]);
    // A cursor of builds before: behind where the report is now.
    let bare = desk.reads(CENTRE, &format!("examples?after={}", uuid::Uuid::from_u128(4))).await;
    assert_eq!(bare["examples"].as_array().unwrap().len(), 1);
}

/// Who splits has to have read what it is about.
#[tokio::test]
async fn what_those_said_who_are_in_a_case_is_read_at_the_desk_alone() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "", SECOND_VOICE)]).await;
    let voices = format!("cases/{}/voices", desk.case_of(1).await);
    let all = desk.reads(CENTRE, &voices).await;
    let shown = |voice: &Value| {
        let report = &voice["report"];
        (voice["voice"].clone(), report["text"].clone(), report["item"].clone(), report["source"].clone())
    };
    let said: Vec<_> = all["voices"].as_array().unwrap().iter().map(shown).collect();
    let second = json!(SECOND_VOICE);
    assert_eq!(
        said,
        [
            (json!(1), json!("改线"), json!("TRA-01"), json!("resident")),
            (json!(2), second.clone(), Value::Null, json!("resident")),
        ]
    );
    assert_eq!((&all["voices"][0]["place"], &all["next"]), (&Value::Null, &Value::Null));
    assert_eq!(all["voices"][0]["report"]["place"]["datum"], json!("wgs84"));
    let first = desk.reads(CENTRE, &format!("{voices}?limit=1")).await;
    assert_eq!((&first["voices"][0]["voice"], &first["next"]), (&json!(1), &json!(1)));
    let rest = desk.reads(CENTRE, &format!("{voices}?limit=1&after=1")).await;
    assert_eq!(rest["voices"][0]["report"]["text"], second);
    assert_eq!(desk.reads(CENTRE, &format!("{voices}?after=2")).await["voices"], json!([]));
    let read = async |subject: &str, case: &str| {
        let path = format!("/triage/v1/streets/{STREET}/cases/{case}/voices");
        desk.rig.http("GET", &path, Some(&desk.rig.token(subject)), &[], None).await.0
    };
    assert_eq!(read("transport", &desk.case_of(1).await).await, 403, "bodies have the words of the case");
    assert_eq!(read(CENTRE, &uuid::Uuid::from_u128(77).to_string()).await, 404);
}
