//! What is refused, with which code (reliability §5), and that nothing of it is kept (invariant I15).

use axum::body::Body;
use axum::http::Request;
use bootstrap::{ConfigError, Env};
use intake::config::Config;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, key, report};

fn with(pointer: &str, value: Value) -> String {
    let mut body = report("路灯不亮");
    body["item"] = json!("TRA-01");
    body["place"]["address"] = json!("x");
    body["reporter"] = json!({ "contact": "x" });
    (body["households"], body["reading_milli"]) = (Value::Null, Value::Null);
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string()
}

#[rstest]
#[case::broken("{".into(), 400, "malformed-body", None)]
#[case::duplicate_key(r#"{"text":"a","text":"b"}"#.into(), 400, "malformed-body", None)]
#[case::no_text(r#"{"place":{"lon":1,"lat":1,"datum":"wgs84"}}"#.into(), 422, "validation-failed", Some("/text"))]
#[case::unknown_field(r#"{"texts":"a"}"#.into(), 422, "validation-failed", None)]
#[case::blank(with("/text", json!(" \n")), 422, "validation-failed", Some("/text"))]
#[case::nul(with("/text", json!("a\0")), 422, "validation-failed", Some("/text"))]
#[case::long(with("/text", json!("路".repeat(4_001))), 422, "text-too-long", Some("/text"))]
#[case::long_address(with("/place/address", json!("路".repeat(4_001))), 422, "text-too-long", Some("/place/address"))]
#[case::no_datum(with("/place/datum", Value::Null), 422, "datum-required", Some("/place/datum"))]
#[case::all_of_china(with("/households", json!(10_000_001)), 422, "validation-failed", Some("/households"))]
#[case::fewer_than_none(with("/households", json!(-1)), 422, "validation-failed", None)]
#[case::a_resident_s_reading(with("/reading_milli", json!(41_250)), 422, "validation-failed", Some("/reading_milli"))]
#[case::other_datum(with("/place/datum", json!("epsg4490")), 422, "validation-failed", Some("/place/datum"))]
#[case::lon(with("/place/lon", json!(180.1)), 422, "validation-failed", Some("/place/lon"))]
#[case::lat(with("/place/lat", json!(-90.1)), 422, "validation-failed", Some("/place/lat"))]
#[case::item(with("/item", json!("TRA 01")), 422, "identifier-invalid", Some("/item"))]
#[case::long_contact(with("/reporter/contact", json!("1".repeat(201))), 422, "validation-failed", Some("/reporter/contact"))]
#[case::blank_contact(with("/reporter/contact", json!("")), 422, "validation-failed", Some("/reporter/contact"))]
#[case::large(with("/text", json!("a".repeat(1 << 20))), 413, "payload-too-large", None)]
#[tokio::test]
async fn bodies(
    #[case] body: String,
    #[case] status: u16,
    #[case] code: &str,
    #[case] pointer: Option<&str>,
) {
    let desk = Desk::open().await;
    let request = Request::post(format!("/intake/v1/streets/{STREET}/reports"))
        .header("authorization", format!("Bearer {}", desk.rig.token("resident")))
        .header("content-type", "application/json")
        .header("idempotency-key", key(1).to_string());
    let (got, _, refusal) = desk.rig.request(request.body(Body::from(body)).unwrap()).await;
    assert_eq!((got.as_u16(), &refusal["code"]), (status, &json!(code)), "{refusal}");
    if let Some(pointer) = pointer {
        assert_eq!(refusal["errors"][0]["pointer"], pointer);
    }
    nothing_kept(&desk).await;
}

#[tokio::test]
async fn the_longest_allowed_is_accepted() {
    let desk = Desk::open().await;
    let mut body = report(&"𠮷".repeat(4_000));
    body["reporter"] = json!({ "contact": "路".repeat(200) });
    body["place"] = json!({ "lon": -180, "lat": 90, "datum": "bd09" });
    assert_eq!(desk.submit("resident", STREET, key(1), body).await.0.as_u16(), 201);
    assert_eq!(desk.said().await[0].1.text.chars().count(), 4_000);
}

