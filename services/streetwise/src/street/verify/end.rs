//! Ends a drill: its case is called off, and its clocks with it.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::follow::{LOOK_EVERY, passing};
use super::{Documents, Doors};
use crate::failure::Failure;

/// Only that it was answered counts.
#[derive(Debug, Deserialize)]
struct CalledOff {}

/// Tries until it is ended or time is up: a case that console tells of may be unknown to a replica that is behind.
/// Answers whether it is ended.
pub(super) async fn end(
    doors: &Doors,
    documents: &Documents,
    case_id: Uuid,
    deadline: Instant,
) -> Result<bool, Failure> {
    let Some(dispatch) = &doors.dispatch else { return Ok(false) };
    let doing = format!("结束演练 {case_id} / ending drill {case_id}");
    let path = format!("/dispatch/v1/streets/{}/cases/{case_id}:cancel", documents.street.code);
    let body = json!({ "note": "演练结束 / the drill is over" });
    let key = Uuid::from_u128(rand::random());
    loop {
        match dispatch.post_again::<CalledOff>(&doing, &path, key, &body).await {
            Ok(CalledOff {}) => return Ok(true),
            Err(failure) if passing(&failure) || missing(&failure) => {
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn missing(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { refusal, .. } if refusal.status == 404)
}
