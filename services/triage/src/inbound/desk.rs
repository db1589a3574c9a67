//! What the doors of the review desk share: who may decide where, what is refused, and fields that have no place at a verb.

use access::Action;
use bootstrap::Identity;
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{Fault, FreeText, Problem, TraceContext};
use ids::TenantId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::core::desk::{Desk, Refusal};
use crate::handle::Room;

/// Most entries of one answer.
const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// 1 to 200; 50 unless told.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<Uuid>,
    /// Only what lies on the `street`'s desk, or on the `district`'s; both unless told.
    pub desk: Option<Desk>,
}

/// What is done with an entry that stays one: the same for reports and plans.
pub(super) enum Passing {
    /// It goes to another desk.
    Send(Desk),
    /// The person takes it in hand.
    Claim,
    /// The person lets go of it.
    Release,
}

impl Passing {
    /// By the verb of the path.
    pub(super) fn of(verb: &str) -> Option<Self> {
        match verb {
            "raise" => Some(Self::Send(Desk::District)),
            "hand-down" => Some(Self::Send(Desk::Street)),
            "claim" => Some(Self::Claim),
            "release" => Some(Self::Release),
            _ => None,
        }
    }
}

static CLAIMED: ProblemKind = ProblemKind {
    status: 409,
    code: "claimed-by-another",
    title: "该事项正由他人处理 / Somebody else has it in hand",
    hint: "请等对方处理完毕或释放，或待认领到期后再试；列表中的 claimed_by 与 claimed_until 说明由谁、到何时 / Wait until they are done, let go of \
           it, or their claim is over: claimed_by and claimed_until of the list say who and until when",
};

static DISTRICTS_DESK: ProblemKind = ProblemKind {
    status: 409,
    code: "districts-desk",
    title: "该事项在区级研判台 / It lies on the district's desk",
    hint: "由区中心处理；需要时区中心可用 :hand-down 交回街道 / The district centre decides; with :hand-down it gives it back to the street",
};

static RESERVED_ABOVE: ProblemKind = ProblemKind {
    status: 409,
    code: "reserved-above",
    title: "该事项依清单属上级职责 / The list reserves it for a level above",
    hint: "请保留上级单位主办，或用 :raise 上报区级决定 / Leave the lead with a body of that level, or let the district decide with :raise",
};

static PLAN_WAITS: ProblemKind = ProblemKind {
    status: 409,
    code: "plan-waits",
    title: "派单方案尚待审核 / The plan waits for a person",
    hint: "请先在方案审核中处理（:approve 改单位，:merge 并案）；事项或地点有误的先用 :reroute 更正 / Decide it among the plan reviews (`:approve` with \
           other bodies, `:merge` into another case); `:reroute` it first if its item or place is wrong",
};

static CASE_OVER: ProblemKind = ProblemKind {
    status: 409,
    code: "case-over",
    title: "该案件已结束 / The case is over",
    hint: "已结束的案件不再并案或重新派单；归属有误的上报用 :split 拆出，事项未解决请重新上报，会记为虚假办结 / What is over is neither merged nor \
           routed again: a report in the wrong case leaves it with `:split`; if the matter is not settled, report it anew, and it is held against the close",
};

static URGENT_STAYS: ProblemKind = ProblemKind {
    status: 409,
    code: "urgent-stays",
    title: "更紧急的案件须保留 / The more urgent case stays",
    hint: "并案会结束其工单；请反向并案：将另一案件并入此案件 / Its orders would end; merge the other way round: the other case into this one",
};

static DISTRICT_MERGES: ProblemKind = ProblemKind {
    status: 409,
    code: "district-merges",
    title: "须由区并案 / The district merges it",
    hint: "该案件由区交办，或依清单属上级职责、而另一案件由下级主办；请由区中心并案，或反向并案 / The district gave it, or the list reserves it above \
           the lead of the other case: the district centre merges it, or it is merged the other way round",
};

static NOTHING_CHANGED: ProblemKind = ProblemKind {
    status: 409,
    code: "nothing-changed",
    title: "事项、地点与承办单位均无变化 / Item, place and bodies would stay as they are",
    hint: "请填写正确的事项或地点；只换单位请用工单的 :transfer / Name another item or place; to move an order to another body, `:transfer` it",
};

static DISTRICT_REROUTES: ProblemKind = ProblemKind {
    status: 409,
    code: "district-reroutes",
    title: "该案件只能由区中心重新派单 / Only the district re-routes it",
    hint: "由区交办、新方案须区级审核，或原属区级职责而改后下沉的案件，请区中心办理 / The district gave it, or has to look at the new plan, or it was the district's by \
           the list and would go below it: ask the district centre",
};

