//! The doors: messages, wake-ups, people. They parse and check; nothing is decided here.

mod endpoints;
pub mod http;
pub mod messages;
pub mod wakeups;
