//! Going back is a generation like any other: checked by the rules of today, all of it or nothing.

use rstest::rstest;
use serde_json::{Value, json};

use crate::office::*;

fn renamed(name: &str) -> String {
    STREET.replace("zh: 滨江街道", &format!("zh: {name}"))
}

impl Office {
    /// (generation, of_generation) of the history, newest first.
    async fn lineage(&self, code: &str) -> Vec<(i64, Option<i64>)> {
        let answer = self.get(ADMIN, &format!("/directory/v1/streets/{code}/history")).await;
        let entries = answer.body["entries"].as_array().expect("entries");
        let pair = |entry: &Value| (entry["generation"].as_i64().unwrap(), entry["of_generation"].as_i64());
        entries.iter().map(pair).collect()
    }
}

#[tokio::test]
async fn a_rollback_is_the_next_generation_with_the_old_documents() {
    let office = Office::settled().await;
    let old = office.documents(STREET_CODE).await;
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    assert_ne!(office.documents(STREET_CODE).await, old);
    assert_eq!(office.rollback(STREET_CODE, 1).await.applied(), (3, true));
    assert_eq!(office.documents(STREET_CODE).await, old);
    assert_eq!(office.generation(ADMIN, STREET_CODE, "3").await.body, STREET);
    assert_eq!(office.lineage(STREET_CODE).await, [(3, Some(1)), (2, None), (1, None)]);
    let said = office.rig.said().await;
    let third = said.iter().filter(|(envelope, _)| envelope.version == 3);
    let third: Vec<_> = third.map(|(envelope, _)| envelope.tenant.to_string()).collect();
    assert_eq!(third, [STREET_CODE; 3], "territory, core and people");
}

#[tokio::test]
async fn a_district_goes_back_too() {
    let office = Office::settled().await;
    let old = office.documents(DISTRICT_CODE).await;
    assert_eq!(office.apply(&DISTRICT.replace("zh: 示范区", "zh: 示范新区")).await.applied(), (2, true));
    assert_eq!(office.rollback(DISTRICT_CODE, 1).await.applied(), (3, true));
    assert_eq!(office.documents(DISTRICT_CODE).await, old);
}

#[tokio::test]
async fn going_back_to_where_it_stands_changes_nothing() {
    let office = Office::settled().await;
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    let before = office.rows().await;
    assert_eq!(office.rollback(STREET_CODE, 2).await.applied(), (2, false));
    assert_eq!(office.rows().await, before);
    // Nor does going back to what says the same.
    assert_eq!(office.rollback(STREET_CODE, 1).await.applied(), (3, true));
    let before = office.rows().await;
    assert_eq!(office.rollback(STREET_CODE, 1).await.applied(), (3, false));
    assert_eq!(office.rows().await, before);
}

/// The body the old manifest names is no longer in the pack the street stands on.
#[tokio::test]
async fn what_no_longer_fits_is_refused_whole() {
    let office = Office::settled().await;
    let assists = FAST.replace("assists: []", "assists: [transport]");
    assert_eq!(office.apply(&assists).await.applied(), (2, true));
    assert_eq!(office.apply(FAST).await.applied(), (3, true));
    office.without_body(DISTRICT_CODE, "transport").await;
    let before = office.rows().await;
    let answer = office.rollback(FAST_CODE, 2).await;
    let faults = answer.refused(422, "manifest-invalid");
    assert_eq!(faults[0].1, "unknown-body", "{faults:?}");
    assert!(answer.body["hint"].as_str().unwrap().contains("no longer fits"), "{:#}", answer.body);
    assert_eq!(office.rows().await, before);
    assert_eq!(office.lineage(FAST_CODE).await.len(), 3);
}

