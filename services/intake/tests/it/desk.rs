//! The service under test, and a report to send it.

use axum::http::{HeaderMap, StatusCode};
use bootstrap::door::FreeText;
use bootstrap::{Env, House};
use contract::proto::intake::ReportAccepted;
use intake::Intake;
use intake::config::Config;
use intake::handle::{Datum, Place, Room, SubmitReport};
use intake::tenants::Street;
use prost::Message;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::rig::Rig;
use uuid::Uuid;

pub const STREET: &str = "990102001000";
pub const OTHER_STREET: &str = "990102002000";
pub const SEAL_KEY: [u8; 32] = [7; 32];
pub const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub struct Desk {
    pub rig: Rig<Intake>,
    folder: TempDir,
}

impl Desk {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With other knobs.
    pub async fn open_with(knobs: &[(&str, &str)]) -> Self {
        let folder = key_files();
        let (secret, seal_key) = paths(&folder);
        let mut env =
            vec![("STREETWISE_INTAKE_SECRET_FILE", secret.as_str()), ("STREETWISE_SEAL_KEY_FILE", &seal_key)];
        env.extend(knobs);
        let rig = Rig::start(&env).await;
        rig.demo_documents().await;
        Self { rig, folder }
    }

    /// Another process of the same service: its own room on the same database.
    pub fn another_process(&self, outbox_rows_max: &str) -> Room {
        self.process(&[("STREETWISE_OUTBOX_ROWS_MAX", outbox_rows_max)])
    }

    /// The same with any knobs.
    pub fn process(&self, knobs: &[(&str, &str)]) -> Room {
        let (secret, seal_key) = paths(&self.folder);
        let keys = [("STREETWISE_INTAKE_SECRET_FILE", &*secret), ("STREETWISE_SEAL_KEY_FILE", &*seal_key)];
        let env = Env::from_iter(keys.iter().chain(knobs).copied());
        let house: House<Street> = House { metrics: telemetry::Metrics::default(), ..self.rig.house.clone() };
        Room::new(house, Config::read(&env).unwrap())
    }

    pub async fn submit(&self, subject: &str, street: &str, key: Uuid, body: Value) -> (StatusCode, Value) {
        let (status, _, answer) = self.post(subject, street, key, body).await;
        (status, answer)
    }

    /// The same with the headers of the answer.
    pub async fn post(
        &self,
        subject: &str,
        street: &str,
        key: Uuid,
        body: Value,
    ) -> (StatusCode, HeaderMap, Value) {
        let token = self.rig.token(subject);
        let path = format!("/intake/v1/streets/{street}/reports");
        let headers = [("idempotency-key", &*key.to_string()), ("traceparent", TRACE)];
        self.rig.http("POST", &path, Some(&token), &headers, Some(body)).await
    }

    /// As a drill.
    pub async fn drill(&self, subject: &str, street: &str, key: Uuid, body: Value) -> (StatusCode, Value) {
        let path = format!("/intake/v1/streets/{street}/reports:drill");
        let (token, key) = (self.rig.token(subject), key.to_string());
        let (status, _, answer) =
            self.rig.http("POST", &path, Some(&token), &[("idempotency-key", &*key)], Some(body)).await;
        (status, answer)
    }

    /// What was said, decoded, with the lane each went in.
    pub async fn said(&self) -> Vec<(contract::Envelope, ReportAccepted)> {
        let said = self.rig.said().await.into_iter();
        said.map(|(envelope, payload)| (envelope, ReportAccepted::decode(payload).unwrap())).collect()
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM intake.{table}"));
        sqlx::query_scalar(statement).fetch_one(self.rig.admin()).await.unwrap()
    }
}

fn key_files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), [3; 32]).unwrap();
    std::fs::write(folder.path().join("seal"), SEAL_KEY).unwrap();
    folder
}

fn paths(folder: &TempDir) -> (String, String) {
    let path = |name: &str| folder.path().join(name).display().to_string();
    (path("secret"), path("seal"))
}

pub fn report(text: &str) -> Value {
    json!({ "text": text, "place": { "lon": 106.5512, "lat": 29.5628, "datum": "wgs84" } })
}

pub fn key(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A command as the door makes it of `report(text)`.
pub fn command(subject: &str, street: &str, n: u128, text: &str) -> SubmitReport {
    SubmitReport {
        street: street.parse().unwrap(),
        subject: subject.to_owned(),
        source: "resident",
        key: key(n).into(),
        body_sha256: intake::core::tracking::sha256(text.as_bytes()),
        item: None,
        text: FreeText::parse("/text", text.to_owned()).unwrap(),
        place: Place { lon: 106.5512, lat: 29.5628, datum: Datum::Wgs84, address: None },
        contact: None,
        households: 0,
        reading_milli: None,
        assigned: None,
        drill: false,
        traceparent: TRACE.to_owned(),
    }
}
