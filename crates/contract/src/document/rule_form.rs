//! The form people write for rules. Strict like [`super::manifest`]; meanings as in [`super::rule`].

use ids::{BodyKey, TenantId};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::Level;
use super::item::Priority;
use super::pack::NameForm;
use super::rule::{Rule, RuleThen};
use super::schema;
use super::validity::Validity;

/// What is decided beyond the responsibility list (规则).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    /// Its name (名称).
    pub name: NameForm,
    /// Of several that hold the lowest one decides, of equal ones the first by key (次序).
    #[serde(default)]
    pub order: u32,
    /// Codes of the items it is about; `[]`: every item (事项).
    #[serde(default)]
    pub items: Vec<String>,
    /// Codes of streets or communities it is about; `[]`: every place (地点).
    #[serde(default)]
    #[schemars(with = "Vec<schema::Code>")]
    pub places: Vec<TenantId>,
    /// What else must hold, an expression in CEL such as `households >= 1000 && workday` or `'police-beat/B-3' in layers`; see
    /// `docs/rules.md` (条件).
    #[serde(default)]
    pub when: String,
    /// Tried beside the others and only recorded (试行).
    #[serde(default)]
    pub shadow: bool,
    /// What it says (结论).
    pub then: RuleThenForm,
    /// The first day on which it counts, a local date (生效日).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_from: Option<Date>,
    /// The last day on which it counts (失效日，当日仍有效).
    #[serde(default)]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_until: Option<Date>,
}

/// What a rule says; absent fields leave what the list says (结论).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleThenForm {
    /// Key of the body that leads; never of a lower level than the list's (主办).
    #[serde(default)]
    #[schemars(with = "Option<schema::Slug>")]
    pub lead: Option<BodyKey>,
    /// Keys of the bodies that assist, instead of the list's; `[]` means none (协办).
    #[serde(default)]
    #[schemars(with = "Option<Vec<schema::Slug>>")]
    pub assists: Option<Vec<BodyKey>>,
    /// Keys of bodies that assist besides (增加协办).
    #[serde(default)]
    #[schemars(with = "Vec<schema::Slug>")]
    pub also_assist: Vec<BodyKey>,
    /// Keys of bodies that are informed besides (增加抄送).
    #[serde(default)]
    #[schemars(with = "Vec<schema::Slug>")]
    pub also_inform: Vec<BodyKey>,
    /// Key of the policy (时限方案).
    #[serde(default)]
    pub policy: Option<String>,
    /// Priority; P1 goes into the urgent lane (优先级).
    #[serde(default)]
    #[schemars(with = "Option<schema::PriorityWord>")]
    pub priority: Option<Priority>,
    /// The lowest level that may handle it; never lower than the list's (层级).
    #[serde(default)]
    pub level: Option<Level>,
}

impl From<RuleForm> for Rule {
    fn from(form: RuleForm) -> Self {
        let RuleThenForm { lead, assists, also_assist, also_inform, policy, priority, level } = form.then;
        Self {
            name: form.name.into(),
            order: form.order,
            items: form.items,
            places: form.places,
            when: form.when,
            shadow: form.shadow,
            then: RuleThen { lead, assists, also_assist, also_inform, policy, priority, level },
            validity: Validity { valid_from: form.valid_from, valid_until: form.valid_until },
        }
    }
}
