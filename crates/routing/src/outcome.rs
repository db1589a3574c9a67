//! What a plan says, and why.

use ids::{BodyRef, Lane};
use serde::{Deserialize, Serialize};

use crate::input::{Entry, Facts, Level, Priority, RoutingMode, Settings};
use crate::plan::FAILED;
use crate::rules::Tried;

/// The routing decision. Exactly one lead; no body stands in it twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePlan {
    /// The lowest level that can command everybody in it.
    pub level: Level,
    /// Who leads.
    pub lead: BodyRef,
    /// Who assists, in the list's order.
    pub assists: Vec<BodyRef>,
    /// Who is informed: in the settings' order, then whom rules name, then those an emergency passes over.
    pub informs: Vec<BodyRef>,
    /// Key of the SLA policy.
    pub policy: String,
    /// Priority.
    pub priority: Priority,
    /// The lane it goes on in: never a lower one than it came in.
    pub lane: Lane,
    /// Who reviews it before orders go out.
    pub routing_mode: RoutingMode,
    /// Generation of the district's document it was made with.
    pub pack_generation: u64,
    /// Generation of the street's document it was made with.
    pub street_generation: u64,
}

/// Everything a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The matter.
    pub facts: Facts,
    /// The list's line, if there is one.
    pub entry: Option<Entry>,
    /// The tenants' settings.
    pub settings: Settings,
    /// The rules that were tried, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Tried>,
}

/// One step of the reasoning, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Stable code: `place.located`, `place.layers`, `place.repeated`, `list.entry`, `list.no_entry`, `list.unplaced`, `list.catch_all_leads`, `level.kept`,
    /// `level.reserved_above`, `level.cross_body`, `level.by_rule`, `level.of_lead`, `level.emergency`, `roles.repeated`, `lane.raised`,
    /// `rule.held`, `rule.failed`, `rule.shadow`, `rule.reserved`, `rule.unplaced`, `lead.contended`, `assigned.lead`,
    /// `assigned.reserved`, `assigned.unplaced`.
    pub rule: String,
    /// The reason in Chinese.
    pub zh: String,
    /// The reason in English.
    pub en: String,
}

/// The stored explanation: inputs, output, and the steps between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Method of the decision: `responsibility-list`, `rules` where one of them held, or `assignment` where a centre gave it.
    pub method: String,
    /// What it was made from.
    pub inputs: Inputs,
    /// What came out.
    pub plan: CasePlan,
    /// Why.
    pub steps: Vec<Step>,
}

impl Explanation {
    /// The rules that could not be told, each with the step that says so and what was done instead. Shadow rules have no say, and
    /// take none away.
    pub fn failed(&self) -> impl Iterator<Item = (&Tried, &Step)> {
        let rules = self.inputs.rules.iter().filter(|tried| tried.failed());
        rules.zip(self.steps.iter().filter(|step| step.rule == FAILED))
    }
}

impl Step {
    pub(crate) fn new(rule: &str, zh: String, en: String) -> Self {
        Self { rule: rule.to_owned(), zh, en }
    }
}
