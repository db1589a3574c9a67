//! Pure helpers of intake.

pub mod lane;
pub mod quota;
pub mod tracking;
