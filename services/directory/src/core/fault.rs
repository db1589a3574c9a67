//! One thing wrong with a manifest: where, a stable code, and what to read, Chinese first.
//!
//! The texts may name a key of the manifest: whoever sent it wrote it or can read it. Texts of the sender's are kept
//! up to a bound, so that a thousand faults below one enormous key stay small.

use contract::document::{self, Problem, own_calendar};
use ids::TenantId;
use serde_saphyr::Error as YamlError;
use territory::{ShapeFault, Spot};

use super::tree::{At, Broken};

/// Most faults told at once; the rest is counted.
pub(crate) const FAULTS_MAX: usize = 200;

/// Most bytes of one step of a pointer, and of a detail.
const STEP_BYTES_MAX: usize = 256;
const DETAIL_BYTES_MAX: usize = 1_024;

/// Everything wrong with a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// At most [`FAULTS_MAX`], in the order of the manifest.
    pub told: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl Found {
    /// The first of them, in the order in which they stand in the file; one without a place comes last.
    pub(super) fn of(mut faults: Vec<Fault>) -> Self {
        let more = faults.len().saturating_sub(FAULTS_MAX);
        faults.truncate(FAULTS_MAX);
        Self { told: faults, more }.sorted()
    }

    pub(super) fn sorted(mut self) -> Self {
        self.told.sort_by_key(|fault| (fault.at.is_none(), fault.at));
        self
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// JSON pointer into the manifest, empty for the whole of it.
    pub pointer: String,
    /// Stable name.
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// Where it stands, once that is known.
    pub at: Option<At>,
}

impl Fault {
    fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
        Self { pointer: pointer.into(), code, detail, at: None }
    }

    fn at(self, at: At) -> Self {
        Self { at: Some(at), ..self }
    }

    pub(super) fn not_utf8(at: At) -> Self {
        Self::new("", "not-utf8", "须为 UTF-8 文本 / must be UTF-8 text").at(at)
    }

    pub(super) fn several_documents(at: At) -> Self {
        let detail = "一个文件只能有一份清单，请删去 --- 之后的内容 / one file holds one manifest; remove what follows ---";
        Self::new("", "several-documents", detail).at(at)
    }

    /// Where the file is no YAML any more.
    pub(super) fn broken(broken: Broken) -> Self {
        match broken {
            Broken::Syntax(at, what) => Self::new("", "unreadable", not_readable(&what)).at(at),
            Broken::TooComplex(at) => {
                Self::new("", "too-complex", "层级或节点过多 / too deep, or too many nodes").at(at)
            }
        }
    }

    /// Whether the typed reader could go no further, so that nothing behind this is known.
    pub(super) fn ends_reading(&self) -> bool {
        matches!(self.code, "unreadable" | "too-complex" | "bad-alias")
    }

    pub(super) fn not_a_district() -> Self {
        Self::new(
            "/metadata/code",
            "not-a-district",
            "区代码须以六个零结尾 / a district's code ends in six zeros",
        )
    }

    pub(super) fn foreign_street() -> Self {
        let detail = "街道代码不在该区之下 / the street's code does not lie in that district";
        Self::new("/metadata/code", "foreign-street", detail)
    }

    pub(super) fn unknown_time_zone() -> Self {
        Self::new("/spec/time_zone", "unknown-time-zone", "未知时区 / unknown time zone")
    }

    pub(super) fn unknown_pack() -> Self {
        let detail = "未知的区级包，内置的只有 default / unknown pack; only `default` is built in";
        Self::new("/spec/pack", "unknown-pack", detail)
    }

    pub(super) fn demo_policy(key: &str) -> Self {
        let detail = "演示时限仅可用于开发环境 / a demo policy is taken in development only";
        Self::new(pointer(&["spec", "policies", key, "demo"]), "demo-policy", detail)
    }

    /// A condition that is none.
    pub(super) fn unsound_condition(rule: &str, why: &str) -> Self {
        let detail = format!("条件无法使用 / the condition cannot be used: {why}");
        Self::new(pointer(&["spec", "rules", rule, "when"]), "condition-unsound", detail)
    }

    /// What is wrong below `spec`, with members, keys, posts or rotas.
    pub(super) fn people(parts: &[&str], code: &'static str, detail: &str) -> Self {
        Self::new(format!("/spec{}", pointer(parts)), code, detail)
    }

    /// The tenant was applied as the other kind.
    pub(crate) fn kind_differs() -> Self {
        let detail = "该代码已作为另一类登记 / the code is applied as the other kind already";
        Self::new("/kind", "kind-differs", detail)
    }

    /// A street of the district would no longer be sound with it.
    pub(super) fn breaks_street(street: TenantId, fault: &document::Fault) -> Self {
        let (_, chinese) = name(&fault.problem);
        let path = &fault.path;
        let detail = format!(
            "街道 {street} 的 {path}：{chinese}；请先更正该街道 / {path} of street {street}: {}; correct the street first",
            fault.problem
        );
        Self::new("", "breaks-street", detail)
    }

    /// A calendar says something else under a version that is not above the one it has.
    pub(super) fn calendar_not_raised(id: &str, published: u64) -> Self {
        // Of a body's calendar the district's number stands behind its own.
        let (pointer, published) = match published / own_calendar::DISTRICT_VERSIONS {
            0 => ("/spec/pack".to_owned(), published),
            own => (format!("/spec/calendars{}/version", escaped(id)), own),
        };
        let detail = format!(
            "日历 {id} 的内容已变：第 {published} 版已发布，须提高版本号（version）/ calendar {id} says something else: version \
             {published} is published, raise `version` above it"
        );
        Self::new(pointer, "calendar-not-raised", detail)
    }

    /// A published calendar is there no more.
    pub(super) fn calendar_gone(id: &str) -> Self {
        let detail = format!(
            "日历 {id} 已发布，仍有工单按其计时，不得删除；如不再采用，请从 body_calendars 中去掉 / calendar {id} is published, and orders \
             count on it: keep it; to use it no more, take its bodies out of body_calendars"
        );
        Self::new(format!("/spec/calendars{}", escaped(id)), "calendar-gone", detail)
    }

    /// A calendar does not publish the year any more that it is now.
    pub(super) fn calendar_year_withdrawn(id: &str, year: i16) -> Self {
        let detail = format!(
            "日历 {id} 不再包含今年（{year} 年），在办时限将全部停摆，请保留 / calendar {id} does not publish {year} any more, the year \
             that it is now: every clock on it would stand still; keep the year"
        );
        Self::new("/spec/pack", "calendar-year-withdrawn", detail)
    }

    /// The street was applied into another district.
    pub(crate) fn district_differs() -> Self {
        let detail = "街道不能改属另一个区 / a street does not move to another district";
        Self::new("/spec/district", "district-differs", detail)
    }

    /// One fault of the contract's own check.
    pub(super) fn of_contract(fault: &document::Fault) -> Self {
        let (code, chinese) = name(&fault.problem);
        Self::new(pointer_of(&fault.path), code, format!("{chinese} / {}", fault.problem))
    }

    pub(super) fn bad_layer_key(key: &str) -> Self {
        let detail = "图层键须为小写单词，以连字符相连，至多 64 字节 / a layer's key is lower-case words joined by hyphens, at most 64 bytes";
        Self::new(layer(&[key]), "bad-layer-key", detail)
    }

    /// Feature `at` ends before it begins.
    pub(super) fn empty_validity(key: &str, at: usize) -> Self {
        let at = at.to_string();
        let parts = [key, "geojson", "features", &at, "properties", "valid_until"];
        let detail = "失效日早于生效日 / the last day comes before the first";
        Self::new(layer(&parts), "empty-validity", detail)
    }

    pub(super) fn too_many_turns(most: usize) -> Self {
        let detail = format!("辖区图形在至多 {most} 个日期变更 / a territory changes on at most {most} days");
        Self::new("/spec/territory", "too-many-days", detail)
    }

    /// Feature `at` of the layer of communities is none that the street lists; of grids, it lies below none.
    pub(super) fn unlisted_community(key: &str, at: usize) -> Self {
        let detail = "communities 中没有该社区代码（网格取前 12 位） / no community of this code (of a grid: its first 12 digits) is listed under communities";
        let at = at.to_string();
        Self::new(
            layer(&[key, "geojson", "features", &at, "properties", "code"]),
            "unlisted-community",
            detail,
        )
    }

    /// What is wrong with the shape of feature `at`, a multipolygon or not.
    pub(super) fn of_shape(key: &str, at: usize, several: bool, fault: &ShapeFault) -> Self {
        let place = shape_place(fault);
        let place = if several { &place[..] } else { place.get(1..).unwrap_or_default() };
        let at = at.to_string();
        let fixed = [key, "geojson", "features", &at, "geometry", "coordinates"];
        let numbers: Vec<String> = place.iter().map(ToString::to_string).collect();
        let parts: Vec<&str> = fixed.into_iter().chain(numbers.iter().map(String::as_str)).collect();
        Self::new(layer(&parts), "geometry-invalid", format!("图形无效 / {fault}"))
    }

    /// What is wrong between the shapes of a layer, or of layers.
    pub(super) fn of_territory(fault: &territory::Fault) -> Self {
        let (key, chinese) = territory_place(fault);
        let pointer = key.map_or_else(|| layer(&[]), |key| layer(&[key]));
        Self::new(pointer, "territory-invalid", format!("{chinese} / {fault}"))
    }

    /// What the reader of YAML says, where it says it.
    pub(super) fn of_yaml(error: &YamlError) -> Self {
        let error = error.without_snippet();
        let at = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
        let fault = Self::new("", yaml_code(error), not_readable(&error.to_string()));
        Self {
            at: at.map(|(line, column)| At::of(as_usize(line), as_usize(column).saturating_sub(1))),
            ..fault
        }
    }
}

