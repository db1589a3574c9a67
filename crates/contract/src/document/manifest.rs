//! The form people write for one tenant: `District` and `Street` manifests, as YAML.
//!
//! Strict: an unknown field is refused, so that a slip of the pen never passes in silence. That is why these are
//! not the wire types, which must pass over what they do not know. [`super::pack`] holds the forms of a pack,
//! [`super::compile`] turns both into documents.
//! Not here: reading YAML, which needs a parser (service `directory`, the CLI). Read [`ManifestHead`] first, then
//! `Manifest<DistrictSpec>` or `Manifest<StreetSpec>` by its kind.

use std::collections::BTreeMap;

use ids::{BodyKey, BodyRef, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{Channel, RoutingMode};
use super::duty_form::{PostForm, RotaForm};
use super::geojson::TerritoryForm;
use super::pack::{BodyForm, ChainForm, DayForm, FrameForm, NameForm, PolicyForm};
use super::policy::DayOfWeek;
use super::rule_form::RuleForm;
use super::schema;

/// The version of the manifest language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first.
    #[serde(rename = "streetwise/v1")]
    V1,
}

/// What a manifest describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ManifestKind {
    /// A district; its spec is [`DistrictSpec`].
    District,
    /// A street; its spec is [`StreetSpec`].
    Street,
}

/// Just enough of a manifest to know how to read the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ManifestHead {
    /// The language.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// District or street.
    pub kind: ManifestKind,
    /// Whose it is.
    pub metadata: Metadata,
}

/// One tenant in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest<Spec> {
    /// The version of the manifest language (清单版本).
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// District or street; must suit the spec.
    pub kind: ManifestKind,
    /// Whose it is (归属).
    pub metadata: Metadata,
    /// What it says (内容).
    pub spec: Spec,
}

/// Code and name of the tenant (代码与名称).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The tenant's code: six digits of the district, three of the street, three zeros (代码).
    #[schemars(with = "schema::Code")]
    pub code: TenantId,
    /// Its name (名称).
    pub name: NameForm,
}

/// What a district says for itself and its streets (区).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistrictSpec {
    /// Name of the pack (包) that holds its bodies, items, calendar and policies; `default` is built in.
    pub pack: String,
    /// IANA name of the time zone of its local days, e.g. `Asia/Shanghai` (时区).
    pub time_zone: String,
    /// Changes to items of the pack by code: from when to when, and who does them from a day on (事项).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, ItemTermsForm>")]
    pub items: BTreeMap<String, ItemTermsForm>,
    /// Bodies beside the pack's, added or replaced by key (单位).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, BodyForm>")]
    pub bodies: BTreeMap<BodyKey, BodyForm>,
    /// Working calendars of bodies that keep hours of their own, by id (单位工作日历).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, BodyCalendarForm>")]
    pub calendars: BTreeMap<String, BodyCalendarForm>,
    /// The calendar of a body by its key; of every other it is the street's (单位采用的日历).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, schema::Slug>")]
    pub body_calendars: BTreeMap<BodyKey, String>,
    /// Who takes the new cases of a body that is merged, divided or renamed, by its key (沿革).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, SuccessionForm>")]
    pub successors: BTreeMap<BodyKey, SuccessionForm>,
    /// What it decides beyond the responsibility list, by key (规则).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, RuleForm>")]
    pub rules: BTreeMap<String, RuleForm>,
    /// Endpoints of district bodies by key (接收地址).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, EndpointForm>")]
    pub endpoints: BTreeMap<String, EndpointForm>,
    /// Grants by subject, which is the `sub` of the token (成员与授权).
    #[serde(default)]
    pub members: BTreeMap<String, Vec<GrantForm>>,
    /// Keys of systems and devices by name; `streetwise key new` makes one (接口密钥).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, ApiKeyForm>")]
    pub keys: BTreeMap<String, ApiKeyForm>,
    /// Posts by key (岗位).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, PostForm>")]
    pub posts: BTreeMap<String, PostForm>,
    /// Duty rotas by key (值班表).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, RotaForm>")]
    pub rotas: BTreeMap<String, RotaForm>,
}

