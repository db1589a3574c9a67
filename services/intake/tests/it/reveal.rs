//! A contact is read by whom it is granted, for a purpose, and never unseen (D20).

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::intake::ContactRevealed;
use ids::{ReportId, TenantId};
use intake::handle::reveal::{self, Purpose, Reveal, Unrevealed};
use prost::Message;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, TRACE, key, report};

const CANARY: &str = "canary-13800000000";

impl Desk {
    /// The id of a report with this contact, or with none.
    async fn reported(&self, n: u128, contact: Option<&str>) -> String {
        let mut body = report("路灯不亮");
        if let Some(contact) = contact {
            body["reporter"] = json!({ "contact": contact });
        }
        let (status, accepted) = self.submit("grid-worker", STREET, key(n), body).await;
        assert_eq!(status, 201, "{accepted}");
        accepted["report_id"].as_str().unwrap().to_owned()
    }

    async fn reveal(&self, subject: &str, street: &str, report_id: &str, body: Value) -> (StatusCode, Value) {
        let path = format!("/intake/v1/streets/{street}/reports/{report_id}:reveal");
        let token = self.rig.token(subject);
        let (status, headers, answer) = self.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
        if status == 200 {
            assert_eq!(headers["cache-control"], "no-store");
        }
        (status, answer)
    }

    /// By a process that holds no key yet.
    async fn revealed_elsewhere(&self, street: TenantId, report_id: ReportId) -> Result<String, Unrevealed> {
        let (subject, traceparent) = ("street-centre".to_owned(), TRACE.to_owned());
        let command = Reveal { street, report_id, subject, purpose: Purpose::CallBack, traceparent };
        reveal::reveal(&self.process(&[]), &command).await.map(|contact| contact.expose().clone())
    }

    /// Who read which report and what for, as asked, and how many events say so.
    async fn readings(&self) -> (Vec<(String, String)>, usize) {
        let rows =
            sqlx::query_as("SELECT actor, purpose FROM intake.contact_reads ORDER BY read_at, read_id");
        let rows = rows.fetch_all(self.rig.admin()).await.unwrap();
        let journal = "SELECT actor, purpose FROM intake.journal WHERE purpose IS NOT NULL ORDER BY at, id";
        let journal: Vec<(String, String)> =
            sqlx::query_as(journal).fetch_all(self.rig.admin()).await.unwrap();
        assert_eq!(rows, journal, "the table and the journal say the same");
        let said = self.rig.said().await;
        let said = said.iter().filter(|(envelope, _)| envelope.event_type == EventType::ContactRevealed);
        (rows, said.count())
    }
}

fn purpose(word: &str) -> Value {
    json!({ "purpose": word })
}

#[tokio::test]
async fn who_reads_a_contact_is_on_the_record() {
    let desk = Desk::open().await;
    let id = desk.reported(1, Some(CANARY)).await;
    let (status, contact) = desk.reveal("street-centre", STREET, &id, purpose("call-back")).await;
    assert_eq!((status.as_u16(), &contact), (200, &json!({ "contact": CANARY })));
    assert_eq!(desk.reveal("verifier", STREET, &id, purpose("clarify")).await.0, 200);
    let expected = [("street-centre", "call-back"), ("verifier", "clarify")];
    let expected = expected.map(|(actor, purpose)| (actor.to_owned(), purpose.to_owned()));
    assert_eq!(desk.readings().await, (expected.to_vec(), 2));
    let said = desk.rig.said().await;
    let (_, payload) = said.into_iter().rfind(|(e, _)| e.event_type == EventType::ContactRevealed).unwrap();
    assert!(!String::from_utf8_lossy(&payload).contains(CANARY));
    assert_eq!(ContactRevealed::decode(payload).unwrap().report_id, id);
}

#[tokio::test]
async fn nobody_reads_without_a_right_or_a_purpose_and_nothing_is_recorded_then() {
    let desk = Desk::open().await;
    let (id, bare) = (desk.reported(1, Some(CANARY)).await, desk.reported(2, None).await);
    let other = uuid::Uuid::from_u128(9).to_string();
    for (subject, street, id, body, status, code) in [
        ("grid-worker", STREET, &id, purpose("call-back"), 403, "forbidden"),
        ("transport", STREET, &id, purpose("call-back"), 403, "forbidden"),
        ("stranger", STREET, &id, purpose("call-back"), 404, "not-found"),
        ("street-centre", OTHER_STREET, &id, purpose("call-back"), 404, "not-found"),
        ("street-centre", STREET, &other, purpose("call-back"), 404, "not-found"),
        ("street-centre", STREET, &bare, purpose("call-back"), 409, "no-contact"),
        ("street-centre", STREET, &id, purpose("curiosity"), 422, "validation-failed"),
        ("street-centre", STREET, &id, json!({}), 422, "validation-failed"),
    ] {
        let (got, refusal) = desk.reveal(subject, street, id, body).await;
        assert_eq!((got.as_u16(), refusal["code"].as_str()), (status, Some(code)), "{subject}: {refusal}");
        assert!(!refusal.to_string().contains(CANARY));
    }
    assert_eq!(desk.readings().await, (Vec::new(), 0));
}

/// A stored key that is another master key's is a fault of ours, never an erased contact.
#[tokio::test]
async fn what_does_not_open_is_told_as_a_fault() {
    let desk = Desk::open().await;
    let id = desk.reported(1, Some(CANARY)).await;
    let (street, report): (TenantId, ReportId) = (STREET.parse().unwrap(), id.parse().unwrap());
    let foreign =
        seal::MasterKey::from_bytes(&[8; 32]).wrap(&seal::DataKey::generate(street).unwrap()).unwrap();
    let statement = sqlx::query("UPDATE intake.tenant_keys SET wrapped = $1").bind(foreign.as_bytes());
    assert_eq!(statement.execute(desk.rig.admin()).await.unwrap().rows_affected(), 1);
    let unrevealed = desk.revealed_elsewhere(street, report).await;
    assert!(matches!(unrevealed, Err(Unrevealed::Key(_))));
    assert_eq!(desk.readings().await, (Vec::new(), 0));
}

/// Destroying a street's key erases what it sealed, from backups too (D20).
#[tokio::test]
async fn what_was_erased_is_read_by_nobody() {
    let desk = Desk::open().await;
    let id = desk.reported(1, Some(CANARY)).await;
    sqlx::query("DELETE FROM intake.tenant_keys").execute(desk.rig.admin()).await.unwrap();
    let unrevealed = desk.revealed_elsewhere(STREET.parse().unwrap(), id.parse().unwrap()).await;
    assert!(matches!(unrevealed, Err(Unrevealed::Erased)));
    assert_eq!(desk.readings().await, (Vec::new(), 0));
}
