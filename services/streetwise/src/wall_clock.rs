//! The one place of this crate that reads the machine's clock: tokens, signatures and the demonstration's own log
//! are between people and machines, no time of the domain (D29).

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "a window of security, or a note for people; nothing is decided by it"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
