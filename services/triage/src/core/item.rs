//! Which item (事项) a report is about: given by the reporter, found by keywords (D51), by a learned model that is sure
//! enough, or decided by a person.
//!
//! Reporters and keywords say what it is about, and a word of mortal danger beside that is not overheard: then a person is asked
//! at once ([`super::danger`]).
//!
//! Where the keywords do not decide, a published model is asked ([`super::opinion`]). Where it does not decide either, or there is
//! none, its candidates and the items nearest to the words are proposed to the person, and whether one of them is
//! mortal danger says how soon somebody must look.

use classify::{AlarmHit, ItemHits, KeywordIndex, Near, NearestItems, Outcome, PROPOSED};
use contract::document::Name;
use serde::{Deserialize, Serialize};

use super::danger::{self, Feared};
use super::opinion::{Likely, Opinion, Verdict};

/// Items that are proposed at most, those of a model and the nearest together.
pub(super) const PROPOSALS_MAX: usize = 5;

/// How an item was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The reporter named one the list has.
    Given,
    /// By the words of the report.
    Keyword,
    /// By a learned model that was sure enough.
    Classifier,
    /// A person decided.
    Review,
}

impl Method {
    /// As written in explanations and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Given => "given",
            Method::Keyword => "keyword",
            Method::Classifier => "classifier",
            Method::Review => "review",
        }
    }
}

/// Why a person must judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewReason {
    /// The words say nothing, or two things equally loud.
    ItemUnsure,
    /// The reporter named an item the list does not have, and the words do not decide.
    ItemUnknown,
    /// The item seems clear and is none of mortal danger, but the words may speak of that.
    DangerFeared,
    /// The place lies outside the street: it is never guessed whose it is.
    OutsideTerritory,
}

impl ReviewReason {
    /// Stable code, as in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReviewReason::ItemUnsure => "item-unsure",
            ReviewReason::ItemUnknown => "item-unknown",
            ReviewReason::DangerFeared => "danger-feared",
            ReviewReason::OutsideTerritory => "outside-territory",
        }
    }
}

/// The stored explanation: what was looked at, what came out (D37).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemExplanation {
    /// How.
    pub method: Method,
    /// What came out; `None` sends the report to a person.
    pub item: Option<String>,
    /// What the reporter named.
    pub given: Option<String>,
    /// Keywords found, the best item first; empty unless looked for.
    pub hits: Vec<ItemHits>,
    /// Items that share the highest score.
    pub tied: Vec<String>,
    /// Items proposed to the person who judges, the nearest first; empty where nothing had to be proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposed: Vec<Proposal>,
    /// The item of mortal danger that the words may speak of, for which the report goes to a person at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<String>,
    /// What a model said, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// An item proposed to the person who judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its code.
    pub item: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// How near, as in [`classify::Near::score`]; 0 of one that only a model proposes.
    pub score: u32,
    /// What the report and the item's description share.
    pub words: Vec<String>,
    /// How probable a model finds it, in thousandths, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permille: Option<u32>,
}

/// What a street's list says of items and words on a day.
pub trait List {
    /// The keywords of every item it ever has.
    fn words(&self) -> &KeywordIndex;
    /// Their descriptions.
    fn nearest(&self) -> &NearestItems;
    /// The name of an item it has on the day.
    fn listed(&self, item: &str) -> Option<&Name>;
    /// Whether an item is of priority P1.
    fn mortal(&self, item: &str) -> bool;
    /// The word of mortal danger that a text has.
    fn alarm(&self, text: &str) -> Option<AlarmHit>;
    /// What a published model says of a text; nothing where there is none.
    fn opinion(&self, text: &str) -> Option<Opinion>;
}

/// What is known of the item of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The item, or why a person must judge.
    pub item: Result<String, ReviewReason>,
    /// Why.
    pub explanation: ItemExplanation,
}

/// The item of a report: the given one if the list has it, else by keywords, else by a model. Where the words may speak of mortal
/// danger and the item is none, a person is asked.
pub fn find(given: Option<&str>, text: &str, list: &impl List) -> Finding {
    match given {
        Some(code) if list.listed(code).is_some() => {
            let finding = taken(code, given);
            let feared = if list.mortal(code) { None } else { danger::beside_named(text, list) };
            asked(finding, code, feared, list)
        }
        _ => by_keywords(given, text, list),
    }
}

