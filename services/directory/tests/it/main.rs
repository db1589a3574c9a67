//! The directory through its own door, on a real database and a real broker.

mod apply;
mod office;
mod read;
mod refusals;
mod streets;
mod together;