/// What a street says for itself; all else comes from its district's pack (街道).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreetSpec {
    /// Code of the parent district (所属区).
    #[schemars(with = "schema::Code")]
    pub district: TenantId,
    /// Who looks at a case plan before orders go out. Mortal danger and drills wait for nobody (派单方式).
    pub routing_mode: RoutingMode,
    /// So long a plan waits for that person; then it goes out as it is. 1 to 1,440 (审核时限（分钟）).
    #[serde(default = "super::core::plan_review_minutes")]
    pub plan_review_minutes: u32,
    /// So long a report waits at the street's review desk; then it goes up to the district's, where it is told once more after as long
    /// again. 1 to 1,440 (研判时限（分钟）).
    #[serde(default = "super::core::report_review_minutes")]
    pub report_review_minutes: u32,
    /// The same in the urgent lane, where the lesser of the two counts. 1 to 1,440 (紧急研判时限（分钟）).
    #[serde(default = "super::core::urgent_review_minutes")]
    pub urgent_review_minutes: u32,
    /// So many days back rules count earlier cases of the same item at the same place (`repeats`). 1 to 365 (重复上报回溯天数).
    #[serde(default = "super::core::repeat_days")]
    pub repeat_days: u16,
    /// Its communities (社区).
    #[serde(default)]
    pub communities: Vec<CommunityForm>,
    /// Where it lies. Without it the place of a report stays as declared, and no community is known (辖区).
    #[serde(default)]
    pub territory: Option<TerritoryForm>,
    /// Bodies of street or community level, added or replaced by key (单位).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, BodyForm>")]
    pub bodies: BTreeMap<BodyKey, BodyForm>,
    /// Changes to items of the pack by code (事项).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, ItemOverrideForm>")]
    pub items: BTreeMap<String, ItemOverrideForm>,
    /// Policies, added or replaced by key; the key `item` is reserved (时限方案).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, PolicyForm>")]
    pub policies: BTreeMap<String, PolicyForm>,
    /// Escalation chains, added or replaced by key (升级链).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, ChainForm>")]
    pub chains: BTreeMap<String, ChainForm>,
    /// What it decides beyond the responsibility list and the district's rules, by key (规则).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, RuleForm>")]
    pub rules: BTreeMap<String, RuleForm>,
    /// Endpoints of the street's own bodies by key (接收地址).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Key, EndpointForm>")]
    pub endpoints: BTreeMap<String, EndpointForm>,
    /// Grants by subject, which is the `sub` of the token (成员与授权).
    #[serde(default)]
    pub members: BTreeMap<String, Vec<GrantForm>>,
    /// Keys of systems and devices by name; `streetwise key new` makes one (接口密钥).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, ApiKeyForm>")]
    pub keys: BTreeMap<String, ApiKeyForm>,
    /// What it changes about its district's working calendar (工作日历调整).
    #[serde(default)]
    pub calendar: Option<CalendarChangeForm>,
    /// How many reports it may send, within the installation's bounds (配额).
    #[serde(default)]
    pub quotas: Option<QuotasForm>,
    /// Which ways it takes; all of them unless told (功能开关).
    #[serde(default)]
    pub features: FeaturesForm,
    /// Posts by key (岗位).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, PostForm>")]
    pub posts: BTreeMap<String, PostForm>,
    /// Duty rotas by key (值班表).
    #[serde(default)]
    #[schemars(with = "BTreeMap<schema::Slug, RotaForm>")]
    pub rotas: BTreeMap<String, RotaForm>,
}

/// A working calendar on the district's: zone and published years are the district's (单位工作日历).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyCalendarForm {
    /// 1 to 9,999; to be raised with every change of it (版本).
    pub version: u64,
    /// Its working hours, several stretches a day, the last perhaps over midnight; without it the district's (工作时段).
    #[serde(default)]
    pub frames: Vec<FrameForm>,
    /// The weekdays that are worked; without it Monday to Friday with the make-up days (工作星期).
    #[serde(default)]
    pub weekdays: Vec<DayOfWeek>,
    /// Works on public holidays (节假日照常).
    #[serde(default)]
    pub works_on_holidays: bool,
    /// Its own exceptional days, in order, within the years the district has published (例外日).
    #[serde(default)]
    pub days: Vec<DayForm>,
}

/// What a street changes about its district's working calendar (工作日历调整).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarChangeForm {
    /// Its working hours, several stretches a day; without it the district's (工作时段).
    #[serde(default)]
    pub frames: Vec<FrameForm>,
    /// Its exceptional days, in order, within the years the district has published (例外日).
    #[serde(default)]
    pub days: Vec<DayForm>,
}

/// How many reports a street may send (配额).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotasForm {
    /// Reports a minute, at least 1; more than the installation's bound counts as that (每分钟上报数).
    pub reports_per_minute: u32,
    /// So many at once, at least 1; without it ten seconds' worth (瞬时上报数).
    #[serde(default)]
    pub burst: Option<u32>,
}

/// Switches of a street (功能开关).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeaturesForm {
    /// Residents may report without a contact (允许匿名上报).
    #[serde(default = "super::terms::on")]
    pub anonymous_reports: bool,
    /// A report of the same matter joins the case that stands (相同上报合并).
    #[serde(default = "super::terms::on")]
    pub join_reports: bool,
    /// It joins by its words alone where they do not say what it is about; off: a person is shown the case (文字相同合并).
    #[serde(default = "super::terms::on")]
    pub join_by_words: bool,
}

