//! Which item (事项) a report is about: given by the reporter, found by keywords (D51), or decided by a person.
//!
//! Where the keywords do not decide, the items nearest to the words are proposed to the person, and whether one of them is
//! mortal danger says how soon somebody must look. Neither decides the item.

use classify::{ItemHits, KeywordIndex, NearestItems, Outcome, PROPOSED};
use contract::document::Name;
use serde::{Deserialize, Serialize};

/// How an item was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The reporter named one the list has.
    Given,
    /// By the words of the report.
    Keyword,
    /// A person decided.
    Review,
}

impl Method {
    /// As written in explanations and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Given => "given",
            Method::Keyword => "keyword",
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
    /// The place lies outside the street: it is never guessed whose it is.
    OutsideTerritory,
}

impl ReviewReason {
    /// Stable code, as in the event.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReviewReason::ItemUnsure => "item-unsure",
            ReviewReason::ItemUnknown => "item-unknown",
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
    /// How near, as in [`classify::Near::score`].
    pub score: u32,
    /// What the report and the item's description share.
    pub words: Vec<String>,
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
}

/// What is known of the item of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The item, or why a person must judge.
    pub item: Result<String, ReviewReason>,
    /// Why.
    pub explanation: ItemExplanation,
}

/// The item of a report: the given one if the list has it, else by keywords.
pub fn find(given: Option<&str>, text: &str, list: &impl List) -> Finding {
    match given {
        Some(code) if list.listed(code).is_some() => {
            let (zh, en) = (format!("上报人指定事项{code}"), format!("the reporter named item {code}"));
            named(Method::Given, given, code, zh, en)
        }
        _ => by_keywords(given, text, list),
    }
}

/// The item a person decided.
pub fn decided(code: &str, given: Option<&str>) -> Finding {
    let (zh, en) = (format!("人工研判为事项{code}"), format!("a person decided on item {code}"));
    named(Method::Review, given, code, zh, en)
}

fn named(method: Method, given: Option<&str>, code: &str, zh: String, en: String) -> Finding {
    let (item, given) = (Some(code.to_owned()), given.map(str::to_owned));
    let (hits, tied, proposed) = (Vec::new(), Vec::new(), Vec::new());
    let explanation = ItemExplanation { method, item, given, hits, tied, proposed, danger: None, zh, en };
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
    let (mut zh, mut en) = reasons(item.as_deref(), &tied, &ranking.hits);
    let (proposed, danger) = if item.is_none() { proposals(text, &tied, list) } else { Default::default() };
    add_proposals(&mut zh, &mut en, &proposed, danger.as_deref());
    if let Some(code) = given {
        zh = format!("清单中没有上报人指定的事项{code}；{zh}");
        en = format!("the list has no item {code}, which the reporter named; {en}");
    }
    let reason = if given.is_some() { ReviewReason::ItemUnknown } else { ReviewReason::ItemUnsure };
    let outcome = item.clone().ok_or(reason);
    let (given, method, hits) = (given.map(str::to_owned), Method::Keyword, ranking.hits);
    let explanation = ItemExplanation { method, item, given, hits, tied, proposed, danger, zh, en };
    Finding { item: outcome, explanation }
}

/// The nearest items of the list, and the one of mortal danger among those the keywords tie or the words are near to.
fn proposals(text: &str, tied: &[String], list: &impl List) -> (Vec<Proposal>, Option<String>) {
    let near = list.nearest().nearest(text, PROPOSED, |item| list.listed(item).is_some());
    let by_words = tied.iter().find(|item| list.mortal(item)).cloned();
    let danger = by_words
        .or_else(|| NearestItems::danger(&near, |item| list.mortal(item)).map(|near| near.item.clone()));
    let proposal = |near: classify::Near| {
        let Name { zh, en } = list.listed(&near.item)?.clone();
        Some(Proposal { item: near.item, zh, en, score: near.score, words: near.words })
    };
    (near.into_iter().filter_map(proposal).collect(), danger)
}

