//! Sealed fields (D20): readable personal data is encrypted at the door and opened only with a purpose.
//!
//! A [`DataKey`] per tenant seals; a [`MasterKey`], mounted by intake and notification only, wraps data keys.
//! Both are AES-256-GCM. What is sealed is bound to its tenant and to a context (the report id), so a sealed
//! value copied to another row does not open. Destroying a tenant's wrapped key makes every copy unreadable,
//! backups included.
//!
//! Deliberately not here: where wrapped keys are stored (intake's own), who may open and the record of the
//! purpose (intake's `:reveal`).

mod cipher;
mod data_key;
mod master_key;
mod sensitive;

pub use cipher::{OpenError, SealError, Sealed};
pub use data_key::DataKey;
pub use master_key::{MasterKey, MasterKeyError, WrappedKey};
pub use sensitive::Sensitive;
