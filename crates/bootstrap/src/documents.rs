//! The one consumer every service has: tenant documents into its own schema (D21).

use contract::document::Header;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::ScopedTx;

/// Keeps documents; the poller compiles them.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepDocuments;

impl Apply for KeepDocuments {
    type Item = Header;

    fn decode(&self, received: &Received) -> Result<Header, Refused> {
        let header = Header::decode(&received.payload);
        let header = header.map_err(|error| Refused::Poison(error.to_string()))?;
        if header.tenant != received.envelope.tenant {
            return Err(Refused::Poison("document of another tenant than its subject".to_owned()));
        }
        Ok(header)
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        _now: Timestamp,
        fresh: Vec<(Received, Header)>,
    ) -> Result<(), ApplyError> {
        for (received, header) in fresh {
            snapshot::keep(tx, &header, &received.payload).await?;
        }
        Ok(())
    }
}
