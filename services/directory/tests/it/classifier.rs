//! A text classifier is published beside the manifest: checked, counted by itself, withdrawn, gone with its street.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classify::linear::{Example, Segmenter, Settings, train};
use contract::EventType;
use contract::document::classifier::MODEL_BYTES_MAX;
use contract::document::{Document, DocumentBody};
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::office::{ADMIN, Answer, DISTRICT, DISTRICT_CODE, FAST_CODE, Office, STREET, STREET_CODE};

/// Learned from a few sentences of these two labels; another seed makes another file.
fn model(labels: [&str; 2], seed: u64) -> String {
    let words = ["公交改道绕行", "站牌倒了没人管"];
    let example = |n: usize| Example {
        subject: String::new(),
        detail: format!("{}，反映{}", words[n % 2], ["您好", "尽快", "谢谢"][n % 3]),
        label: labels[n % 2].to_owned(),
    };
    let examples: Vec<Example> = (0..24).map(example).collect();
    let settings = Settings { seed, threads: 1, bytes_max: MODEL_BYTES_MAX };
    STANDARD.encode(train(&examples, &Segmenter::new(), settings, &|_| {}).unwrap().to_bytes())
}

fn bus(seed: u64) -> String {
    model(["TRA-01", "TRA-03"], seed)
}

fn offer(weights: &str, threshold_permille: i64) -> Value {
    json!({ "weights": weights, "threshold_permille": threshold_permille })
}

impl Office {
    /// With a trainer of the first street.
    async fn training() -> Self {
        let office = Self::settled().await;
        let with = STREET.replace("  members:\n", "  members:\n    trainer-zhao: [{ role: trainer }]\n");
        assert_eq!(office.apply(&with).await.applied(), (2, true));
        office.rig.refresh().await;
        office
    }

    /// `publish` or `withdraw` with a key and perhaps `If-Match`.
    async fn says(
        &self,
        subject: &str,
        code: &str,
        verb: &str,
        (key, if_match): (u128, Option<&str>),
        body: Value,
    ) -> Answer {
        let path = format!("/directory/v1/streets/{code}:{verb}-classifier");
        let (key, token) = (Uuid::from_u128(key).to_string(), self.rig.token(subject));
        let mut headers = vec![("idempotency-key", key.as_str())];
        headers.extend(if_match.map(|generation| ("if-match", generation)));
        let (status, headers, body) = self.rig.http("POST", &path, Some(&token), &headers, Some(body)).await;
        Answer { status, headers, body }
    }

    async fn publishes(&self, code: &str, key: u128, weights: &str) -> Answer {
        self.says(ADMIN, code, "publish", (key, None), offer(weights, 900)).await
    }

    async fn standing(&self, subject: &str, code: &str, query: &str) -> Answer {
        self.get(subject, &format!("/directory/v1/streets/{code}/classifier{query}")).await
    }

    /// Classifier documents that were said, in their order.
    async fn said_classifiers(&self) -> Vec<(u64, Document)> {
        let said = self.rig.said().await.into_iter();
        let of = said.filter(|(envelope, _)| envelope.event_type == EventType::DocumentClassifier);
        let mut of: Vec<_> =
            of.map(|(e, payload)| (e.version, Document::decode(&payload).unwrap())).collect();
        of.sort_by_key(|(version, _)| *version);
        of
    }
}

