//! Notification with a real database, a real broker and a real webhook sink.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod delivery;
mod doors;
mod failures;
mod hand_over;
mod rotated;
mod running;
mod secrets;
mod world;
