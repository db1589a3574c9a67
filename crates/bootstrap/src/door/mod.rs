//! What every HTTP door shares: refusals as problem documents, strict bodies, keys, paths, traces.
//!
//! A handler reads like its contract: extractors parse and refuse, the handler makes a command and maps the
//! core's refusal to a [`Problem`]. Nothing is decided in a door.
//!
//! Deliberately not here: who may do what (`access`), tokens ([`crate::identity`]), sockets ([`crate::listen`]).

pub mod accept;
pub mod body;
mod bucket;
pub(crate) mod guard;
pub mod idempotency;
pub mod if_match;
pub mod json;
pub mod page;
pub mod path;
pub mod problem;
pub mod query;
pub mod strangers;
pub mod text;
pub mod trace;

pub use idempotency::{IdempotencyKeyHeader, parse_key};
pub use if_match::IfMatch;
pub use json::StrictJson;
pub use path::{ActPath, IdVerb, Path, ReadPath};
pub use problem::{Fault, Kind, Problem, ProblemDocument};
pub use query::Query;
pub use strangers::Strangers;
pub use text::FreeText;
pub use trace::TraceContext;
