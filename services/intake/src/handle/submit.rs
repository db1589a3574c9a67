//! Leaving a report with the [`writer`], which keeps in one transaction whatever came during the last one (ADR 018).

use std::sync::Arc;

use ids::Lane;
use writer::{Keep, Line};

use super::prepare::Prepared;
use super::{Receipt, Refusal, Room, SubmitReport, keep_all};

/// Why a request got no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// It was decided so; nothing was kept.
    Refused(Refusal),
    /// The database is away. Whether it was kept is unknown; the same key may be sent again.
    Unavailable,
    /// The database took every other request but this, or we broke. The same key may be sent again.
    Failed,
}

impl From<writer::Unkept> for Unkept {
    fn from(unkept: writer::Unkept) -> Self {
        match unkept {
            writer::Unkept::Full => Self::Refused(Refusal::Overloaded),
            writer::Unkept::OverShare => Self::Refused(Refusal::QuotaExceeded { retry_after_s: 1 }),
            writer::Unkept::Unavailable => Self::Unavailable,
            writer::Unkept::Failed => Self::Failed,
        }
    }
}

/// The writer of reports.
pub type Writer = writer::Writer<Prepared, Result<Receipt, Refusal>>;

impl Keep for Room {
    const KIND: &'static str = "reports";
    /// About 1 MiB of ordinary reports, and some milliseconds.
    const BATCH_MAX: usize = 512;
    type Request = Prepared;
    type Answer = Result<Receipt, Refusal>;

    async fn keep(&self, batch: &[&Prepared]) -> Result<Vec<Self::Answer>, pg::Error> {
        keep_all(self, batch).await
    }

    fn began(&self, requests: usize) {
        self.events.batch(requests);
    }

    fn turned_away(&self, why: writer::Unkept) {
        if let Unkept::Refused(refusal) = why.into() {
            self.events.refused(refusal.reason());
        }
    }
}

impl Room {
    /// Puts one report on the record, together with whatever else comes at the time.
    pub async fn submit(self: &Arc<Self>, command: SubmitReport) -> Result<Receipt, Unkept> {
        let screened = self.screen(&command);
        let screened = self.admit(&command, screened).map_err(Unkept::Refused)?;
        let request = self.prepare(command, screened).await.map_err(Unkept::Refused)?;
        let line = Line { street: request.command.street, urgent: request.lane == Lane::Urgent };
        self.writer.submit(self, line, request).await?.map_err(Unkept::Refused)
    }
}
