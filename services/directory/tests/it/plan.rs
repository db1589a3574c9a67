//! A plan says what an apply would do, refuses what an apply would refuse, and writes nothing.

use rstest::rstest;
use serde_json::{Value, json};

use crate::office::*;

fn changes(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = answer.body["changes"].as_array().expect("changes");
    listed.iter().map(|change| (text(&change["change"]), text(&change["pointer"]))).collect()
}

#[tokio::test]
async fn what_is_applied_already_has_no_changes() {
    let office = Office::settled().await;
    for (manifest, kind) in [(DISTRICT, "district"), (STREET, "street"), (FAST, "street")] {
        let answer = office.plan(manifest).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        let told = (&answer.body["kind"], &answer.body["generation"], &answer.body["changed"]);
        assert_eq!(told, (&json!(kind), &json!(1), &json!(false)));
        assert_eq!((changes(&answer), &answer.body["more"]), (vec![], &json!(0)));
    }
}

#[tokio::test]
async fn a_plan_names_each_change_and_writes_nothing() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let changed = FAST
        .replace("zh: 云岭街道", "zh: 云岭新街道")
        .replace(
            "TRA-03: { assists: [], policy: demo-fast }",
            "TRA-03: { assists: [transport], policy: demo-fast }",
        )
        .replace("    verifier: [{ role: verifier }]\n", "");
    let answer = office.plan(&changed).await;
    assert_eq!((&answer.body["tenant"], &answer.body["generation"]), (&json!(FAST_CODE), &json!(1)));
    assert_eq!((&answer.body["changed"], answer.body.get("streets")), (&json!(true), None));
    let expected = [
        ("changed", "/core/name/zh"),
        ("added", "/core/items/TRA-03/assists/0"),
        ("removed", "/people/members/verifier"),
    ];
    assert_eq!(changes(&answer), expected.map(|(change, place)| (change.to_owned(), place.to_owned())));
    let assists = &answer.body["changes"][1];
    assert_eq!(assists["label"]["zh"], "事项 TRA-03 公交站台站牌损坏 · 协办 transport 区交委");
    assert_eq!((&assists["after"], assists.get("before")), (&json!("transport"), None));
    assert_eq!(office.rows().await, before);
    assert_eq!(office.apply(FAST).await.applied(), (1, false), "the tenant is where it was");
    assert_eq!(office.apply(&changed).await.applied(), (2, true));
    assert_eq!(office.plan(&changed).await.body["changed"], false);
}

#[tokio::test]
async fn of_a_tenant_nobody_applied_everything_is_new() {
    let office = Office::open().await;
    let answer = office.plan(DISTRICT).await;
    assert_eq!((&answer.body["generation"], &answer.body["changed"]), (&json!(0), &json!(true)));
    assert_eq!((&answer.body["streets"], &answer.body["more"]), (&json!(0), &json!(0)));
    let listed = changes(&answer);
    assert!(listed.contains(&("added".to_owned(), "/core/items/TRA-01".to_owned())), "{listed:?}");
    assert!(listed.iter().all(|(change, _)| change == "added"), "{listed:?}");
    office.plan(STREET).await.refused(422, "district-not-applied");
    assert_eq!(office.rows().await, [0; 4]);
    let tenants: i64 = sqlx::query_scalar("SELECT count(*) FROM directory.tenants")
        .fetch_one(office.rig.admin())
        .await
        .unwrap();
    assert_eq!(tenants, 0, "not even the tenant's row");
}

#[tokio::test]
async fn of_a_district_the_streets_that_stand_on_it_are_counted() {
    let office = Office::settled().await;
    let answer = office.plan(&DISTRICT.replace("zh: 示范区", "zh: 示范新区")).await;
    assert_eq!((&answer.body["streets"], &answer.body["changed"]), (&json!(2), &json!(true)));
    assert_eq!(changes(&answer), [("changed".to_owned(), "/core/name/zh".to_owned())]);
}

/// Whatever is wrong with a manifest, a plan is refused as the apply would be.
#[rstest]
#[case::field("routing_mode:", "routing_modes:")]
#[case::item("TRA-03:", "TRA-99:")]
#[case::several("policy: demo-fast }", "policy: none }")]
#[case::role("role: verifier", "role: emperor")]
#[case::district("district: \"990102000000\"", "district: \"990103000000\"")]
#[case::kind("code: \"990102002000\"", "code: \"990102000000\"")]
#[tokio::test]
async fn faults_are_those_of_an_apply(#[case] good: &str, #[case] bad: &str) {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = FAST.replace(good, bad);
    let (planned, applied) = (office.plan(&broken).await, office.apply(&broken).await);
    assert_eq!(planned.status, 422, "{:#}", planned.body);
    assert_eq!(planned.body, applied.body);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn bounds_are_those_of_an_apply() {
    let office = Office::open().await;
    let large = format!("{DISTRICT}\n#{}", "x".repeat(256 * 1024));
    office.plan(&large).await.refused(413, "payload-too-large");
    let json = [("content-type", "application/json")];
    office.hand_in("plan", ADMIN, &json, DISTRICT).await.refused(415, "unsupported-media-type");
    office.plan("kind: [").await.refused(422, "manifest-invalid");
}

#[rstest]
#[case::stranger("nobody-here", 404, "not-found")]
#[case::reads_only("street-centre", 403, "forbidden")]
#[case::of_the_district("governance-centre", 403, "forbidden")]
#[case::operator("sre", 403, "forbidden")]
#[tokio::test]
async fn only_who_may_apply_plans(#[case] subject: &str, #[case] status: u16, #[case] code: &str) {
    let office = Office::settled().await;
    office.hand_in("plan", subject, &[], STREET).await.refused(status, code);
}

#[tokio::test]
async fn another_districts_street_is_not_shown_even_while_the_view_lags() {
    let office = Office::open().await;
    assert_eq!(office.apply(DISTRICT).await.applied(), (1, true));
    let other = DISTRICT
        .replace("990102000000", "990103000000")
        .replace("sre: [{ role: sre }, { role: system-admin }]", "neighbour: [{ role: directory-admin }]");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
    office.rig.refresh().await;
    // Applied, but not in the view yet.
    assert_eq!(office.apply(STREET).await.applied(), (1, true));
    let claimed = STREET.replace("district: \"990102000000\"", "district: \"990103000000\"");
    office.hand_in("plan", "neighbour", &[], claimed.clone()).await.refused(404, "not-found");
    office.rig.refresh().await;
    office.hand_in("plan", "neighbour", &[], claimed).await.refused(404, "not-found");
}