#[tokio::test]
async fn a_model_is_published_read_and_withdrawn() {
    let office = Office::training().await;
    let before = office.rows().await;
    let nothing = office.standing("street-centre", STREET_CODE, "").await;
    assert_eq!(
        (nothing.status.as_u16(), &nothing.body["generation"]),
        (200, &json!(0)),
        "{:#}",
        nothing.body
    );
    assert!(nothing.body.get("model").is_none());

    let weights = bus(1);
    let published =
        office.says("trainer-zhao", STREET_CODE, "publish", (1, None), offer(&weights, 870)).await;
    assert_eq!(published.applied(), (1, true));
    let file = STANDARD.decode(&weights).unwrap();
    let told = office.standing("street-centre", STREET_CODE, "").await;
    assert_eq!(told.headers["etag"], "\"1\"");
    let model = &told.body["model"];
    assert_eq!(
        (&model["bytes"], &model["labels"], &model["examples"], &model["threshold_permille"]),
        (&json!(file.len()), &json!(2), &json!(24), &json!(870))
    );
    assert_eq!((&told.body["actor"], told.body.get("weights")), (&json!("trainer-zhao"), None));
    let whole = office.standing("trainer-zhao", STREET_CODE, "?weights=true").await;
    assert_eq!(whole.body["weights"], weights);
    let own = office.standing("trainer-zhao", STREET_CODE, "?in_force=true").await;
    assert_eq!((&own.body["tenant"], &own.headers["etag"]), (&json!(STREET_CODE), &"\"1\"".parse().unwrap()));

    let [(1, document)] = &office.said_classifiers().await[..] else { panic!("one document") };
    let DocumentBody::Classifier(body) = &document.body else { panic!("{document:?}") };
    let said = body.model.as_ref().unwrap();
    assert_eq!((&said.weights, json!(said.sha256)), (&weights, model["sha256"].clone()));
    // The manifest's generation stands still, and the part is read like any other.
    assert_eq!(office.apply(STREET).await.applied(), (3, true));
    let read = office.get(ADMIN, &format!("/directory/v1/streets/{STREET_CODE}/documents/classifier")).await;
    assert_eq!((read.status.as_u16(), &read.body["generation"]), (200, &json!(1)));

    let body = json!({});
    let withdrawn = office.says(ADMIN, STREET_CODE, "withdraw", (2, Some("\"1\"")), body.clone()).await;
    assert_eq!(withdrawn.applied(), (2, true));
    assert_eq!(
        office.says(ADMIN, STREET_CODE, "withdraw", (3, None), body.clone()).await.applied(),
        (2, false)
    );
    let never = office.says(ADMIN, FAST_CODE, "withdraw", (4, None), body).await;
    assert_eq!((never.status.as_u16(), &never.body["changed"]), (200, &json!(false)));
    let told = office.standing(ADMIN, STREET_CODE, "?weights=true").await;
    assert_eq!((told.status.as_u16(), told.body.get("model"), told.body.get("weights")), (200, None, None));
    let [_, (2, document)] = &office.said_classifiers().await[..] else { panic!("two documents") };
    let DocumentBody::Classifier(body) = &document.body else { panic!("{document:?}") };
    assert_eq!(body.model, None);
    assert_eq!(office.rows().await[0], before[0] + 1, "one manifest more, by the apply in between");

    let history = office.standing("street-centre", STREET_CODE, "/history?limit=1").await;
    let entry = &history.body["entries"][0];
    assert_eq!((&entry["generation"], &entry["actor"], entry.get("model")), (&json!(2), &json!(ADMIN), None));
    let next = &history.body["next"];
    let older = office.standing("street-centre", STREET_CODE, &format!("/history?before={next}")).await;
    assert_eq!((&older.body["entries"][0]["actor"], older.body.get("next")), (&json!("trainer-zhao"), None));
    office.standing(ADMIN, STREET_CODE, "/history?before=9").await.refused(400, "bad-cursor");
}