impl Default for FeaturesForm {
    fn default() -> Self {
        Self { anonymous_reports: true, join_reports: true, join_by_words: true }
    }
}

/// A community (社区).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommunityForm {
    /// Its code; the first nine digits are the street's (代码).
    #[schemars(with = "schema::Code")]
    pub code: TenantId,
    /// Its name (名称).
    pub name: NameForm,
    /// The first day on which it is there, a local date (生效日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_from: Option<Date>,
    /// The last day on which it is there (失效日，当日仍有效).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_until: Option<Date>,
}

/// What becomes of a body (沿革).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuccessionForm {
    /// The first day on which it gets no new cases, a local date (起始日).
    #[schemars(with = "schema::Day")]
    pub from: Date,
    /// Who gets them; exactly one of them names no items and takes the rest (承接单位).
    pub to: Vec<SuccessorForm>,
}

/// One of those that take a body's place (承接单位).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuccessorForm {
    /// Key of a body of the same level (单位).
    #[schemars(with = "schema::Slug")]
    pub body: BodyKey,
    /// Codes of the items it takes; `[]`: all that no other one takes (事项).
    #[serde(default)]
    pub items: Vec<String>,
}

/// What a district changes about an item of its pack (事项调整).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemTermsForm {
    /// The first day on which the list has it, a local date (生效日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_from: Option<Date>,
    /// The last day on which the list has it (失效日，当日仍有效).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_until: Option<Date>,
    /// Who does it from later days on, in order of days (责任变更).
    #[serde(default)]
    pub changes: Vec<DutyChangeForm>,
}

/// What a line of the responsibility list says from a day on; absent fields keep what is written without a day (责任变更).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DutyChangeForm {
    /// The first day, a local date (起始日).
    #[schemars(with = "schema::Day")]
    pub from: Date,
    /// Key of the body that leads; of the item's level (主办).
    #[serde(default)]
    #[schemars(with = "Option<schema::Slug>")]
    pub lead: Option<BodyKey>,
    /// Keys of the bodies that assist; `[]` means none (协办).
    #[serde(default)]
    #[schemars(with = "Option<Vec<schema::Slug>>")]
    pub assists: Option<Vec<BodyKey>>,
    /// Key of the policy (时限方案).
    #[serde(default)]
    pub policy: Option<String>,
}

/// What a street changes about an item of the pack; absent fields keep the pack's value (事项调整).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemOverrideForm {
    /// Keys of the bodies that assist, instead of the pack's; `[]` means none (协办).
    #[serde(default)]
    #[schemars(with = "Option<Vec<schema::Slug>>")]
    pub assists: Option<Vec<BodyKey>>,
    /// Key of the policy, instead of the item's own (时限方案).
    #[serde(default)]
    pub policy: Option<String>,
    /// The first day on which all of this counts, a local date (生效日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_from: Option<Date>,
    /// The last day on which all of this counts (失效日，当日仍有效).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_until: Option<Date>,
    /// What it says from later days on, in order of days (责任变更).
    #[serde(default)]
    pub changes: Vec<DutyChangeForm>,
}

/// Where a body is told; no secret stands here (接收地址).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointForm {
    /// Who is told; in a street's manifest a bare key of street level means the street's own (单位).
    #[schemars(with = "schema::BodyName")]
    pub body: BodyRef,
    /// By which means (渠道).
    pub channel: Channel,
    /// The address, `https://` outside development; may hold `${VARIABLE}`s that the installation allows (地址).
    pub url: String,
    /// Takes drills too, marked as such; without it they are not sent (接收演练).
    #[serde(default)]
    pub drills: bool,
}

/// One role of a member; its scope is the tenant of the manifest (授权).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantForm {
    /// Its role, e.g. `grid-worker`, `street-centre`, `district-centre`, `body-user`, `verifier` (角色).
    pub role: String,
    /// The body the member acts for, read as an endpoint's; `body-user` must have one (单位).
    #[serde(default)]
    #[schemars(with = "Option<schema::BodyName>")]
    pub body: Option<BodyRef>,
}

/// How a system or a device proves who it is: the manifest has only the hash of what it must know (接口密钥).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyForm {
    /// SHA-256 of each key that is taken, one, or two while the new one is brought to where it is used (密钥摘要).
    #[schemars(with = "Vec<schema::Sha256>", length(min = 1, max = 2))]
    pub sha256: Vec<String>,
    /// What its holder may do; at least one role, and none that people must have (授权).
    #[schemars(length(min = 1))]
    pub grants: Vec<GrantForm>,
    /// From when on it is refused, e.g. `2027-06-30T16:00:00Z` (失效时刻).
    #[schemars(with = "schema::Instant")]
    pub expires_at: Timestamp,
}
