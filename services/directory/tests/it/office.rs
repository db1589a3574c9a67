//! A directory with an administrator, and the manifests to give it.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use directory::Directory;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use testkit::rig::Rig;

pub const DISTRICT_CODE: &str = "990102000000";
pub const STREET_CODE: &str = "990102001000";
pub const FAST_CODE: &str = "990102002000";

pub const DISTRICT: &str = include_str!("../../../../packs/demo/district-990102000000.yaml");
pub const STREET: &str = include_str!("../../../../packs/demo/street-990102001000.yaml");
pub const FAST: &str = include_str!("../../../../packs/demo/street-990102002000.yaml");

/// The installation's administrator.
pub const ADMIN: &str = "installer";

pub struct Office {
    pub rig: Rig<Directory>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// Asserts a refusal and returns its faults as (pointer, code).
    pub fn refused(&self, status: u16, code: &str) -> Vec<(String, String)> {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{:#}",
            self.body
        );
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let faults = self.body["errors"].as_array().cloned().unwrap_or_default();
        faults.iter().map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect()
    }

    /// The faults as `line:column pointer code`.
    pub fn placed(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = faults.iter().map(|fault| {
            let (line, column) = (&fault["line"], &fault["column"]);
            format!("{line}:{column} {} {}", text(&fault["pointer"]), text(&fault["code"]))
        });
        told.collect()
    }

    /// Asserts an applied manifest: (generation, changed).
    pub fn applied(&self) -> (u64, bool) {
        assert_eq!(self.status, StatusCode::OK, "{:#}", self.body);
        let generation = self.body["generation"].as_u64().expect("a generation");
        assert_eq!(self.headers["etag"], format!("\"{generation}\""));
        (generation, self.body["changed"].as_bool().expect("changed or not"))
    }
}

impl Office {
    /// In development, with a sink for the demo's addresses.
    pub async fn open() -> Self {
        Self::open_in(&[("STREETWISE_MANIFEST_VARIABLES", "SINK_URL=http://127.0.0.1:9400")]).await
    }

    pub async fn open_in(env: &[(&str, &str)]) -> Self {
        let mut all = vec![("STREETWISE_DIRECTORY_ADMINS", ADMIN)];
        all.extend(env);
        Self { rig: Rig::start(&all).await }
    }

    /// With district and both streets applied and known to the view.
    pub async fn settled() -> Self {
        let office = Self::open().await;
        for manifest in [DISTRICT, STREET, FAST] {
            assert_eq!(office.apply(manifest).await.applied(), (1, true));
        }
        office.rig.refresh().await;
        office
    }

    pub async fn apply(&self, manifest: &str) -> Answer {
        self.apply_as(ADMIN, &[], manifest.to_owned()).await
    }

    pub async fn apply_as(
        &self,
        subject: &str,
        headers: &[(&str, &str)],
        manifest: impl Into<Body>,
    ) -> Answer {
        self.hand_in("apply", subject, headers, manifest).await
    }

    pub async fn plan(&self, manifest: &str) -> Answer {
        self.hand_in("plan", ADMIN, &[], manifest.to_owned()).await
    }

    /// A manifest to one of the verbs that take one.
    pub async fn hand_in(
        &self,
        verb: &str,
        subject: &str,
        headers: &[(&str, &str)],
        manifest: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(format!("/directory/v1/manifests:{verb}"))
            .header("authorization", format!("Bearer {}", self.rig.token(subject)));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/yaml");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, headers, body) =
            self.rig.request(request.body(manifest.into()).expect("a request")).await;
        Answer { status, headers, body }
    }

    pub async fn get(&self, subject: &str, path: &str) -> Answer {
        let token = self.rig.token(subject);
        let (status, headers, body) = self.rig.http("GET", path, Some(&token), &[], None).await;
        Answer { status, headers, body }
    }

    /// The manifest of a generation: body and head.
    pub async fn generation(&self, subject: &str, code: &str, generation: &str) -> Answer {
        self.get(subject, &format!("/directory/v1/streets/{code}/generations/{generation}")).await
    }

    pub async fn rollback(&self, code: &str, to: u64) -> Answer {
        self.rollback_as(ADMIN, &[], code, to).await
    }

    pub async fn rollback_as(&self, subject: &str, headers: &[(&str, &str)], code: &str, to: u64) -> Answer {
        let token = self.rig.token(subject);
        let path = format!("/directory/v1/streets/{code}:rollback");
        let body = serde_json::json!({ "to_generation": to });
        let (status, headers, body) = self.rig.http("POST", &path, Some(&token), headers, Some(body)).await;
        Answer { status, headers, body }
    }

    /// The newest core and people of a tenant, without what a generation changes by itself.
    pub async fn documents(&self, code: &str) -> [Value; 2] {
        let mut documents = [Value::Null, Value::Null];
        for (document, part) in documents.iter_mut().zip(["core", "people"]) {
            let path = format!("/directory/v1/streets/{code}/documents/{part}");
            *document = self.get(ADMIN, &path).await.body["body"].take();
        }
        documents
    }

    /// Rows of every table an apply writes: manifests, documents, journal, outbox.
    pub async fn rows(&self) -> [i64; 4] {
        let mut counts = [0; 4];
        let tables = ["manifests", "tenant_documents", "journal", "outbox_pending"];
        for (count, table) in counts.iter_mut().zip(tables) {
            let statement = AssertSqlSafe(format!("SELECT count(*) FROM directory.{table}"));
            *count = sqlx::query_scalar(statement).fetch_one(self.rig.admin()).await.expect("a count");
        }
        counts
    }
}
