//! Pure helpers of intake.

pub mod lane;
pub mod tracking;
