//! What the room refuses, as the one kind of refusal both doors answer with.

use bootstrap::door::{Fault, Problem};
use contract::document::Level;

use crate::core::assign::{self, Place};
use crate::handle::Refusal;
use crate::handle::submit::Unkept;

/// Seconds after which a refused reporter may try again.
const RETRY_AFTER_S: u32 = 10;
/// The same while the database is away, which is usually short.
const DATABASE_RETRY_AFTER_S: u32 = 2;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyReused => Problem::idempotency_key_reused(),
            Refusal::UnknownStreet => Problem::not_found(),
            Refusal::ContactRequired => {
                let detail = "该街道不受理匿名上报，请填写联系方式 / this street takes no anonymous reports; give a contact";
                Problem::validation_failed([Fault::new("/reporter/contact", "contact-required", detail)])
            }
            Refusal::Unassignable(fault) => Problem::validation_failed([unassignable(fault)]),
            Refusal::Overloaded => Problem::unavailable(RETRY_AFTER_S),
            Refusal::QuotaExceeded { retry_after_s } => Problem::quota_exceeded(retry_after_s),
            Refusal::ContactUnsealed => Problem::internal(),
            Refusal::KeyUnavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
        }
    }
}

/// What is wrong with who should act, and what to do instead.
fn unassignable(fault: assign::Fault) -> Fault {
    use assign::Fault as Wrong;
    let said = |place, code, detail: &str| Fault::new(place, code, detail.to_owned());
    match fault {
        Wrong::ItemRequired => {
            let detail = "上级交办须指明事项，时限由事项决定 / name the item: the limits come from it";
            said("/item".to_owned(), "item-required", detail)
        }
        Wrong::UnknownItem => {
            let detail = "清单中目前没有这个事项 / the list has no such item today";
            said("/item".to_owned(), "unknown-item", detail)
        }
        Wrong::UnknownBody(place) => {
            let detail = "本街道及本区没有这个单位，街道单位写作 key@街道代码 / neither the street nor its district has this body; \
                          a street's body is written key@code";
            said(pointer(place), "unknown-body", detail)
        }
        Wrong::Succeeded(place) => {
            let detail =
                "该单位已由他单位承接，请指派承接单位 / another body has taken its place: name that one";
            said(pointer(place), "body-succeeded", detail)
        }
        Wrong::NotBelow(place) => {
            let detail = "该单位不归本中心指派，请由区中心交办 / this body stands above the centre: let the district centre give it";
            said(pointer(place), "not-below", detail)
        }
        Wrong::CannotLead => {
            let detail =
                "该单位只能协办，请指派可主办的单位 / this body only ever assists: name one that may lead";
            said(pointer(Place::Lead), "cannot-lead", detail)
        }
        Wrong::ReservedAbove(level) => {
            let (zh, en) = match level {
                Level::Community => ("社区", "community"),
                Level::Street => ("街道", "street"),
                Level::District => ("区", "district"),
            };
            let detail = format!(
                "清单规定该事项由{zh}级办理，不得下派，请指派{zh}级单位主办 / the list reserves the item for the {en}: it is not \
                 pushed down, name a lead of that level"
            );
            said(pointer(Place::Lead), "reserved-above", &detail)
        }
    }
}

fn pointer(place: Place) -> String {
    match place {
        Place::Lead => "/assigned/lead".to_owned(),
        Place::Assist(place) => format!("/assigned/assists/{place}"),
    }
}

impl From<Unkept> for Problem {
    fn from(unkept: Unkept) -> Self {
        match unkept {
            Unkept::Refused(refusal) => refusal.into(),
            Unkept::Unavailable => Problem::unavailable(DATABASE_RETRY_AFTER_S),
            Unkept::Failed => Problem::internal(),
        }
    }
}
