//! The shipped pack's words: the sentences of the story and the danger that must never wait.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{AlarmScreen, Described, KeywordIndex, NearestItems, Outcome, PROPOSED};

#[derive(Deserialize)]
struct Items {
    items: BTreeMap<String, Item>,
}

#[derive(Deserialize)]
struct Item {
    name: Name,
    priority: String,
    keywords: Vec<String>,
    #[serde(default)]
    similar: Vec<String>,
    example: String,
}

#[derive(Deserialize)]
struct Name {
    zh: String,
}

#[derive(Deserialize)]
struct AlarmWords {
    alarm_words: BTreeMap<String, Vec<String>>,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../packs/default/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn index(pack: &Items) -> KeywordIndex {
    let items = pack.items.iter();
    KeywordIndex::build(items.map(|(code, item)| (code.as_str(), item.keywords.iter().map(String::as_str))))
        .unwrap()
}

#[test]
fn the_second_reporter_of_the_story_means_the_bus_line() {
    let pack: Items = read("items.yaml");
    let index = index(&pack);
    let ranking = index.score("公交306路改道绕行，取消站点，出行不便");
    assert_eq!(ranking.outcome(), Outcome::Found { item: "TRA-01".into() });
    assert_eq!(ranking.hits[0].words, ["出行不便", "取消站点", "绕行"]);
    assert_eq!(ranking.hits[0].score, 10);
    // The pack's own example names a bus and a doctor's visit in equal measure: a person judges.
    let tied = ["HEA-01", "TRA-01"].map(str::to_owned).to_vec();
    assert_eq!(index.score(&pack.items["TRA-01"].example).outcome(), Outcome::Unsure { tied });
}

#[test]
fn danger_without_an_item_is_heard() {
    let words: AlarmWords = read("alarm-words.yaml");
    let words = words.alarm_words.iter();
    let screen =
        AlarmScreen::build(words.map(|(word, items)| (word.as_str(), items.iter().map(String::as_str))))
            .unwrap();
    assert_eq!(screen.screen("楼下煤气泄漏，快来人").unwrap().items, ["SAF-02"]);
    assert_eq!(screen.screen("公交306路改道绕行，取消站点，出行不便"), None);
}

/// The sentences beside the crate, and how they came about: at the head of the file.
fn sentences() -> Vec<(String, String)> {
    let path = format!("{}/sentences/items.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once('\t').unwrap()).map(|(item, said)| (item.into(), said.into())).collect()
}

#[test]
fn the_sentences_name_every_item_twice_and_use_no_keyword_of_the_list() {
    let pack: Items = read("items.yaml");
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    let (sentences, index) = (sentences(), index(&pack));
    for (item, sentence) in &sentences {
        *count.entry(item).or_default() += 1;
        assert_eq!(index.score(sentence).hits, [], "{sentence}");
    }
    assert!(count.keys().copied().eq(pack.items.keys().map(String::as_str)));
    assert!(count.values().all(|count| *count == 2));
}

/// Part of the sentences whose item is the first, among the first three; whose P1 item is recognised as danger; and of
/// the others, taken for danger. `phrases` says which further phrases count.
fn measured(pack: &Items, phrases: impl Fn(&str, &str) -> bool) -> [f64; 4] {
    let lists: Vec<(&str, &Item, Vec<&str>)> = pack
        .items
        .iter()
        .map(|(code, item)| {
            let similar = item.similar.iter().map(String::as_str).filter(|phrase| phrases(code, phrase));
            let words = item.keywords.iter().map(String::as_str).chain(similar);
            (code.as_str(), item, words.chain([item.example.as_str()]).collect())
        })
        .collect();
    let nearest = NearestItems::build(lists.iter().map(|(code, item, phrases)| Described {
        code,
        name: &item.name.zh,
        phrases,
    }));
    let mortal = |code: &str| pack.items[code].priority == "P1";
    let (mut first, mut proposed, mut known, mut mortals, mut feared, mut others) = (0, 0, 0, 0, 0, 0);
    for (item, sentence) in &sentences() {
        let near = nearest.nearest(sentence, PROPOSED, |_| true);
        first += u32::from(near.first().is_some_and(|near| near.item == *item));
        proposed += u32::from(near.iter().any(|near| near.item == *item));
        let danger = u32::from(NearestItems::danger(&near, mortal).is_some());
        let (count, of) = if mortal(item) { (&mut known, &mut mortals) } else { (&mut feared, &mut others) };
        *count += danger;
        *of += 1;
    }
    let part = |count: u32, of: u32| f64::from(count) / f64::from(of);
    [
        part(first, mortals + others),
        part(proposed, mortals + others),
        part(known, mortals),
        part(feared, others),
    ]
}

#[test]
fn the_item_is_proposed_and_mortal_danger_recognised_without_any_keyword() {
    let pack: Items = read("items.yaml");
    let [first, proposed, known, feared] = measured(&pack, |_, _| true);
    println!(
        "with all phrases: first {first:.3}, proposed {proposed:.3}, danger known {known:.3}, feared {feared:.3}"
    );
    assert!(proposed >= 0.95 && known >= 0.98 && feared <= 0.15);
}

/// One author wrote sentences and phrases. What they share word for word is left out here: the worse of two bounds
/// between which a stranger's sentences lie.
#[test]
fn phrases_that_stand_in_the_sentences_are_not_what_finds_most_of_them() {
    let pack: Items = read("items.yaml");
    let said: BTreeSet<(String, String)> = sentences().into_iter().collect();
    let stands =
        |code: &str, phrase: &str| said.iter().any(|(item, text)| item == code && text.contains(phrase));
    let [first, proposed, known, feared] = measured(&pack, |code, phrase| !stands(code, phrase));
    println!(
        "without shared phrases: first {first:.3}, proposed {proposed:.3}, danger known {known:.3}, feared {feared:.3}"
    );
    assert!(proposed >= 0.75 && known >= 0.9 && feared <= 0.35);
    let [first, proposed, known, feared] = measured(&pack, |_, _| false);
    println!(
        "names, keywords and examples alone: first {first:.3}, proposed {proposed:.3}, danger known {known:.3}, feared {feared:.3}"
    );
}