/// The same for one whose reporter knows: a centre that gives a matter, a device, who rehearses. Nobody is asked about what they
/// name.
pub fn find_for_who_knows(given: Option<&str>, text: &str, list: &impl List) -> Finding {
    match given {
        Some(code) if list.listed(code).is_some() => taken(code, given),
        _ => by_keywords(given, text, list),
    }
}

fn taken(code: &str, given: Option<&str>) -> Finding {
    let (zh, en) = (format!("上报人指定事项{code}"), format!("the reporter named item {code}"));
    named(Method::Given, given, code, zh, en)
}

/// A person is asked about what seems clear, where something is feared.
fn asked(finding: Finding, item: &str, feared: Option<Feared>, list: &impl List) -> Finding {
    let Some(feared) = feared else { return finding };
    let explanation = feared.asks(finding.explanation, item, list);
    Finding { item: Err(ReviewReason::DangerFeared), explanation }
}

/// The item a person decided.
pub fn decided(code: &str, given: Option<&str>) -> Finding {
    let (zh, en) = (format!("人工研判为事项{code}"), format!("a person decided on item {code}"));
    named(Method::Review, given, code, zh, en)
}

fn named(method: Method, given: Option<&str>, code: &str, zh: String, en: String) -> Finding {
    let (item, given) = (Some(code.to_owned()), given.map(str::to_owned));
    let (hits, tied, proposed, danger, opinion) = (Vec::new(), Vec::new(), Vec::new(), None, None);
    let explanation = ItemExplanation { method, item, given, hits, tied, proposed, danger, opinion, zh, en };
    Finding { item: Ok(code.to_owned()), explanation }
}

fn by_keywords(given: Option<&str>, text: &str, list: &impl List) -> Finding {
    let mut ranking = list.words().score(text);
    // The words are those of every item the list ever has.
    ranking.hits.retain(|hit| list.listed(&hit.item).is_some());
    let (item, tied) = match ranking.outcome() {
        Outcome::Found { item } => (Some(item), Vec::new()),
        Outcome::Unsure { tied } => (None, tied),
    };
    let (zh, en) = reasons(item.as_deref(), &tied, &ranking.hits);
    let explanation = ItemExplanation {
        method: Method::Keyword,
        item,
        given: given.map(str::to_owned),
        hits: ranking.hits,
        tied,
        proposed: Vec::new(),
        danger: None,
        opinion: None,
        zh,
        en,
    };
    let (mut explanation, feared) = match explanation.item.clone() {
        None => (undecided(explanation, text, list), None),
        Some(item) if list.mortal(&item) => (explanation, None),
        Some(item) => {
            let feared = danger::beside_keywords(text, list);
            (explanation, feared.map(|feared| (item, feared)))
        }
    };
    if let Some(code) = given {
        explanation.zh = format!("清单中没有上报人指定的事项{code}；{}", explanation.zh);
        explanation.en = format!("the list has no item {code}, which the reporter named; {}", explanation.en);
    }
    let reason = if given.is_some() { ReviewReason::ItemUnknown } else { ReviewReason::ItemUnsure };
    let finding = Finding { item: explanation.item.clone().ok_or(reason), explanation };
    match feared {
        Some((item, feared)) => asked(finding, &item, Some(feared), list),
        None => finding,
    }
}

