//! The steps of the story, and which of them were seen.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $chinese:literal $english:literal,)*) => {
        /// One step of the story, in its order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Step { $($(#[$doc])* $name,)* }

        impl Step {
            /// Every step.
            pub const ALL: &[Step] = &[$(Step::$name,)*];

            /// For people.
            pub const fn words(self) -> (&'static str, &'static str) {
                match self { $(Step::$name => ($chinese, $english),)* }
            }
        }
    };
}

steps! {
    /// Two reporters, two tracking codes.
    Reported "两名群众先后上报" "two people report",
    /// The second one named no item.
    Joined "并为一案，诉求人两名" "one case with two voices",
    /// One lead, two assistants.
    Ordered "主办一张、协办两张工单" "one lead order and two assist orders",
    /// Street centre and district centre.
    Informed "抄送街道中心与区中心" "street centre and district centre are informed",
    /// They act on nothing, but it is known who has seen it (D22).
    Noticed "两级中心均已阅" "both centres have seen it",
    /// Each stage has a due time, or waits for the calendar of a year.
    Timed "每个时限都有期限，或在等待日历" "every stage has its due time, or awaits a calendar",
    /// Five verified webhooks.
    Told "五个通知送达且签名有效" "five webhooks arrive, each signature valid",
    /// D55.
    Traced "通知与上报同一追踪号" "the webhooks carry the report's trace",
    /// All four acts.
    PoliceDone "交巡警：阅、签收、到场、办结" "traffic police see, acknowledge, arrive, submit",
    /// All its acts.
    BusDone "公交公司：阅、签收、到场、办结" "the bus company sees, acknowledges, arrives, submits",
    /// All its acts.
    LeadDone "区交委：阅、签收、到场、办结" "the transport commission sees, acknowledges, arrives, submits",
    /// By somebody who handled nothing.
    Claimed "核查员认领" "a verifier claims the case",
    /// The case and its orders.
    Closed "核查通过，结案" "verified and closed",
    /// By tracking code.
    Followed "群众凭查询码看到已办结" "the reporter sees it closed by the code",
    /// Told from first to last.
    Recorded "事件全程完整" "the timeline tells it all",
    /// In the second street nobody acts.
    LeftAlone "第二街道：工单无人理会" "second street: an order is left alone",
    /// At 80 %.
    Warned "八成时限预警" "warned at 80 %",
    /// At 100 %.
    Breached "超期" "breached",
    /// To the district centre, by a webhook.
    Escalated "升级至区中心并送达" "escalated to the district centre, delivered",
}

/// What was seen so far; shared by the two streets' stories.
#[derive(Debug, Default)]
pub struct Checklist(Mutex<BTreeSet<Step>>);

impl Checklist {
    /// Seen, and told at once.
    pub fn seen(&self, step: Step) {
        if self.steps().insert(step) {
            let (chinese, english) = step.words();
            println!("  ✓ {chinese} / {english}");
        }
    }

    /// The steps nobody has seen, in order.
    pub fn missing(&self) -> Vec<Step> {
        let seen = self.steps();
        Step::ALL.iter().copied().filter(|step| !seen.contains(step)).collect()
    }

    /// The whole list, for the end.
    pub fn render(&self) -> String {
        let seen = self.steps();
        let line = |step: &Step| {
            let (chinese, english) = step.words();
            format!("  {} {chinese} / {english}\n", if seen.contains(step) { '✓' } else { '✗' })
        };
        Step::ALL.iter().map(line).collect()
    }

    fn steps(&self) -> std::sync::MutexGuard<'_, BTreeSet<Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_missing() {
        let checklist = Checklist::default();
        for step in Step::ALL.iter().filter(|step| **step != Step::Warned) {
            checklist.seen(*step);
        }
        assert_eq!(checklist.missing(), [Step::Warned]);
        assert_eq!(checklist.render().matches('✗').count(), 1);
    }
}
