//! The demo district with console in it, and short ways to ask.

use axum::http::{HeaderMap, StatusCode};
use console::Console;
use contract::document::{DocumentBody, Grant};
use serde_json::{Value, json};
use testkit::rig::Rig;

pub use crate::story::{Said, Story, code, report_id};

pub const STREET: &str = "990102001000";
pub const OTHER_STREET: &str = "990102002000";
pub const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Console with documents.
pub struct World {
    pub rig: Rig<Console>,
}

impl World {
    /// The demo's, and one member more: `desk` is of the street centre of [`STREET`] and of no other.
    pub async fn start() -> Self {
        let rig = Rig::<Console>::start(&[]).await;
        let mut documents = testkit::demo::documents(1);
        for document in &mut documents {
            let scope = document.header.tenant;
            if let DocumentBody::People(people) = &mut document.body
                && scope.to_string() == STREET
            {
                let centre = Grant { role: "street-centre".to_owned(), scope, body: None };
                people.members.insert("desk".to_owned(), vec![centre]);
            }
        }
        rig.documents(&documents).await;
        Self { rig }
    }

    /// Publishes events and works them off.
    pub async fn hear(&self, events: &[Said]) {
        for (envelope, payload) in events {
            self.rig.publish(envelope, payload.clone()).await;
        }
        self.rig.drain().await;
    }

    pub async fn get(&self, subject: &str, path: &str) -> (StatusCode, Value) {
        let token = self.rig.token(subject);
        let (status, _, body) = self.rig.http("GET", path, Some(&token), &[], None).await;
        (status, body)
    }

    pub async fn follow(&self, code: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.follow_from(code, &[]).await;
        (status, body)
    }

    pub async fn follow_from(&self, code: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Value) {
        let body = json!({ "code": code });
        self.rig.http("POST", "/console/v1/tracking:follow", None, headers, Some(body)).await
    }

    pub async fn scalar<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(self.rig.admin()).await.unwrap()
    }

    /// Lines without a story, unsequenced, for tests of positions.
    pub async fn lines(&self, street: &str, count: i32) {
        let sql = "WITH entered AS (
            INSERT INTO console.timeline (tenant_id, event_id, event_type, at, lane, aggregate_id, version, drill,
                detail, payload)
            SELECT $1, gen_random_uuid(), 'dispatch.order.progressed', now(), 1, gen_random_uuid(), 1, false, '{}', ''
            FROM generate_series(1, $2) RETURNING tenant_id, event_id)
            INSERT INTO console.unsequenced (tenant_id, event_id, heard_at) SELECT *, '2026-11-23T02:00:00Z' FROM entered";
        let street: i64 = street.parse().unwrap();
        sqlx::query(sql).bind(street).bind(count).execute(self.rig.admin()).await.unwrap();
    }
}

/// The path of a street's cases.
pub fn cases(street: &str) -> String {
    format!("/console/v1/streets/{street}/cases")
}
