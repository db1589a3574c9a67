//! A report that joined a case which was over already: dispatch had closed it, and triage had not heard of it. Nobody works on that
//! case any more, so whoever reported would wait for nothing. As soon as triage hears of the close, the voice leaves for a case of
//! its own with orders of its own, which names the closed one (ADR 087).
//!
//! What was accepted before the close stays: who verified the result did so after it was said.

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

use super::split::{self, SplitVoice};
use super::{Room, Submission};
use crate::core::desk::Desk;
use crate::store;

/// Said of the voice that leaves, in its case's timeline.
const NOTE: &str = "结案后上报，另立一案 / reported after the close, so it is a case of its own";

/// Voices of these cases, which are over, that were reported after that leave for cases of their own. `actor` is who heard of it.
pub async fn leave(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    over: &[(TenantId, CaseId)],
    (actor, traceparent): (&str, &str),
) -> Result<(), pg::Error> {
    if over.is_empty() {
        return Ok(());
    }
    for (tenant, report_id, ended_at) in store::voices::after_the_end(tx, over).await? {
        let gone = || pg::Error::broken("a voice after the close", "it is gone");
        let voice = store::voices::of_report(tx, tenant, report_id).await?.ok_or_else(gone)?;
        let case = store::cases::find(tx, (tenant, voice.case_id)).await?.ok_or_else(gone)?;
        let command = SplitVoice {
            tenant,
            case_id: case.case_id,
            report_id,
            item: None,
            note: NOTE.to_owned(),
            subject: actor.to_owned(),
            rank: Desk::Street,
            traceparent: traceparent.to_owned(),
        };
        // All voices of this rule's days are kept with their reports.
        let submission = split::submission(&command, &voice, &case, case.item.clone())?;
        let late = |submission: &Submission| submission.report.accepted_at.is_some_and(|at| at > ended_at);
        if let Some(submission) = submission.filter(late) {
            split::apart(room, tx, now, &command, voice, submission).await?;
        }
    }
    Ok(())
}