fn as_usize(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}

fn not_readable(what: &str) -> String {
    format!("无法读取 / not readable: {what}")
}

fn yaml_code(error: &YamlError) -> &'static str {
    match error {
        YamlError::DuplicateMappingKey { .. } => "duplicate-key",
        YamlError::SerdeUnknownField { .. } => "unknown-field",
        YamlError::SerdeMissingField { .. } => "missing-field",
        YamlError::SerdeUnknownVariant { .. } => "unknown-word",
        YamlError::Unexpected { .. }
        | YamlError::InvalidScalar { .. }
        | YamlError::InvalidBooleanStrict { .. }
        | YamlError::NullIntoString { .. }
        | YamlError::NonFiniteFloat { .. }
        | YamlError::SerdeInvalidType { .. }
        | YamlError::ExternallyTaggedEnumExpectedScalarOrMapping { .. } => "wrong-type",
        YamlError::SerdeInvalidLength { .. } | YamlError::UnexpectedSequenceEnd { .. } => "wrong-length",
        YamlError::Message { .. } | YamlError::SerdeInvalidValue { .. } => "identifier-invalid",
        YamlError::UnsupportedTag { .. } | YamlError::TaggedEnumMismatch { .. } => "unknown-tag",
        YamlError::MultipleDocuments { .. } => "several-documents",
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. }
        | YamlError::AliasReplayCounterOverflow { .. } => "too-complex",
        YamlError::AliasError { error, .. } => match yaml_code(error) {
            "too-complex" | "unreadable" => "bad-alias",
            code => code,
        },
        _ => "unreadable",
    }
}