#[tokio::test]
async fn the_same_request_is_answered_the_same_and_a_stale_one_is_refused() {
    let office = Office::settled().await;
    let (first, second) = (bus(1), bus(2));
    assert_eq!(office.publishes(DISTRICT_CODE, 1, &first).await.applied(), (1, true));
    let before = office.rows().await;
    assert_eq!(office.publishes(DISTRICT_CODE, 1, &first).await.applied(), (1, true), "the same request");
    assert_eq!(office.publishes(DISTRICT_CODE, 2, &first).await.applied(), (1, false), "the same model");
    office.publishes(DISTRICT_CODE, 1, &second).await.refused(422, "idempotency-key-reused");
    let stale = (3, Some("\"0\""));
    let answer = office.says(ADMIN, DISTRICT_CODE, "publish", stale, offer(&second, 900)).await;
    answer.refused(412, "precondition-failed");
    assert_eq!(office.rows().await, before);
    // Another threshold is another generation, and going back is publishing the older file again.
    let other = office.says(ADMIN, DISTRICT_CODE, "publish", (4, Some("\"1\"")), offer(&first, 950)).await;
    assert_eq!(other.applied(), (2, true));
    assert_eq!(office.publishes(DISTRICT_CODE, 5, &second).await.applied(), (3, true));
    assert_eq!(office.publishes(DISTRICT_CODE, 6, &first).await.applied(), (4, true));
    assert_eq!(office.publishes(DISTRICT_CODE, 5, &second).await.applied(), (3, true), "an old request");
}

#[tokio::test]
async fn of_two_that_publish_at_once_one_is_told() {
    let office = Office::settled().await;
    let (first, second) = (bus(1), bus(2));
    let (one, other) = tokio::join!(
        office.says(ADMIN, STREET_CODE, "publish", (1, Some("\"0\"")), offer(&first, 900)),
        office.says(ADMIN, STREET_CODE, "publish", (2, Some("\"0\"")), offer(&second, 900)),
    );
    let (won, lost) = if one.status.is_success() { (one, other) } else { (other, one) };
    assert_eq!(won.applied(), (1, true));
    lost.refused(412, "precondition-failed");
}

fn bent(weights: &str) -> String {
    let mut file = STANDARD.decode(weights).unwrap();
    file[40] ^= 1;
    STANDARD.encode(file)
}

#[tokio::test]
async fn what_nobody_could_use_is_refused_with_what_to_do() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let large = STANDARD.encode(vec![0; MODEL_BYTES_MAX + 1]);
    let sound = bus(1);
    let cases = [
        (offer(&large, 900), "classifier-too-large", vec![]),
        (offer(&bent(&sound), 900), "classifier-damaged", vec![("/weights", "damaged")]),
        (offer("不是", 900), "classifier-damaged", vec![("/weights", "not-base64")]),
        (offer("", 900), "classifier-damaged", vec![("/weights", "damaged")]),
        (offer(&sound, 499), "validation-failed", vec![("/threshold_permille", "threshold-out-of-range")]),
        (offer(&sound, 1_001), "validation-failed", vec![("/threshold_permille", "threshold-out-of-range")]),
        (
            offer(&model(["TRA-01", "公交"], 1), 900),
            "classifier-labels-unknown",
            vec![("/weights", "label-unknown")],
        ),
    ];
    for (n, (body, code, faults)) in (1..).zip(cases) {
        let answer = office.says(ADMIN, STREET_CODE, "publish", (n, None), body).await;
        let told = answer.refused(422, code);
        let told: Vec<_> = told.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
        assert_eq!(told, faults, "{code}");
        assert!(!answer.body["hint"].as_str().unwrap_or_default().is_empty());
    }
    let path = format!("/directory/v1/streets/{STREET_CODE}:publish-classifier");
    let (token, body) = (office.rig.token(ADMIN), Some(offer(&sound, 900)));
    let (status, headers, body) = office.rig.http("POST", &path, Some(&token), &[], body).await;
    Answer { status, headers, body }.refused(400, "idempotency-key-missing");
    assert_eq!(office.rows().await, before);
}

