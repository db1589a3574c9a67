//! What who holds a link may do: open its order and act on it, without an account. The token comes in the body of a POST,
//! never in an address.
//!
//! Forged and unknown tokens get the same 404. One that names a link of ours without our signature leaves a receipt on that link's
//! order; how often that is looked up is bounded for all callers together. A true one that opens nothing any more is told so: whoever
//! holds it was meant to know of the order.

use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bootstrap::door::{Fault, FreeText, IdempotencyKeyHeader, Problem, StrictJson, TraceContext};
use contract::document::LINK_SUBJECT;
use ids::{IdempotencyKey, VisitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::answered;
use super::deeds::missing;
use super::links::order_of;
use crate::core::link::LinkAct;
use crate::core::link_view::LinkedOrder;
use crate::core::token::{Claims, Token, claimed};
use crate::handle::answer::{Answer, Request};
use crate::handle::command::{Command, LinkDeed, What};
use crate::handle::{Denied, Room};

/// Which link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenBody {
    /// What stands behind the `#` of the link.
    token: String,
}

/// What is done by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkActBody {
    /// What stands behind the `#` of the link.
    pub token: String,
    /// see, acknowledge, ask, arrive, progress, submit or sign.
    pub act: String,
    /// For `sign`: which visit.
    #[serde(default)]
    pub visit_id: Option<Uuid>,
    /// What is asked or reported; free text, at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What counts as the same request, without the token.
#[derive(Serialize)]
struct Asked<'a> {
    act: &'a str,
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    visit_id: Option<Uuid>,
}

/// The headers of a change by a link.
pub(crate) struct Knock {
    pub key: IdempotencyKey,
    pub traceparent: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Knock {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::from_request_parts(parts, state).await?;
        let Ok(trace) = TraceContext::from_request_parts(parts, state).await;
        Ok(Self { key, traceparent: trace.traceparent })
    }
}

/// 打开链接 / Shows the one order of a link. Each opening is a receipt on the timeline and meets nothing: seen is a button.
#[utoipa::path(post, path = "/dispatch/v1/links:open", params(("Idempotency-Key" = Uuid, Header)),
    request_body = OpenBody, responses((status = 200, body = LinkedOrder), Problem))]
pub(super) async fn open(
    State(room): State<Room>,
    headers: HeaderMap,
    knock: Knock,
    StrictJson(body): StrictJson<OpenBody>,
) -> Result<Response, Problem> {
    let token = admitted(&room, &headers, &knock, &body.token).await?;
    answered(opened(&room, knock, token).await?)
}

/// The same at either door.
pub(crate) async fn opened(room: &Room, knock: Knock, token: Token) -> Result<Answer, Problem> {
    let asked = Asked { act: "open", note: "", visit_id: None };
    submitted(room, knock, token, LinkDeed::Open(token), asked).await
}

/// 经链接办理 / An act of the order's body, by a link that allows it.
#[utoipa::path(post, path = "/dispatch/v1/links:act", params(("Idempotency-Key" = Uuid, Header)),
    request_body = LinkActBody, responses((status = 200, body = LinkedOrder), Problem))]
pub(super) async fn act(
    State(room): State<Room>,
    headers: HeaderMap,
    knock: Knock,
    StrictJson(body): StrictJson<LinkActBody>,
) -> Result<Response, Problem> {
    let token = admitted(&room, &headers, &knock, &body.token).await?;
    answered(acted(&room, knock, token, body).await?)
}

/// The same at either door.
pub(crate) async fn acted(
    room: &Room,
    knock: Knock,
    token: Token,
    body: LinkActBody,
) -> Result<Answer, Problem> {
    let act: LinkAct = body.act.parse().map_err(|_| {
        let said = "可选 see、acknowledge、ask、arrive、progress、submit、sign / one of these";
        Problem::validation_failed([Fault::new("/act", "unknown-act", said)])
    })?;
    let note = FreeText::parse("/note", body.note.unwrap_or_default())?;
    if act == LinkAct::Ask && note.as_str().trim().is_empty() {
        return Err(missing("/note"));
    }
    let deed = match (act, body.visit_id) {
        (LinkAct::Sign, None) => return Err(missing("/visit_id")),
        (LinkAct::Sign, Some(visit)) => LinkDeed::Sign(token, VisitId(visit)),
        (act, _) => LinkDeed::Act(token, act),
    };
    let asked = Asked { act: &body.act, note: note.as_str(), visit_id: body.visit_id };
    submitted(room, knock, token, deed, asked).await
}

/// Bounds first, then the signature; only then does anything cost something.
pub(crate) async fn admitted(
    room: &Room,
    headers: &HeaderMap,
    knock: &Knock,
    token: &str,
) -> Result<Token, Problem> {
    room.links.strangers.by_client(headers)?;
    let Some(token) = room.links.keys.read(token) else {
        if !forged(room, knock, token).await {
            room.metrics.link_refused(None);
        }
        return Err(Problem::not_found());
    };
    room.links.strangers.with_key(token.claims.link.as_uuid())?;
    room.links.strangers.in_tenant(token.claims.tenant)?;
    Ok(token)
}

/// How long a forgery is noted at most: before the doors give up on an answer, which would be another one.
const NOTED_WITHIN: Duration = Duration::from_secs(1);

/// Whether what we did not sign names a link of ours, and was noted: then its order keeps a receipt. Who sent it is told
/// the same either way, also while somebody holds the case.
async fn forged(room: &Room, knock: &Knock, text: &str) -> bool {
    let claims = claimed(text).filter(|_| room.links.forgers.together().is_ok());
    let Some(claims) = claims else { return false };
    tokio::time::timeout(NOTED_WITHIN, noted(room, knock, claims)).await.unwrap_or(false)
}

/// Refused in any case; what could not be noted now is noted when it is tried again.
async fn noted(room: &Room, knock: &Knock, Claims { tenant, link, .. }: Claims) -> bool {
    let Ok(order_id) = order_of(room, tenant, link).await else { return false };
    let command = Command {
        request: Request {
            tenant,
            principal: format!("{LINK_SUBJECT}{link}"),
            route: "links".to_owned(),
            key: knock.key,
            request_sha256: [0; 32],
            if_match: None,
        },
        what: What::Link(order_id, LinkDeed::Forged(link)),
        note: String::new(),
        traceparent: String::new(),
        may: Box::new(|_| Ok(())),
    };
    matches!(room.submit(command).await, Err(Denied::NotFound))
}

async fn submitted(
    room: &Room,
    knock: Knock,
    token: Token,
    deed: LinkDeed,
    asked: Asked<'_>,
) -> Result<Answer, Problem> {
    let (tenant, link) = (token.claims.tenant, token.claims.link);
    let order_id = order_of(room, tenant, link).await;
    // A true token without its row, as after a restore of an older database.
    if order_id.as_ref().is_err_and(|problem| problem.status() == StatusCode::NOT_FOUND) {
        room.metrics.link_refused(None);
    }
    let order_id = order_id?;
    let request = Request {
        tenant,
        principal: format!("{LINK_SUBJECT}{link}"),
        route: "links".to_owned(),
        key: knock.key,
        request_sha256: Request::digest(&asked),
        if_match: None,
    };
    let (what, note) = (What::Link(order_id, deed), asked.note.to_owned());
    // The token is the right; whether it still holds is decided under the lock of its case.
    let command = Command { request, what, note, traceparent: knock.traceparent, may: Box::new(|_| Ok(())) };
    Ok(room.submit(command).await?)
}