fn add_proposals(zh: &mut String, en: &mut String, proposed: &[Proposal], danger: Option<&str>) {
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
        (None, []) => (
            "未命中任何关键词，转人工研判".to_owned(),
            "no keyword was found, a person must judge".to_owned(),
        ),
        (None, tied) => {
            let codes = tied.join(", ");
            let zh = format!("事项{}得分相同，转人工研判", tied.join("、"));
            (zh, format!("items {codes} score the same, a person must judge"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use classify::Described;

    use super::*;

    struct Town {
        words: KeywordIndex,
        nearest: NearestItems,
        names: BTreeMap<&'static str, Name>,
    }

    impl List for Town {
        fn words(&self) -> &KeywordIndex {
            &self.words
        }

        fn nearest(&self) -> &NearestItems {
            &self.nearest
        }

        fn listed(&self, item: &str) -> Option<&Name> {
            self.names.get(item)
        }

        fn mortal(&self, item: &str) -> bool {
            item == "C"
        }
    }

    fn town(listed: &[&'static str]) -> Town {
        let described = |code, name, phrases| Described { code, name, phrases };
        Town {
            words: KeywordIndex::build([
                ("A", vec!["停水", "水管"]),
                ("B", vec!["停电"]),
                ("C", vec!["起火"]),
            ])
            .unwrap(),
            nearest: NearestItems::build([
                described("A", "停水", &["水龙头没有水"]),
                described("B", "停电", &["屋里全黑了"]),
                described("C", "火灾", &["烧起来了", "浓烟"]),
            ]),
            names: listed
                .iter()
                .map(|code| (*code, Name { zh: format!("事{code}"), en: format!("item {code}") }))
                .collect(),
        }
    }

    fn check(given: Option<&str>, text: &str) -> (Result<String, ReviewReason>, ItemExplanation) {
        let finding = find(given, text, &town(&["A", "B", "C"]));
        assert_eq!(finding.item.as_ref().ok(), finding.explanation.item.as_ref());
        let bytes = serde_json::to_vec(&finding.explanation).unwrap();
        assert_eq!(serde_json::from_slice::<ItemExplanation>(&bytes).unwrap(), finding.explanation);
        (finding.item, finding.explanation)
    }

    #[test]
    fn a_listed_item_is_taken_at_its_word() {
        let (item, explanation) = check(Some("B"), "停水");
        assert_eq!((item, explanation.method), (Ok("B".to_owned()), Method::Given));
    }

    #[test]
    fn keywords_find_it_with_or_without_an_unknown_one() {
        for given in [None, Some("Z")] {
            let (item, explanation) = check(given, "水管爆了，停水停电");
            assert_eq!((item, explanation.method), (Ok("A".to_owned()), Method::Keyword));
            assert_eq!(explanation.hits[0].words, ["停水", "水管"]);
            assert_eq!(explanation.given.as_deref(), given);
            assert!(explanation.proposed.is_empty() && explanation.danger.is_none());
        }
    }

    #[test]
    fn an_item_the_list_does_not_have_today_is_neither_found_nor_proposed() {
        let find = |given, text| find(given, text, &town(&["B"]));
        assert_eq!(find(None, "停水停电").item, Ok("B".to_owned()));
        let (of_a, hits) = (find(Some("A"), "停水停电"), 1);
        assert_eq!((of_a.item, of_a.explanation.hits.len()), (Ok("B".to_owned()), hits));
        let explanation = find(None, "水龙头，屋里浓烟，烧起来了").explanation;
        let proposed: Vec<&str> = explanation.proposed.iter().map(|one| one.item.as_str()).collect();
        assert_eq!((proposed, explanation.danger), (vec!["B"], None));
    }

    #[test]
    fn a_person_judges_ties_and_silence() {
        let (item, explanation) = check(None, "停水停电");
        assert_eq!(
            (item, explanation.tied),
            (Err(ReviewReason::ItemUnsure), vec!["A".to_owned(), "B".to_owned()])
        );
        assert_eq!(check(None, "你好").0, Err(ReviewReason::ItemUnsure));
        assert_eq!(check(Some("Z"), "你好").0, Err(ReviewReason::ItemUnknown));
        assert_eq!(check(None, "你好").1.zh, "未命中任何关键词，转人工研判");
    }

    #[test]
    fn what_keywords_do_not_decide_is_proposed_with_reasons() {
        let (item, explanation) = check(None, "家里全黑了，水也放不出");
        assert_eq!(item, Err(ReviewReason::ItemUnsure));
        let nearest = &explanation.proposed[0];
        assert_eq!((nearest.item.as_str(), nearest.zh.as_str()), ("B", "事B"));
        assert_eq!(nearest.words[0], "全黑了");
        assert!(explanation.zh.contains("；最接近的事项：事B（B）、"), "{}", explanation.zh);
        assert!(explanation.en.contains("; nearest items: item B (B), "), "{}", explanation.en);
        assert_eq!(explanation.danger, None);
    }

    #[test]
    fn mortal_danger_is_named_whether_near_or_tied() {
        let (item, explanation) = check(None, "对面烧起来了，浓烟滚滚");
        assert_eq!((item, explanation.danger.as_deref()), (Err(ReviewReason::ItemUnsure), Some("C")));
        assert!(explanation.zh.ends_with("；可能危及生命（C），请立即研判"), "{}", explanation.zh);
        assert_eq!(check(None, "停电起火").1.danger.as_deref(), Some("C"));
    }
}
