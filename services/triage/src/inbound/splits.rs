//! Taking a voice out of a case (拆分).

use bootstrap::door::{Problem, text};
use ids::CaseId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cases::CaseForm;
use super::desk::{Acting, note, unwanted, wanted};
use crate::handle::split::{self, Apart, SplitVoice};

/// The case it has now.
#[derive(Serialize, ToSchema)]
pub(super) struct SplitDocument {
    pub report_id: Uuid,
    pub case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    pub case_no: String,
}

/// Takes it out, for either door.
pub(super) async fn split(
    acting: &Acting<'_>,
    case_id: CaseId,
    form: CaseForm,
) -> Result<SplitDocument, Problem> {
    unwanted(&[("/case_id", form.case_id.is_some()), ("/place", form.place.is_some())])?;
    if let Some(item) = &form.item {
        text::identifier("/item", item)?;
    }
    let command = SplitVoice {
        tenant: acting.street,
        case_id,
        report_id: wanted("/report_id", form.report_id)?,
        item: form.item,
        note: note(form.note)?,
        subject: acting.subject.to_owned(),
        rank: acting.rank,
        traceparent: acting.traceparent.to_owned(),
    };
    let Apart { case_id, case_no } = split::split(acting.room, &command).await??;
    Ok(SplitDocument { report_id: command.report_id.as_uuid(), case_id: case_id.as_uuid(), case_no })
}
