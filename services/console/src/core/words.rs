//! What each type of event is called on a timeline, in Chinese and English.

use contract::EventType::{self, *};

/// One thing said twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// The words of an event. No name of a person or body is in them.
pub const fn of(kind: EventType) -> Words {
    match kind {
        ReportAccepted => words("上报已受理", "report accepted"),
        ContactRevealed => words("联系方式被查看", "contact read"),
        CaseOpened => words("已立案", "case opened"),
        CaseJoined => words("并入同一案件", "joined as one more voice"),
        CaseReviewRequested => words("待人工研判", "awaiting a person's judgement"),
        CaseReviewRejected => words("不予受理", "not accepted"),
        CasePlanReviewRequested => words("派单方案待审核", "the case plan awaits a person's review"),
        CaseRouted => words("已形成派单方案", "case plan made"),
        CaseRerouted => {
            words("事项或地点已更正，方案重新拟定", "item or place corrected, case plan made anew")
        }
        CaseRejected => words("立案后不予受理", "not accepted after it was opened"),
        CaseMerged => words("并入另一案件", "its reports went into another case"),
        CaseSplit => words("拆出一条上报，另立案件", "a report left it for a case of its own"),
        CaseRehomed => words("辖区调整，已改归属", "territory redrawn, placed anew"),
        OrderDispatched => words("工单已派发", "order dispatched"),
        OrderSeen => words("承办单位已阅", "seen by the body"),
        OrderAcknowledged => words("承办单位已签收", "acknowledged by the body"),
        OrderArrived => words("已到场", "on site"),
        OrderProgressed => words("处理进展反馈", "progress reported"),
        OrderSubmitted => words("已申请办结", "submitted as done"),
        OrderDone => words("工单已办结", "order done"),
        OrderWarned => words("时限预警", "time is running out"),
        OrderBreached => words("已超期", "due time passed"),
        OrderEscalated => words("已升级", "escalated"),
        OrderCalendarAwaited => words("等待日历发布", "awaiting a calendar"),
        OrderCalendarFilled => words("日历已发布，时限已定", "calendar published, due time set"),
        OrderCancelled => words("工单已取消", "order cancelled"),
        OrderReturnAsked => words("承办单位申请退单", "returned as not theirs, ruling awaited"),
        OrderReturnRefused => words("退单被驳回，原单位继续办理", "return refused, the body goes on"),
        OrderReturned => words("退单成立，改由他单位办理", "return granted, another body takes it"),
        OrderTransferred => words("工单已改派", "order transferred to another body"),
        OrderWaived => words("协办已免除", "assistance waived"),
        OrderUrged => words("已催办", "urged"),
        OrderSupervised => words("已督办", "under supervision"),
        OrderExtensionAsked => words("申请延期", "more time asked for"),
        OrderSuspensionAsked => words("申请挂起", "suspension asked for"),
        OrderTimeRefused => words("延期或挂起未获批准", "time not granted"),
        OrderExtended => words("已批准延期", "more time granted"),
        OrderSuspended => words("已挂起，暂停计时", "suspended, clocks stand still"),
        OrderResumed => words("已恢复计时", "resumed, clocks go on"),
        OrderLinkIssued => words("已发放工单链接", "link to the order given out"),
        OrderLinkRevoked => words("工单链接已撤销", "link to the order revoked"),
        OrderLinkOpened => {
            words("工单链接被打开（不等于已阅）", "order opened by its link, which is not seen")
        }
        OrderLinkRefused => words("工单链接被拒绝打开", "opening the order by its link was refused"),
        OrderAsked => words("承办单位提问", "question of the body"),
        OrderPolicyAdopted => words("已采用现行时限方案", "the policy in force adopted"),
        OrderReplanned => words("日历调整，时限已重排", "new calendar, due times moved"),
        DispatchCaseOpened => words("案件已交办", "case handed to its bodies"),
        CaseCalendarAwaited => words("核查时限等待日历发布", "verification awaits a calendar"),
        CaseCalendarFilled => {
            words("日历已发布，核查时限已定", "calendar published, verification due time set")
        }
        CaseReplanned => {
            words("日历调整，核查或裁定时限已重排", "new calendar, time to verify or rule moved")
        }
        CaseSubmitted => words("待核查", "awaiting verification"),
        CaseVerifying => words("核查中", "being verified"),
        CaseClosed => words("核查通过，已结案", "verified and closed"),
        CaseReopened => words("核查未通过，重新办理", "verification failed, reopened"),
        CaseFalselyClosed => {
            words("同一事项再次上报，记为虚假办结", "the same matter came again: counted as falsely closed")
        }
        CaseRulingAsked => words("退单待裁定", "return awaits a ruling"),
        CaseRuled => words("责任已裁定", "ruled whose duty it is"),
        DispatchCaseRerouted => words("已重新派单", "re-routed, orders follow the new plan"),
        CaseRerouteRefused => words("重新派单未执行，工单不变", "not re-routed, orders stay as they are"),
        CaseWhistled => words("已吹哨，召集单位到场", "bodies summoned to the place"),
        CaseVisitRecorded => {
            words("已登记联合走访，待各单位签字", "joint visit recorded, signatures awaited")
        }
        CaseVisitSigned => words("联合走访已签字", "joint visit signed"),
        CaseCancelled => words("案件已取消", "case cancelled"),
        CaseWarned => words("核查或裁定时限预警", "time to verify or rule is running out"),
        CaseBreached => words("核查或裁定已超期", "time to verify or rule has passed"),
        CaseEscalated => words("核查或裁定超期，已升级", "late verification or ruling escalated"),
        DeliveryDelivered => words("通知已送达", "notice delivered"),
        DeliveryDeadLettered => words("通知未能送达", "notice could not be delivered"),
        DeliverySuppressed => words("通知未发送", "notice not sent"),
        DeliveryReplayed => words("通知重新发送", "notice is sent again"),
        EndpointSecretRotated => words("端点密钥已更换", "an endpoint's secret was changed"),
        DocumentCore => words("租户文件", "tenant document"),
        DocumentTerritory => words("辖区文件", "territory document"),
        DocumentPeople => words("成员文件", "people document"),
        DocumentClassifier => words("分类模型文件", "classifier document"),
    }
}

/// Why nobody has to act, by its code.
pub fn ground(code: &str) -> Option<Words> {
    Some(match code {
        "not-a-matter" => words("没有具体诉求", "nothing is asked for"),
        "no-competence" => words("不属于本区职责", "no body of the district is competent"),
        "unclear" => words("内容不明且无法联系", "it is unclear, and nobody can be asked"),
        "test" => words("测试内容", "a trial"),
        "abuse" => words("恶意内容", "abuse"),
        _ => return None,
    })
}

/// Whether a reporter is shown the step. Orders only by the lead's; clocks and deliveries are inside matters.
pub const fn public(kind: EventType) -> bool {
    matches!(
        kind,
        ReportAccepted
            | CaseOpened
            | CaseReviewRequested
            | CaseReviewRejected
            | CasePlanReviewRequested
            | CaseRejected
            | OrderDispatched
            | OrderAcknowledged
            | OrderArrived
            | OrderProgressed
            | OrderSubmitted
            | CaseVerifying
            | CaseClosed
            | CaseReopened
            | CaseCancelled
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_words_of_its_own_in_both_languages() {
        let mut said = std::collections::BTreeSet::new();
        for kind in EventType::ALL {
            let Words { zh, en } = of(*kind);
            assert!(!zh.is_ascii() && en.is_ascii() && !en.is_empty(), "{kind}");
            assert!(said.insert(zh) && said.insert(en), "{kind}");
        }
    }
}