/// The contract's paths start inside `spec` and are joined with dots. A key may hold dots itself: which of them
/// divide is settled where the manifest is at hand ([`super::place`]).
fn pointer_of(path: &str) -> String {
    match path {
        "kind" => "/kind".to_owned(),
        _ => pointer(&std::iter::once("spec").chain(path.split('.')).collect::<Vec<_>>()),
    }
}

/// A pointer below the layers of the territory.
fn layer(parts: &[&str]) -> String {
    format!("/spec/territory/layers{}", pointer(parts))
}

/// Polygon, ring and vertex, as far as they are known.
fn shape_place(fault: &ShapeFault) -> Vec<usize> {
    let spot = |at: &Spot| vec![at.polygon, at.ring, at.vertex];
    match fault {
        ShapeFault::Empty | ShapeFault::TooManyVertices { .. } | ShapeFault::MoreContacts => Vec::new(),
        ShapeFault::NoRing { polygon } | ShapeFault::PolygonInside { polygon, .. } => vec![*polygon],
        ShapeFault::NotClosed { polygon, ring }
        | ShapeFault::TooFewPositions { polygon, ring, .. }
        | ShapeFault::ZeroArea { polygon, ring }
        | ShapeFault::HoleOutside { polygon, ring }
        | ShapeFault::HoleInHole { polygon, ring, .. } => vec![*polygon, *ring],
        ShapeFault::NotFinite { at } | ShapeFault::OutOfRange { at } | ShapeFault::Repeated { at } => {
            spot(at)
        }
        ShapeFault::Meets { first, .. } => spot(first),
    }
}

