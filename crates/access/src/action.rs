//! What can be asked for. One variant per thing the rights table tells apart.

use std::fmt;

/// An action of a person, a body's system or an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Send a report into a street.
    ReportSubmit,
    /// Give a street or its communities a matter from above (上级交办), with who has to act.
    ReportAssign,
    /// Send a drill into a street, read what became of it and end it: the same path, marked as rehearsal (D26).
    ReportDrill,
    /// Read the contact a reporter gave, for a recorded purpose (D20).
    ContactReveal,
    /// Follow a matter by its tracking code. Asked only where a token is given: the code itself is the key.
    TrackingFollow,
    /// List the cases of a street.
    CaseList,
    /// Read one case with its timeline.
    CaseRead,
    /// Take a submitted case for verification and say pass or fail.
    CaseVerify,
    /// Read the review desk and decide what lies on the street's.
    ReviewDecide,
    /// Decide what lies on the district's desk, and give what the list reserves above to somebody below.
    ReviewDistrict,
    /// List orders.
    OrderList,
    /// Read one order with its clocks.
    OrderRead,
    /// See, acknowledge, arrive, progress, submit, return.
    OrderAct,
    /// Direct the work of bodies: urge, supervise, transfer, waive, withdraw, rule on a case's first return.
    OrderDirect,
    /// Give out, list and revoke links to one order, for a body without an account.
    OrderLink,
    /// Rule on any return: the last word on whose a duty is.
    OrderAdjudicate,
    /// Have running clocks go over to a newly published calendar, after looking at what moves.
    CalendarReplan,
    /// Call a case off.
    CaseCancel,
    /// Read deliveries with their attempts and verdicts.
    DeliveryRead,
    /// Have a new secret made for an endpoint, and be shown it.
    EndpointRotate,
    /// Watch the live updates of a street.
    LiveWatch,
    /// Read the documents of a tenant.
    DocumentRead,
    /// Apply a district or street manifest.
    DocumentApply,
    /// Read which text classifier is published, its weights included.
    ClassifierRead,
    /// Publish a text classifier, or withdraw it.
    ClassifierPublish,
    /// Read what people decided, as labelled examples for a classifier: the texts of reports, without place and contact.
    ExampleRead,
    /// Accept the database's clock after it jumped (D29).
    ClockAccept,
    /// List parked messages and replay or discard them.
    ParkManage,
    /// Ask who could see a case, and why.
    RightsRead,
    /// Remove a street with all it has.
    TenantOffboard,
    /// Take a whole street's records out, page by page.
    TenantExport,
    /// Read what was removed: when, by whom, why, how much.
    RemovalRead,
}

impl Action {
    /// Every action, in the order of the rights table.
    pub const ALL: [Action; 32] = [
        Action::ReportSubmit,
        Action::ReportAssign,
        Action::ReportDrill,
        Action::ContactReveal,
        Action::TrackingFollow,
        Action::CaseList,
        Action::CaseRead,
        Action::CaseVerify,
        Action::ReviewDecide,
        Action::ReviewDistrict,
        Action::OrderList,
        Action::OrderRead,
        Action::OrderAct,
        Action::OrderDirect,
        Action::OrderLink,
        Action::OrderAdjudicate,
        Action::CalendarReplan,
        Action::CaseCancel,
        Action::DeliveryRead,
        Action::EndpointRotate,
        Action::LiveWatch,
        Action::DocumentRead,
        Action::DocumentApply,
        Action::ClassifierRead,
        Action::ClassifierPublish,
        Action::ExampleRead,
        Action::ClockAccept,
        Action::ParkManage,
        Action::RightsRead,
        Action::TenantOffboard,
        Action::TenantExport,
        Action::RemovalRead,
    ];

    /// The name in logs and in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::ReportSubmit => "report.submit",
            Action::ReportAssign => "report.assign",
            Action::ReportDrill => "report.drill",
            Action::ContactReveal => "contact.reveal",
            Action::TrackingFollow => "tracking.follow",
            Action::CaseList => "case.list",
            Action::CaseRead => "case.read",
            Action::CaseVerify => "case.verify",
            Action::ReviewDecide => "review.decide",
            Action::ReviewDistrict => "review.district",
            Action::OrderList => "order.list",
            Action::OrderRead => "order.read",
            Action::OrderAct => "order.act",
            Action::OrderDirect => "order.direct",
            Action::OrderLink => "order.link",
            Action::OrderAdjudicate => "order.adjudicate",
            Action::CalendarReplan => "calendar.replan",
            Action::CaseCancel => "case.cancel",
            Action::DeliveryRead => "delivery.read",
            Action::EndpointRotate => "endpoint.rotate",
            Action::LiveWatch => "live.watch",
            Action::DocumentRead => "document.read",
            Action::DocumentApply => "document.apply",
            Action::ClassifierRead => "classifier.read",
            Action::ClassifierPublish => "classifier.publish",
            Action::ExampleRead => "example.read",
            Action::ClockAccept => "clock.accept",
            Action::ParkManage => "park.manage",
            Action::RightsRead => "rights.read",
            Action::TenantOffboard => "tenant.offboard",
            Action::TenantExport => "tenant.export",
            Action::RemovalRead => "removal.read",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
