//! The guarantee of crate messaging, on a real Postgres and a real broker that are killed on the way.

mod consuming;
mod relaying;
mod retention;
mod world;
