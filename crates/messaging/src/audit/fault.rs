//! What can be wrong with a chain of seals.

use uuid::Uuid;

/// The first thing that is wrong with a tenant's chain. Positions count events from 1, seals too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A seal is missing.
    #[error("seal {seal} is missing")]
    SealMissing {
        /// The one that should come.
        seal: i64,
    },
    /// A seal does not begin where the one before it ends.
    #[error("seal {seal} begins at position {found} instead of {expected}")]
    Gap {
        /// Which.
        seal: i64,
        /// Where it should begin.
        expected: i64,
        /// Where it says it begins.
        found: i64,
    },
    /// A seal does not name the one before it.
    #[error("seal {seal} does not continue the seal before it")]
    Broken {
        /// Which.
        seal: i64,
    },
    /// A sealed row is not in the journal any more.
    #[error("position {position}: journal row {event} is gone")]
    RowMissing {
        /// The event's position.
        position: i64,
        /// Its id.
        event: Uuid,
    },
    /// A sealed row is not what it was.
    #[error("position {position}: journal row {event} was changed")]
    RowChanged {
        /// The event's position.
        position: i64,
        /// Its id.
        event: Uuid,
    },
    /// A seal is not the hash of its rows: it, or the stored hash of a row, was changed.
    #[error("seal {seal} is not the hash of its rows")]
    SealChanged {
        /// Which.
        seal: i64,
    },
    /// The chain was made anew after a checkpoint was kept.
    #[error("seal {seal} is another than the checkpoint that was kept of it")]
    OtherThanKept {
        /// Which.
        seal: i64,
    },
    /// The end was cut off after a checkpoint was kept.
    #[error("the chain ends at seal {last}, and a checkpoint of seal {kept} was kept")]
    CutOff {
        /// The last there is.
        last: i64,
        /// The last that was kept.
        kept: i64,
    },
    /// A row stands in the journal, waits for no seal, and no seal names it.
    #[error("journal row {event} is in no seal")]
    Unsealed {
        /// Its id.
        event: Uuid,
    },
    /// Two seals name one row.
    #[error("journal row {event} is in two seals")]
    SealedTwice {
        /// Its id.
        event: Uuid,
    },
}
