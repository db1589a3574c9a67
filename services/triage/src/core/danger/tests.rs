//! What is overheard and what is feared once too often, by the pack that ships.

use contract::document::DocumentBody;
use jiff::civil::{Date, date};
use rstest::rstest;
use snapshot::Project;

use super::super::item::{Finding, Method, ReviewReason, find, find_for_who_knows};
use super::*;
use crate::tenants::{Packs, Street};

const DAY: Date = date(2026, 11, 23);

fn street() -> Street {
    let (mut district, mut street) = (None, None);
    for document in testkit::demo::documents(1) {
        match document.body {
            DocumentBody::District(core) => district = Some(core),
            DocumentBody::Street(core) if core.code.to_string() == "990102001000" => street = Some(core),
            _ => {}
        }
    }
    Packs::default().street(&district.unwrap(), &street.unwrap(), None).unwrap()
}

fn found(given: Option<&str>, text: &str) -> Finding {
    let finding = find(given, text, &street().list(DAY));
    let bytes = serde_json::to_vec(&finding.explanation).unwrap();
    assert_eq!(serde_json::from_slice::<ItemExplanation>(&bytes).unwrap(), finding.explanation);
    finding
}

#[rstest]
#[case::by_an_alarm_word("路灯不亮，老人摔倒在地上没有呼吸了", "FAC-03", "LIV-02", "老人摔倒")]
#[case::nowhere_near("拖欠工资，十几个人站在楼顶说要跳楼", "LAB-01", "HEA-04", "跳楼")]
#[case::by_likeness("工地脚手架垮了，压住了几个工人", "SAF-08", "SAF-11", "压住")]
#[case::a_crash("电瓶车被货车刮倒，人躺在马路中间流血", "SAF-05", "TRA-11", "流血")]
#[case::a_brawl("烧烤摊那边十几个人抡酒瓶互殴，有人头破血流", "ENV-03", "POL-01", "酒瓶")]
fn an_ordinary_keyword_does_not_silence_danger(
    #[case] text: &str,
    #[case] ordinary: &str,
    #[case] danger: &str,
    #[case] word: &str,
) {
    for given in [None, Some(ordinary), Some("ZZZ-99")] {
        let Finding { item, explanation } = found(given, text);
        assert_eq!(item, Err(ReviewReason::DangerFeared), "{given:?} {explanation:?}");
        assert_eq!((explanation.item.as_deref(), explanation.danger.as_deref()), (None, Some(danger)));
        let proposed: Vec<&str> = explanation.proposed.iter().map(|one| one.item.as_str()).collect();
        assert_eq!(proposed[..2], [danger, ordinary], "both are proposed, the danger first");
        let told = format!("可能危及生命（{danger}），请立即研判");
        assert!(
            explanation.zh.ends_with(&told) && explanation.zh.contains("转人工研判"),
            "{}",
            explanation.zh
        );
        assert!(explanation.zh.contains(word) && explanation.en.contains(word), "{}", explanation.en);
        assert!(explanation.en.contains("a person must judge"), "{}", explanation.en);
        let told = format!("this may be mortal danger ({danger}): judge it at once");
        assert!(explanation.en.ends_with(&told), "{}", explanation.en);
    }
}

#[test]
fn who_knows_is_not_asked_and_an_emergency_is_one_already() {
    let street = street();
    let list = street.list(DAY);
    let text = "路灯不亮，老人摔倒在地上没有呼吸了";
    let finding = find_for_who_knows(Some("FAC-03"), text, &list);
    assert_eq!((finding.item.as_deref(), finding.explanation.method), (Ok("FAC-03"), Method::Given));
    assert!(find_for_who_knows(None, text, &list).item.is_err(), "who names nothing knows nothing");
    assert_eq!(found(Some("SAF-01"), text).item.as_deref(), Ok("SAF-01"));
    assert_eq!(found(None, "滨江路口发生交通事故").item.as_deref(), Ok("TRA-11"));
    assert_eq!(found(None, "井盖不见").item.as_deref(), Ok("FAC-02"));
}

/// What the demonstrations say goes on by itself.
#[rstest]
#[case("公交306路改道绕行，取消站点，出行不便", "TRA-01")]
#[case("路口水管爆裂，水喷得很高，整条街都没水了。", "FAC-08")]
#[case("我们楼停水了，听说是前面爆管。", "FAC-08")]
#[case("自来水一滴都没有，路上全是水，是不是爆管了？", "FAC-08")]
#[case("水管爆裂把车库淹了，请快点来关阀门！", "FAC-08")]
#[case("停水两个小时没人管，门口爆管一直在冒水。", "FAC-08")]
fn the_demonstrations_frighten_nobody(#[case] text: &str, #[case] item: &str) {
    assert_eq!(found(None, text).item.as_deref(), Ok(item));
    assert_eq!(found(Some(item), text).item.as_deref(), Ok(item));
}

/// Sentences without keywords, two an item: how they came about stands at the head of the file.
fn sentences() -> Vec<(String, String)> {
    let path = format!("{}/../../crates/classify/sentences/items.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once('\t').unwrap()).map(|(item, said)| (item.into(), said.into())).collect()
}

/// How many of these texts, of those whose item seems clear and ordinary, go to a person for what is feared.
fn feared(list: &impl List, texts: impl Iterator<Item = (Option<String>, String)>) -> (usize, usize) {
    let (mut feared, mut of) = (0, 0);
    for (given, text) in texts {
        match find(given.as_deref(), &text, list).item {
            Err(ReviewReason::DangerFeared) => (feared, of) = (feared + 1, of + 1),
            Ok(item) if !list.mortal(&item) => of += 1,
            _ => {}
        }
    }
    (feared, of)
}

/// The price of asking once too often, and what it buys.
#[test]
fn few_ordinary_reports_go_to_a_person_and_nearly_all_danger_does() {
    let (street, pack) = (street(), testkit::demo::documents(1));
    let list = street.list(DAY);
    let items = pack.into_iter().find_map(|document| match document.body {
        DocumentBody::District(core) => Some(core.items.clone()),
        _ => None,
    });
    let items = items.unwrap();
    let ordinary = || items.iter().filter(|(code, _)| !list.mortal(code));
    let examples = feared(&list, ordinary().map(|(_, item)| (None, item.example.clone())));
    let (harmless, mortal): (Vec<_>, Vec<_>) =
        sentences().into_iter().partition(|(item, _)| !list.mortal(item));
    let keyworded = harmless.iter().flat_map(|(code, said)| {
        items[code.as_str()].keywords.iter().map(move |word| (None, format!("{word}，{said}")))
    });
    let keyworded = feared(&list, keyworded);
    let named = feared(&list, harmless.iter().map(|(code, said)| (Some(code.clone()), said.clone())));
    let hidden = mortal.iter().flat_map(|(_, said)| {
        ordinary().map(move |(_, item)| (None, format!("{}，{said}", item.keywords[0])))
    });
    let hidden = feared(&list, hidden);
    println!(
        "feared of ordinary ones: examples {examples:?}, with a keyword {keyworded:?}, with the item named {named:?}; \
         of danger behind an ordinary keyword {hidden:?}"
    );
    let part = |(feared, of): (usize, usize)| feared as f64 / of as f64;
    assert!(examples.0 == 0 && examples.1 >= 90);
    assert!(part(keyworded) <= 0.03 && part(named) <= 0.07);
    assert!(part(hidden) >= 0.9);
}
