//! The Chinese of a document's fields and of the words they may hold, for people who read a difference. English is
//! the field itself. Also the order in which the parts of a document are told.

/// Each field of a document, those of its top level first and in the order in which they are told.
const FIELDS: &[(&str, &str)] = &[
    ("name", "名称"),
    ("district", "所属区"),
    ("time_zone", "时区"),
    ("routing_mode", "派单方式"),
    ("plan_review_minutes", "审核时限（分钟）"),
    ("report_review_minutes", "研判时限（分钟）"),
    ("urgent_review_minutes", "紧急研判时限（分钟）"),
    ("repeat_days", "重复上报回溯天数"),
    ("communities", "社区"),
    ("bodies", "单位"),
    ("categories", "类别"),
    ("items", "事项"),
    ("policies", "时限方案"),
    ("chains", "升级链"),
    ("calendars", "工作日历"),
    ("default_calendar", "默认工作日历"),
    ("verify", "核查时限"),
    ("adjudicate", "裁定时限"),
    ("false_closure_days", "虚假办结认定天数"),
    ("warn_per_mille", "预警比例（千分）"),
    ("chain", "升级链"),
    ("alarm_words", "警示词"),
    ("catch_all", "兜底单位"),
    ("informs", "抄送单位"),
    ("emergency_informs", "紧急事项告知单位"),
    ("successors", "沿革"),
    ("rules", "规则"),
    ("endpoints", "通道"),
    ("calendar", "工作日历调整"),
    ("quotas", "配额"),
    ("features", "功能开关"),
    ("members", "成员"),
    ("keys", "接口密钥"),
    ("grants", "授权"),
    ("sha256", "密钥摘要"),
    ("expires_at", "失效时刻"),
    ("posts", "岗位"),
    ("rotas", "值班表"),
    ("layers", "图层"),
    ("outline", "轮廓"),
    ("vertices", "顶点数"),
    ("area_m2", "面积（平方米）"),
    ("zh", "中文"),
    ("en", "英文"),
    ("code", "代码"),
    ("short_name", "简称"),
    ("kind", "类别"),
    ("level", "层级"),
    ("duty_24x7", "24 小时值班"),
    ("can_lead", "可主办"),
    ("duties", "职责"),
    ("aliases", "别称"),
    ("category", "类别"),
    ("lead", "主办"),
    ("assists", "协办"),
    ("priority", "优先级"),
    ("urgency", "紧急程度"),
    ("clock", "计时"),
    ("acknowledge_minutes", "签收分钟数"),
    ("on_site_minutes", "到场分钟数"),
    ("resolve", "办结时限"),
    ("extensions_max", "延期次数上限"),
    ("verify_by", "核查方式"),
    ("privacy", "隐私"),
    ("joined_by", "合并依据"),
    ("policy", "时限方案"),
    ("keywords", "关键词"),
    ("similar", "相近说法"),
    ("example", "示例"),
    ("limits", "时限"),
    ("pairs", "自定环节"),
    ("limit", "时限"),
    ("demo", "演示用"),
    ("amount", "数量"),
    ("unit", "计量单位"),
    ("steps", "步骤"),
    ("after_s", "超期后秒数"),
    ("action", "动作"),
    ("body", "单位"),
    ("channel", "方式"),
    ("url", "地址"),
    ("role", "角色"),
    ("id", "编号"),
    ("version", "版本"),
    ("zone", "时区"),
    ("frames", "工作时段"),
    ("start", "开始"),
    ("end", "结束"),
    ("years", "已公布年份"),
    ("days", "例外日"),
    ("date", "日期"),
    ("valid_from", "生效日"),
    ("valid_until", "失效日"),
    ("changes", "责任变更"),
    ("reports_per_minute", "每分钟上报数"),
    ("burst", "瞬时上报数"),
    ("anonymous_reports", "允许匿名上报"),
    ("join_reports", "相同上报合并"),
    ("join_by_words", "文字相同合并"),
    ("from", "起始日"),
    ("to", "承接单位"),
    ("until", "终止日"),
    ("post", "岗位"),
    ("people", "人员"),
    ("subject", "人员标识"),
    ("starts", "起始日"),
    ("ends", "终止日"),
    ("handover", "交接时刻"),
    ("period_days", "轮换周期（天）"),
    ("shifts", "班次"),
    ("shift", "班次"),
    ("crews", "班组"),
    ("crew", "班组"),
    ("covers", "须值守时段"),
    ("overrides", "临时调班"),
    ("swaps", "换班"),
    ("day", "甲日"),
    ("with", "乙日"),
    ("order", "次序"),
    ("places", "地点"),
    ("when", "条件"),
    ("shadow", "试行"),
    ("then", "结论"),
    ("also_assist", "增加协办"),
    ("also_inform", "增加抄送"),
];

