//! Systems and devices at the door: a key counts where it was granted, while its hash stands in the documents, until
//! it ends.

use axum::http::StatusCode;
use bootstrap::identity::api_key;
use contract::document::{ApiKey, Document, DocumentBody, Grant};
use serde_json::Value;
use testkit::demo;

use crate::desk::{Desk, OTHER_STREET, STREET, key, report};

fn sensor(secret: u8) -> String {
    api_key::made(STREET.parse().unwrap(), &"sensors".parse().unwrap(), [secret; 32])
}

impl Desk {
    /// The documents of another generation, with these keys taken at the street's door.
    async fn taking(&self, generation: u64, keys: &[&str], expires_at: &str) {
        let mut documents: Vec<Document> = demo::documents(generation);
        let people = documents.iter_mut().find_map(|document| match &mut document.body {
            DocumentBody::People(people) if document.header.tenant.to_string() == STREET => Some(people),
            _ => None,
        });
        let grant = Grant { role: "device".to_owned(), scope: STREET.parse().unwrap(), body: None };
        let entry = ApiKey {
            sha256: keys.iter().map(|key| api_key::hash(key)).collect(),
            grants: vec![grant],
            expires_at: expires_at.parse().unwrap(),
        };
        people.expect("people of the street").keys.insert("sensors".to_owned(), entry);
        self.rig.documents(&documents).await;
    }

    async fn sent_with(&self, token: &str, street: &str, n: u128) -> (StatusCode, Value) {
        let (path, id) = (format!("/intake/v1/streets/{street}/reports"), key(n).to_string());
        let headers = [("idempotency-key", &*id)];
        let (status, _, answer) =
            self.rig.http("POST", &path, Some(token), &headers, Some(report("水位超警戒线"))).await;
        (status, answer)
    }
}

const NEVER: &str = "9999-01-01T00:00:00Z";

#[tokio::test]
async fn a_key_reports_in_its_street_and_nowhere_else() {
    let desk = Desk::open().await;
    assert_eq!(desk.sent_with(&sensor(1), STREET, 1).await.0, 401, "nobody knows it yet");
    desk.taking(2, &[&sensor(1)], NEVER).await;
    let (status, accepted) = desk.sent_with(&sensor(1), STREET, 1).await;
    assert_eq!(status, 201, "{accepted}");
    assert_eq!(desk.sent_with(&sensor(1), STREET, 1).await, (status, accepted), "the same report again");
    assert_eq!(desk.sent_with(&sensor(1), OTHER_STREET, 2).await.0, 404);
    let (_, said) = desk.said().await.into_iter().next().expect("one event");
    assert_eq!(desk.said().await.len(), 1);
    assert!(!said.text.is_empty());
    let actors: Vec<String> =
        sqlx::query_scalar("SELECT actor FROM intake.journal").fetch_all(desk.rig.admin()).await.unwrap();
    assert_eq!(actors, ["key:990102001000:sensors"]);
}

#[tokio::test]
async fn a_key_is_changed_without_a_gap_and_refused_once_it_is_taken_out() {
    let desk = Desk::open().await;
    desk.taking(2, &[&sensor(1)], NEVER).await;
    assert_eq!(desk.sent_with(&sensor(2), STREET, 1).await.0, 401);
    desk.taking(3, &[&sensor(1), &sensor(2)], NEVER).await;
    assert_eq!(desk.sent_with(&sensor(1), STREET, 2).await.0, 201);
    assert_eq!(desk.sent_with(&sensor(2), STREET, 3).await.0, 201);
    desk.taking(4, &[&sensor(2)], NEVER).await;
    let (status, refusal) = desk.sent_with(&sensor(1), STREET, 4).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (401, &Value::from("unauthenticated")));
    assert_eq!(desk.sent_with(&sensor(2), STREET, 5).await.0, 201);
    assert_eq!(desk.count("reports").await, 3);
}

#[tokio::test]
async fn a_key_that_is_over_is_refused() {
    let desk = Desk::open().await;
    desk.taking(2, &[&sensor(1)], "2026-01-01T00:00:00Z").await;
    assert_eq!(desk.sent_with(&sensor(1), STREET, 1).await.0, 401);
    assert_eq!(desk.count("reports").await, 0);
}

/// A grant of a key is no more than the grants of people: what it may not do is 403.
#[tokio::test]
async fn a_device_does_nothing_but_report() {
    let desk = Desk::open().await;
    desk.taking(2, &[&sensor(1)], NEVER).await;
    let (path, id) = (format!("/intake/v1/streets/{STREET}/reports:drill"), key(1).to_string());
    let headers = [("idempotency-key", &*id)];
    let (status, ..) = desk.rig.http("POST", &path, Some(&sensor(1)), &headers, Some(report("演练"))).await;
    assert_eq!(status, 403);
}

/// The issuer's word is not enough to be called what the holder of a key is called.
#[tokio::test]
async fn no_token_speaks_for_a_key() {
    let desk = Desk::open().await;
    desk.taking(2, &[&sensor(1)], NEVER).await;
    let forged = desk.rig.token("key:990102001000:sensors");
    assert_eq!(desk.sent_with(&forged, STREET, 1).await.0, 401);
}