#[rstest]
#[case::stranger("nobody-here", STREET_CODE, 404, "not-found")]
#[case::reads_only("street-centre", STREET_CODE, 403, "forbidden")]
#[case::operator("sre", STREET_CODE, 403, "forbidden")]
#[case::of_another_street("trainer-zhao", FAST_CODE, 404, "not-found")]
#[case::of_a_street_alone("trainer-zhao", DISTRICT_CODE, 404, "not-found")]
#[case::never_applied(ADMIN, "990102999000", 404, "not-found")]
#[tokio::test]
async fn only_who_may_publishes(
    #[case] subject: &str,
    #[case] code: &str,
    #[case] status: u16,
    #[case] problem: &str,
) {
    let office = Office::training().await;
    let before = office.rows().await;
    let weights = bus(1);
    office.says(subject, code, "publish", (1, None), offer(&weights, 900)).await.refused(status, problem);
    office.says(subject, code, "withdraw", (2, None), json!({})).await.refused(status, problem);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_trainer_reads_no_other_document() {
    let office = Office::training().await;
    let path = format!("/directory/v1/streets/{STREET_CODE}/documents/people");
    office.get("trainer-zhao", &path).await.refused(403, "forbidden");
    let other = DISTRICT
        .replace(DISTRICT_CODE, "990103000000")
        .replace("sre: [{ role: sre }, { role: system-admin }]", "neighbour: [{ role: directory-admin }]");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
    office.rig.refresh().await;
    office.standing("neighbour", STREET_CODE, "").await.refused(404, "not-found");
    office
        .says("neighbour", STREET_CODE, "publish", (1, None), offer(&bus(1), 900))
        .await
        .refused(404, "not-found");
}

/// A street with more classifiers than manifests goes whole: its tombstone is above them all, and so is what comes after.
#[tokio::test]
async fn a_street_goes_with_its_classifiers_and_comes_back_above_them() {
    let office = Office::settled().await;
    let models = [bus(1), bus(2)];
    for n in 0..6 {
        let published = office.publishes(STREET_CODE, n, &models[n as usize % 2]).await;
        assert_eq!(published.applied(), (n as u64 + 1, true));
    }
    let path = format!("/directory/v1/streets/{STREET_CODE}:offboard");
    let (token, key) = (office.rig.token("sre"), Uuid::from_u128(77).to_string());
    let body = Some(json!({ "confirm": STREET_CODE, "reason": "并入邻街 / merged" }));
    let headers = [("idempotency-key", key.as_str())];
    let (status, headers, body) = office.rig.http("POST", &path, Some(&token), &headers, body).await;
    assert_eq!(Answer { status, headers, body }.applied(), (7, true), "above generation 6 of its classifier");
    office.publishes(STREET_CODE, 8, &models[0]).await.refused(409, "removal-under-way");
    office.rig.refresh().await;
    office.standing(ADMIN, STREET_CODE, "").await.refused(404, "not-found");
    office.rig.drain().await;
    for table in ["classifiers", "tenants", "tenant_documents", "document_heads", "journal"] {
        let statement = format!("SELECT count(*) FROM directory.{table} WHERE tenant_id = 990102001000");
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(office.rig.admin()).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

/// Who may read by what their street is judged reads the district's file, and nothing else of the district.
#[tokio::test]
async fn a_street_without_a_model_shows_what_is_in_force_there() {
    let office = Office::training().await;
    let weights = bus(1);
    office.publishes(DISTRICT_CODE, 1, &weights).await.applied();
    let own = office.standing("trainer-zhao", STREET_CODE, "?weights=true").await;
    assert_eq!((&own.body["tenant"], own.body.get("model")), (&json!(STREET_CODE), None));
    let in_force = office.standing("trainer-zhao", STREET_CODE, "?weights=true&in_force=true").await;
    assert_eq!(
        (&in_force.body["tenant"], &in_force.body["weights"]),
        (&json!(DISTRICT_CODE), &json!(weights))
    );
    assert!(!in_force.headers.contains_key("etag"), "another tenant's generation is no precondition");
    let theirs = office.standing("trainer-zhao", DISTRICT_CODE, "?in_force=true").await;
    assert_eq!(theirs.status.as_u16(), 404, "{:#}", theirs.body);
}
