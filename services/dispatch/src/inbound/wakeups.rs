//! What time calls: due orders and due cases.

use jiff::Timestamp;
use pg::ScopedTx;
use wakeups::{Fire, FireError, Kind, Wakeup};

use crate::handle::{CASE, ORDER, Room, due};

/// Orders with a warning, a due time or a chain step to come.
#[derive(Debug, Clone)]
pub(crate) struct OrdersDue(pub Room);

impl Fire for OrdersDue {
    const KIND: Kind = ORDER;
    /// Cases that another transaction has are passed over, of whichever process it is.
    const TWO_HANDS: bool = true;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        due::orders(&self.0, tx, now, due).await
    }
}

/// Cases whose verification has one.
#[derive(Debug, Clone)]
pub(crate) struct CasesDue(pub Room);

impl Fire for CasesDue {
    const KIND: Kind = CASE;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        due::cases(&self.0, tx, now, due).await
    }
}
