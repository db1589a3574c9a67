//! Pure helpers of intake.

pub mod assign;
pub mod lane;
pub mod quota;
pub mod tracking;
