//! The verbs of an order: which deed each is, which right it needs, what its body must say.

use access::Action;
use bootstrap::Identity;
use bootstrap::door::{Fault, Problem};
use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use orders::{Act, Deciding, HoldReason, ReturnGround};
use serde::{Deserialize, Serialize};
use sla::Unit;
use utoipa::ToSchema;

use crate::core::deed::{Deed, Named};
use crate::handle::Room;

/// What is said with a deed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActBody {
    /// Free text, at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
    /// For `return`: not_our_duty, not_our_area, wrong_item or beyond_powers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ground: Option<ReturnGround>,
    /// For `return`: the body whose it is. For `transfer` and `adjudicate`: who gets it; to leave a returned order where
    /// it is, its own body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For `extend`: how much more time, on the clock of the resolve limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u32)]
    pub amount: Option<u32>,
    /// For `extend`: second, minute, hour or workday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Unit>,
    /// For `suspend`: its end, within a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// For `suspend`: reporter, materials, approval, weather or proceedings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<HoldReason>,
}

/// The deed of a verb with the right it needs. An unknown verb is an unknown address; what the caller may not do at
/// all in the street is refused before its body is looked at.
pub(crate) fn deed(
    room: &Room,
    who: &Identity,
    street: TenantId,
    verb: &str,
    body: &ActBody,
) -> Result<(Deed, Action), Problem> {
    let action = admitted(room, who, street, verb)?;
    // Who may have the last word may have the first one, too.
    let district = room.house.admit(who, Action::OrderAdjudicate, street).is_ok();
    let decided = if district { Deciding::District } else { Deciding::Centre };
    let named = || named_of(room, street, body.to.as_deref().ok_or_else(|| missing("/to"))?, "/to");
    let deed = match verb {
        "return" => {
            let ground = body.ground.ok_or_else(|| missing("/ground"))?;
            Deed::Return { ground, proposed: named()? }
        }
        "transfer" => Deed::Transfer { to: named()?, decided },
        "adjudicate" => Deed::Adjudicate { to: named()?, decided },
        "extend" => {
            let amount = body.amount.ok_or_else(|| missing("/amount"))?;
            Deed::Extend { amount, unit: body.unit.ok_or_else(|| missing("/unit"))? }
        }
        "suspend" => {
            let until = body.until.ok_or_else(|| missing("/until"))?;
            Deed::Suspend { until, reason: body.reason.ok_or_else(|| missing("/reason"))? }
        }
        "grant" => Deed::Grant,
        "deny" => Deed::Deny,
        "resume" => Deed::Resume,
        "waive" => Deed::Waive,
        "urge" => Deed::Urge,
        "supervise" => Deed::Supervise,
        "adopt" => Deed::Adopt,
        "cancel" => Deed::Cancel,
        act => Deed::Act(act_of(act).ok_or_else(Problem::not_found)?),
    };
    Ok((deed, action))
}

/// The right of a verb, which the caller has somewhere in the street. Asked before anything else is looked at: a street that
/// is not the caller's is not there, whatever is sent to it.
pub(crate) fn admitted(room: &Room, who: &Identity, street: TenantId, verb: &str) -> Result<Action, Problem> {
    let mut action = right(verb).ok_or_else(Problem::not_found)?;
    // The body goes on with its work, or the centre lets it.
    if verb == "resume" && room.house.admit(who, Action::OrderDirect, street).is_ok() {
        action = Action::OrderDirect;
    }
    room.house.admit(who, action, street)?;
    Ok(action)
}

fn act_of(verb: &str) -> Option<Act> {
    Act::ALL.into_iter().find(|act| act.as_str() == verb)
}

fn right(verb: &str) -> Option<Action> {
    match verb {
        "return" | "extend" | "suspend" | "resume" => Some(Action::OrderAct),
        "urge" | "supervise" | "adopt" | "waive" | "cancel" | "transfer" | "adjudicate" | "grant"
        | "deny" => Some(Action::OrderDirect),
        act => act_of(act).map(|_| Action::OrderAct),
    }
}

/// A body of the street or its district, by its full name.
pub(super) fn body_of(
    room: &Room,
    street: TenantId,
    named: &str,
    pointer: &'static str,
) -> Result<BodyRef, Problem> {
    named_of(room, street, named, pointer).map(|named| named.body)
}

/// The same, with what it may be given: whether that matters, its order decides.
fn named_of(room: &Room, street: TenantId, named: &str, pointer: &'static str) -> Result<Named, Problem> {
    let body: BodyRef = named.parse().map_err(|_| unknown(pointer))?;
    let view = room.house.snapshot.view();
    let street = view.street(street).ok_or_else(|| Problem::unavailable(2))?;
    if !street.of.knows(&body) {
        return Err(unknown(pointer));
    }
    let may_lead = street.of.may_lead(&body);
    Ok(Named { body, may_lead })
}

pub(super) fn missing(pointer: &'static str) -> Problem {
    Problem::validation_failed([Fault::new(pointer, "missing-field", "必填 / is required here")])
}

fn unknown(pointer: &'static str) -> Problem {
    let said = "本街道没有这个单位 / no body of this street or its district";
    Problem::validation_failed([Fault::new(pointer, "unknown-body", said)])
}
