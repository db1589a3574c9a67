//! Pure helpers of intake.

pub mod fair;
pub mod lane;
pub mod quota;
pub mod tracking;
