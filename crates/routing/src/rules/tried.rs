//! What was tried for a plan, kept with it: so that a decision can be explained and made again (D37).

use ids::BodyKey;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::event::{Event, Moment};
use super::rule::{Layer, Then};
use super::table::Rules;
use crate::input::{Facts, Seat};

/// Rules that did not hold, of one layer, that an explanation keeps; further ones are as they were written in the generation it names.
const PASSED_MAX: usize = 40;
/// Shadow rules that held or failed, of one layer: an explanation has to fit into a message.
const SHADOWS_MAX: usize = 20;
/// Rules of one layer whose lead assists because another's leads, at most.
const CONTENDING_MAX: usize = 8;

/// What is known of a matter beyond its item and place. Kept where rules were tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Category of the item.
    pub category: String,
    /// The grid cell of the place, or empty.
    pub grid: String,
    /// What of the street's other layers holds the place, as `layer/code`, sorted; nothing where no rule asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<String>>,
    /// Who reported it.
    pub reporter: String,
    /// A rehearsal.
    pub drill: bool,
    /// The reporter's words; empty where no rule asks for them.
    pub text: String,
    /// When, in local time.
    pub moment: Moment,
    /// Households it touches; 0 when nothing was said.
    pub households: u32,
    /// What a sensor read, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_milli: Option<i64>,
    /// How often it has come before; nothing where no rule asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
}

/// How often a matter has come before: the same item at the same place. Drills neither count nor are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// Earlier cases, up to [`REPEATS_MAX`](super::REPEATS_MAX).
    pub cases: u32,
    /// Reports in them and in the case that opens.
    pub voices: u32,
    /// So many days of 24 hours were looked back.
    pub days: u16,
}

impl Repetition {
    /// Nothing came before.
    pub const fn none(days: u16) -> Self {
        Self { cases: 0, voices: 1, days }
    }
}

/// Whether a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Held,
    /// It does not.
    Passed,
    /// Nobody can tell; a word says why.
    Failed(String),
}

/// One rule that was tried, with the bodies it means on the day and at the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Whose rule.
    pub layer: Layer,
    /// Its key.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Its condition.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// Only recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    /// It stands in one rank with the rule that decided, behind it, and names another lead, who assists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contends: bool,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What it says; nothing where it does not hold.
    #[serde(default)]
    pub then: Then<Seat>,
    /// Keys of bodies it names but this place does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<String>,
}

/// Finds the body a key means.
pub type Seated<'a> = &'a dyn Fn(&BodyKey) -> Option<Seat>;

impl Tried {
    /// Whether it has a say in the plan.
    pub fn decides(&self) -> bool {
        self.verdict == Verdict::Held && !self.shadow
    }

    /// Whether nobody could tell, so that its layer has no say.
    pub fn failed(&self) -> bool {
        !self.shadow && matches!(self.verdict, Verdict::Failed(_))
    }

    /// The rules of a layer that were tried for an event.
    pub fn of(rules: &Rules, layer: Layer, event: &Event<'_>, seat: Seated<'_>) -> Vec<Self> {
        let (mut passed, mut shadows, mut contending) = (0, 0, 0);
        let mut kept = Vec::new();
        for decision in rules.tried(event) {
            let verdict = match decision.holds {
                Ok(true) => Verdict::Held,
                Ok(false) => Verdict::Passed,
                Err(word) => Verdict::Failed(word.to_owned()),
            };
            passed += usize::from(verdict == Verdict::Passed);
            let rule = decision.rule;
            shadows += usize::from(rule.shadow && verdict != Verdict::Passed);
            contending += usize::from(decision.contends);
            if (verdict == Verdict::Passed && passed > PASSED_MAX)
                || (rule.shadow && shadows > SHADOWS_MAX)
                || (decision.contends && contending > CONTENDING_MAX)
            {
                continue;
            }
            let (then, unplaced) = match verdict {
                Verdict::Held if decision.contends => seated(&only_lead(&rule.then), seat),
                Verdict::Held => seated(&rule.then, seat),
                _ => (Then::default(), Vec::new()),
            };
            kept.push(Self {
                layer,
                key: rule.key.clone(),
                zh: rule.zh.clone(),
                en: rule.en.clone(),
                when: rule.when.clone(),
                shadow: rule.shadow,
                contends: decision.contends,
                verdict,
                then,
                unplaced,
            });
        }
        kept
    }

    /// The same, its condition tried again upon the kept facts.
    pub(crate) fn again(&self, event: &Event<'_>) -> Self {
        let verdict = match Condition::compile(&self.when).map(|condition| condition.holds(event)) {
            Ok(Ok(true)) => Verdict::Held,
            Ok(Ok(false)) => Verdict::Passed,
            Ok(Err(word)) => Verdict::Failed(word.to_owned()),
            Err(_) => Verdict::Failed("unsound".to_owned()),
        };
        Self { verdict, ..self.clone() }
    }
}

/// What counts of a rule that another one of its rank came before.
fn only_lead(then: &Then<BodyKey>) -> Then<BodyKey> {
    Then { lead: then.lead.clone(), ..Then::default() }
}

/// With bodies for keys; a lead that cannot be named leaves the one before.
fn seated(then: &Then<BodyKey>, seat: Seated<'_>) -> (Then<Seat>, Vec<String>) {
    let missing = then.bodies().filter(|key| seat(key).is_none()).map(ToString::to_string).collect();
    let all = |keys: &[BodyKey]| keys.iter().filter_map(seat).collect::<Vec<_>>();
    let seated = Then {
        lead: then.lead.as_ref().and_then(seat),
        // Where none of them can be named, those of the list stay.
        assists: then
            .assists
            .as_deref()
            .map(|keys| (keys.len(), all(keys)))
            .filter(|(asked, named)| *asked == 0 || !named.is_empty())
            .map(|(_, named)| named),
        also_assist: all(&then.also_assist),
        also_inform: all(&then.also_inform),
        policy: then.policy.clone(),
        priority: then.priority,
        level: then.level,
    };
    (seated, missing)
}

impl Facts {
    /// The event that conditions see; nothing where none were tried.
    pub fn event(&self) -> Option<Event<'_>> {
        let known = self.circumstances.as_ref()?;
        Some(Event {
            item: &self.item,
            category: &known.category,
            street: self.street,
            community: self.community,
            grid: &known.grid,
            layers: known.layers.as_deref().unwrap_or_default(),
            reporter: &known.reporter,
            lane: self.lane,
            drill: known.drill,
            text: &known.text,
            moment: known.moment,
            households: known.households,
            reading_milli: known.reading_milli,
            repeats: known.repetition.map_or(0, |known| known.cases),
            voices: known.repetition.map_or(1, |known| known.voices),
        })
    }
}
