//! What is made of a request before any transaction: its id, its lane, its contact sealed. Here and not with the
//! writer, so that a street whose key does not open, or a long text, is nobody else's wait.

use ids::{Lane, ReportId};
use jiff::Timestamp;
use seal::Sealed;

use super::{Refusal, Room, SubmitReport};
use crate::contacts::ContactError;
use crate::core::lane::lane_of;
use crate::core::quota::Rate;
use crate::store::reports::Accepted;

/// A request ready to be kept: its id derived, its contact unreadable.
pub struct Prepared {
    pub report_id: ReportId,
    pub command: SubmitReport,
    /// Normal while the street is unknown.
    pub lane: Lane,
    /// Whether we have documents of its street. A replay is answered without.
    pub street_known: bool,
    /// Whether its street hears no resident without a contact, and this is one.
    pub anonymous: bool,
    pub contact_sealed: Option<Sealed>,
}

/// What the documents say of a request, once it is admitted with the lane that its street's quota leaves it; `None` while the street is
/// unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screened(Option<Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    lane: Lane,
    quota: Option<Rate>,
    anonymous: bool,
}

/// Who may be heard without a contact only where the street says so; everybody else is known by office.
const RESIDENT: &str = "resident";

impl Room {
    /// Looks for alarm words and urgent items. A drill goes with what can wait, whatever it says: it must not delay an
    /// emergency.
    pub(super) fn screen(&self, command: &SubmitReport) -> Screened {
        let view = self.house.snapshot.view();
        let street = view.street(command.street).map(|street| &street.of);
        Screened(street.map(|street| Known {
            lane: match command.drill {
                true => Lane::Bulk,
                false => lane_of(&street.screen, command.text.as_str(), command.item.as_deref()),
            },
            quota: street.quota,
            anonymous: !street.anonymous_reports && command.source == RESIDENT && command.contact.is_none(),
        }))
    }

    /// Takes a token of the street's, and says in which lane the report travels. A drill takes none: what a street rehearses is not what
    /// it may report.
    pub(super) fn admit(&self, command: &SubmitReport, screened: Screened) -> Result<Screened, Refusal> {
        if command.drill {
            return Ok(screened);
        }
        let Screened(known) = screened;
        // Streets that are not there share one bucket: they are refused, but not for nothing.
        let street = known.map(|_| command.street);
        let (lane, own) = known.map_or((Lane::Normal, None), |known| (known.lane, known.quota));
        let admitted = self.quotas.admit(street, lane, own).map_err(|wait| {
            let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX - 1) + 1;
            let refusal = Refusal::QuotaExceeded { retry_after_s };
            self.events.refused(refusal.reason());
            refusal
        });
        admitted.map(|lane| Screened(known.map(|known| Known { lane, ..known })))
    }

    /// Makes a request ready.
    pub(super) async fn prepare(
        &self,
        mut command: SubmitReport,
        Screened(known): Screened,
    ) -> Result<Prepared, Refusal> {
        let report_id = command.report_id();
        let street_known = known.is_some();
        // A street that is not there has no key, and gets none.
        let contact_sealed = match command.contact.take().filter(|_| street_known) {
            None => None,
            Some(contact) => {
                let sealed = self.contacts.seal(&self.house, command.street, report_id, &contact).await;
                Some(sealed.map_err(|error| self.unsealed(&error))?)
            }
        };
        let (lane, anonymous) = known.map_or((Lane::Normal, false), |known| (known.lane, known.anonymous));
        Ok(Prepared { report_id, command, lane, street_known, anonymous, contact_sealed })
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
