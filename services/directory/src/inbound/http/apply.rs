//! `POST /directory/v1/manifests:apply`

use access::Action;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{self, Problem, TraceContext, body};
use bootstrap::{Bearer, Identity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::{self, Fault, MANIFEST_BYTES_MAX};
use crate::handle::{self, Applied, Apply, ApplyError, Precondition, Refusal};
use crate::inbound::Desk;

/// Most faults told at once; the rest is counted.
const FAULTS_MAX: usize = 200;

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
}

impl From<Applied> for AppliedBody {
    fn from(applied: Applied) -> Self {
        Self {
            tenant: applied.tenant.to_string(),
            kind: match applied.kind {
                contract::document::Kind::District => "district",
                contract::document::Kind::Street => "street",
            },
            generation: applied.generation,
            changed: applied.changed,
        }
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
    if !declares_yaml(request.headers()) {
        let hint = "请使用 Content-Type: application/yaml，且不要压缩 / Use Content-Type: application/yaml, not compressed";
        return Err(Problem::unsupported_media_type().with_hint(hint));
    }
    let precondition = precondition(request.headers());
    let bytes = body::read(request, MANIFEST_BYTES_MAX).await?;
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
    let manifest = core::read(&bytes).map_err(|fault| refuse(desk, None, Refusal::Faulty(vec![fault])))?;
    let tenant = manifest.tenant();
    let admitted = desk.admit(who, Action::DocumentApply, tenant, Some(manifest.district()))?;
    let (district, actor) = (admitted.district, admitted.subject);
    let command = Apply { manifest, bytes, district, precondition, actor, traceparent };
    match handle::apply(&desk.house, &desk.config, command).await {
        Ok(applied) => {
            desk.events.applied(tenant, applied.generation, applied.changed);
            Ok(applied.into())
        }
        Err(ApplyError::Refused(refusal)) => Err(refuse(desk, Some(tenant), refusal)),
        Err(ApplyError::Failed(error)) => Err(error.into()),
    }
}

fn refuse(desk: &Desk, tenant: Option<ids::TenantId>, refusal: Refusal) -> Problem {
    let faults = if let Refusal::Faulty(faults) = &refusal { faults.len() } else { 0 };
    let problem = problem(refusal);
    desk.events.refused(tenant, problem.code(), faults);
    problem
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Faulty(faults) => invalid(faults),
        Refusal::DistrictMissing => Problem::of(&DISTRICT_NOT_APPLIED),
        Refusal::Stale => Problem::precondition_failed(),
        Refusal::Unknown => Problem::not_found(),
        Refusal::TooLarge => Problem::payload_too_large(),
    }
}

fn invalid(faults: Vec<Fault>) -> Problem {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    let told = faults.into_iter().take(FAULTS_MAX);
    let mut problem = told.fold(Problem::of(&MANIFEST_INVALID), |problem, fault| {
        problem.with_fault(door::Fault::new(fault.pointer, fault.code, fault.detail))
    });
    if more > 0 {
        problem = problem.with_detail(format!("另有 {more} 处 / and {more} more"));
    }
    problem
}

fn declares_yaml(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let yaml = parts.next().is_some_and(|essence| essence == "application/yaml");
    yaml && parts.all(|part| part == "charset=utf-8") && !headers.contains_key(header::CONTENT_ENCODING)
}

/// A generation, quoted or not, or `*`. What is none of these matches no generation.
fn precondition(headers: &HeaderMap) -> Precondition {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Precondition::None };
    match value.to_str().ok().filter(|_| second.is_none()).map(|text| text.trim().trim_matches('"')) {
        Some("*") => Precondition::Exists,
        Some(text) => text.parse().map_or(Precondition::Never, Precondition::Generation),
        None => Precondition::Never,
    }
}
