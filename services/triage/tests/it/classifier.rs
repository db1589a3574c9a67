//! A published model decides what keywords leave open if it is sure enough, and never where there may be danger.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classify::linear::{BYTES_MAX, Example, Segmenter, Settings, train};
use contract::document::{Classifier, ClassifierModel, Document};
use ids::Lane;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, Said, Sent, report};

const DISTRICT: &str = "990102000000";
const CENTRE: &str = "street-centre";
/// Words of rare characters: no keyword and no item is near to them, so that only a model can know what they are about.
const BUS: [&str; 4] = ["饕餮", "貔貅", "旖旎", "氤氲"];
const SIGN: [&str; 4] = ["囹圄", "踟蹰", "觊觎", "缱绻"];
const FIRE: [&str; 4] = ["魑魅", "魍魉", "耄耋", "蜉蝣"];
/// Half of the one and half of the other.
const BOTH: &str = "饕餮，囹圄，貔貅，踟蹰";

/// Every three of the words, in every order.
fn sentences(words: [&str; 4], label: &str) -> Vec<Example> {
    let of = |n: usize| Example {
        subject: String::new(),
        detail: [words[n % 4], words[n / 4 % 4], words[n / 16]].join("，"),
        label: label.to_owned(),
    };
    (0..64).map(of).collect()
}

/// A model file in base64 that knows the words as these items.
fn model(labels: [&str; 3]) -> String {
    let examples: Vec<Example> = [BUS, SIGN, FIRE]
        .into_iter()
        .zip(labels)
        .flat_map(|(words, label)| sentences(words, label))
        .collect();
    let settings = Settings { seed: 1, threads: 1, bytes_max: BYTES_MAX };
    STANDARD.encode(train(&examples, &Segmenter::new(), settings, &|_| {}).unwrap().to_bytes())
}

fn published(tenant: &str, generation: u64, weights: Option<String>, threshold_permille: u16) -> Document {
    let model = weights.map(|weights| ClassifierModel {
        sha256: format!("{generation:064}"),
        bytes: weights.len() as u32,
        labels: 3,
        examples: 192,
        threshold_permille,
        weights,
    });
    let parent = (tenant != DISTRICT).then(|| DISTRICT.parse().unwrap());
    let published_at = "2026-11-23T02:00:00Z".parse().unwrap();
    Document::classifier(tenant.parse().unwrap(), parent, generation, Classifier { model, published_at })
}

/// What the words are: a moved line, a broken sign, a fire.
fn usual() -> String {
    model(["TRA-01", "TRA-03", "SAF-01"])
}

impl Desk {
    /// With a model of the district.
    async fn judging() -> Self {
        let desk = Self::open().await;
        desk.rig.documents(&[published(DISTRICT, 1, Some(usual()), 600)]).await;
        desk
    }

    /// How the item of the newest opened case was found.
    async fn why(&self) -> Value {
        let opened = self.opened().await;
        serde_json::from_str(&opened.last().expect("a case").item_explanation_json).unwrap()
    }

    async fn first_review(&self) -> Value {
        self.reads(CENTRE, "reviews").await["reviews"][0].clone()
    }
}

#[tokio::test]
async fn a_model_that_is_sure_decides_and_says_why() {
    let desk = Desk::judging().await;
    desk.hear(&[report(1, "", &BUS.join("，"))]).await;
    let why = desk.why().await;
    assert_eq!((&why["method"], &why["item"]), (&json!("classifier"), &json!("TRA-01")), "{why}");
    let opinion = &why["opinion"];
    assert_eq!((&opinion["tenant"], &opinion["generation"]), (&json!(DISTRICT), &json!(1)));
    assert_eq!(
        (&opinion["sha256"], &opinion["threshold_permille"]),
        (&json!(format!("{:064}", 1)), &json!(600))
    );
    let likeliest = &opinion["likeliest"][0];
    assert_eq!(likeliest["item"], "TRA-01");
    assert!(likeliest["permille"].as_u64().unwrap() >= 600, "{why}");
    let word = opinion["words"][0]["word"].as_str().unwrap();
    assert!(BUS.iter().any(|known| known.contains(word)), "{why}");
    let zh = why["zh"].as_str().unwrap();
    assert!(zh.starts_with("未命中任何关键词；模型判为公交线路调整影响出行（TRA-01），可信度 "), "{zh}");
    let [(envelope, routed)] = &desk.routed().await[..] else { panic!("one case") };
    assert!(routed.accepted_at.is_some(), "nobody had to decide");
    assert_eq!(envelope.lane, Lane::Normal);
    assert_eq!(desk.count("reviews").await, 0);
    // What keywords know is theirs to decide.
    desk.hear(&[report(2, "", crate::desk::SECOND_VOICE)]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2]], "the same item at the same place");
}

