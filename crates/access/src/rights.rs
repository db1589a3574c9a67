//! The one table: role × where it may be held × what it may do there.

use crate::Action::{self, *};
use crate::ScopeKind::{self, Body, District, Installation, Street};
use crate::grant::Role;

struct Row {
    role: Role,
    held_in: &'static [ScopeKind],
    may: &'static [Action],
}

/// One row per role, in the order of [`Role::ALL`]. A right of a role held in a body is narrowed to that
/// body's rows by the decision, not here.
const TABLE: [Row; 13] = [
    Row {
        role: Role::GridWorker,
        held_in: &[Street, District],
        may: &[ReportSubmit, TrackingFollow, CaseList, CaseRead, LiveWatch],
    },
    Row { role: Role::Resident, held_in: &[Street, District], may: &[ReportSubmit, TrackingFollow] },
    Row { role: Role::Device, held_in: &[Street, District], may: &[ReportSubmit] },
    Row {
        role: Role::BodyUser,
        held_in: &[Body],
        may: &[
            CaseList,
            CaseRead,
            OrderList,
            OrderRead,
            OrderAct,
            OrderLink,
            DeliveryRead,
            EndpointRotate,
            LiveWatch,
        ],
    },
    Row {
        role: Role::StreetCentre,
        held_in: &[Street],
        may: &[
            ReportSubmit,
            ReportAssign,
            ContactReveal,
            TrackingFollow,
            CaseList,
            CaseRead,
            ReviewDecide,
            OrderList,
            OrderRead,
            OrderDirect,
            OrderLink,
            CaseCancel,
            DeliveryRead,
            LiveWatch,
            DocumentRead,
            ClassifierRead,
            ExampleRead,
        ],
    },
    Row {
        role: Role::Verifier,
        held_in: &[Street, District],
        may: &[
            ContactReveal,
            TrackingFollow,
            CaseList,
            CaseRead,
            CaseVerify,
            OrderList,
            OrderRead,
            LiveWatch,
        ],
    },
    Row {
        role: Role::DistrictCentre,
        held_in: &[District],
        may: &[
            ReportSubmit,
            ReportAssign,
            ContactReveal,
            TrackingFollow,
            CaseList,
            CaseRead,
            ReviewDecide,
            ReviewDistrict,
            OrderList,
            OrderRead,
            OrderDirect,
            OrderLink,
            OrderAdjudicate,
            CalendarReplan,
            CaseCancel,
            DeliveryRead,
            LiveWatch,
            DocumentRead,
            ClassifierRead,
            ExampleRead,
        ],
    },
    Row {
        role: Role::Sre,
        held_in: &[District, Installation],
        may: &[ReportDrill, DeliveryRead, DocumentRead, ClassifierRead, ClockAccept, ParkManage],
    },
    Row {
        role: Role::DirectoryAdmin,
        held_in: &[Street, District, Installation],
        may: &[ReportDrill, DocumentRead, DocumentApply, ClassifierRead, ClassifierPublish],
    },
    Row {
        role: Role::Trainer,
        held_in: &[Street, District],
        may: &[ClassifierRead, ClassifierPublish, ExampleRead],
    },
    Row {
        role: Role::SystemAdmin,
        held_in: &[District, Installation],
        may: &[
            ReportDrill,
            DocumentRead,
            ClassifierRead,
            ClockAccept,
            ParkManage,
            TenantOffboard,
            TenantExport,
            RemovalRead,
        ],
    },
    Row {
        role: Role::SecurityAdmin,
        held_in: &[District, Installation],
        may: &[EndpointRotate, DocumentRead, ClassifierRead, RightsRead],
    },
    Row {
        role: Role::AuditAdmin,
        held_in: &[District, Installation],
        may: &[DeliveryRead, DocumentRead, ClassifierRead, RightsRead, RemovalRead],
    },
];

fn row(role: Role) -> &'static Row {
    TABLE.iter().find(|row| row.role == role).expect("every role has a row in the rights table")
}

/// What a role may do where it is held.
pub fn rights(role: Role) -> &'static [Action] {
    row(role).may
}

/// The kinds of scope a role may be held in.
pub fn held_in(role: Role) -> &'static [ScopeKind] {
    row(role).held_in
}
