//! The catalogue of event types. A type is also the first three tokens of its subject (D13, D53).

use std::fmt;
use std::str::FromStr;

/// A text that is no known event type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown event type")]
pub struct UnknownEventType;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Every event the services say: `<service>.<entity>.<event>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $($(#[$doc])* $name,)* }

        impl EventType {
            /// All of them.
            pub const ALL: &[EventType] = &[$(EventType::$name,)*];

            /// `dispatch.order.seen`
            pub const fn as_str(self) -> &'static str {
                match self { $(EventType::$name => $text,)* }
            }
        }
    };
}

events! {
    /// A submission is on the record.
    ReportAccepted = "intake.report.accepted",
    /// Somebody read a reporter's contact, for a purpose.
    ContactRevealed = "intake.contact.revealed",
    /// A new case.
    CaseOpened = "triage.case.opened",
    /// One more voice in a case.
    CaseJoined = "triage.case.joined",
    /// A person must judge.
    CaseReviewRequested = "triage.case.review_requested",
    /// A report nobody has to act on: a person said so, with a ground.
    CaseReviewRejected = "triage.case.review_rejected",
    /// The case's plan waits for a person (D33).
    CasePlanReviewRequested = "triage.case.plan_review_requested",
    /// The case with its plan.
    CaseRouted = "triage.case.routed",
    /// Its item or its place was wrong: the case with a plan drawn anew, while bodies have orders already.
    CaseRerouted = "triage.case.rerouted",
    /// Its place lies in another community or grid since the territory was redrawn.
    CaseRehomed = "triage.case.rehomed",
    /// A case nobody has to act on: a person said so before orders went out, with a ground.
    CaseRejected = "triage.case.rejected",
    /// The same matter as another case: its voices went there, before orders went out or with their end.
    CaseMerged = "triage.case.merged",
    /// A voice was another matter: it is the first of a case of its own now.
    CaseSplit = "triage.case.split",
    /// An order went out.
    OrderDispatched = "dispatch.order.dispatched",
    /// A person of the body has seen it.
    OrderSeen = "dispatch.order.seen",
    /// The body has taken it (签收).
    OrderAcknowledged = "dispatch.order.acknowledged",
    /// Somebody is on site (到场).
    OrderArrived = "dispatch.order.arrived",
    /// News of the work (反馈).
    OrderProgressed = "dispatch.order.progressed",
    /// The body says it is done (办结申请).
    OrderSubmitted = "dispatch.order.submitted",
    /// Done with its case.
    OrderDone = "dispatch.order.done",
    /// A part of the allowed time has passed.
    OrderWarned = "dispatch.order.warned",
    /// The allowed time has passed.
    OrderBreached = "dispatch.order.breached",
    /// A step of the escalation chain.
    OrderEscalated = "dispatch.order.escalated",
    /// A stage waits for an unpublished calendar year (D31).
    OrderCalendarAwaited = "dispatch.order.calendar_awaited",
    /// The awaited calendar year was published: the stage has its due time.
    OrderCalendarFilled = "dispatch.order.calendar_filled",
    /// Withdrawn before it was done.
    OrderCancelled = "dispatch.order.cancelled",
    /// The body says it is not theirs and whose it is; a ruling is awaited (退单).
    OrderReturnAsked = "dispatch.order.return_asked",
    /// The ruling is that it stays.
    OrderReturnRefused = "dispatch.order.return_refused",
    /// The ruling is that it is another's; their order follows.
    OrderReturned = "dispatch.order.returned",
    /// Moved to another body, which nobody had asked for (改派).
    OrderTransferred = "dispatch.order.transferred",
    /// An assistant who is not needed any more.
    OrderWaived = "dispatch.order.waived",
    /// Somebody reminds the body (催办).
    OrderUrged = "dispatch.order.urged",
    /// Under supervision from here on (督办).
    OrderSupervised = "dispatch.order.supervised",
    /// The body asks for more time (延期).
    OrderExtensionAsked = "dispatch.order.extension_asked",
    /// The body asks that time be not charged (挂起).
    OrderSuspensionAsked = "dispatch.order.suspension_asked",
    /// The time asked for is not granted.
    OrderTimeRefused = "dispatch.order.time_refused",
    /// More time is granted.
    OrderExtended = "dispatch.order.extended",
    /// Time is not charged from here on.
    OrderSuspended = "dispatch.order.suspended",
    /// Time is charged again.
    OrderResumed = "dispatch.order.resumed",
    /// A link to the order was given out, for a body without an account.
    OrderLinkIssued = "dispatch.order.link_issued",
    /// The link opens nothing any more.
    OrderLinkRevoked = "dispatch.order.link_revoked",
    /// Somebody opened the order by its link: a receipt, and not yet seen (D22).
    OrderLinkOpened = "dispatch.order.link_opened",
    /// Somebody tried to open the order by a link and was shown nothing.
    OrderLinkRefused = "dispatch.order.link_refused",
    /// The body asks those who direct a question.
    OrderAsked = "dispatch.order.asked",
    /// A newer calendar counts for its clocks from here on: due times moved (重排).
    OrderReplanned = "dispatch.order.replanned",
    /// The policy in force took the place of the one it was issued with.
    OrderPolicyAdopted = "dispatch.order.policy_adopted",
    /// Dispatch holds the case: its first round begins.
    DispatchCaseOpened = "dispatch.case.opened",
    /// The verification waits for an unpublished calendar year.
    CaseCalendarAwaited = "dispatch.case.calendar_awaited",
    /// The awaited year was published: the verification has its due time.
    CaseCalendarFilled = "dispatch.case.calendar_filled",
    /// A newer calendar counts for its verification, or for a ruling, from here on.
    CaseReplanned = "dispatch.case.replanned",
    /// The lead submitted: the case waits for a verifier.
    CaseSubmitted = "dispatch.case.submitted",
    /// A verifier has taken it.
    CaseVerifying = "dispatch.case.verifying",
    /// Verified and closed.
    CaseClosed = "dispatch.case.closed",
    /// Verification failed: a new round.
    CaseReopened = "dispatch.case.reopened",
    /// An order of it was returned: somebody rules whose it is.
    CaseRulingAsked = "dispatch.case.ruling_asked",
    /// Whose a duty is (裁定): what the rules would have to say.
    CaseRuled = "dispatch.case.ruled",
    /// Its plan was drawn anew (重新派单): orders end and others follow.
    DispatchCaseRerouted = "dispatch.case.rerouted",
    /// Its plan was drawn anew too late: orders stay as they are.
    CaseRerouteRefused = "dispatch.case.reroute_refused",
    /// Bodies are summoned to the place (吹哨); their orders follow.
    CaseWhistled = "dispatch.case.whistled",
    /// The lead recorded a visit that several bodies made together; they are to sign it (联合走访).
    CaseVisitRecorded = "dispatch.case.visit_recorded",
    /// A body signed it; the act on its order follows.
    CaseVisitSigned = "dispatch.case.visit_signed",
    /// Called off with all its orders.
    CaseCancelled = "dispatch.case.cancelled",
    /// The same matter came again soon after it was closed: a false closure (虚假办结).
    CaseFalselyClosed = "dispatch.case.falsely_closed",
    /// The time to verify, or to rule, is running out.
    CaseWarned = "dispatch.case.warned",
    /// The time to verify, or to rule, has passed.
    CaseBreached = "dispatch.case.breached",
    /// A step of the escalation chain, since who verifies or rules is late.
    CaseEscalated = "dispatch.case.escalated",
    /// The endpoint took the message.
    DeliveryDelivered = "notification.delivery.delivered",
    /// Given up, with a reason; replayable.
    DeliveryDeadLettered = "notification.delivery.dead_lettered",
    /// Not sent on purpose, with a reason.
    DeliverySuppressed = "notification.delivery.suppressed",
    /// A person had it tried again.
    DeliveryReplayed = "notification.delivery.replayed",
    /// A new secret was made for an endpoint, and shown to who asked.
    EndpointSecretRotated = "notification.endpoint.secret_rotated",
    /// A whole tenant document, part `core`.
    DocumentCore = "directory.document.core",
    /// A whole tenant document, part `territory`.
    DocumentTerritory = "directory.document.territory",
    /// A whole tenant document, part `people`.
    DocumentPeople = "directory.document.people",
    /// A whole tenant document, part `classifier`.
    DocumentClassifier = "directory.document.classifier",
}

impl EventType {
    /// The publishing service: the first token.
    pub fn service(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// The second token.
    pub fn entity(self) -> &'static str {
        self.as_str().split('.').nth(1).unwrap_or_default()
    }

    /// Tenant documents have subjects without a lane.
    pub const fn document(self) -> bool {
        matches!(
            self,
            EventType::DocumentCore
                | EventType::DocumentTerritory
                | EventType::DocumentPeople
                | EventType::DocumentClassifier
        )
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownEventType)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_three_tokens_and_reads_back() {
        for kind in EventType::ALL {
            assert_eq!(kind.as_str().split('.').count(), 3);
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
