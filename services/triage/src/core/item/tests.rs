//! Who decides what a text is about, and what a person is shown.

use std::collections::BTreeMap;

use classify::Described;

use super::*;
use crate::core::opinion::Word;

/// What a model says, a text, and the danger that is named.
type Feared = (&'static [(&'static str, u32)], &'static str, Option<&'static str>);

struct Town {
    words: KeywordIndex,
    nearest: NearestItems,
    names: BTreeMap<&'static str, Name>,
    /// Label and thousandths, the likeliest first; no model where there is none.
    opinion: &'static [(&'static str, u32)],
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

    fn alarm(&self, text: &str) -> Option<AlarmHit> {
        let hit = || AlarmHit { word: "救命".into(), items: vec!["C".into()] };
        text.contains("救命").then(hit)
    }

    fn opinion(&self, _text: &str) -> Option<Opinion> {
        let likely = |(item, permille): &(&str, u32)| Likely { item: (*item).into(), permille: *permille };
        (!self.opinion.is_empty()).then(|| Opinion {
            tenant: "990102001000".into(),
            generation: 7,
            sha256: "ab".repeat(32),
            threshold_permille: 900,
            likeliest: self.opinion.iter().map(likely).collect(),
            words: vec![Word { word: "没人管".into(), weight_permille: 1_200 }],
        })
    }
}

fn town(listed: &[&'static str]) -> Town {
    let described = |code, name, phrases| Described { code, name, phrases };
    Town {
        words: KeywordIndex::build([("A", vec!["停水", "水管"]), ("B", vec!["停电"]), ("C", vec!["起火"])])
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
        opinion: &[],
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

/// What comes of a text that no keyword knows under a model that says this.
fn judged(opinion: &'static [(&'static str, u32)], text: &str) -> ItemExplanation {
    let finding = find(None, text, &Town { opinion, ..town(&["A", "B", "C"]) });
    assert_eq!(finding.item.as_ref().ok(), finding.explanation.item.as_ref());
    let bytes = serde_json::to_vec(&finding.explanation).unwrap();
    assert_eq!(serde_json::from_slice::<ItemExplanation>(&bytes).unwrap(), finding.explanation);
    finding.explanation
}

#[test]
fn a_model_that_is_sure_enough_decides_what_keywords_leave_open() {
    let explanation = judged(&[("A", 900), ("B", 100)], "没人管");
    assert_eq!((explanation.method, explanation.item.as_deref()), (Method::Classifier, Some("A")));
    assert_eq!(
        explanation.zh,
        "未命中任何关键词；模型判为事A（A），可信度 90.0%，达到阈值 90.0%，依据“没人管”"
    );
    assert!(explanation.en.ends_with("item A (A), 90.0% sure, the threshold is 90.0%, by 没人管"));
    assert!(explanation.proposed.is_empty() && explanation.danger.is_none());
    let opinion = explanation.opinion.unwrap();
    assert_eq!((opinion.generation, opinion.threshold_permille), (7, 900));
    // What keywords decide, no model is asked about.
    let explanation = judged(&[("A", 999)], "停电");
    assert_eq!((explanation.method, explanation.item.as_deref()), (Method::Keyword, Some("B")));
    assert_eq!(explanation.opinion, None);
}

#[test]
fn a_model_that_is_less_sure_proposes() {
    let explanation = judged(&[("B", 899), ("Z", 60), ("A", 41)], "水龙头");
    assert_eq!((explanation.method, explanation.item), (Method::Keyword, None));
    let proposed: Vec<_> = explanation.proposed.iter().map(|one| (one.item.as_str(), one.permille)).collect();
    // Its own candidates first, of the list and probable enough; then the nearest.
    assert_eq!(proposed, [("B", Some(899)), ("A", None)]);
    let told = "可信度 89.9%，低于阈值 90.0%，转人工研判，依据“没人管”；最接近的事项：事A（A）";
    assert!(explanation.zh.contains(told), "{}", explanation.zh);
    assert!(explanation.opinion.is_some());
}

#[test]
fn an_item_that_is_not_listed_that_day_is_not_decided_by_a_model() {
    let finding = find(None, "没人管", &Town { opinion: &[("A", 990)], ..town(&["B"]) });
    assert_eq!(finding.item, Err(ReviewReason::ItemUnsure));
    assert!(finding.explanation.zh.contains("清单当日没有此事项"), "{}", finding.explanation.zh);
    assert!(finding.explanation.proposed.is_empty());
}

#[test]
fn where_words_may_speak_of_danger_a_person_is_asked_however_sure_a_model_is() {
    // Near to an item of mortal danger; one among the model's own; an alarm word; and sure of the danger itself.
    let cases: [Feared; 4] = [
        (&[("A", 990), ("B", 10)], "对面烧起来了，浓烟滚滚", Some("C")),
        (&[("A", 940), ("C", 50)], "没人管", Some("C")),
        (&[("A", 990), ("B", 10)], "救命", None),
        (&[("C", 990), ("A", 10)], "没人管", Some("C")),
    ];
    for (opinion, text, danger) in cases {
        let explanation = judged(opinion, text);
        assert_eq!((explanation.item, explanation.danger.as_deref()), (None, danger), "{text}");
        assert!(explanation.zh.contains("不由模型判定"), "{}", explanation.zh);
        assert_eq!(explanation.proposed[0].permille, Some(opinion[0].1));
    }
    // Too improbable to be feared.
    assert_eq!(judged(&[("A", 951), ("C", 49)], "没人管").item.as_deref(), Some("A"));
    // Unsure, and one of the likely is mortal danger: urgent, too.
    assert_eq!(judged(&[("A", 500), ("C", 300)], "没人管").danger.as_deref(), Some("C"));
}

#[test]
fn what_was_stored_before_there_were_models_reads_back() {
    let stored = r#"{"method":"keyword","item":"A","given":null,"hits":[],"tied":[],"zh":"甲","en":"a"}"#;
    let read: ItemExplanation = serde_json::from_str(stored).unwrap();
    assert_eq!((read.opinion.as_ref(), serde_json::to_string(&read).unwrap().as_str()), (None, stored));
}
