//! Console through its doors, on a real database and broker, each test with its own.

mod doors;
mod live;
mod positions;
mod projecting;
mod tracking;
mod world;
