//! Taking a voice out of a case (拆分).

use bootstrap::door::{Problem, text};
use ids::CaseId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cases::Asked;
use super::desk::{note, unwanted, wanted};
use crate::handle::Room;
use crate::handle::split::{self, Apart, SplitVoice};

/// The case it has now.
#[derive(Serialize, ToSchema)]
pub(super) struct SplitDocument {
    report_id: Uuid,
    case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
}

/// Takes it out. The right was asked for.
pub(super) async fn split(room: &Room, case_id: CaseId, asked: Asked) -> Result<SplitDocument, Problem> {
    let Asked { street, form, subject, rank, traceparent } = asked;
    unwanted(&[("/case_id", form.case_id.is_some())])?;
    if let Some(item) = &form.item {
        text::identifier("/item", item)?;
    }
    let command = SplitVoice {
        tenant: street,
        case_id,
        report_id: wanted("/report_id", form.report_id)?,
        item: form.item,
        note: note(form.note)?,
        subject,
        rank,
        traceparent,
    };
    let Apart { case_id, case_no } = split::split(room, &command).await??;
    Ok(SplitDocument { report_id: command.report_id.as_uuid(), case_id: case_id.as_uuid(), case_no })
}