/// The layer, and the Chinese.
fn territory_place(fault: &territory::Fault) -> (Option<&str>, &'static str) {
    use territory::Fault::*;
    match fault {
        Boundary { .. } => (Some("street"), "街道边界须恰为一个图形"),
        TooManyVertices { .. } => (None, "顶点过多"),
        LayerTwice { layer } => (Some(layer.as_str()), "图层重复"),
        Code { layer, .. } => (Some(layer.as_str()), "代码格式不符"),
        CodeTwice { layer, .. } => (Some(layer.as_str()), "代码重复"),
        ForeignCode { layer, .. } => (Some(layer.as_str()), "代码不属于本街道"),
        Outside { layer, .. } => (Some(layer.as_str()), "超出街道边界"),
        Overlap { layer, .. } => (Some(layer.as_str()), "图形相互重叠"),
        NoCommunity { .. } => (Some("grid"), "网格不在任何社区内"),
        TooIntricate { layer } => (Some(layer.as_str()), "边界过于复杂，无法核验"),
    }
}

fn pointer(parts: &[&str]) -> String {
    parts.iter().map(|part| escaped(part)).collect()
}

/// A step of a pointer as RFC 6901 writes it.
pub(super) fn escaped(step: &str) -> String {
    let short = &step[..step.floor_char_boundary(STEP_BYTES_MAX)];
    let end = if short.len() < step.len() { "…" } else { "" };
    format!("/{}{end}", short.replace('~', "~0").replace('/', "~1"))
}

