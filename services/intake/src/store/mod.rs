//! All SQL of intake.

pub(crate) mod contact_reads;
pub(crate) mod outbox;
pub(crate) mod reports;
pub(crate) mod tenant_keys;
pub(crate) mod tracking_codes;
