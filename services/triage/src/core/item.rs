//! Which item (事项) a report is about: given by the reporter, found by keywords (D51), or decided by a person.

use classify::{ItemHits, KeywordIndex, Outcome};
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
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
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
pub fn find(given: Option<&str>, text: &str, words: &KeywordIndex, listed: impl Fn(&str) -> bool) -> Finding {
    match given {
        Some(code) if listed(code) => {
            let (zh, en) = (format!("上报人指定事项{code}"), format!("the reporter named item {code}"));
            named(Method::Given, given, code, zh, en)
        }
        _ => by_keywords(given, text, words, listed),
    }
}

/// The item a person decided.
pub fn decided(code: &str, given: Option<&str>) -> Finding {
    let (zh, en) = (format!("人工研判为事项{code}"), format!("a person decided on item {code}"));
    named(Method::Review, given, code, zh, en)
}

fn named(method: Method, given: Option<&str>, code: &str, zh: String, en: String) -> Finding {
    let (item, given) = (Some(code.to_owned()), given.map(str::to_owned));
    let explanation = ItemExplanation { method, item, given, hits: Vec::new(), tied: Vec::new(), zh, en };
    Finding { item: Ok(code.to_owned()), explanation }
}

fn by_keywords(
    given: Option<&str>,
    text: &str,
    words: &KeywordIndex,
    listed: impl Fn(&str) -> bool,
) -> Finding {
    let mut ranking = words.score(text);
    // The words are those of every item the list ever has.
    ranking.hits.retain(|hit| listed(&hit.item));
    let (item, tied) = match ranking.outcome() {
        Outcome::Found { item } => (Some(item), Vec::new()),
        Outcome::Unsure { tied } => (None, tied),
    };
    let (mut zh, mut en) = reasons(item.as_deref(), &tied, &ranking.hits);
    if let Some(code) = given {
        zh = format!("清单中没有上报人指定的事项{code}；{zh}");
        en = format!("the list has no item {code}, which the reporter named; {en}");
    }
    let reason = if given.is_some() { ReviewReason::ItemUnknown } else { ReviewReason::ItemUnsure };
    let outcome = item.clone().ok_or(reason);
    let given = given.map(str::to_owned);
    let explanation =
        ItemExplanation { method: Method::Keyword, item, given, hits: ranking.hits, tied, zh, en };
    Finding { item: outcome, explanation }
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
    use super::*;

    fn words() -> KeywordIndex {
        KeywordIndex::build([("A", vec!["停水", "水管"]), ("B", vec!["停电"])]).unwrap()
    }

    fn check(given: Option<&str>, text: &str) -> (Result<String, ReviewReason>, ItemExplanation) {
        let finding = find(given, text, &words(), |code| matches!(code, "A" | "B"));
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
        }
    }

    #[test]
    fn an_item_the_list_does_not_have_today_is_not_found() {
        let find = |given| find(given, "停水停电", &words(), |code| code == "B");
        assert_eq!(find(None).item, Ok("B".to_owned()));
        assert_eq!((find(Some("A")).item, find(Some("A")).explanation.hits.len()), (Ok("B".to_owned()), 1));
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
    }
}
