//! The doors: parse, authenticate, ask. They decide nothing.

pub(crate) mod http;
pub(crate) mod messages;