impl Office {
    /// The district as it was applied with a pack that had no such body.
    async fn without_body(&self, code: &str, body: &str) {
        let statement = "UPDATE directory.tenant_documents SET body = convert_to(
                             (convert_from(body, 'UTF8')::jsonb #- $2)::text, 'UTF8')
                         WHERE tenant_id = $1 AND part = 'core'";
        let tenant: i64 = code.parse().unwrap();
        let path = ["body", "bodies", body];
        sqlx::query(statement).bind(tenant).bind(&path[..]).execute(self.rig.admin()).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_that_go_back_at_once_one_is_told() {
    let office = Office::settled().await;
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    assert_eq!(office.apply(&renamed("乙")).await.applied(), (3, true));
    let match_three = [("if-match", "\"3\"")];
    let (one, other) = tokio::join!(
        office.rollback_as(ADMIN, &match_three, STREET_CODE, 1),
        office.rollback_as(ADMIN, &match_three, STREET_CODE, 2),
    );
    let (won, lost) = if one.status.is_success() { (one, other) } else { (other, one) };
    assert_eq!(won.applied(), (4, true));
    lost.refused(412, "precondition-failed");
    assert_eq!(office.lineage(STREET_CODE).await.len(), 4);
}

#[tokio::test]
async fn a_generation_that_is_not_there_is_not_found() {
    let office = Office::settled().await;
    let before = office.rows().await;
    for to in [0, 2, i64::MAX as u64, u64::MAX] {
        office.rollback(STREET_CODE, to).await.refused(404, "not-found");
    }
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    // A generation of another street is none of this one.
    office.rollback(FAST_CODE, 2).await.refused(404, "not-found");
    office.rollback("990102009000", 1).await.refused(404, "not-found");
    assert_eq!(office.rows().await[0], before[0] + 1);
}

#[rstest]
#[case::stranger("nobody-here", 404, "not-found")]
#[case::reads_only("street-centre", 403, "forbidden")]
#[case::of_the_district("governance-centre", 403, "forbidden")]
#[case::operator("sre", 403, "forbidden")]
#[tokio::test]
async fn only_who_may_apply_goes_back(#[case] subject: &str, #[case] status: u16, #[case] code: &str) {
    let office = Office::settled().await;
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    let before = office.rows().await;
    office.rollback_as(subject, &[], STREET_CODE, 1).await.refused(status, code);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_neighbouring_districts_administrator_finds_nothing() {
    let office = Office::settled().await;
    let other = DISTRICT
        .replace("990102000000", "990103000000")
        .replace("sre: [{ role: sre }, { role: system-admin }]", "neighbour: [{ role: directory-admin }]");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
    assert_eq!(office.apply(&renamed("甲")).await.applied(), (2, true));
    office.rig.refresh().await;
    office.rollback_as("neighbour", &[], STREET_CODE, 1).await.refused(404, "not-found");
    office.rollback_as("neighbour", &[], "990103000000", 2).await.refused(404, "not-found");
    assert_eq!(office.rollback_as("neighbour", &[], "990103000000", 1).await.applied(), (1, false));
}

#[rstest]
#[case::shape(json!({ "to_generation": "1" }), 422, "validation-failed")]
#[case::negative(json!({ "to_generation": -1 }), 422, "validation-failed")]
#[case::missing(json!({}), 422, "validation-failed")]
#[case::unknown_field(json!({ "to_generation": 1, "force": true }), 422, "validation-failed")]
#[tokio::test]
async fn bodies(#[case] body: Value, #[case] status: u16, #[case] code: &str) {
    let office = Office::settled().await;
    let path = format!("/directory/v1/streets/{STREET_CODE}:rollback");
    let token = office.rig.token(ADMIN);
    let (answered, headers, body) = office.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
    Answer { status: answered, headers, body }.refused(status, code);
}

#[tokio::test]
async fn other_verbs_and_methods() {
    let office = Office::settled().await;
    let token = office.rig.token(ADMIN);
    let body = || Some(json!({ "to_generation": 1 }));
    for (method, target, status) in [
        ("POST", format!("{STREET_CODE}:erase"), 404),
        ("POST", STREET_CODE.to_owned(), 404),
        ("POST", "x:rollback".to_owned(), 404),
        ("GET", format!("{STREET_CODE}:rollback"), 405),
    ] {
        let path = format!("/directory/v1/streets/{target}");
        let body = body().filter(|_| method == "POST");
        let (answered, _, _) = office.rig.http(method, &path, Some(&token), &[], body).await;
        assert_eq!(answered.as_u16(), status, "{method} {target}");
    }
}

/// Whoever took a key out had a reason; going back must not let it in again unseen.
#[tokio::test]
async fn going_back_brings_no_key_back() {
    let office = Office::settled().await;
    let key = |hash: char| {
        let hash = hash.to_string().repeat(64);
        format!(
            "  keys:\n    sensors:\n      sha256: [\"{hash}\"]\n      grants: [{{ role: device }}]\n      \
             expires_at: 2030-01-01T00:00:00Z\n"
        )
    };
    assert_eq!(office.apply(&format!("{STREET}{}", key('a'))).await.applied(), (2, true));
    assert_eq!(office.apply(&format!("{STREET}{}", key('b'))).await.applied(), (3, true));
    let faults = office.rollback(STREET_CODE, 2).await.refused(422, "manifest-invalid");
    assert_eq!(faults, [("/spec/keys/sensors".to_owned(), "key-brought-back".to_owned())]);
    assert_eq!(office.rollback(STREET_CODE, 1).await.applied(), (4, true), "a generation without keys");
    office.rollback(STREET_CODE, 3).await.refused(422, "manifest-invalid");
}