/// The stable code and the Chinese of each problem of the contract.
fn name(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::UnknownBody(_) => ("unknown-body", "没有该单位"),
        Problem::CannotLead(_) => ("cannot-lead", "该单位不能主办"),
        Problem::LeadAssists(_) => ("lead-assists", "该单位已是主办"),
        Problem::RepeatedBody(_) => ("repeated-body", "单位重复"),
        Problem::ForeignBody(_) => ("foreign-body", "单位不属于本租户"),
        Problem::DistrictBody => ("district-body", "街道不能定义区级单位"),
        Problem::BodyMissing => ("body-missing", "该角色须写明单位"),
        Problem::UnknownItem(_) => ("unknown-item", "没有该事项"),
        Problem::UnknownCategory(_) => ("unknown-category", "没有该类别"),
        Problem::UnknownPolicy(_) => ("unknown-policy", "没有该时限方案"),
        Problem::NotOfDistrict(_) => ("not-of-district", "该单位不是区级单位，raise 须指明区级单位"),
        Problem::HolderIsTold => ("holder-is-told", "通知的是承办单位本身：不写 body，或改用 notify"),
        Problem::NobodyIsTold => ("nobody-is-told", "没有通知对象：请写明 body"),
        Problem::UnknownChain(_) => ("unknown-chain", "没有该升级链"),
        Problem::UnknownCalendar(_) => ("unknown-calendar", "没有该日历"),
        Problem::CalendarTaken(_) => ("calendar-taken", "该编号是本区工作日历，请另取编号"),
        Problem::BadCalendarId => {
            ("bad-calendar-id", "日历编号须为 1 至 64 个小写字母、数字或 -，且不以 street- 开头")
        }
        Problem::RepeatedWeekday => ("repeated-weekday", "星期重复"),
        Problem::ReservedKey => ("reserved-key", "item 是保留字"),
        Problem::LevelDiffers => ("level-differs", "层级与主办单位不符"),
        Problem::EmptyWord => ("empty-word", "词语不得为空"),
        Problem::ZeroLimit => ("zero-limit", "时限不得为零"),
        Problem::LimitTooLong => ("limit-too-long", "时限不得超过十年"),
        Problem::BadFalseClosureDays => ("bad-false-closure-days", "虚假办结认定天数须为 1 至 365"),
        Problem::BadPlanReviewMinutes => ("bad-plan-review-minutes", "审核时限须为 1 至 1440 分钟"),
        Problem::BadReportReviewMinutes => ("bad-report-review-minutes", "研判时限须为 1 至 1440 分钟"),
        Problem::BadRepeatDays => ("bad-repeat-days", "重复上报回溯天数须为 1 至 365"),
        Problem::BadYear => ("bad-year", "年份须在 2000 至 2199 之间"),
        Problem::NulCharacter => ("nul-character", "不得含 U+0000"),
        Problem::TextTooLong => ("text-too-long", "名称至多 200 字，其他文字至多 4000 字"),
        Problem::BadKey => ("identifier-invalid", "键须为 1 至 64 个字母、数字或 . _ -"),
        Problem::EndpointNotAllowed => ("endpoint-not-allowed", "不允许该地址"),
        Problem::WorkdayOnClock => ("workday-on-clock", "工作日只能按工作时间计"),
        Problem::SecondsNotDemo => ("seconds-not-demo", "秒级时限仅限演示"),
        Problem::AcknowledgeAfterOnSite => ("acknowledge-after-on-site", "签收时限晚于到场时限"),
        Problem::BadPairName => ("bad-pair-name", "自定环节名须为 1 至 32 个小写字母、数字或 -，以字母开头"),
        Problem::FixedStage(_) => ("fixed-stage", "与固定环节同名：请另取名称，或将时限写在 limits 下"),
        Problem::PairOfOne(_) => ("pair-of-one", "起点与终点相同，请写明两个不同的节点"),
        Problem::BackwardPair { .. } => ("backward-pair", "终点不会出现在起点之后"),
        Problem::TooManyPairs => ("too-many-pairs", "一个时限方案至多八个自定环节"),
        Problem::BadWarnings => ("bad-warnings", "预警比例须递增且在 1 至 999 之间"),
        Problem::StepsOutOfOrder => ("steps-out-of-order", "升级步骤须按时间排列"),
        Problem::Unsupported => ("unsupported", "本版本不支持"),
        Problem::NotHttp => ("not-http", "地址须以 http:// 或 https:// 开头"),
        Problem::UnknownVariable(_) => ("unknown-variable", "此处不允许该变量"),
        Problem::ForeignCommunity(_) => ("foreign-community", "社区不属于本街道"),
        Problem::RepeatedCommunity(_) => ("repeated-community", "社区重复"),
        Problem::BadFrames => ("bad-frames", "工作时段须为 HH:MM、递增且不重叠，仅末段可跨零点"),
        Problem::BadVersion => ("bad-version", "日历版本号须为 1 至 9999"),
        Problem::BadDay => ("bad-day", "例外日不在已公布年份内或重复"),
        Problem::OneHeir => ("one-heir", "须恰有一个承接单位不写事项、承接其余"),
        Problem::HeirLevel => ("heir-level", "承接单位须与原单位同级"),
        Problem::RepeatedItem(_) => ("repeated-item", "事项由两个单位承接"),
        Problem::SuccessionCircle(_) => ("succession-circle", "沿革成环"),
        Problem::ZeroQuota => ("zero-quota", "配额至少为 1"),
        Problem::EmptyValidity => ("empty-validity", "失效日早于生效日"),
        Problem::DaysOutOfOrder => ("days-out-of-order", "变更须按起始日排列，且不在同一天"),
        Problem::RuleSaysNothing => {
            ("rule-says-nothing", "规则没有结论，请写明主办、协办、抄送、时限方案、优先级或层级")
        }
        Problem::ForeignPlace(_) => ("foreign-place", "地点不属于本租户"),
        Problem::PushedDown(_) => ("pushed-down", "清单规定由更高层级办理，不得下派"),
        Problem::WrongKind => ("wrong-kind", "类型与内容不符"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_into_the_manifest() {
        assert_eq!(pointer_of("kind"), "/kind");
        assert_eq!(pointer_of("district"), "/spec/district");
        assert_eq!(pointer_of("items.TRA-99.assists.0"), "/spec/items/TRA-99/assists/0");
        assert_eq!(escaped("b/c~d"), "/b~1c~0d");
        assert_eq!(escaped(&"界".repeat(1_000)).len(), 1 + 255 + "…".len());
    }

    #[test]
    fn the_first_are_told_in_the_order_of_the_file_and_the_rest_is_counted() {
        let fault = |line| Fault::new("", "code", "text").at(At { line, column: 1 });
        let without = Fault::kind_differs();
        let found = Found::of(vec![without.clone(), fault(7), fault(3)]);
        assert_eq!((found.told, found.more), (vec![fault(3), fault(7), without], 0));
        assert_eq!(Found::of(vec![fault(1); FAULTS_MAX + 5]).more, 5);
    }
}
