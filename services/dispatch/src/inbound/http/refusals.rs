//! The machine's refusals as problems: 409 with the refusal's own code and hint.

use bootstrap::door::{Fault, Kind, Problem};
use orders::Refusal;
use writer::Unkept;

use crate::core::link::{LINKS_MAX, LinkRefusal};
use crate::core::past::NoMoment;
use crate::handle::Denied;

/// Seconds after which there is room again, most likely.
const OVERLOADED_RETRY_AFTER_S: u32 = 10;

macro_rules! kinds {
    ($($name:ident $code:literal $title:literal;)*) => {
        $(static $name: Kind = Kind { status: 409, code: $code, title: $title, hint: "" };)*
        static ALL: &[&Kind] = &[$(&$name),*];
    };
}

// Hints come from the machine, which knows what to do next.
kinds! {
    INVALID_TRANSITION "invalid-transition" "当前状态不允许此操作 / Not possible in the present state";
    VISIT_REQUIRED "visit-required" "须先到场 / The visit was not made";
    ASSISTANTS_OPEN "assistants-open" "协办尚未完成 / Assistants have yet to submit";
    INFORM_ONLY "inform-only" "抄送工单只需阅看，不办理 / For information only";
    DUTY_OPEN "duty-open" "仍有未提交的工单 / Orders are not submitted yet";
    LEAD_REQUIRED "lead-required" "须有且只有一个主办 / There must be exactly one lead";
    RETURN_PENDING "return-pending" "退单待裁定 / A return waits for its ruling";
    NO_RETURN "no-return" "没有待裁定的退单 / No return waits for a ruling";
    RETURNS_EXHAUSTED "returns-exhausted" "不能再退单 / It cannot be returned again";
    DISTRICT_DECIDES "district-decides" "须由区裁定 / The district rules";
    OWN_BODY "own-body" "该单位已持有 / That body holds it already";
    CANNOT_LEAD "cannot-lead" "该单位不能主办 / The body may not lead";
    ASKER_MAY_NOT_DECIDE "asker-may-not-decide" "申请人不得自批 / Who asked may not decide";
    NOBODY_SUMMONED "nobody-summoned" "召集单位数不符 / Between one and twenty bodies";
    LEAD_RECORDS "lead-records" "联合走访由主办登记 / The lead records a visit";
    NOT_OF_VISIT "not-of-visit" "工单不在此次走访之列 / The order is none of this visit's";
    VISIT_TIME "visit-time" "走访时间超出范围 / The time of the visit is out of range";
    VISIT_BOUNDS "visit-bounds" "参加单位或走访次数不符 / Too few or too many bodies or visits";
    TIME_PENDING "time-pending" "已有申请待审批 / A question for time waits already";
    NOTHING_ASKED "nothing-asked" "没有待审批的申请 / No time was asked for";
    SUSPENDED "suspended" "工单已挂起 / The order is suspended";
    NO_CLOCK "no-clock" "没有正在计时的时限 / No clock runs";
    LIMIT_USED_UP "limit-used-up" "已用时间超过现行方案的时限 / More time is used than the policy in force allows";
    NO_POLICY "no-policy" "清单中没有现行的时限方案 / There is no policy in force for it";
    OTHER_CLOCK "other-clock" "计时方式或数量不符 / Another clock, or no amount on it";
    UNTIL_OUT_OF_RANGE "until-out-of-range" "截止时间超出范围 / The end is out of range";
    TIME_OUT_OF_RANGE "time-out-of-range" "时限超出可计算范围 / A due time is out of range";
    LINK_EXPIRED "link-expired" "链接已过期 / The link has expired";
    LINK_REVOKED "link-revoked" "链接已撤销 / The link was revoked";
    LINK_ENDED "link-ended" "工单已结束或已改派 / The order has ended, or is another body's now";
    LINK_ACT "link-act-not-allowed" "此链接不含该操作 / The link does not allow this";
    TOO_MANY_LINKS "too-many-links" "此工单的链接过多 / The order has had too many links";
    OTHER_PUBLICATION "other-publication" "日历已有新的发布 / Another publication of the calendar is in force";
    HANDLER_MAY_NOT_VERIFY "handler-may-not-verify" "经办人不得核查 / Who handled may not verify";
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => Problem::not_found(),
            Denied::Access(problem) | Denied::Failed(problem) => problem,
            Denied::Stale => Problem::precondition_failed(),
            Denied::KeyReused => Problem::idempotency_key_reused(),
            Denied::NotReady | Denied::Held => Problem::unavailable(2),
            Denied::OtherPublication(version) => Problem::of(&OTHER_PUBLICATION)
                .with_detail(version.to_string())
                .with_hint("请重新预览后再提交 / look again, then apply what you saw"),
            Denied::NoMoment(refusal) => no_moment(refusal),
            Denied::Database(error) => bootstrap::house::database_problem(&error),
            Denied::Refused(refusal) => refused(&refusal),
            Denied::Link(refusal) => of_link(refusal),
            Denied::Unkept(Unkept::Full) => Problem::unavailable(OVERLOADED_RETRY_AFTER_S),
            Denied::Unkept(Unkept::OverShare) => Problem::quota_exceeded(1),
            Denied::Unkept(Unkept::Unavailable) => Problem::unavailable(2),
            Denied::Unkept(Unkept::Failed) => Problem::internal(),
        }
    }
}

