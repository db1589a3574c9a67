//! Putting a case that bodies have into another (并案).

use bootstrap::door::Problem;
use ids::CaseId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cases::CaseForm;
use super::desk::{Acting, note, unwanted, wanted};
use crate::handle::merge::{self, MergeCase, Merged};

/// Where its reports are now.
#[derive(Serialize, ToSchema)]
pub(super) struct MergedDocument {
    /// The case that ended.
    pub case_id: Uuid,
    #[schema(example = "990102001-261123-0043")]
    pub case_no: String,
    /// The case that stays.
    pub into_case_id: Uuid,
    #[schema(example = "990102001-261123-0042")]
    pub into_case_no: String,
    #[schema(value_type = String, format = DateTime)]
    pub merged_at: Timestamp,
}

/// Puts it there, for either door.
pub(super) async fn merge(
    acting: &Acting<'_>,
    case_id: CaseId,
    form: CaseForm,
) -> Result<MergedDocument, Problem> {
    let (report_id, item) = (form.report_id.is_some(), form.item.is_some());
    unwanted(&[("/report_id", report_id), ("/item", item), ("/place", form.place.is_some())])?;
    let command = MergeCase {
        tenant: acting.street,
        case_id,
        into: wanted("/case_id", form.case_id)?,
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let Merged { case_no, into_case_no, merged_at } = merge::merge(acting.room, &command).await??;
    let (case_id, into_case_id) = (case_id.as_uuid(), command.into.as_uuid());
    Ok(MergedDocument { case_id, case_no, into_case_id, into_case_no, merged_at })
}
