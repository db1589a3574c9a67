//! Pure helpers: who is told, the bytes, the signature, where a webhook may go, what follows an attempt.

pub mod address;
pub mod allow;
pub mod notice;
pub mod outcome;
pub mod pace;
pub mod schedule;
pub mod signature;
