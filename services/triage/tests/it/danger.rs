//! Reports that a life may depend on: an ordinary word does not silence them, and they are not swallowed by a case near by.

use std::time::Duration;

use contract::proto::intake::Assignment;
use contract::proto::triage::Role;
use ids::Lane;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, STREET, Said, Sent, report};
use crate::place;

const CENTRE: &str = "street-centre";
const FALLEN: &str = "路灯不亮，老人摔倒在地上没有呼吸了";
/// 0.0018° of latitude are 200 m.
const NEXT_BUILDING: f64 = 0.0018;

impl Desk {
    /// Why voices are in their cases, or the first is not in another.
    async fn joins(&self, case_id: &str) -> Value {
        self.reads(CENTRE, &format!("cases/{case_id}/explanation")).await["joins"].clone()
    }

    async fn case_ids(&self) -> Vec<String> {
        let cases = self.opened().await.into_iter();
        cases.map(|opened| opened.case.unwrap().case_id).collect()
    }

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
        Sent { source: "device", lat: 29.58, ..report(3, "FAC-03", FALLEN) },
    ])
    .await;
    assert_eq!(desk.routed().await.len(), 3);
    assert_eq!(desk.count("reviews").await, 0);
}

#[tokio::test]
async fn a_power_cut_with_three_lifts_is_three_emergencies() {
    let desk = Desk::open().await;
    let first = report(1, "", "1号楼停电，电梯卡在四楼，里面困了两个人");
    let beside = |n: u128, text: &str, lat: f64| Sent { lat: first.lat + lat, ..report(n, "", text) };
    desk.hear(&[
        first.clone(),
        beside(2, "2号楼停电，电梯卡在四楼，里面困了两个人", 0.0003),
        beside(3, "停电了，电梯卡住不动，孩子在里面困着出不来", NEXT_BUILDING),
    ])
    .await;
    assert_eq!(desk.cases(STREET).await, [[1], [2], [3]]);
    let routed = desk.routed().await;
    assert_eq!(routed.len(), 3, "each has orders of its own");
    assert!(routed.iter().all(|(envelope, _)| envelope.lane == Lane::Urgent));
    // The desk is shown which other it may belong to.
    let third = routed.iter().find(|(_, routed)| routed.case.as_ref().unwrap().text.contains("孩子"));
    let third = third.unwrap().1.case.clone().unwrap();
    let joins = desk.joins(&third.case_id).await;
    let why = &joins[0]["explanation"];
    assert_eq!((&joins[0]["voice"], &why["method"]), (&json!(1), &json!("beside")), "{joins}");
    assert!(why["case_no"].as_str().unwrap().starts_with("990102001-261123-"), "{why}");
    assert!(why["zh"].as_str().unwrap().ends_with("如属同一事件请并案"), "{why}");
    // They were one after all: a person merges them.
    let merge = format!("cases/{}:merge", third.case_id);
    let (status, merged) = desk.acts(CENTRE, &merge, json!({ "case_id": why["case_id"] })).await;
    assert_eq!(status, 200, "{merged}");
}

#[tokio::test]
async fn an_accident_two_days_later_is_another_one() {
    let desk = Desk::open().await;
    let crash = "滨江路口发生交通事故，两车相撞";
    desk.hear(&[report(1, "", crash)]).await;
    desk.rig.clock.advance(Duration::from_secs(2 * 24 * 3600));
    desk.hear(&[report(2, "", crash)]).await;
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
    let leads = desk.routed().await.into_iter().map(|(_, routed)| routed.plan.unwrap().orders);
    let leads = leads.flatten().filter(|order| order.role() == Role::Lead).count();
    assert_eq!(leads, 2);
}

