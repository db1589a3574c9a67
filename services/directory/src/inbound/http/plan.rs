//! `POST /directory/v1/manifests:plan`: what applying a manifest would do. Admission and faults are those of `:apply`;
//! nothing is written.

use access::Action;
use axum::Json;
use axum::extract::{Request, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bootstrap::door::Problem;
use bootstrap::{Bearer, Identity};
use contract::document::Name;
use routing::rules::check::{Example, Finding, Kind};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::apply::{Refused, kind_word, yaml};
use crate::core::{self, Change, Told};
use crate::handle::ApplyError;
use crate::handle::plan::{self, Plan, Planned};
use crate::inbound::Desk;

/// What applying the manifest would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanBody {
    /// The tenant's code.
    pub tenant: String,
    /// `district` or `street`.
    pub kind: &'static str,
    /// The generation it stands on, for `If-Match` of the apply; 0 for a tenant nobody has applied yet.
    pub generation: u64,
    /// False when the manifest says what is known already.
    pub changed: bool,
    /// What differs between the tenant's documents and those it would get; at most 500.
    pub changes: Vec<ChangeBody>,
    /// How many more changes there are.
    pub more: usize,
    /// Of a district: how many streets stand on it. All of them would stay sound; else the plan is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streets: Option<i64>,
    /// Of a street that would be redrawn: its territory as a document, in base64. Triage's `territory:redraw` takes it as it
    /// is and says which open cases would lie elsewhere.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "base64")]
    #[schema(value_type = Option<String>)]
    pub territory_document: Option<Vec<u8>>,
    /// The core of its documents, in base64. Triage's `rules:backtest` takes it as it is and says what its rules and list would have
    /// done to past cases.
    #[serde(serialize_with = "base64_of")]
    #[schema(value_type = String)]
    pub core_document: Vec<u8>,
    /// What is worth a look in its rules: none of it keeps the manifest from being applied; at most 200.
    pub findings: Vec<FindingBody>,
}

/// Something to look at in the rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingBody {
    /// `dead`, `shadowed`, `overlap`, `gap`, `night-holder`, `unknown-item`, `unknown-feature` or `unfinished`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Keys of the rules, the first one is the one to look at; empty where it is the list itself.
    pub rules: Vec<String>,
    /// A made-up event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub example: Option<Example>,
    /// In words.
    pub text: TextBody,
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        let Finding { kind, rules, example, zh, en, .. } = finding;
        Self { kind, rules, example, text: TextBody { zh, en } }
    }
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeBody {
    /// JSON pointer below `/core`, `/territory` or `/people`, the bodies of the tenant's documents. An index in a list is that of
    /// the list after the change; of what was removed, that of the list before it.
    pub pointer: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What stands there now; of a shape, what it measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What would stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The place in words, names beside codes.
    pub label: TextBody,
    /// `before` in words, cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_text: Option<TextBody>,
    /// `after` in words, cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_text: Option<TextBody>,
}

/// A text for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TextBody {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Planned> for PlanBody {
    fn from(planned: Planned) -> Self {
        Self {
            tenant: planned.tenant.to_string(),
            kind: kind_word(planned.kind),
            generation: planned.generation,
            changed: planned.changed,
            changes: planned.changes.told.into_iter().map(ChangeBody::from).collect(),
            more: planned.changes.more,
            streets: planned.streets,
            territory_document: planned.territory,
            core_document: planned.core,
            findings: planned.findings.into_iter().map(FindingBody::from).collect(),
        }
    }
}

fn base64<S: Serializer>(document: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    document.as_ref().map(|document| STANDARD.encode(document)).serialize(serializer)
}

fn base64_of<S: Serializer>(document: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    STANDARD.encode(document).serialize(serializer)
}

impl From<Told> for ChangeBody {
    fn from(told: Told) -> Self {
        Self {
            pointer: told.pointer,
            change: match told.change {
                Change::Added => "added",
                Change::Removed => "removed",
                Change::Changed => "changed",
            },
            before: told.before,
            after: told.after,
            label: told.label.into(),
            before_text: told.before_text.map(TextBody::from),
            after_text: told.after_text.map(TextBody::from),
        }
    }
}

impl From<Name> for TextBody {
    fn from(name: Name) -> Self {
        Self { zh: name.zh, en: name.en }
    }
}

/// Says what applying a manifest would change, and changes nothing.
#[utoipa::path(
    post,
    path = "/directory/v1/manifests:plan",
    request_body(content = String, content_type = "application/yaml", description = "至多 256 KiB / at most 256 KiB"),
    responses((status = 200, body = PlanBody), Problem),
)]
pub(crate) async fn plan(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    request: Request,
) -> Result<Json<PlanBody>, Problem> {
    let bytes = yaml(request).await?;
    planned(&desk, &who, &bytes).await.map(Json)
}

/// Plans a manifest, for either door.
pub(crate) async fn planned(desk: &Desk, who: &Identity, bytes: &[u8]) -> Result<PlanBody, Problem> {
    let manifest = core::read(bytes).map_err(|found| Refused::of(found).problem)?;
    let admitted = desk.admit(who, Action::DocumentApply, manifest.tenant(), Some(manifest.district()))?;
    let command = Plan { manifest, district: admitted.district };
    match plan::plan(&desk.house, &desk.config, command).await {
        Ok(planned) => Ok(planned.into()),
        Err(ApplyError::Refused(refusal)) => Err(Refused::by(refusal, bytes).problem),
        Err(ApplyError::Failed(error)) => Err(error.into()),
    }
}
