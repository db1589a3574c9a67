//! Answers that are no: a stable code for machines, a hint for people in Chinese and English.

use ids::BodyRef;

use crate::{CasePhase, Phase, Stage};

/// Why a command was not carried out. Nothing has changed. Doors answer 409 with [`Refusal::code`];
/// `PlanInvalid` comes from a plan, whose message is parked; so does `TimeOutOfRange`, unless it comes of time granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The order's phase does not allow the command.
    #[error("{command} is not possible while the order is {}", phase.as_str())]
    InvalidTransition {
        /// Where the order is.
        phase: Phase,
        /// What was asked, by its verb.
        command: &'static str,
    },
    /// The case's phase does not allow the command.
    #[error("{command} is not possible while the case is {}", phase.as_str())]
    InvalidCaseTransition {
        /// Where the case is.
        phase: CasePhase,
        /// What was asked, by its verb.
        command: &'static str,
    },
    /// The item asks for a visit and none was recorded.
    #[error("the visit required by this item was not made")]
    VisitRequired,
    /// The lead submits last.
    #[error("assistants have not submitted: {}", listed(bodies))]
    AssistantsOpen {
        /// Who has not.
        bodies: Vec<BodyRef>,
    },
    /// An order for information can only be seen.
    #[error("an order for information can only be seen")]
    InformOnly,
    /// A case is not submitted or closed over somebody's open duty.
    #[error("orders of this round are open: {}", listed(bodies))]
    DutyOpen {
        /// Whose.
        bodies: Vec<BodyRef>,
    },
    /// A case has exactly one lead until it closes: the lead's order is not cancelled by itself, and a
    /// round without exactly one lead goes no further.
    #[error("a round has exactly one lead until its case closes")]
    LeadRequired,
    /// Who handles does not verify (D36).
    #[error("who handled the case may not verify it")]
    HandlerMayNotVerify,
    /// A return waits for its ruling: nothing ends the order before, and nothing else is returned.
    #[error("a return waits for its ruling")]
    ReturnPending,
    /// No return waits for a ruling.
    #[error("no return waits for a ruling")]
    NoReturn,
    /// A duty twice at most, whoever has it, and an order once.
    #[error("this cannot be returned again")]
    ReturnsExhausted,
    /// The second return is ruled on by the district.
    #[error("the second return is ruled on by the district")]
    DistrictDecides,
    /// A body proposes or is given what it holds already.
    #[error("the body holds this order already")]
    OwnBody,
    /// A body that only ever assists is named for a lead's duty.
    #[error("the body only ever assists")]
    CannotLead,
    /// Nobody is summoned, or a crowd.
    #[error("between one and twenty bodies are summoned")]
    Summoned,
    /// Only the lead records a visit, while its duty is open.
    #[error("a visit is recorded by the lead")]
    LeadRecords,
    /// An order that was not named with the visit, or has no open duty in its round.
    #[error("the order is none of this visit's")]
    NotOfVisit,
    /// Before an order went out, or in the future.
    #[error("the time of the visit is out of range")]
    VisitTime,
    /// Nobody else was there, or a crowd, or there were too many visits.
    #[error("one to twenty others make a visit, fifty visits a case")]
    VisitBounds,
    /// One question for time at a time.
    #[error("a question for time waits for its answer")]
    TimePending,
    /// Nobody asked for time.
    #[error("no time was asked for")]
    NothingAsked,
    /// The order is suspended: it is resumed first.
    #[error("the order is suspended")]
    Suspended,
    /// There is no clock to extend or to hold: none was set, or it is decided.
    #[error("no clock of the order is running")]
    NoClock,
    /// The policy in force allows less than was used already.
    #[error("more time is used than the policy in force allows")]
    LimitUsedUp,
    /// The list has neither the policy nor the item any more.
    #[error("there is no policy in force for it")]
    NoPolicy,
    /// More working time for a limit in working time, hours of the day for one in those.
    #[error("the stage counts on another clock")]
    OtherClock,
    /// A suspension ends later than now, within a year.
    #[error("the end of the suspension is out of range")]
    UntilOutOfRange,
    /// Who asks does not decide (D27).
    #[error("who asked may not decide")]
    AskerMayNotDecide,
    /// The plan of an order or case is wrong in itself.
    #[error("the plan is invalid: {0}")]
    PlanInvalid(PlanFault),
    /// A due time beyond what a timestamp can hold.
    #[error("a due time is out of range")]
    TimeOutOfRange,
}

