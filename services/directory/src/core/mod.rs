//! Pure helpers: no clock, no SQL, no HTTP.

mod changes;
mod classifier;
mod compiled;
mod diff;
mod fault;
mod keys;
mod manifest;
mod members;
mod outline;
mod pack;
mod place;
mod publications;
mod rota;
mod rules;
mod streets;
mod survey;
mod territory;
mod tree;
mod wording;
mod words;

pub(crate) use changes::{Changes, Told, changes};
pub(crate) use classifier::{Offered, Unusable, unlisted};
pub(crate) use compiled::{Compiled, Terms, aggregate_id, codes_within, compile_district, compile_street};
pub(crate) use diff::Change;
pub(crate) use fault::{FAULTS_MAX, Fault, Found};
pub(crate) use keys::brought_back;
pub(crate) use manifest::{MANIFEST_BYTES_MAX, Manifest, placed, read};
pub(crate) use publications::{not_raised, stamp, withdrawn};
pub(crate) use rota::{Calendar, Roster, Turn, calendar};
pub(crate) use rules::{findings, not_looked_at};
pub(crate) use streets::broken_by;
