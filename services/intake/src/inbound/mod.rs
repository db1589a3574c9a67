//! The doors of intake: parse, authenticate, make a command; decide nothing.

mod form;
mod hashed;
pub mod http;
