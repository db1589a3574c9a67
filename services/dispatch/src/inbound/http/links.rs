//! Links to one order, for a body without an account: given out, listed and taken back by the centres and by the body's
//! own users. What opens a link is in the answer to who gives it out and nowhere else.

use std::collections::BTreeSet;

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bootstrap::door::{Fault, IdVerb, Path, Problem, StrictJson};
use bootstrap::{Bearer, Identity};
use ids::{LinkId, OrderId, TenantId};
use pg::TenantScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::{Change, answered};
use crate::core::link::{LinkAct, NewLink};
use crate::core::link_view::{IssuedKept, IssuedView, LinkList, LinkView};
use crate::core::token::Claims;
use crate::handle::Room;
use crate::handle::answer::Answer;
use crate::handle::command::{Command, LinkDeed, What, may_touch};
use crate::store::links;
use crate::store::lists::{self, Reach};

/// Three days.
const HOURS: u16 = 72;
/// Thirty days.
const HOURS_MAX: u16 = 720;
/// Of a label.
const LABEL_CHARS_MAX: usize = 64;
/// More digits in a row are a telephone's, or a person's.
const DIGITS_MAX: usize = 4;

/// What is to be given out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// Until it ends: 1 to 720, 72 unless told.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 720)]
    pub hours: Option<u16>,
    /// What it is for, or whose desk it goes to, e.g. 公交公司调度室: 1 to 64 characters. Never a person: `@` and more than
    /// four digits in a row are refused.
    #[schema(min_length = 1, max_length = 64)]
    pub label: String,
    /// What may be done by it: see, acknowledge, ask, arrive, progress, submit, sign; all of them unless told. Whatever it is, a
    /// link shows its order.
    #[serde(default)]
    pub acts: Option<Vec<String>>,
}

/// Nothing needs to be said with it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeBody {}

/// 发放链接 / Gives out a link to one order. It shows this order and nothing else, allows what `acts` says, ends by itself, and is
/// taken back at any time. Whoever gives it out counts as a handler, and does not verify the case.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/orders/{order}/links",
    params(("street" = String, Path, description = "12 digits"), ("order" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header),
        ("If-Match" = Option<String>, Header, description = "仅当工单仍为此版本 / only if the order is still of this version")),
    request_body = LinkBody,
    responses((status = 201, body = IssuedView), (status = 412, description = "已被更新 / changed since"), Problem))]
pub(super) async fn issue(
    State(room): State<Room>,
    Path((street, order_id)): Path<(TenantId, OrderId)>,
    change: Change,
    StrictJson(body): StrictJson<LinkBody>,
) -> Result<Response, Problem> {
    let issued = give_out(&room, (street, order_id), change, body).await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(issued)).into_response())
}

/// The same at either door. What opens the link is in this answer and nowhere else.
pub(crate) async fn give_out(
    room: &Room,
    (street, order_id): (TenantId, OrderId),
    change: Change,
    body: LinkBody,
) -> Result<IssuedView, Problem> {
    room.house.admit(&change.who, Action::OrderLink, street)?;
    let request = change.request(street, format!("orders/{order_id}/links"), &body);
    let new = new_link(body)?;
    let note = new.said();
    let command = Command {
        request,
        what: What::Link(order_id, LinkDeed::Issue(new)),
        note,
        traceparent: change.traceparent,
        may: may_touch(room, change.who, Action::OrderLink, street),
    };
    let key = command.request.key;
    let Answer { body, .. } = room.submit(command).await?;
    let IssuedKept { link, token_sha256 } = kept(&body)?;
    let claims = Claims { tenant: street, link: link.link_id.into(), expires_at: link.expires_at };
    let token = room.links.keys.again(claims, key, &token_sha256);
    let url = token.map(|token| format!("{}/dispatch/link#{token}", room.links.public_url));
    Ok(IssuedView { link, url })
}

/// 工单的链接 / The links of an order with their openings, newest first; never what opens them.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/orders/{order}/links",
    params(("street" = String, Path, description = "12 digits"), ("order" = Uuid, Path)),
    responses((status = 200, body = LinkList), Problem))]
pub(super) async fn list(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, order_id)): Path<(TenantId, OrderId)>,
) -> Result<Json<LinkList>, Problem> {
    Ok(Json(listed(&room, &who, (street, order_id)).await?))
}

