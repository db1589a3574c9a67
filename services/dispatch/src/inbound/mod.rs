//! The doors: parse, authenticate, make a command. They decide nothing.

mod asked;
pub(crate) mod auditor;
pub(crate) mod calendars;
pub(crate) mod http;
pub(crate) mod messages;
pub(crate) mod rpc;
pub(crate) mod wakeups;