/// Words of a field.
const WORDS: &[(&str, &str, &str)] = &[
    ("routing_mode", "auto", "自动派单"),
    ("routing_mode", "street-review", "街道审核"),
    ("routing_mode", "district-review", "区级审核"),
    ("level", "community", "社区"),
    ("level", "street", "街道"),
    ("level", "district", "区"),
    ("urgency", "critical", "特急"),
    ("urgency", "urgent", "紧急"),
    ("urgency", "ordinary", "一般"),
    ("verify_by", "photo", "照片"),
    ("verify_by", "visit", "现场"),
    ("verify_by", "call", "回访"),
    ("verify_by", "auto", "自动"),
    ("privacy", "none", "不涉及个人"),
    ("privacy", "personal", "涉及个人"),
    ("privacy", "sensitive", "敏感"),
    ("joined_by", "place", "地点相近"),
    ("joined_by", "words", "文字相同"),
    ("clock", "clock", "自然时"),
    ("clock", "work", "工作时"),
    ("unit", "second", "秒"),
    ("unit", "minute", "分钟"),
    ("unit", "hour", "小时"),
    ("unit", "workday", "个工作日"),
    ("limits", "see", "已阅"),
    ("limits", "acknowledge", "签收"),
    ("limits", "on_site", "到场"),
    ("limits", "resolve", "办结"),
    ("limits", "verify", "核查"),
    ("limits", "adjudicate", "裁定"),
    ("from", "dispatched", "派发"),
    ("from", "seen", "已阅"),
    ("from", "acknowledged", "签收"),
    ("from", "arrived", "到场"),
    ("from", "progressed", "首次反馈"),
    ("from", "submitted", "办结申请"),
    ("to", "dispatched", "派发"),
    ("to", "seen", "已阅"),
    ("to", "acknowledged", "签收"),
    ("to", "arrived", "到场"),
    ("to", "progressed", "首次反馈"),
    ("to", "submitted", "办结申请"),
    ("action", "notify", "通知"),
    ("channel", "webhook", "Webhook 推送"),
    ("kind", "holiday", "休假"),
    ("kind", "makeup_workday", "调休上班"),
    ("layers", "street", "街道边界"),
    ("layers", "community", "社区"),
    ("layers", "grid", "网格"),
    ("role", "grid-worker", "网格员"),
    ("role", "resident", "居民"),
    ("role", "body-user", "承办单位人员"),
    ("role", "street-centre", "街道中心"),
    ("role", "verifier", "核查员"),
    ("role", "district-centre", "区中心"),
    ("role", "sre", "运维"),
    ("role", "directory-admin", "目录管理员"),
    ("role", "trainer", "模型训练"),
    ("role", "system-admin", "系统管理员"),
    ("role", "security-admin", "安全管理员"),
    ("role", "audit-admin", "审计管理员"),
    ("role", "device", "系统与设备"),
];

/// Fields whose entries go by a key of people's own, not by a word of ours.
const KEYED: &[&str] = &[
    "bodies",
    "categories",
    "items",
    "policies",
    "chains",
    "calendars",
    "alarm_words",
    "endpoints",
    "successors",
    "rules",
    "members",
    "keys",
    "posts",
    "rotas",
    "shifts",
    "limits",
    "pairs",
    "layers",
];

/// A field in Chinese; one without a word keeps its own.
pub(super) fn field(name: &str) -> &str {
    FIELDS.iter().find(|(field, _)| *field == name).map_or(name, |(_, chinese)| chinese)
}

/// An entry of `layers`.
pub(super) const LAYER: &str = "layer";

/// An entry of `pairs`.
pub(super) const PAIR: &str = "pair";

/// The same inside of something: GeoJSON has a word that the manifest has too, and a pair goes from milestone to milestone.
pub(super) fn field_of<'a>(within: &str, name: &'a str) -> &'a str {
    match (within, name) {
        (LAYER, "features") => "图形",
        (PAIR, "from") => "起点",
        (PAIR, "to") => "终点",
        _ => field(name),
    }
}

/// Where a field of the top level is told.
pub(super) fn rank(name: &str) -> usize {
    FIELDS.iter().position(|(field, _)| *field == name).unwrap_or(FIELDS.len())
}

/// What a word of a field means in Chinese.
pub(super) fn meaning(field: &str, word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(of, known, _)| *of == field && *known == word).map(|(_, _, chinese)| *chinese)
}

/// Whether the entries of a field go by keys.
pub(super) fn keyed(field: &str) -> bool {
    KEYED.contains(&field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_belong_to_fields_and_every_role_has_one() {
        for (of, _, _) in WORDS {
            assert_ne!(field(of), *of, "{of} has no Chinese");
        }
        for role in access::Role::ALL {
            assert!(meaning("role", role.as_str()).is_some(), "{role}");
        }
    }
}