#[tokio::test]
async fn callers() {
    let desk = Desk::open().await;
    let refused = async |subject: &str, street: &str| {
        let (status, refusal) = desk.submit(subject, street, key(1), report("路灯不亮")).await;
        (status.as_u16(), refusal)
    };
    let (status, foreign) = refused("street-only-elsewhere", OTHER_STREET).await;
    assert_eq!((status, &foreign["code"]), (404, &json!("not-found")));
    let (status, unknown) = refused("resident", "990199001000").await;
    assert_eq!((status, &unknown), (404, &foreign), "foreign and unknown look the same");
    let (status, district) = refused("governance-centre", "990102000000").await;
    assert_eq!((status, &district), (404, &foreign), "a district takes no reports yet");
    let (status, forbidden) = refused("verifier", STREET).await;
    assert_eq!((status, &forbidden["code"]), (403, &json!("forbidden")));
    let path = format!("/intake/v1/streets/{STREET}/reports");
    let headers = [("idempotency-key", &*key(1).to_string())];
    let (status, _, refusal) = desk.rig.http("POST", &path, None, &headers, Some(report("a"))).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (401, &json!("unauthenticated")));
    nothing_kept(&desk).await;
}

#[tokio::test]
async fn requests_around_the_body() {
    let desk = Desk::open().await;
    let token = desk.rig.token("resident");
    let path = format!("/intake/v1/streets/{STREET}/reports");
    let key = key(1).to_string();
    let sent = async |method: &str, headers: &[(&str, &str)], body: Option<Value>| {
        let (status, _, refusal) = desk.rig.http(method, &path, Some(&token), headers, body).await;
        (status.as_u16(), refusal["code"].as_str().unwrap_or_default().to_owned())
    };
    let body = || Some(report("a"));
    assert_eq!(sent("POST", &[], body()).await, (400, "idempotency-key-missing".into()));
    assert_eq!(
        sent("POST", &[("idempotency-key", "1")], body()).await,
        (400, "idempotency-key-invalid".into())
    );
    let keyed = ("idempotency-key", key.as_str());
    assert_eq!(sent("POST", &[keyed], None).await, (415, "unsupported-media-type".into()));
    assert_eq!(sent("POST", &[keyed, ("accept", "text/html")], body()).await, (406, "not-acceptable".into()));
    assert_eq!(sent("GET", &[], None).await, (405, "method-not-allowed".into()));
    nothing_kept(&desk).await;
}

#[tokio::test]
async fn the_door_is_described() {
    let desk = Desk::open().await;
    let (_, _, document) = desk.rig.http("GET", "/openapi.json", None, &[], None).await;
    let post = &document["paths"]["/intake/v1/streets/{street}/reports"]["post"];
    assert!(post["responses"]["201"].is_object() && post["responses"]["422"].is_object(), "{document}");
    let schemas = &document["components"]["schemas"];
    assert!(
        schemas["ProblemDocument"].is_object() && schemas["ReportForm"]["properties"]["text"].is_object()
    );
}

#[test]
fn faulty_key_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("good"), [1; 32]).unwrap();
    std::fs::write(path("long"), [1; 33]).unwrap();
    let read = |secret: &str, seal: &str, rows: &str| {
        let env = Env::from_iter([
            ("STREETWISE_INTAKE_SECRET_FILE", path(secret)),
            ("STREETWISE_SEAL_KEY_FILE", path(seal)),
            ("STREETWISE_OUTBOX_ROWS_MAX", rows.to_owned()),
        ]);
        Config::read(&env).err().map(|error| match error {
            ConfigError::Missing(name) | ConfigError::Malformed { name, .. } => name,
        })
    };
    assert_eq!(read("good", "good", "5"), None);
    assert_eq!(read("long", "good", "5"), Some("STREETWISE_INTAKE_SECRET_FILE"));
    assert_eq!(read("good", "absent", "5"), Some("STREETWISE_SEAL_KEY_FILE"));
    assert_eq!(read("good", "good", "0"), Some("STREETWISE_OUTBOX_ROWS_MAX"));
    let missing = Config::read(&Env::default()).err();
    assert_eq!(missing, Some(ConfigError::Missing("STREETWISE_INTAKE_SECRET_FILE")));
}

async fn nothing_kept(desk: &Desk) {
    for table in ["reports", "tracking_codes", "journal", "outbox_pending"] {
        assert_eq!(desk.count(table).await, 0, "{table}");
    }
}
