//! What people have decided, as labelled examples (标注样本): what a model of the street can learn from. At the review desk, by
//! re-routing a case to another item, or by splitting a voice from its case with another.

use std::fmt;
use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem, Query};
use bytes::Bytes;
use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::desk::limit;
use crate::core::report::Report;
use crate::handle::Room;
use crate::store;
use crate::store::examples::Decided;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// 1 to 200; 50 unless told.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Decided reports, the first decided first.
#[derive(Serialize, ToSchema)]
pub(super) struct ExampleList {
    examples: Vec<ExampleDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One text with what a person found it to be about.
#[derive(Serialize, ToSchema)]
struct ExampleDocument {
    report_id: Uuid,
    /// The reporter's words, byte for byte.
    text: String,
    /// Code of the item.
    #[schema(example = "TRA-01")]
    label: String,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
}

/// 标注样本 / Reports whose item a person has decided, for training a classifier. No drills; no place, no contact.
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/examples",
    tag = "reviews",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits"), ListQuery),
    responses((status = 200, body = ExampleList), Problem),
)]
pub(super) async fn list(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ExampleList>, Problem> {
    // Whoever decides about the texts may learn from them, and whoever trains for the street.
    let admitted = room.house.admit(&who, Action::ExampleRead, street)?;
    let limit = limit(query.limit)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let after = match &query.after {
        None => None,
        Some(shown) => Some(place(&mut tx, street, shown).await?),
    };
    let after = after.map(|Place { at, report_id }| (at, report_id));
    let decided = store::examples::decided(&mut tx, street, after, i64::from(limit)).await?;
    tx.commit().await?;
    let last = decided.last().filter(|_| decided.len() == limit as usize);
    let behind = |last: &Decided| Place { at: last.decided_at.to_jiff(), report_id: last.report_id };
    let next = last.map(|last| behind(last).to_string());
    let examples: Result<_, Problem> = decided.into_iter().map(|decided| document(street, decided)).collect();
    Ok(Json(ExampleList { examples: examples?, next }))
}

/// A place between examples: behind this report, decided then. The instant is part of it, since a later word on the report moves the
/// report, and what lies between would be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    at: Timestamp,
    report_id: Uuid,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.as_microsecond(), self.report_id)
    }
}

impl Place {
    /// As it was given out, and in no other way of writing it.
    fn read(text: &str) -> Option<Self> {
        let (at, report_id) = text.split_once('.')?;
        let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
        let place = Self { at, report_id: report_id.parse().ok()? };
        (place.to_string() == text).then_some(place)
    }
}

/// What a cursor stands for. Builds before gave out the report alone: behind where it is now.
async fn place(tx: &mut ScopedTx, street: TenantId, shown: &str) -> Result<Place, Problem> {
    let place = match shown.parse::<Uuid>() {
        Ok(report_id) => {
            let at = store::examples::decided_at(tx, street, report_id).await?;
            at.map(|at| Place { at, report_id })
        }
        Err(_) => Place::read(shown),
    };
    place.ok_or_else(Problem::bad_cursor)
}

fn document(street: TenantId, decided: Decided) -> Result<ExampleDocument, Problem> {
    let report = Report::read(&Bytes::from(decided.report), street);
    let report = report.map_err(|_| Problem::from(pg::Error::impossible_row("triage.reviews.report")))?;
    let Decided { report_id, item: label, decided_at, .. } = decided;
    Ok(ExampleDocument { report_id, text: report.text, label, decided_at: decided_at.to_jiff() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_given_out_and_in_no_other_way() {
        let at = Timestamp::from_microsecond(1_763_863_200_000_001).unwrap();
        let report_id = Uuid::from_u128(0xa);
        let shown = Place { at, report_id }.to_string();
        assert_eq!(shown, "1763863200000001.00000000-0000-0000-0000-00000000000a");
        assert_eq!(Place::read(&shown), Some(Place { at, report_id }));
        for other in [
            "",
            ".",
            "1763863200000001",
            "1763863200000001.",
            ".00000000-0000-0000-0000-00000000000a",
            "+1763863200000001.00000000-0000-0000-0000-00000000000a",
            "01763863200000001.00000000-0000-0000-0000-00000000000a",
            "1763863200000001.00000000-0000-0000-0000-00000000000A",
            "1763863200000001.0000000000000000000000000000000a",
            "1763863200000001.00000000-0000-0000-0000-00000000000a.",
            "9223372036854775807.00000000-0000-0000-0000-00000000000a",
        ] {
            assert_eq!(Place::read(other), None, "{other}");
        }
    }
}
