//! The doors: parse, authenticate, make a command. They decide nothing.

pub(crate) mod calendars;
pub(crate) mod http;
pub(crate) mod messages;
pub(crate) mod rpc;
pub(crate) mod wakeups;