/// A message passed on; and whoever holds the case hears of each.
#[tokio::test]
async fn the_same_call_again_is_one_case_and_every_voice_is_told() {
    let desk = Desk::open().await;
    let crash = "滨江路口发生交通事故，两车相撞，有人受伤";
    let first = report(1, "", crash);
    let again = |n: u128| Sent { lat: first.lat + 0.0002, ..report(n, "", &format!("{crash}！")) };
    desk.hear(&[first.clone(), again(2)]).await;
    desk.rig.clock.advance(Duration::from_secs(1_800));
    desk.hear(&[again(3), again(4)]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3, 4]]);
    let told = desk.told().await;
    assert!(told.len() == 3 && told.iter().all(|bodies| *bodies > 2), "{told:?}");
    let [case_id] = &desk.case_ids().await[..] else { panic!("one case") };
    let joins = desk.joins(case_id).await;
    assert_eq!(joins.as_array().unwrap().len(), 3, "the first stands beside nothing");
    let why = &joins[0]["explanation"];
    assert_eq!((&why["method"], &why["window_s"]), (&json!("same-call"), &json!(1_800)), "{why}");
    desk.rig.clock.advance(Duration::from_secs(1));
    desk.hear(&[again(5)]).await;
    let apart: [&[u128]; 2] = [&[1, 2, 3, 4], &[5]];
    assert_eq!(desk.cases(STREET).await, apart);
}

/// One open case a device: whatever it reads meanwhile, and not what another one of the same tower says.
#[tokio::test]
async fn a_device_that_goes_on_giving_alarm_is_one_case() {
    let desk = Desk::open().await;
    let alarm = |n: u128, text: &str, lat: f64| {
        let sent = report(n, "IOT-02", text);
        Sent { source: "device", lat: sent.lat + lat, ..sent }
    };
    desk.hear(&[alarm(1, "301室燃气探测器浓度达22% LEL", 0.0)]).await;
    desk.rig.clock.advance(Duration::from_secs(6 * 3600));
    desk.hear(&[alarm(2, "301室燃气探测器浓度达35% LEL", 0.0)]).await;
    desk.hear(&[alarm(3, "301室燃气探测器浓度达35% LEL", NEXT_BUILDING)]).await;
    desk.hear(&[alarm(4, "1502室燃气探测器浓度达35% LEL", 0.0)]).await;
    let apart: [&[u128]; 3] = [&[1, 2], &[3], &[4]];
    assert_eq!(desk.cases(STREET).await, apart);
    assert!(desk.told().await[0] > 0);
}

/// No alarm word, and nobody has named it: its item alone says that it waits for nobody.
#[rstest]
#[case("滨江路发生交通事故", "TRA-11")]
#[case("人行道井盖不见", "FAC-02")]
#[tokio::test]
async fn an_emergency_outside_the_street_waits_for_nobody(#[case] text: &str, #[case] item: &str) {
    let desk = place::desk().await;
    let outside = |n: u128, text: &str, item: &'static str| Sent { lon: 106.60, ..report(n, item, text) };
    desk.hear(&[outside(1, text, ""), outside(2, FALLEN, ""), outside(3, "路灯不亮", "")]).await;
    let [(envelope, routed)] = &desk.routed().await[..] else { panic!("one case") };
    assert_eq!((envelope.lane, routed.case.as_ref().unwrap().item.as_str()), (Lane::Urgent, item));
    let list = desk.reads(CENTRE, "reviews").await;
    let reasons: Vec<&Value> = list["reviews"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["danger-feared", "outside-territory"], "what is feared comes first");
}

/// A burst main frightens, and is no mortal danger: forty people, one case.
#[tokio::test]
async fn a_storm_of_what_is_no_mortal_danger_is_one_case() {
    let desk = Desk::open().await;
    let words = [
        "路口水管爆裂，水喷得很高，整条街都没水了。",
        "我们楼停水了，听说是前面爆管。",
        "自来水一滴都没有，路上全是水，是不是爆管了？",
        "水管爆裂把车库淹了，请快点来关阀门！",
        "停水两个小时没人管，门口爆管一直在冒水。",
    ];
    let reports: Vec<Sent> = (1..=40).map(|n| report(n, "", words[n as usize % words.len()])).collect();
    desk.hear(&reports).await;
    assert_eq!(desk.cases(STREET).await, [(1..=40).collect::<Vec<u128>>()]);
    let told = desk.told().await.iter().filter(|bodies| **bodies > 0).count();
    assert_eq!(told, 4, "at 2, 5, 10 and 20");
}
