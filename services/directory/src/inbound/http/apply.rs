//! `POST /directory/v1/manifests:apply`

use access::Action;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{self, IfMatch, Problem, TraceContext, body};
use bootstrap::{Bearer, Identity};
use bytes::Bytes;
use contract::document::Kind;
use ids::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::offboard::under_way;
use super::plan::FindingBody;
use crate::core::{self, Fault, Found, MANIFEST_BYTES_MAX};
use crate::handle::{self, Applied, Apply, ApplyError, Precondition, Refusal};
use crate::inbound::Desk;

static MANIFEST_INVALID: ProblemKind = ProblemKind {
    status: 422,
    code: "manifest-invalid",
    title: "清单未通过校验，未作任何更改 / The manifest is not valid; nothing was changed",
    hint: "请按 errors 逐项更正后重新提交 / Correct each entry of errors, then apply it again",
};

static DISTRICT_NOT_APPLIED: ProblemKind = ProblemKind {
    status: 422,
    code: "district-not-applied",
    title: "所属区尚未登记 / The street's district has not been applied",
    hint: "请先提交该区的清单，再提交街道 / Apply the district's manifest first, then the street's",
};

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppliedBody {
    /// The tenant's code.
    pub tenant: String,
    /// `district` or `street`.
    pub kind: &'static str,
    /// Its generation now.
    pub generation: u64,
    /// False when the manifest said what was known already.
    pub changed: bool,
    /// What is worth a look in the rules and the list that were published, as `manifests:plan` would have said, with less time for
    /// it; at most 200, none where nothing changed.
    pub findings: Vec<FindingBody>,
}

impl From<Applied> for AppliedBody {
    fn from(applied: Applied) -> Self {
        Self {
            tenant: applied.tenant.to_string(),
            kind: kind_word(applied.kind),
            generation: applied.generation,
            changed: applied.changed,
            findings: applied.findings.into_iter().map(FindingBody::from).collect(),
        }
    }
}

pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::District => "district",
        Kind::Street => "street",
    }
}

/// Applies the manifest of a district or a street: all of it or nothing.
#[utoipa::path(
    post,
    path = "/directory/v1/manifests:apply",
    request_body(content = String, content_type = "application/yaml", description = "至多 256 KiB / at most 256 KiB"),
    params(("If-Match" = Option<String>, Header, description = "仅当仍为此代次 / only if still of this generation")),
    responses((status = 200, body = AppliedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
pub(crate) async fn apply(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    trace: TraceContext,
    request: Request,
) -> Result<([(HeaderName, String); 1], Json<AppliedBody>), Problem> {
    let precondition = precondition(request.headers());
    let bytes = yaml(request).await?;
    let applied = applied(&desk, &who, bytes, precondition, trace.traceparent).await?;
    Ok(([(header::ETAG, format!("\"{}\"", applied.generation))], Json(applied)))
}

/// Applies a manifest, for either door.
pub(crate) async fn applied(
    desk: &Desk,
    who: &Identity,
    bytes: Vec<u8>,
    precondition: Precondition,
    traceparent: String,
) -> Result<AppliedBody, Problem> {
    let manifest = core::read(&bytes).map_err(|found| counted(desk, None, Refused::of(found)))?;
    let tenant = manifest.tenant();
    let admitted = desk.admit(who, Action::DocumentApply, tenant, Some(manifest.district()))?;
    let (district, actor) = (admitted.district, admitted.subject);
    let (bytes, of_generation) = (Bytes::from(bytes), None);
    let command = Apply { manifest, bytes, district, precondition, actor, traceparent, of_generation };
    said(desk, command).await
}

/// Applies what a door has made of a request, and counts what comes of it.
pub(super) async fn said(desk: &Desk, command: Apply) -> Result<AppliedBody, Problem> {
    let (tenant, bytes) = (command.manifest.tenant(), command.bytes.clone());
    match handle::apply(&desk.house, &desk.config, command).await {
        Ok(applied) => {
            desk.events.applied(tenant, applied.generation, applied.changed);
            Ok(applied.into())
        }
        Err(ApplyError::Refused(refusal)) => Err(counted(desk, Some(tenant), Refused::by(refusal, &bytes))),
        Err(ApplyError::Failed(error)) => Err(error.into()),
    }
}

/// The bytes of a manifest, declared as what they are and within their bound.
pub(super) async fn yaml(request: Request) -> Result<Vec<u8>, Problem> {
    if !declares_yaml(request.headers()) {
        let hint = "请使用 Content-Type: application/yaml，且不要压缩 / Use Content-Type: application/yaml, not compressed";
        return Err(Problem::unsupported_media_type().with_hint(hint));
    }
    body::read(request, MANIFEST_BYTES_MAX).await
}

/// What is said to whoever is refused.
pub(super) struct Refused {
    pub problem: Problem,
    /// How many faults of the manifest there are.
    faults: usize,
}

impl Refused {
    /// Everything wrong with a manifest.
    pub(super) fn of(Found { told, more }: Found) -> Self {
        let faults = told.len() + more;
        let mut problem =
            told.into_iter().map(fault).fold(Problem::of(&MANIFEST_INVALID), Problem::with_fault);
        if more > 0 {
            problem = problem.with_detail(format!("另有 {more} 处 / and {more} more"));
        }
        Self { problem, faults }
    }

    /// A refusal of the manifest of these bytes.
    pub(super) fn by(refusal: Refusal, bytes: &[u8]) -> Self {
        let problem = match refusal {
            Refusal::Faulty(faults) => return Self::of(core::placed(faults, bytes)),
            Refusal::DistrictMissing => Problem::of(&DISTRICT_NOT_APPLIED),
            Refusal::Stale => Problem::precondition_failed(),
            Refusal::Unknown => Problem::not_found(),
            Refusal::TooLarge => Problem::payload_too_large(),
            Refusal::BeingRemoved => under_way(),
        };
        Self { problem, faults: 0 }
    }
}

fn fault(fault: Fault) -> door::Fault {
    let told = door::Fault::new(fault.pointer, fault.code, fault.detail);
    match fault.at {
        Some(at) => told.at(at.line, at.column),
        None => told,
    }
}

/// The answer to an apply that is refused, counted.
pub(super) fn counted(desk: &Desk, tenant: Option<TenantId>, refused: Refused) -> Problem {
    desk.events.refused(tenant, refused.problem.code(), refused.faults);
    refused.problem
}

fn declares_yaml(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let yaml = parts.next().is_some_and(|essence| essence == "application/yaml");
    yaml && parts.all(|part| part == "charset=utf-8") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Generations, quoted or not, or `*`. What is none of these matches no generation.
pub(super) fn precondition(headers: &HeaderMap) -> Precondition {
    match IfMatch::of(headers) {
        None => Precondition::None,
        Some(IfMatch::Any) => Precondition::Exists,
        Some(IfMatch::OneOf(generations)) => Precondition::OneOf(generations),
    }
}
