//! Taking a voice out of a case (拆分).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{IdVerb, Path, Problem, StrictJson, TraceContext, text};
use ids::{CaseId, ReportId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::desk::{Acting, note};
use crate::handle::Room;
use crate::handle::split::{self, Apart, SplitVoice};

/// Which voice, and what it is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitForm {
    #[schema(value_type = Uuid)]
    pub report_id: ReportId,
    /// Code of its item; without it what its case is about.
    #[schema(example = "TRA-01")]
    pub item: Option<String>,
    /// Free text, at most 4,000 characters.
    pub note: Option<String>,
}

/// The case it has now.
#[derive(Serialize, ToSchema)]
pub(super) struct SplitDocument {
    pub report_id: Uuid,
    pub case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    pub case_no: String,
}

/// 拆分上报 / Takes a report out of the case it joined into a case of its own, with a plan of its own. The report that opened the case
/// cannot leave it.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/cases/{target}",
    tag = "cases",
    params(
        ("street" = String, Path, description = "街道代码 / the street's code, 12 digits"),
        ("target" = String, Path, description = "案件编号加 :split / the case's id and `:split`"),
    ),
    request_body = SplitForm,
    responses((status = 200, body = SplitDocument), Problem),
)]
pub(super) async fn split(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<CaseId>)>,
    trace: TraceContext,
    StrictJson(form): StrictJson<SplitForm>,
) -> Result<Json<SplitDocument>, Problem> {
    let acting = Acting::admitted(&room, &who, street, &trace)?;
    if target.verb != "split" {
        return Err(Problem::not_found());
    }
    apart(&acting, target.id, form).await.map(Json)
}

/// Does what a form says, for either door.
pub(super) async fn apart(
    acting: &Acting<'_>,
    case_id: CaseId,
    form: SplitForm,
) -> Result<SplitDocument, Problem> {
    if let Some(item) = &form.item {
        text::identifier("/item", item)?;
    }
    let command = SplitVoice {
        tenant: acting.street,
        case_id,
        report_id: form.report_id,
        item: form.item,
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let Apart { case_id, case_no } = split::split(acting.room, &command).await??;
    Ok(SplitDocument { report_id: command.report_id.as_uuid(), case_id: case_id.as_uuid(), case_no })
}