/// What is wrong in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// A stage stands twice.
    #[error("stage {} is repeated", .0.as_str())]
    RepeatedStage(Stage),
    /// Verification on an order, or another stage on a case.
    #[error("stage {} does not belong here", .0.as_str())]
    MisplacedStage(Stage),
    /// A named pair that ends with what never comes after its beginning.
    #[error("pair {} ends with what cannot come after its beginning", .0.as_str())]
    BackwardPair(Stage),
    /// More pairs than anybody keeps in mind.
    #[error("an order has at most eight named pairs")]
    TooManyPairs,
    /// A chain step is earlier than the one before it.
    #[error("the chain's steps are not in order of time")]
    UnsortedChain,
}

impl Refusal {
    /// Stable, part of the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::InvalidTransition { .. } | Refusal::InvalidCaseTransition { .. } => "invalid-transition",
            Refusal::VisitRequired => "visit-required",
            Refusal::AssistantsOpen { .. } => "assistants-open",
            Refusal::InformOnly => "inform-only",
            Refusal::DutyOpen { .. } => "duty-open",
            Refusal::LeadRequired => "lead-required",
            Refusal::HandlerMayNotVerify => "handler-may-not-verify",
            Refusal::ReturnPending => "return-pending",
            Refusal::NoReturn => "no-return",
            Refusal::ReturnsExhausted => "returns-exhausted",
            Refusal::DistrictDecides => "district-decides",
            Refusal::OwnBody => "own-body",
            Refusal::CannotLead => "cannot-lead",
            Refusal::AskerMayNotDecide => "asker-may-not-decide",
            Refusal::Summoned => "nobody-summoned",
            Refusal::LeadRecords => "lead-records",
            Refusal::NotOfVisit => "not-of-visit",
            Refusal::VisitTime => "visit-time",
            Refusal::VisitBounds => "visit-bounds",
            Refusal::TimePending => "time-pending",
            Refusal::NothingAsked => "nothing-asked",
            Refusal::Suspended => "suspended",
            Refusal::NoClock => "no-clock",
            Refusal::LimitUsedUp => "limit-used-up",
            Refusal::NoPolicy => "no-policy",
            Refusal::OtherClock => "other-clock",
            Refusal::UntilOutOfRange => "until-out-of-range",
            Refusal::PlanInvalid(_) => "plan-invalid",
            Refusal::TimeOutOfRange => "time-out-of-range",
        }
    }

    /// What to do about it, in Chinese.
    pub const fn hint_zh(&self) -> &'static str {
        match self {
            Refusal::InvalidTransition { .. } => "工单当前状态不能进行此操作，请刷新后再试",
            Refusal::InvalidCaseTransition { .. } => "事件当前状态不能进行此操作，请刷新后再试",
            Refusal::VisitRequired => "此事项须先到场，请登记到场后再提交办结",
            Refusal::AssistantsOpen { .. } => "协办单位尚未全部提交，主办单位须最后提交",
            Refusal::InformOnly => "抄送工单只需阅看，不办理",
            Refusal::DutyOpen { .. } => "本轮仍有未提交的工单",
            Refusal::LeadRequired => "结案前必须有且只有一个主办单位",
            Refusal::HandlerMayNotVerify => "经办人不得核查本事件，请由他人核查",
            Refusal::ReturnPending => "本事件有退单待裁定，请先裁定",
            Refusal::NoReturn => "没有待裁定的退单；如需换单位请用改派",
            Refusal::ReturnsExhausted => "退单次数已用完或已被驳回，须按裁定办理",
            Refusal::DistrictDecides => "同一责任第二次退单由区中心裁定",
            Refusal::OwnBody => "该单位已持有此工单，请填写其他单位",
            Refusal::CannotLead => "该单位只能协办，请填写可主办的单位",
            Refusal::AskerMayNotDecide => "申请人不得审批本人的申请，请由他人决定",
            Refusal::Summoned => "须召集一至二十个单位",
            Refusal::LeadRecords => "联合走访由主办单位登记",
            Refusal::NotOfVisit => "该工单不在此次走访之列，或已不在办",
            Refusal::VisitTime => "走访时间须在各工单派发之后，且不得晚于现在",
            Refusal::VisitBounds => "须有一至二十个其他单位参加，每个事件至多登记五十次走访",
            Refusal::TimePending => "已有延期或挂起申请待审批",
            Refusal::NothingAsked => "没有待审批的延期或挂起申请",
            Refusal::Suspended => "工单已挂起，请先恢复",
            Refusal::LimitUsedUp => "现行方案的时限短于已用时间，采用即为超期：请先准予延期，或保留原方案",
            Refusal::NoPolicy => "清单中已没有该事项及其时限方案，工单沿用原方案",
            Refusal::NoClock => "没有正在计时的时限：已办结、已超期或此事项不设时限",
            Refusal::OtherClock => "延期须与原时限同一计时方式（工作时或自然时）",
            Refusal::UntilOutOfRange => "挂起截止时间须晚于现在，且不超过一年",
            Refusal::PlanInvalid(_) => "派单方案有误",
            Refusal::TimeOutOfRange => "时限超出可计算范围",
        }
    }

    /// What to do about it, in English.
    pub const fn hint_en(&self) -> &'static str {
        match self {
            Refusal::InvalidTransition { .. } => "Not possible in the order's present state; reload it.",
            Refusal::InvalidCaseTransition { .. } => "Not possible in the case's present state; reload it.",
            Refusal::VisitRequired => "This item asks for a visit: record the arrival, then submit.",
            Refusal::AssistantsOpen { .. } => "The lead submits last: assistants have yet to submit.",
            Refusal::InformOnly => "An order for information can only be seen.",
            Refusal::DutyOpen { .. } => "Orders of this round are not submitted yet.",
            Refusal::LeadRequired => "There must be exactly one lead until the case closes.",
            Refusal::HandlerMayNotVerify => "Who handled the case may not verify it; ask somebody else.",
            Refusal::ReturnPending => "A return of this case waits for its ruling; rule on it first.",
            Refusal::NoReturn => "No return waits for a ruling; to move the order, transfer it.",
            Refusal::ReturnsExhausted => "It was returned as often as may be, or refused: the ruling stands.",
            Refusal::DistrictDecides => "The second return of a duty is ruled on by the district centre.",
            Refusal::OwnBody => "That body holds the order already; name another.",
            Refusal::CannotLead => "That body only ever assists; name one that may lead.",
            Refusal::AskerMayNotDecide => "Who asked may not decide; ask somebody else.",
            Refusal::Summoned => "Summon between one and twenty bodies.",
            Refusal::LeadRecords => "A joint visit is recorded by the lead.",
            Refusal::NotOfVisit => "The order is none of this visit's, or has no open duty.",
            Refusal::VisitTime => "A visit is after the dispatch of each order and not in the future.",
            Refusal::VisitBounds => "One to twenty others make a joint visit; a case has fifty at most.",
            Refusal::TimePending => "A question for time waits for its answer already.",
            Refusal::NothingAsked => "No extension or suspension was asked for.",
            Refusal::Suspended => "The order is suspended; resume it first.",
            Refusal::LimitUsedUp => {
                "More time is used than the policy in force allows: grant time after it, or keep the old one."
            }
            Refusal::NoPolicy => {
                "The list has neither the item nor its policy any more: the order keeps its own."
            }
            Refusal::NoClock => "No clock runs: it is done, breached, or the item has none.",
            Refusal::OtherClock => "Extend on the clock of the limit: working time or hours of the day.",
            Refusal::UntilOutOfRange => "A suspension ends later than now and within a year.",
            Refusal::PlanInvalid(_) => "The case plan is wrong.",
            Refusal::TimeOutOfRange => "The limit leaves the range of time.",
        }
    }
}

fn listed(bodies: &[BodyRef]) -> String {
    bodies.iter().map(BodyRef::to_string).collect::<Vec<_>>().join(", ")
}
