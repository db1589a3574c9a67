//! Everything the four publishers say.
//!
//! Documents are not waited for: an event says all that is kept of it, and nobody can read it before the street's
//! documents are here.

use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::ScopedTx;

use crate::core::heard::{self, Heard};
use crate::handle::{Room, record};

/// Keeps what is heard.
#[derive(Debug, Clone)]
pub(crate) struct Hear(pub Room);

impl Apply for Hear {
    type Item = Heard;

    fn decode(&self, received: &Received) -> Result<Heard, Refused> {
        let heard = heard::read(&received.envelope, &received.payload);
        heard.map_err(|fault| Refused::Poison(fault.to_string()))
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Heard)>,
    ) -> Result<(), ApplyError> {
        Ok(record::record(&self.0, tx, now, fresh).await?)
    }
}
