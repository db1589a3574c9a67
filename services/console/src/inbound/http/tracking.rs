//! A report by its tracking code: no token, no street, the code is the key (D18).
//!
//! A code nobody has and a text that is no code get the same 404. The answer names no person and no body. Codes could
//! be guessed at, so each client and each tenant has a bound of follows: beyond it, 429.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use bootstrap::door::{Problem, StrictJson};
use contract::EventType;
use ids::TrackingCode;
use jiff::Timestamp;
use pg::TenantScope;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::words_of;
use crate::core::words;
use crate::handle::Room;
use crate::store;
use crate::store::lines::Step;
use crate::store::reports::Tracked;

/// Steps shown at most, the first ones.
const STEPS_MAX: i64 = 500;

/// Whose matter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowBody {
    /// As printed; case, hyphens and spaces do not matter.
    code: String,
}

/// Where the matter stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Followed {
    /// The number people see; empty while there is no case.
    case_no: Option<String>,
    item_zh: Option<String>,
    item_en: Option<String>,
    /// received, review, reviewing, open, submitted, verifying, closed, cancelled or rejected.
    phase: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
    steps: Vec<StepView>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    zh: String,
    en: String,
    /// What the person wrote who found that nobody has to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// 查询进度 / Follow a report by its tracking code.
#[utoipa::path(post, path = "/console/v1/tracking:follow", tag = "tracking", request_body = FollowBody,
    responses((status = 200, body = Followed), Problem))]
pub(super) async fn follow(
    State(room): State<Room>,
    headers: HeaderMap,
    StrictJson(body): StrictJson<FollowBody>,
) -> Result<Json<Followed>, Problem> {
    room.strangers.by_client(&headers)?;
    let code: TrackingCode = body.code.parse().map_err(|_| Problem::not_found())?;
    let hash = digest(&SHA256, code.as_bytes());
    let mut tx = room.house.pool.begin(TenantScope::of_claim()).await?;
    let found = store::tracking::find(&mut tx, hash.as_ref()).await?;
    let (tenant, report_id) = found.ok_or_else(Problem::not_found)?;
    room.strangers.in_tenant(tenant)?;
    tx.narrow_to_claimed([tenant]).await?;
    let tracked = store::reports::tracked(&mut tx, tenant, report_id).await?;
    let tracked = tracked.ok_or_else(Problem::not_found)?;
    let types: Vec<String> =
        EventType::ALL.iter().filter(|kind| words::public(**kind)).map(ToString::to_string).collect();
    let steps = store::lines::steps(&mut tx, tenant, report_id, tracked.case_id, &types, STEPS_MAX).await?;
    tx.commit().await?;
    Ok(Json(followed(tracked, steps)))
}

fn followed(tracked: Tracked, steps: Vec<Step>) -> Followed {
    let waiting = match (tracked.rejected, tracked.review) {
        (true, _) => "rejected",
        (false, true) => "review",
        (false, false) => "received",
    };
    Followed {
        case_no: tracked.case_no,
        item_zh: tracked.item_zh,
        item_en: tracked.item_en,
        phase: tracked.phase.unwrap_or_else(|| waiting.to_owned()),
        received_at: tracked.received_at,
        steps: steps.into_iter().map(shown).collect(),
    }
}

/// A ground is told to the reporter, and with it the words of who gave it; no other note is.
fn shown(step: Step) -> StepView {
    let (zh, en) = words_of(&step.event_type);
    match step.ground.as_deref().and_then(words::ground) {
        None => StepView { at: step.at, zh, en, note: None },
        Some(ground) => StepView {
            at: step.at,
            zh: format!("{zh}：{}", ground.zh),
            en: format!("{en}: {}", ground.en),
            note: step.note,
        },
    }
}
