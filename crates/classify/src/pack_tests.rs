//! The shipped pack's words: the sentences of the story and the danger that must never wait.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{AlarmScreen, KeywordIndex, Outcome};

#[derive(Deserialize)]
struct Items {
    items: BTreeMap<String, Item>,
}

#[derive(Deserialize)]
struct Item {
    keywords: Vec<String>,
    example: String,
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
