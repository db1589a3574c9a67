//! One thing wrong with a manifest: where, a stable code, and what to read, Chinese first.
//!
//! The texts may name a key of the manifest: whoever may apply it wrote it or can read it.

use contract::document::{self, Problem};
use ids::TenantId;
use serde_saphyr::Error as YamlError;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// JSON pointer into the manifest, empty for the whole of it.
    pub pointer: String,
    /// Stable name.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

impl Fault {
    fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }

    pub(super) fn not_utf8() -> Self {
        Self::new("", "not-utf8", "须为 UTF-8 文本 / must be UTF-8 text")
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

    pub(super) fn unknown_role(subject: &str) -> Self {
        Self::new(pointer(&["spec", "members", subject]), "unknown-role", "未知角色 / unknown role")
    }

    pub(super) fn role_not_here(subject: &str) -> Self {
        let detail = "该角色不能在此范围担任 / the role cannot be held in this scope";
        Self::new(pointer(&["spec", "members", subject]), "role-not-here", detail)
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

    /// What the reader of YAML says, with line and column where it knows them.
    pub(super) fn of_yaml(error: &YamlError) -> Self {
        let error = error.without_snippet();
        let code = yaml_code(error);
        let at = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
        let detail = match at {
            Some((line, column)) => {
                format!("第 {line} 行第 {column} 列无法读取 / line {line}, column {column}: {error}")
            }
            None => format!("无法读取 / not readable: {error}"),
        };
        Self::new("", code, detail)
    }
}

fn yaml_code(error: &YamlError) -> &'static str {
    match error {
        YamlError::DuplicateMappingKey { .. } => "duplicate-key",
        YamlError::SerdeUnknownField { .. } => "unknown-field",
        YamlError::SerdeMissingField { .. } => "missing-field",
        YamlError::SerdeUnknownVariant { .. } => "unknown-word",
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. }
        | YamlError::AliasReplayCounterOverflow { .. } => "too-complex",
        YamlError::AliasError { .. } => "bad-alias",
        _ => "unreadable",
    }
}

/// The contract's paths start inside `spec` and are joined with dots; a subject may hold dots itself.
fn pointer_of(path: &str) -> String {
    match path.split_once('.') {
        _ if path == "kind" => "/kind".to_owned(),
        Some(("members", subject)) => pointer(&["spec", "members", subject]),
        _ => pointer(&std::iter::once("spec").chain(path.split('.')).collect::<Vec<_>>()),
    }
}

/// Escapes as RFC 6901 asks.
fn pointer(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
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
        Problem::UnknownChain(_) => ("unknown-chain", "没有该升级链"),
        Problem::UnknownCalendar(_) => ("unknown-calendar", "没有该日历"),
        Problem::ReservedKey => ("reserved-key", "item 是保留字"),
        Problem::LevelDiffers => ("level-differs", "层级与主办单位不符"),
        Problem::EmptyWord => ("empty-word", "词语不得为空"),
        Problem::ZeroLimit => ("zero-limit", "时限不得为零"),
        Problem::LimitTooLong => ("limit-too-long", "时限不得超过十年"),
        Problem::BadYear => ("bad-year", "年份须在 2000 至 2199 之间"),
        Problem::NulCharacter => ("nul-character", "不得含 U+0000"),
        Problem::TextTooLong => ("text-too-long", "名称至多 200 字，其他文字至多 4000 字"),
        Problem::BadKey => ("identifier-invalid", "键须为 1 至 64 个字母、数字或 . _ -"),
        Problem::EndpointNotAllowed => ("endpoint-not-allowed", "不允许该地址"),
        Problem::WorkdayOnClock => ("workday-on-clock", "工作日只能按工作时间计"),
        Problem::SecondsNotDemo => ("seconds-not-demo", "秒级时限仅限演示"),
        Problem::AcknowledgeAfterOnSite => ("acknowledge-after-on-site", "签收时限晚于到场时限"),
        Problem::BadWarnings => ("bad-warnings", "预警比例须递增且在 1 至 999 之间"),
        Problem::StepsOutOfOrder => ("steps-out-of-order", "升级步骤须按时间排列"),
        Problem::Unsupported => ("unsupported", "本版本不支持"),
        Problem::NotHttp => ("not-http", "地址须以 http:// 或 https:// 开头"),
        Problem::UnknownVariable(_) => ("unknown-variable", "此处不允许该变量"),
        Problem::ForeignCommunity(_) => ("foreign-community", "社区不属于本街道"),
        Problem::RepeatedCommunity(_) => ("repeated-community", "社区重复"),
        Problem::BadFrames => ("bad-frames", "工作时段须为 HH:MM、递增且不重叠"),
        Problem::BadDay => ("bad-day", "例外日不在已公布年份内或重复"),
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
        assert_eq!(pointer_of("items.TRA-99.assists"), "/spec/items/TRA-99/assists");
        assert_eq!(pointer_of("members.a.b/c@d"), "/spec/members/a.b~1c@d");
    }
}
