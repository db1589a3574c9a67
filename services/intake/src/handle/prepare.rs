//! What is made of a request before any transaction: its id, its lane, its contact sealed. Here and not with the
//! writer, so that a street whose key does not open, or a long text, is nobody else's wait.

use ids::{Lane, ReportId};
use jiff::Timestamp;
use seal::Sealed;

use super::{Refusal, Room, SubmitReport};
use crate::contacts::ContactError;
use crate::core::lane::lane_of;
use crate::store::reports::Accepted;

/// A request ready to be kept: its id derived, its contact unreadable.
pub(super) struct Prepared {
    pub report_id: ReportId,
    pub command: SubmitReport,
    /// Normal while the street is unknown.
    pub lane: Lane,
    /// Whether we have documents of its street. A replay is answered without.
    pub street_known: bool,
    pub contact_sealed: Option<Sealed>,
}

/// What the documents say of a request: its lane; `None` while the street is unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screened(Option<Lane>);

impl Room {
    /// Looks for alarm words and urgent items. A drill goes with what can wait, whatever it says: it must not delay an
    /// emergency.
    pub(super) fn screen(&self, command: &SubmitReport) -> Screened {
        let view = self.house.snapshot.view();
        let screen = view.street(command.street).map(|street| &street.of);
        Screened(screen.map(|screen| match command.drill {
            true => Lane::Bulk,
            false => lane_of(screen, command.text.as_str(), command.item.as_deref()),
        }))
    }

    /// Takes a token of the street's. A drill takes none: what a street rehearses is not what it may report.
    pub(super) fn admit(&self, command: &SubmitReport, screened: Screened) -> Result<(), Refusal> {
        if command.drill {
            return Ok(());
        }
        let Screened(lane) = screened;
        // Streets that are not there share one bucket: they are refused, but not for nothing.
        let street = lane.map(|_| command.street);
        self.quotas.admit(street, lane.unwrap_or(Lane::Normal)).map_err(|wait| {
            let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX - 1) + 1;
            let refusal = Refusal::QuotaExceeded { retry_after_s };
            self.events.refused(refusal.reason());
            refusal
        })
    }

    /// Makes a request ready.
    pub(super) async fn prepare(
        &self,
        mut command: SubmitReport,
        Screened(lane): Screened,
    ) -> Result<Prepared, Refusal> {
        let report_id = command.report_id();
        let street_known = lane.is_some();
        // A street that is not there has no key, and gets none.
        let contact_sealed = match command.contact.take().filter(|_| street_known) {
            None => None,
            Some(contact) => {
                let sealed = self.contacts.seal(&self.house, command.street, report_id, &contact).await;
                Some(sealed.map_err(|error| self.unsealed(&error))?)
            }
        };
        let lane = lane.unwrap_or(Lane::Normal);
        Ok(Prepared { report_id, command, lane, street_known, contact_sealed })
    }

    /// Nothing readable is ever kept, so the report is not.
    fn unsealed(&self, error: &ContactError) -> Refusal {
        let refusal = match error {
            ContactError::Database(error) if error.kind() == pg::Kind::Unavailable => {
                tracing::warn!(error = error as &dyn std::error::Error, "a street's key could not be read");
                Refusal::KeyUnavailable
            }
            _ => {
                tracing::error!(error = error as &dyn std::error::Error, "a contact could not be sealed");
                Refusal::ContactUnsealed
            }
        };
        self.events.refused(refusal.reason());
        refusal
    }
}

impl Prepared {
    /// What a replay of it will find.
    pub(super) fn accepted(&self, now: Timestamp) -> Accepted {
        let body_sha256 = self.command.body_sha256.to_vec();
        Accepted { report_id: self.report_id, body_sha256, accepted_at: now }
    }
}