/// The same at either door.
pub(crate) async fn listed(
    room: &Room,
    who: &Identity,
    (street, order_id): (TenantId, OrderId),
) -> Result<LinkList, Problem> {
    let admitted = room.house.admit(who, Action::OrderLink, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let order = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), order_id).await?;
    order.ok_or_else(Problem::not_found)?;
    let links = links::of_orders(&mut tx, &[(street, order_id.as_uuid())]).await?;
    tx.commit().await?;
    Ok(LinkList { links: links.iter().map(LinkView::of).collect() })
}

/// 撤销链接 / Takes a link back: it opens nothing any more. Doing it twice is no fault.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/links/{id}:revoke",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header),
        ("If-Match" = Option<String>, Header, description = "仅当工单仍为此版本 / only if the order is still of this version")),
    request_body = RevokeBody,
    responses((status = 200, body = LinkView), (status = 412, description = "已被更新 / changed since"), Problem))]
pub(super) async fn revoke(
    State(room): State<Room>,
    Path((street, target)): Path<(TenantId, IdVerb<LinkId>)>,
    change: Change,
    StrictJson(RevokeBody {}): StrictJson<RevokeBody>,
) -> Result<Response, Problem> {
    room.house.admit(&change.who, Action::OrderLink, street)?;
    if target.verb != "revoke" {
        return Err(Problem::not_found());
    }
    answered(take_back(&room, street, target.id, change).await?)
}

/// The same at either door.
pub(crate) async fn take_back(
    room: &Room,
    street: TenantId,
    link: LinkId,
    change: Change,
) -> Result<Answer, Problem> {
    room.house.admit(&change.who, Action::OrderLink, street)?;
    let order_id = order_of(room, street, link).await?;
    let command = Command {
        request: change.request(street, format!("links/{link}:revoke"), &RevokeBody {}),
        what: What::Link(order_id, LinkDeed::Revoke(link)),
        note: String::new(),
        traceparent: change.traceparent,
        may: may_touch(room, change.who, Action::OrderLink, street),
    };
    Ok(room.submit(command).await?)
}

/// The order a link is to.
pub(super) async fn order_of(room: &Room, street: TenantId, link: LinkId) -> Result<OrderId, Problem> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([street])).await?;
    let order_id = links::order_of(&mut tx, street, link).await?;
    tx.commit().await?;
    order_id.ok_or_else(Problem::not_found)
}

fn kept(body: &[u8]) -> Result<IssuedKept, Problem> {
    let kept = serde_json::from_slice(body);
    Ok(kept.map_err(|error| pg::Error::broken("reading an answer", error))?)
}

fn new_link(body: LinkBody) -> Result<NewLink, Problem> {
    let hours = body.hours.unwrap_or(HOURS);
    let mut faults = Vec::new();
    if !(1..=HOURS_MAX).contains(&hours) {
        faults.push(Fault::new("/hours", "out-of-range", "须为 1 至 720 小时 / between 1 and 720 hours"));
    }
    if !labels(&body.label) {
        let said = "须为 1 至 64 字，写明岗位或用途，不得含个人信息 / 1 to 64 characters: a desk or a purpose, nothing personal";
        faults.push(Fault::new("/label", "label-invalid", said));
    }
    let acts = match &body.acts {
        None => Some(BTreeSet::from(LinkAct::ALL)),
        Some(words) => words.iter().map(|word| word.parse().ok()).collect::<Option<BTreeSet<LinkAct>>>(),
    };
    let acts = acts.filter(|acts| !acts.is_empty());
    if acts.is_none() {
        let said = "可选 see、acknowledge、ask、arrive、progress、submit、sign / of these, at least one";
        faults.push(Fault::new("/acts", "unknown-act", said));
    }
    match acts {
        Some(acts) if faults.is_empty() => Ok(NewLink { acts, label: body.label, hours }),
        _ => Err(Problem::validation_failed(faults)),
    }
}

/// A desk or a purpose, as far as a text tells: no address of mail, no number of a telephone.
fn labels(label: &str) -> bool {
    let digits = label.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
    (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
        && !label.trim().is_empty()
        && !label.chars().any(|c| c.is_control() || c == '@' || c == '＠')
        && digits.unwrap_or_default() <= DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_no_person() {
        for sound in ["公交公司调度室", "306 路改道", "night shift", "夜班 2026"] {
            assert!(labels(sound), "{sound}");
        }
        let long = "路".repeat(65);
        for personal in
            ["", "  ", "李工 13800138000", "li@example.com", "电话１２３４５", "a\u{202e}\n", &long]
        {
            assert!(!labels(personal), "{personal}");
        }
    }
}
