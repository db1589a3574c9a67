//! Pure helpers: no clock, no SQL, no HTTP.

mod compiled;
mod fault;
mod manifest;
mod members;
mod pack;

pub(crate) use compiled::{Compiled, Terms, aggregate_id, compile_district, compile_street};
pub(crate) use fault::Fault;
pub(crate) use manifest::{MANIFEST_BYTES_MAX, Manifest, read};
