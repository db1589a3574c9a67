//! One type per kind of identifier, so that a case can never be passed where an order is meant.
//!
//! Pure: nothing here reads a clock or draws randomness; [`mint`] is given both.
//! Codes of the territory tree are 12 digits (grids 15), text at the edges and `i64` in Postgres (D2).

mod body;
mod case_no;
mod code;
mod lane;
mod tracking;
mod uuids;

pub use body::{BodyKey, BodyKeyError, BodyRef};
pub use case_no::CaseNo;
pub use code::{GridCode, InvalidCode, TenantId};
pub use lane::{Lane, UnknownLane};
pub use tracking::{TrackingCode, TrackingCodeError};
pub use uuids::{CaseId, DeliveryId, EventId, IdempotencyKey, LinkId, OrderId, ReportId, VisitId, mint};
