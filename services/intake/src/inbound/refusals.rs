//! What the room refuses, as the one kind of refusal both doors answer with.

use bootstrap::door::{Fault, Problem};

use crate::handle::Refusal;
use crate::handle::submit::Unkept;

/// Seconds after which a refused reporter may try again.
const RETRY_AFTER_S: u32 = 10;
/// The same while the database is away, which is usually short.
const DATABASE_RETRY_AFTER_S: u32 = 2;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyReused => Problem::idempotency_key_reused(),
            Refusal::UnknownStreet => Problem::not_found(),
            Refusal::ContactRequired => {
                let detail = "该街道不受理匿名上报，请填写联系方式 / this street takes no anonymous reports; give a contact";
                Problem::validation_failed([Fault::new("/reporter/contact", "contact-required", detail)])
            }
            Refusal::Overloaded => Problem::unavailable(RETRY_AFTER_S),
            Refusal::QuotaExceeded { retry_after_s } => Problem::quota_exceeded(retry_after_s),
            Refusal::ContactUnsealed => Problem::internal(),
            Refusal::KeyUnavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
        }
    }
}

impl From<Unkept> for Problem {
    fn from(unkept: Unkept) -> Self {
        match unkept {
            Unkept::Refused(refusal) => refusal.into(),
            Unkept::Unavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
            Unkept::Failed => Problem::internal(),
        }
    }
}
