//! The doors: messages, wake-ups, people. They parse and check; nothing is decided here.

pub mod http;
pub mod messages;
pub mod wakeups;
