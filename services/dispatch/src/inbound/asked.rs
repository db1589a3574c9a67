//! One act on one order as either door was asked for it, by itself or among many.

use std::collections::BTreeMap;

use access::Action;
use bootstrap::Identity;
use bootstrap::door::{Fault, FreeText, IfMatch, Problem};
use futures_util::future::join_all;
use ids::{IdempotencyKey, OrderId, TenantId};

use super::http::{ActBody, deed};
use crate::core::view::OrderView;
use crate::handle::Room;
use crate::handle::answer::{Answer, Request};
use crate::handle::command::{Command, What, may_touch};

/// Acts of one request at most.
const ACTS_MAX: usize = 100;

/// Who asks, with which key, for what street.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub who: &'a Identity,
    pub street: TenantId,
    /// Counts for each act by itself.
    pub key: IdempotencyKey,
    pub traceparent: &'a str,
}

/// The act.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub order_id: OrderId,
    pub verb: String,
    /// Versions it insists on; of one act among many, one.
    pub if_match: Option<IfMatch>,
    pub body: ActBody,
}

/// Has one act decided. The digest is that of the HTTP door's body, so one key may be retried at the other door.
pub(super) async fn act(room: &Room, asking: Asking<'_>, asked: Asked) -> Result<Answer, Problem> {
    let Asking { who, street, key, traceparent } = asking;
    let Asked { order_id, verb, if_match, body } = asked;
    let (deed, action) = deed(room, who, street, &verb, &body)?;
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?;
    let command = Command {
        request: Request {
            tenant: street,
            principal: who.subject.clone(),
            route: format!("orders/{order_id}:{verb}"),
            key,
            request_sha256: Request::digest(&body),
            if_match,
        },
        what: What::Order(order_id, deed),
        note: note.into_string(),
        traceparent: traceparent.to_owned(),
        may: may_touch(room, who.clone(), action, street),
    };
    Ok(room.submit(command).await?)
}

/// Whether the caller does anything with orders of the street, asked before the acts are looked at.
pub(super) fn admitted(room: &Room, who: &Identity, street: TenantId) -> Result<(), Problem> {
    let admit = |action| room.house.admit(who, action, street).map(drop);
    admit(Action::OrderDirect).or_else(|_| admit(Action::OrderAct))
}

/// Has each act decided by itself: one that is refused takes no other along. Results in order.
pub(super) async fn acts(
    room: &Room,
    asking: Asking<'_>,
    all: Vec<Asked>,
) -> Result<Vec<Result<OrderView, Problem>>, Problem> {
    let fault = |code, detail| Problem::validation_failed([Fault::new("/acts", code, detail)]);
    if !(1..=ACTS_MAX).contains(&all.len()) {
        return Err(fault("out-of-range", "须为 1 至 100 项 / between 1 and 100"));
    }
    let versions = 1..=i64::MAX.unsigned_abs();
    let none_of_ours = |seen: &IfMatch| match seen {
        IfMatch::Any => false,
        IfMatch::OneOf(seen) => !seen.iter().all(|version| versions.contains(version)),
    };
    if all.iter().any(|asked| asked.if_match.as_ref().is_some_and(none_of_ours)) {
        return Err(fault("out-of-range", "if_version 须为正整数 / if_version counts from 1"));
    }
    for (n, asked) in all.iter().enumerate() {
        if all[..n].iter().any(|other| other.order_id == asked.order_id && other.verb == asked.verb) {
            return Err(fault("duplicate", "同一工单的同一操作出现两次 / one act on an order twice"));
        }
    }
    let count = all.len();
    let mut of_orders: BTreeMap<OrderId, Vec<(usize, Asked)>> = BTreeMap::new();
    for (n, asked) in all.into_iter().enumerate() {
        of_orders.entry(asked.order_id).or_default().push((n, asked));
    }
    let done = join_all(of_orders.into_values().map(|acts| in_turn(room, asking, acts))).await;
    let mut done: BTreeMap<usize, _> = done.into_iter().flatten().collect();
    Ok((0..count).map(|n| done.remove(&n).expect("one answer for each")).collect())
}

/// Acts on one order are decided in their order; those on different orders in any.
async fn in_turn(
    room: &Room,
    asking: Asking<'_>,
    acts: Vec<(usize, Asked)>,
) -> Vec<(usize, Result<OrderView, Problem>)> {
    let mut done = Vec::with_capacity(acts.len());
    for (n, asked) in acts {
        let answer = act(room, asking, asked).await;
        done.push((n, answer.and_then(|answer| view(&answer))));
    }
    done
}

/// The order as it was answered.
pub(super) fn view(answer: &Answer) -> Result<OrderView, Problem> {
    let view = serde_json::from_slice(&answer.body);
    Ok(view.map_err(|error| pg::Error::broken("reading an answer", error))?)
}