/// A person at the desk of a street, admitted, in the trace of the request: what either door has in hand before it makes a command.
pub(super) struct Acting<'a> {
    pub room: &'a Room,
    pub street: TenantId,
    /// Whose desk the person may decide at.
    pub rank: Desk,
    pub subject: &'a str,
    pub traceparent: &'a str,
}

impl<'a> Acting<'a> {
    /// One of those who may decide at all.
    pub(super) fn admitted(
        room: &'a Room,
        who: &'a Identity,
        street: TenantId,
        trace: &'a TraceContext,
    ) -> Result<Self, Problem> {
        room.house.admit(who, Action::ReviewDecide, street)?;
        let district = room.house.admit(who, Action::ReviewDistrict, street).is_ok();
        let rank = if district { Desk::District } else { Desk::Street };
        Ok(Self { room, street, rank, subject: &who.subject, traceparent: &trace.traceparent })
    }
}

/// How many entries are wanted.
pub(super) fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    let limit = wanted.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let fault = Fault::new("", "invalid-query", "limit 须为 1 至 200 / limit must be 1 to 200");
    Err(Problem::validation_failed([fault]))
}

/// The person's words.
pub(super) fn note(written: Option<String>) -> Result<String, Problem> {
    FreeText::parse("/note", written.unwrap_or_default()).map(FreeText::into_string)
}

/// A field that has to be there at a verb.
pub(super) fn wanted<T>(pointer: &'static str, field: Option<T>) -> Result<T, Problem> {
    let fault = || Fault::new(pointer, "missing-field", "必填 / is required here");
    field.ok_or_else(|| Problem::validation_failed([fault()]))
}

/// Fields that have no place at a verb.
pub(super) fn unwanted(fields: &[(&'static str, bool)]) -> Result<(), Problem> {
    let there = fields.iter().filter(|(_, there)| *there);
    let faults: Vec<Fault> = there
        .map(|(pointer, _)| Fault::new(*pointer, "unknown-field", "此处没有这一项 / has no place here"))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::validation_failed(faults)) }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let fault = |pointer: &'static str, code: &'static str, detail: &str| {
            Problem::validation_failed([Fault::new(pointer, code, detail)])
        };
        let not_now = |detail: &'static str| Problem::invalid_transition().with_detail(detail);
        match refusal {
            Refusal::Unknown => Problem::not_found(),
            Refusal::Redrawn => Problem::precondition_failed(),
            Refusal::DecidedOtherwise => not_now("已另行处理完毕 / It was decided in another way"),
            Refusal::UnknownItem => {
                fault("/item", "unknown-item", "事项清单中没有该事项 / the item list has no such item")
            }
            Refusal::UnknownBody(pointer) => {
                fault(pointer, "unknown-body", "本街道没有这个单位 / no body of this street or its district")
            }
            Refusal::CannotLead => {
                let detail = "该单位只能协办，请填写可主办的单位 / this body only ever assists: name one that may lead";
                fault("/lead", "cannot-lead", detail)
            }
            Refusal::Claimed(_) => Problem::of(&CLAIMED),
            Refusal::DistrictDecides => Problem::of(&DISTRICTS_DESK),
            Refusal::ReservedAbove => Problem::of(&RESERVED_ABOVE),
            Refusal::AlreadyThere => not_now("已在该研判台 / It lies on that desk already"),
            Refusal::NoOpenCase(_) => {
                fault("/case_id", "no-open-case", "本街道没有该未结案件 / no open case of this street")
            }
            Refusal::Itself => fault("/case_id", "same-case", "不能并入自身 / a case cannot go into itself"),
            Refusal::TooManyVoices => not_now(
                "该案件声音过多，不能一次并入；请反向并案：将另一案件并入此案件，方案待审核的先派出 / It has too many voices to go over at once: merge the other case into \
                 this one, after its plan went out if that waits",
            ),
            Refusal::PlanWaits => Problem::of(&PLAN_WAITS),
            Refusal::CaseOver => Problem::of(&CASE_OVER),
            Refusal::UrgentStays => Problem::of(&URGENT_STAYS),
            Refusal::DistrictMerges => Problem::of(&DISTRICT_MERGES),
            Refusal::FirstVoice => not_now(
                "首个上报即案件本身，不能拆出 / The first report is what the case is; it cannot leave it",
            ),
            Refusal::NotItsVoice => not_now("该上报不在此案件中 / The report is not in this case (any more)"),
            Refusal::NothingChanged => Problem::of(&NOTHING_CHANGED),
            Refusal::DistrictReroutes => Problem::of(&DISTRICT_REROUTES),
            Refusal::OutsideTerritory => fault(
                "/place",
                "outside-territory",
                "不在本街道辖区内；请取消本案件并向所属街道上报 / not in this street: call the case off and report it to the street it is in",
            ),
            Refusal::NotKept => not_now(
                "该上报早于拆分功能，未留存原文 / It came before reports were kept with their voices; report it anew",
            ),
        }
    }
}