#[tokio::test]
async fn a_model_that_is_not_sure_proposes_to_a_person() {
    let desk = Desk::open().await;
    // None of these is mortal danger, however likely.
    let harmless = model(["TRA-01", "TRA-03", "TRA-02"]);
    desk.rig.documents(&[published(DISTRICT, 1, Some(harmless), 1_000)]).await;
    desk.hear(&[report(1, "", BOTH)]).await;
    let entry = desk.first_review().await;
    let why = &entry["item_explanation"];
    assert_eq!(
        (&entry["lane"], &why["method"], &why["item"]),
        (&json!("normal"), &json!("keyword"), &Value::Null)
    );
    let proposed: Vec<&str> =
        why["proposed"].as_array().unwrap().iter().map(|one| one["item"].as_str().unwrap()).collect();
    assert!(proposed.contains(&"TRA-01") && proposed.contains(&"TRA-03"), "{why}");
    assert!(why["proposed"][0]["permille"].as_u64().unwrap() > 50, "{why}");
    assert!(why["zh"].as_str().unwrap().contains("低于阈值 100.0%，转人工研判"), "{why}");
    assert_eq!(why["opinion"]["threshold_permille"], 1_000);
    // A proposal is taken in one step.
    let decide = format!("reviews/{}:decide", uuid::Uuid::from_u128(1));
    assert_eq!(desk.acts(CENTRE, &decide, json!({ "item": proposed[0] })).await.0, 200);
    assert_eq!(desk.why().await["method"], "review");
}

#[tokio::test]
async fn where_there_may_be_danger_a_person_is_asked_at_once() {
    let desk = Desk::judging().await;
    // Sure of a fire; sure of a sign, beside a word of mortal danger; sure of a sign, near to a fire.
    let alarm = format!("{}，老人晕倒", SIGN.join("，"));
    let near = format!("{}，{}，对面楼三层烧起来了，烟往上窜，快来人", SIGN.join("，"), SIGN.join("，"));
    for (n, text) in (1..).zip([FIRE.join("，"), alarm, near]) {
        desk.hear(&[Sent { lane: Lane::Bulk, ..report(n, "", &text) }]).await;
    }
    let said = desk.said().await;
    assert_eq!(said.len(), 3);
    for (envelope, said) in &said {
        let Said::Review(review) = said else { panic!("{said:?}") };
        assert_eq!((envelope.lane, review.reason.as_str()), (Lane::Urgent, "item-unsure"), "{review:?}");
    }
    let list = desk.reads(CENTRE, "reviews").await;
    let dangers: Vec<&Value> = (0..3).map(|at| &list["reviews"][at]["item_explanation"]["danger"]).collect();
    assert_eq!((dangers[0], dangers[2]), (&json!("SAF-01"), &json!("SAF-01")), "{list}");
    assert!(list["reviews"].as_array().unwrap().iter().all(|entry| entry["lane"] == "urgent"));
    let zh = list["reviews"][0]["item_explanation"]["zh"].as_str().unwrap();
    assert!(zh.contains("不由模型判定") && zh.ends_with("可能危及生命（SAF-01），请立即研判"), "{zh}");
}

