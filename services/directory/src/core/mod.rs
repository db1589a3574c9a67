//! Pure helpers: no clock, no SQL, no HTTP.

mod compiled;
mod fault;
mod manifest;
mod members;
mod pack;
mod streets;

pub(crate) use compiled::{Compiled, Terms, aggregate_id, codes_within, compile_district, compile_street};
pub(crate) use fault::Fault;
pub(crate) use manifest::{MANIFEST_BYTES_MAX, Manifest, read};
pub(crate) use streets::broken_by;
