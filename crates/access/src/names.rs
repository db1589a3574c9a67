//! What roles, actions and kinds of scope are called, Chinese first, for tables that people read.

use crate::{Action, Role, ScopeKind};

/// A name in Chinese and in English.
pub type Name = (&'static str, &'static str);

impl Role {
    /// As people say it.
    pub const fn name(self) -> Name {
        match self {
            Role::GridWorker => ("网格员", "grid worker"),
            Role::Resident => ("居民", "resident"),
            Role::Device => ("系统与设备", "system or device"),
            Role::BodyUser => ("承办单位人员", "user of a body"),
            Role::StreetCentre => ("街道中心", "street centre"),
            Role::Verifier => ("核查员", "verifier"),
            Role::DistrictCentre => ("区中心", "district centre"),
            Role::Sre => ("运维", "operator"),
            Role::DirectoryAdmin => ("目录管理员", "directory administrator"),
            Role::Trainer => ("模型训练", "trainer of classifiers"),
            Role::SystemAdmin => ("系统管理员", "system administrator"),
            Role::SecurityAdmin => ("安全管理员", "security administrator"),
            Role::AuditAdmin => ("审计管理员", "audit administrator"),
        }
    }
}

impl Action {
    /// As people say it.
    pub const fn name(self) -> Name {
        match self {
            Action::ReportSubmit => ("上报", "send a report"),
            Action::ReportAssign => ("上级交办", "give a matter from above"),
            Action::ReportDrill => ("演练上报", "send a drill report"),
            Action::ContactReveal => ("查看上报人联系方式", "read a reporter's contact"),
            Action::TrackingFollow => ("凭查询码查询", "follow a tracking code"),
            Action::CaseList => ("查看案件列表", "list cases"),
            Action::CaseRead => ("查看案件", "read a case"),
            Action::CaseVerify => ("核查", "verify a case"),
            Action::ReviewDecide => ("人工研判", "decide a review"),
            Action::ReviewDistrict => ("区级研判", "decide a review for the district"),
            Action::OrderList => ("查看工单列表", "list orders"),
            Action::OrderRead => ("查看工单", "read an order"),
            Action::OrderAct => ("办理工单", "act on an order"),
            Action::OrderDirect => ("调度工单", "direct orders"),
            Action::OrderLink => ("发放工单链接", "give out links to an order"),
            Action::OrderAdjudicate => ("裁定退单", "rule on returns"),
            Action::CalendarReplan => ("重排时限", "replan due times"),
            Action::CaseCancel => ("取消案件", "call a case off"),
            Action::DeliveryRead => ("查看投递", "read deliveries"),
            Action::EndpointRotate => ("更换端点密钥", "change an endpoint's secret"),
            Action::LiveWatch => ("实时动态", "watch live updates"),
            Action::DocumentRead => ("查看租户文件", "read documents"),
            Action::DocumentApply => ("提交清单", "apply a manifest"),
            Action::ClassifierRead => ("查看分类模型", "read the classifier"),
            Action::ClassifierPublish => ("发布分类模型", "publish a classifier"),
            Action::ExampleRead => ("查看标注样本", "read labelled examples"),
            Action::ClockAccept => ("确认时钟", "accept the clock"),
            Action::ParkManage => ("处理搁置消息", "manage parked messages"),
            Action::RightsRead => ("查看何人有权", "read who may"),
            Action::TenantOffboard => ("注销街道", "remove a street"),
            Action::TenantExport => ("导出街道", "take a street out"),
            Action::RemovalRead => ("查看注销记录", "read the deletion log"),
        }
    }
}

impl ScopeKind {
    /// Every kind.
    pub const ALL: [ScopeKind; 4] =
        [ScopeKind::Street, ScopeKind::District, ScopeKind::Body, ScopeKind::Installation];

    /// The name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScopeKind::Street => "street",
            ScopeKind::District => "district",
            ScopeKind::Body => "body",
            ScopeKind::Installation => "installation",
        }
    }

    /// As people say it.
    pub const fn name(self) -> Name {
        match self {
            ScopeKind::Street => ("街道", "street"),
            ScopeKind::District => ("区", "district"),
            ScopeKind::Body => ("单位", "body"),
            ScopeKind::Installation => ("全系统", "installation"),
        }
    }
}