/// What is wrong with the moment that clocks were asked for.
fn no_moment(refusal: NoMoment) -> Problem {
    let fault = |code, said: String| Problem::validation_failed([Fault::new("/at", code, said)]);
    match refusal {
        NoMoment::ToCome => fault("in-future", "不得晚于现在 / it is still to come".to_owned()),
        NoMoment::BeforeOrder => {
            fault("before-order", "早于工单派发 / the order had not been dispatched".to_owned())
        }
        NoMoment::BeforeCase => {
            fault("before-case", "早于案件交办 / the case had not been opened".to_owned())
        }
        NoMoment::NotKept(since) => {
            fault("not-kept", format!("时限记录始于 {since} / what its clocks were is known from {since} on"))
        }
    }
}

/// Who holds a link knows only whom it came from.
fn of_link(refusal: LinkRefusal) -> Problem {
    let Some(kind) = ALL.iter().find(|kind| kind.code == refusal.code()) else { return Problem::internal() };
    let problem = Problem::of(kind);
    match refusal {
        LinkRefusal::Ended => problem.with_hint(
            "对此工单不能再发放、打开链接；如仍需办理，请由街道或区中心就现行工单发放新链接 / Nothing is given out or opened for this order any more; if there is something left \
             to do, the street or district centre gives out a link to the order that goes on",
        ),
        LinkRefusal::TooMany => problem.with_hint(format!(
            "每张工单至多发放 {LINKS_MAX} 个链接 / An order has at most {LINKS_MAX} links in its life"
        )),
        LinkRefusal::Expired | LinkRefusal::Revoked | LinkRefusal::NotAllowed => problem.with_hint(
            "请向发放链接的街道或区中心索取新链接 / Ask the street or district centre it came from for a new link",
        ),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let Some(kind) = ALL.iter().find(|kind| kind.code == refusal.code()) else {
        // A plan's fault: it was checked when the case was opened.
        tracing::error!(code = refusal.code(), "a stored plan is refused");
        return Problem::internal();
    };
    let problem = Problem::of(kind).with_hint(format!("{} / {}", refusal.hint_zh(), refusal.hint_en()));
    match refusal {
        Refusal::InvalidTransition { phase, .. } => problem.with_detail(phase.as_str()),
        Refusal::InvalidCaseTransition { phase, .. } => problem.with_detail(phase.as_str()),
        Refusal::AssistantsOpen { bodies } | Refusal::DutyOpen { bodies } => {
            problem.with_detail(bodies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        _ => problem,
    }
}