/// What the keywords leave open: a model may decide it; else a person, who is shown what is likely.
fn undecided(mut explanation: ItemExplanation, text: &str, list: &impl List) -> ItemExplanation {
    let near = list.nearest().nearest(text, PROPOSED, |item| list.listed(item).is_some());
    let mut danger = nearest_danger(&near, &explanation.tied, list);
    let opinion = list.opinion(text);
    if let Some(opinion) = &opinion {
        let verdict = opinion.verdict(danger.is_some() || list.alarm(text).is_some(), list);
        let (zh, en) = opinion.told(verdict, list);
        explanation.zh += &zh;
        explanation.en += &en;
        if let Verdict::Item(item) = verdict {
            (explanation.method, explanation.item) = (Method::Classifier, Some(item.to_owned()));
        }
        danger = danger.or_else(|| opinion.danger(list).map(str::to_owned));
    }
    if explanation.item.is_none() {
        if opinion.is_none() {
            explanation.zh += "，转人工研判";
            explanation.en += ", a person must judge";
        }
        let nearest: Vec<Proposal> = near.into_iter().filter_map(|near| proposal(near, list)).collect();
        add_proposals(&mut explanation.zh, &mut explanation.en, &nearest, danger.as_deref());
        explanation.proposed = proposals(nearest, opinion.as_ref(), list);
        explanation.danger = danger;
    }
    ItemExplanation { opinion, ..explanation }
}

/// The item of mortal danger among those the keywords tie or the words are near to.
fn nearest_danger(near: &[Near], tied: &[String], list: &impl List) -> Option<String> {
    let by_words = tied.iter().find(|item| list.mortal(item)).cloned();
    by_words.or_else(|| NearestItems::danger(near, |item| list.mortal(item)).map(|near| near.item.clone()))
}

pub(super) fn proposal(near: Near, list: &impl List) -> Option<Proposal> {
    let Name { zh, en } = list.listed(&near.item)?.clone();
    Some(Proposal { item: near.item, zh, en, score: near.score, words: near.words, permille: None })
}

/// What a model finds probable, then the nearest that it did not name.
fn proposals(nearest: Vec<Proposal>, opinion: Option<&Opinion>, list: &impl List) -> Vec<Proposal> {
    let candidates = opinion.map(|opinion| opinion.candidates(list)).unwrap_or_default();
    let candidate = |likely: &&Likely| {
        let permille = Some(likely.permille);
        if let Some(near) = nearest.iter().find(|near| near.item == likely.item) {
            return Some(Proposal { permille, ..near.clone() });
        }
        let Name { zh, en } = list.listed(&likely.item)?.clone();
        Some(Proposal { item: likely.item.clone(), zh, en, score: 0, words: Vec::new(), permille })
    };
    let mut proposed: Vec<Proposal> = candidates.iter().filter_map(candidate).collect();
    let others: Vec<Proposal> =
        nearest.into_iter().filter(|near| proposed.iter().all(|one| one.item != near.item)).collect();
    proposed.extend(others);
    proposed.truncate(PROPOSALS_MAX);
    proposed
}

/// Says what is proposed, and what is feared.
pub(super) fn add_proposals(zh: &mut String, en: &mut String, proposed: &[Proposal], danger: Option<&str>) {
    if let Some(nearest) = proposed.first() {
        let name = |proposal: &Proposal| format!("{}（{}）", proposal.zh, proposal.item);
        let names: Vec<String> = proposed.iter().map(name).collect();
        *zh += &format!("；最接近的事项：{}，依据“{}”", names.join("、"), nearest.words.join("、"));
        let name = |proposal: &Proposal| format!("{} ({})", proposal.en, proposal.item);
        let names: Vec<String> = proposed.iter().map(name).collect();
        *en += &format!("; nearest items: {}, by {}", names.join(", "), nearest.words.join(", "));
    }
    if let Some(item) = danger {
        *zh += &format!("；可能危及生命（{item}），请立即研判");
        *en += &format!("; this may be mortal danger ({item}): judge it at once");
    }
}

fn reasons(item: Option<&str>, tied: &[String], hits: &[ItemHits]) -> (String, String) {
    match (item, tied) {
        (Some(code), _) => {
            let (words_zh, words_en) = hits
                .first()
                .map_or_else(Default::default, |hit| (hit.words.join("、"), hit.words.join(", ")));
            (
                format!("关键词“{words_zh}”指向事项{code}"),
                format!("the keywords {words_en} point to item {code}"),
            )
        }
        (None, []) => ("未命中任何关键词".to_owned(), "no keyword was found".to_owned()),
        (None, tied) => {
            (format!("事项{}得分相同", tied.join("、")), format!("items {} score the same", tied.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests;
