//! Putting a case that bodies have into another (并案).

use bootstrap::door::Problem;
use ids::CaseId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cases::Asked;
use super::desk::{note, unwanted, wanted};
use crate::handle::Room;
use crate::handle::merge::{self, MergeCase, Merged};

/// Where its reports are now.
#[derive(Serialize, ToSchema)]
pub(super) struct MergedDocument {
    /// The case that ended.
    case_id: Uuid,
    #[schema(example = "990102001-261123-0043")]
    case_no: String,
    /// The case that stays.
    into_case_id: Uuid,
    #[schema(example = "990102001-261123-0042")]
    into_case_no: String,
    #[schema(value_type = String, format = DateTime)]
    merged_at: Timestamp,
}

/// Puts it there. The right was asked for.
pub(super) async fn merge(room: &Room, case_id: CaseId, asked: Asked) -> Result<MergedDocument, Problem> {
    let Asked { street, form, subject, rank, traceparent } = asked;
    unwanted(&[("/report_id", form.report_id.is_some()), ("/item", form.item.is_some())])?;
    let command = MergeCase {
        tenant: street,
        case_id,
        into: wanted("/case_id", form.case_id)?,
        note: note(form.note)?,
        subject,
        rank,
        traceparent,
    };
    let Merged { case_no, into_case_no, merged_at } = merge::merge(room, &command).await??;
    let (case_id, into_case_id) = (case_id.as_uuid(), command.into.as_uuid());
    Ok(MergedDocument { case_id, case_no, into_case_id, into_case_no, merged_at })
}
