//! Reports that a life may depend on: an ordinary word does not silence them.

use contract::proto::intake::Assignment;
use ids::Lane;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, Said, Sent, report};

const CENTRE: &str = "street-centre";
const FALLEN: &str = "路灯不亮，老人摔倒在地上没有呼吸了";

impl Desk {
    /// How many bodies were told of each further voice.
    async fn told(&self) -> Vec<usize> {
        self.joined().await.iter().map(|joined| joined.told_bodies.len()).collect()
    }
}

#[rstest]
#[case::a_lamp(FALLEN, "FAC-03", "LIV-02")]
#[case::wages("拖欠工资，十几个人站在楼顶说要跳楼", "LAB-01", "HEA-04")]
#[case::a_scaffold("工地脚手架垮了，压住了几个工人", "SAF-08", "SAF-11")]
#[case::a_scooter("电瓶车被货车刮倒，人躺在马路中间流血", "SAF-05", "TRA-11")]
#[case::a_barbecue("烧烤摊那边十几个人抡酒瓶互殴，有人头破血流", "ENV-03", "POL-01")]
#[tokio::test]
async fn a_person_is_asked_at_once_though_a_keyword_says_something_ordinary(
    #[case] text: &str,
    #[case] ordinary: &'static str,
    #[case] danger: &'static str,
) {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", text), report(2, ordinary, text)]).await;
    let said = desk.said().await;
    assert_eq!(said.len(), 2, "{said:?}");
    for (envelope, said) in said {
        let Said::Review(review) = said else { panic!("{said:?}") };
        assert_eq!((envelope.lane, review.reason.as_str()), (Lane::Urgent, "danger-feared"));
    }
    let list = desk.reads(CENTRE, "reviews").await;
    let why = &list["reviews"][0]["item_explanation"];
    assert_eq!((&why["danger"], &why["item"]), (&json!(danger), &Value::Null));
    let proposed: Vec<&Value> =
        why["proposed"].as_array().unwrap().iter().map(|one| &one["item"]).take(2).collect();
    assert_eq!(proposed, [danger, ordinary]);
    // It was the lamp after all: the person says so, and it goes the ordinary way in its lane.
    let decide = format!("reviews/{}:decide", Uuid::from_u128(1));
    let (status, answer) = desk.acts(CENTRE, &decide, json!({ "item": ordinary })).await;
    assert_eq!((status, &answer["voice"]), (200, &json!(1)), "{answer}");
    let decide = format!("reviews/{}:decide", Uuid::from_u128(2));
    let (status, answer) = desk.acts(CENTRE, &decide, json!({ "item": ordinary })).await;
    assert_eq!((status, &answer["voice"]), (200, &json!(2)), "looked at, it joins like any other: {answer}");
    assert!(desk.told().await[0] > 0);
}

/// A centre has decided, and what is rehearsed shows its own path.
#[tokio::test]
async fn who_knows_is_not_asked_again() {
    let desk = Desk::open().await;
    let assigned =
        Some(Assignment { by: "street".to_owned(), lead: "urban-mgmt".to_owned(), assists: Vec::new() });
    desk.hear(&[
        Sent { assigned, ..report(1, "FAC-03", FALLEN) },
        Sent { drill: true, ..report(2, "FAC-03", FALLEN) },
        Sent { source: "device", ..report(3, "FAC-03", FALLEN) },
    ])
    .await;
    assert_eq!(desk.routed().await.len(), 3);
    assert_eq!(desk.count("reviews").await, 0);
}