#[tokio::test]
async fn a_street_s_own_model_goes_before_its_district_s() {
    let desk = Desk::judging().await;
    let own = model(["TRA-03", "TRA-01", "SAF-01"]);
    desk.rig.documents(&[published(STREET, 1, Some(own), 600)]).await;
    let text = BUS.join("，");
    desk.hear(&[report(1, "", &text), Sent { street: OTHER_STREET, ..report(2, "", &text) }]).await;
    let opened = desk.opened().await;
    let mut found: Vec<(String, String)> = opened
        .into_iter()
        .map(|opened| {
            let case = opened.case.unwrap();
            (case.street, case.item)
        })
        .collect();
    found.sort();
    let expected = [(STREET, "TRA-03"), (OTHER_STREET, "TRA-01")];
    assert_eq!(found, expected.map(|(street, item)| (street.to_owned(), item.to_owned())));
}

#[tokio::test]
async fn a_new_generation_counts_without_a_restart_and_a_withdrawn_one_no_more() {
    let desk = Desk::open().await;
    let texts = [BUS.join("，"), SIGN.join("，")];
    desk.hear(&[report(1, "", &texts[0])]).await;
    assert_eq!(
        (desk.count("cases").await, desk.count("reviews").await),
        (0, 1),
        "as before there was a model"
    );
    assert!(desk.first_review().await["item_explanation"].get("opinion").is_none());
    desk.rig.documents(&[published(DISTRICT, 1, Some(usual()), 600)]).await;
    desk.hear(&[report(2, "", &texts[0])]).await;
    assert_eq!(desk.why().await["item"], "TRA-01");
    let turned = model(["TRA-03", "TRA-01", "SAF-01"]);
    desk.rig.documents(&[published(DISTRICT, 2, Some(turned), 600)]).await;
    // Far from the first case, so that it opens one of its own.
    desk.hear(&[Sent { lat: 29.5728, ..report(3, "", &texts[1]) }]).await;
    let second = desk.opened().await.into_iter().find(|opened| opened.report_id.ends_with('3')).unwrap();
    let why: Value = serde_json::from_str(&second.item_explanation_json).unwrap();
    assert_eq!((&why["item"], &why["opinion"]["generation"]), (&json!("TRA-01"), &json!(2)), "{why}");
    // One that cannot be read leaves the last good one in force.
    desk.rig.documents(&[published(DISTRICT, 3, Some(STANDARD.encode("damaged")), 600)]).await;
    desk.hear(&[Sent { lat: 29.5828, ..report(4, "", &texts[1]) }]).await;
    let third = desk.opened().await.into_iter().find(|opened| opened.report_id.ends_with('4')).unwrap();
    assert!(third.item_explanation_json.contains(r#""generation":2"#), "{}", third.item_explanation_json);
    desk.rig.documents(&[published(DISTRICT, 4, None, 0)]).await;
    desk.hear(&[Sent { lat: 29.5928, ..report(5, "", &texts[1]) }]).await;
    assert_eq!((desk.count("cases").await, desk.count("reviews").await), (3, 2));
}

#[tokio::test]
async fn an_item_that_left_the_list_is_not_decided_by_a_model_that_knows_it() {
    let desk = Desk::open().await;
    desk.rig.documents(&[published(DISTRICT, 1, Some(model(["ZZZ-99", "TRA-03", "SAF-01"])), 600)]).await;
    desk.hear(&[report(1, "", &BUS.join("，"))]).await;
    let why = desk.first_review().await["item_explanation"].clone();
    assert!(why["zh"].as_str().unwrap().contains("清单当日没有此事项，转人工研判"), "{why}");
}

#[tokio::test]
async fn a_trainer_reads_examples_and_nothing_else_of_the_desk() {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let contract::document::DocumentBody::People(people) = &mut document.body
            && document.header.tenant.to_string() == STREET
        {
            let scope = document.header.tenant;
            let grant = contract::document::Grant { role: "trainer".to_owned(), scope, body: None };
            people.members.insert("trainer-zhao".to_owned(), vec![grant]);
        }
    }
    desk.rig.documents(&documents).await;
    assert_eq!(desk.reads("trainer-zhao", "examples").await["examples"], json!([]));
    let path = format!("/triage/v1/streets/{STREET}/reviews");
    let token = desk.rig.token("trainer-zhao");
    assert_eq!(desk.rig.http("GET", &path, Some(&token), &[], None).await.0.as_u16(), 403);
}
