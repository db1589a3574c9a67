//! Rules of a district and its streets: what they decide, what they leave alone, what is told of them, and what they would have
//! done to past cases.

use contract::document::territory::{Feature, Layer};
use contract::document::{
    Document, DocumentBody, Name, Part, Priority, Rule, RuleThen, SlaPolicy, Stage, StreetCore, Validity,
};
use contract::proto::triage::{CaseRouted, Role};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, Sent, report};

pub fn rule(when: &str, then: RuleThen) -> Rule {
    Rule {
        name: Name { zh: "多户受影响".to_owned(), en: "Many households".to_owned() },
        order: 0,
        items: vec!["TRA-01".to_owned()],
        places: Vec::new(),
        when: when.to_owned(),
        shadow: false,
        then,
        validity: Validity::default(),
    }
}

/// Two lines of the pack: the urban management bureau helps, and there is a hurry.
fn crowd(when: &str) -> Rule {
    let then = RuleThen {
        also_assist: vec!["urban-mgmt".parse().unwrap()],
        priority: Some(Priority::P1),
        policy: Some("catch-all".to_owned()),
        ..RuleThen::default()
    };
    rule(when, then)
}

fn documents(generation: u64, change: impl Fn(&mut DocumentBody)) -> Vec<Document> {
    let mut documents = testkit::demo::documents(generation);
    documents.iter_mut().for_each(|document| change(&mut document.body));
    documents
}

pub async fn desk(change: impl Fn(&mut DocumentBody)) -> Desk {
    let desk = Desk::open().await;
    desk.rig.documents(&documents(2, change)).await;
    desk
}

pub fn district(rule: Rule) -> impl Fn(&mut DocumentBody) {
    move |body| {
        if let DocumentBody::District(core) = body {
            let policy = core.catch_all.policy.clone();
            let then = RuleThen { policy: rule.then.policy.as_ref().map(|_| policy), ..rule.then.clone() };
            core.rules.insert("crowd".to_owned(), Rule { then, ..rule.clone() });
        }
    }
}

fn own(core: &mut StreetCore, rule: Rule) {
    core.rules.insert("own".to_owned(), rule);
}

/// The newest plan: who does what, and the explanation.
pub async fn newest(desk: &Desk) -> (CaseRouted, Vec<(String, Role)>, routing::Explanation) {
    let (_, routed) = desk.routed().await.pop().unwrap();
    let plan = routed.plan.clone().unwrap();
    let roles = plan.orders.iter().map(|order| (order.body.clone(), order.role())).collect();
    let explanation: routing::Explanation = serde_json::from_str(&plan.explanation_json).unwrap();
    let again = serde_json::to_string(&routing::recompute(&explanation)).unwrap();
    assert_eq!(again, plan.explanation_json, "made again from what was kept");
    (routed, roles, explanation)
}

pub fn steps(explanation: &routing::Explanation) -> Vec<&str> {
    explanation.steps.iter().map(|step| step.rule.as_str()).filter(|rule| rule.starts_with("rule.")).collect()
}

#[tokio::test]
async fn three_thousand_households_bring_another_body_in_and_a_handful_do_not() {
    let desk = desk(district(crowd("households >= 1000 && workday"))).await;
    desk.hear(&[Sent { households: 3_000, ..report(1, "TRA-01", "") }]).await;
    let (routed, roles, explanation) = newest(&desk).await;
    assert!(roles.contains(&("urban-mgmt".to_owned(), Role::Assist)), "{roles:?}");
    let plan = routed.plan.unwrap();
    assert_eq!((plan.priority.as_str(), steps(&explanation)), ("P1", vec!["rule.held"]));
    assert_eq!(
        plan.policy.unwrap().key,
        explanation.plan.policy,
        "the limits are those of the policy it names"
    );
    assert_eq!(explanation.method, "rules");

    desk.hear(&[Sent { households: 12, lat: 29.6, ..report(2, "TRA-01", "") }]).await;
    let (routed, roles, explanation) = newest(&desk).await;
    assert!(roles.iter().all(|(body, _)| body != "urban-mgmt"), "{roles:?}");
    assert_eq!((routed.plan.unwrap().priority.as_str(), steps(&explanation).len()), ("P3", 0));
    assert_eq!(explanation.inputs.rules.len(), 1, "that it was tried is kept");
    desk.hear(&[Sent { households: 3_000, lat: 29.7, ..report(3, "TRA-03", "") }]).await;
    assert!(newest(&desk).await.2.inputs.rules.is_empty(), "of another item nothing is tried");
}

/// Of the regressions other trackers had: "on working days" meant Monday to Friday, whatever the official table said.
#[rstest]
#[case::a_monday("2026-11-23T02:00:00Z", &["urban-mgmt", "fire-rescue"])]
#[case::a_saturday("2026-11-21T02:00:00Z", &[])]
#[case::a_holiday_on_a_thursday("2026-10-01T02:00:00Z", &["fire-rescue"])]
#[case::a_made_up_sunday("2026-09-20T02:00:00Z", &["urban-mgmt"])]
#[case::a_monday_in_beijing_that_is_a_sunday_in_london("2026-11-22T16:30:00Z", &["urban-mgmt", "fire-rescue"])]
#[tokio::test]
async fn weekdays_and_working_days_are_two_conditions(#[case] now: &str, #[case] brought: &[&str]) {
    let brings = |when: &str, body: &str| {
        rule(when, RuleThen { also_assist: vec![body.parse().unwrap()], ..RuleThen::default() })
    };
    // The first that holds decides in its layer, so there is one in each.
    let desk = desk(|body| match body {
        DocumentBody::District(core) => {
            core.rules.insert("a".to_owned(), brings("workday", "urban-mgmt"));
        }
        DocumentBody::Street(core) => own(core, brings("weekday <= 5", "fire-rescue")),
        _ => {}
    })
    .await;
    desk.rig.clock.set(now.parse().unwrap());
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let (_, roles, explanation) = newest(&desk).await;
    let known =
        ["urban-mgmt", "fire-rescue"].map(|key| (key, roles.iter().any(|(body, _)| body.starts_with(key))));
    let there: Vec<&str> = known.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
    assert_eq!(there, brought, "{roles:?} {:?}", steps(&explanation));
}

#[tokio::test]
async fn a_street_decides_upon_what_its_district_left_and_only_for_itself() {
    let then = RuleThen { assists: Some(Vec::new()), ..RuleThen::default() };
    let alone = rule("reporter == 'resident'", then);
    let desk = desk(|body| match body {
        DocumentBody::Street(core) if core.code.to_string() == STREET => own(core, alone.clone()),
        other => district(crowd(""))(other),
    })
    .await;
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let (_, roles, explanation) = newest(&desk).await;
    assert!(roles.iter().all(|(_, role)| *role != Role::Assist), "{roles:?}");
    assert_eq!(steps(&explanation), ["rule.held", "rule.held"]);
    desk.hear(&[Sent { street: OTHER_STREET, ..report(2, "TRA-01", "") }]).await;
    let (_, roles, explanation) = newest(&desk).await;
    assert!(roles.contains(&("urban-mgmt".to_owned(), Role::Assist)), "{roles:?}");
    assert_eq!(steps(&explanation), ["rule.held"]);
}

#[tokio::test]
async fn what_cannot_be_told_leaves_the_list_and_is_counted() {
    // No calendar of 2040 is published.
    let desk = desk(district(crowd("workday"))).await;
    desk.rig.clock.set("2040-01-02T02:00:00Z".parse().unwrap());
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let (routed, roles, explanation) = newest(&desk).await;
    assert!(roles.contains(&("transport".to_owned(), Role::Lead)), "{roles:?}");
    assert!(roles.iter().all(|(body, _)| body != "urban-mgmt"), "{roles:?}");
    assert_eq!(steps(&explanation), ["rule.failed"]);
    let [failed] = &routed.plan.unwrap().failed_rules[..] else { panic!("one rule failed") };
    assert_eq!((failed.layer.as_str(), failed.key.as_str()), ("district", "crowd"));
    assert!(
        failed.zh.contains("按责任清单办理") && failed.en.contains("the list's line stands"),
        "{failed:?}"
    );
    assert_eq!(desk.rig.house.metrics.value("triage_rules_failed_total"), Some(1.0));
}

/// The stop lies in beat B-3 and in no other; a rule of another item does not make anybody look.
#[tokio::test]
async fn a_rule_may_ask_for_any_layer_of_the_street() {
    let of_beat = |beat: &str| crowd(&format!("'police-beat/{beat}' in layers"));
    let desk = desk(district(of_beat("B-3"))).await;
    let mut territory = crate::place::drawn();
    let boundary = territory.layers["street"].features[0].clone();
    let beat = territory_feature("B-3", boundary.clone());
    territory.layers.insert("police-beat".to_owned(), Layer { name: None, features: vec![beat] });
    let district_code = crate::place::DISTRICT.parse().unwrap();
    desk.rig.documents(&[Document::territory(district_code, 2, territory.clone())]).await;
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let (_, roles, explanation) = newest(&desk).await;
    assert!(roles.contains(&("urban-mgmt".to_owned(), Role::Assist)), "{roles:?}");
    let known = explanation.inputs.facts.circumstances.clone().unwrap();
    assert_eq!(known.layers, Some(vec!["police-beat/B-3".to_owned()]));
    assert!(explanation.steps.iter().any(|step| step.rule == "place.layers"), "{:?}", explanation.steps);

    desk.rig.documents(&documents(3, district(of_beat("B-4")))).await;
    desk.rig.documents(&[Document::territory(district_code, 3, territory.clone())]).await;
    // Each a week after the other, so that it joins nothing.
    desk.rig.clock.set("2026-12-02T03:00:00Z".parse().unwrap());
    desk.hear(&[report(2, "TRA-01", "")]).await;
    let (_, roles, explanation) = newest(&desk).await;
    assert!(roles.iter().all(|(body, _)| body != "urban-mgmt"), "{roles:?}");
    assert_eq!(steps(&explanation).len(), 0);

    desk.rig.documents(&documents(4, district(crowd("households > 9")))).await;
    desk.rig.documents(&[Document::territory(district_code, 4, territory)]).await;
    desk.rig.clock.set("2026-12-12T03:00:00Z".parse().unwrap());
    desk.hear(&[report(3, "TRA-01", "")]).await;
    let known = newest(&desk).await.2.inputs.facts.circumstances.unwrap();
    assert_eq!(known.layers, None, "nobody asked");
}

fn territory_feature(code: &str, like: Feature) -> Feature {
    Feature { code: code.to_owned(), ..like }
}

#[tokio::test]
async fn a_shadow_rule_is_recorded_and_a_rule_of_another_day_is_not_tried() {
    let shadow = Rule { shadow: true, ..crowd("") };
    let desk = desk(district(shadow)).await;
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let (routed, _, explanation) = newest(&desk).await;
    assert_eq!((routed.plan.unwrap().priority.as_str(), steps(&explanation)), ("P3", vec!["rule.shadow"]));

    let validity = Validity { valid_from: "2026-12-01".parse().ok(), valid_until: None };
    let later = Rule { validity, ..crowd("") };
    desk.rig.documents(&documents(3, district(later))).await;
    desk.hear(&[Sent { lat: 29.6, ..report(2, "TRA-01", "") }]).await;
    assert!(newest(&desk).await.2.inputs.rules.is_empty());
    desk.rig.clock.set("2026-12-01T02:00:00Z".parse().unwrap());
    desk.hear(&[Sent { lat: 29.7, ..report(3, "TRA-01", "") }]).await;
    assert_eq!(newest(&desk).await.0.plan.unwrap().priority, "P1");
}

/// Lead, assistants, informed; policy, priority, level.
type Told = (String, Vec<String>, Vec<String>, String, String, String);

/// Each field of what a rule says, on its own: it changes what it names, and nothing else.
#[tokio::test]
async fn each_thing_a_rule_says_is_done() {
    let desk = Desk::open().await;
    let body = |key: &str| key.parse().unwrap();
    let bodies = |keys: &[&str]| keys.iter().map(|key| key.parse().unwrap()).collect::<Vec<_>>();
    let said = RuleThen::default;
    let list: Told = (
        "transport".to_owned(),
        vec!["traffic-police".to_owned(), "bus-company".to_owned()],
        vec![format!("street-centre@{STREET}"), "governance-centre".to_owned()],
        "item".to_owned(),
        "P3".to_owned(),
        "district".to_owned(),
    );
    let with = |change: fn(&mut Told)| {
        let mut told = list.clone();
        change(&mut told);
        told
    };
    let cases: [(RuleThen, Told); 7] = [
        (
            RuleThen { lead: Some(body("urban-mgmt")), ..said() },
            with(|told| told.0 = "urban-mgmt".to_owned()),
        ),
        (
            RuleThen { assists: Some(bodies(&["urban-mgmt"])), ..said() },
            with(|told| told.1 = vec!["urban-mgmt".to_owned()]),
        ),
        (RuleThen { assists: Some(Vec::new()), ..said() }, with(|told| told.1.clear())),
        (
            RuleThen { also_assist: bodies(&["urban-mgmt"]), ..said() },
            with(|told| told.1.push("urban-mgmt".to_owned())),
        ),
        (
            RuleThen { also_inform: bodies(&["urban-mgmt"]), ..said() },
            with(|told| told.2.push("urban-mgmt".to_owned())),
        ),
        (
            RuleThen { policy: Some("catch-all".to_owned()), ..said() },
            with(|told| told.3 = "catch-all".to_owned()),
        ),
        (RuleThen { priority: Some(Priority::P2), ..said() }, with(|told| told.4 = "P2".to_owned())),
    ];
    for (n, (then, expected)) in (1_u32..).zip(cases) {
        let of_rule = rule("", then);
        desk.rig.documents(&documents(u64::from(n) + 1, district(of_rule.clone()))).await;
        // Each at a place and a time of its own.
        desk.rig.clock.set(format!("2026-11-23T02:{n:02}:00Z").parse().unwrap());
        desk.hear(&[Sent { lat: 29.5 + f64::from(n) * 0.01, ..report(n.into(), "TRA-01", "") }]).await;
        let (routed, roles, explanation) = newest(&desk).await;
        let plan = routed.plan.unwrap();
        let of = |wanted: Role| -> Vec<String> {
            roles.iter().filter(|(_, role)| *role == wanted).map(|(body, _)| body.clone()).collect()
        };
        let told: Told = (
            of(Role::Lead).remove(0),
            of(Role::Assist),
            of(Role::Inform),
            plan.policy.unwrap().key,
            plan.priority,
            plan.level,
        );
        assert_eq!(told, expected, "{:?}", of_rule.then);
        assert_eq!(steps(&explanation), ["rule.held"]);
    }
    // Who leads flyposting where no community is known is of the street; a rule may ask for more.
    let higher = RuleThen { level: Some(contract::document::Level::District), ..said() };
    let same = RuleThen { priority: Some(Priority::P3), ..said() };
    for (generation, then, level) in [(20_u32, same, "street"), (21, higher, "district")] {
        let of_rule = Rule { items: vec!["ENV-04".to_owned()], ..rule("", then) };
        desk.rig.documents(&documents(generation.into(), district(of_rule))).await;
        desk.rig.clock.set(format!("2026-11-23T03:{generation}:00Z").parse().unwrap());
        desk.hear(&[Sent {
            lat: 29.5 + f64::from(generation) * 0.01,
            ..report(generation.into(), "ENV-04", "")
        }])
        .await;
        assert_eq!(newest(&desk).await.0.plan.unwrap().level, level);
    }
}

/// Two rules of one order name two leads: the first by key leads, the other's assists, and the explanation says why.
#[tokio::test]
async fn of_two_leads_of_one_order_the_second_assists() {
    let leads = |key: &str| RuleThen { lead: Some(key.parse().unwrap()), ..RuleThen::default() };
    let desk = desk(|body| {
        if let DocumentBody::District(core) = body {
            core.rules.insert("a".to_owned(), rule("workday", leads("urban-mgmt")));
            core.rules.insert("b".to_owned(), rule("households > 10", leads("housing-construction")));
            let later = Rule { order: 1, ..rule("", leads("bus-company")) };
            core.rules.insert("c".to_owned(), later);
        }
    })
    .await;
    desk.hear(&[Sent { households: 11, ..report(1, "TRA-01", "") }]).await;
    let (_, roles, explanation) = newest(&desk).await;
    assert_eq!(roles[0], ("urban-mgmt".to_owned(), Role::Lead));
    assert!(roles.contains(&("housing-construction".to_owned(), Role::Assist)), "{roles:?}");
    let told: Vec<&str> = explanation.steps.iter().map(|step| step.rule.as_str()).collect();
    assert!(told.contains(&"lead.contended"), "{told:?}");
    assert_eq!(roles.iter().filter(|(_, role)| *role == Role::Lead).count(), 1);
}

impl Desk {
    pub async fn backtest(&self, subject: &str, street: &str, body: Value) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{street}/rules:backtest");
        let (status, _, answer) =
            self.rig.http("POST", &path, Some(&self.rig.token(subject)), &[], Some(body)).await;
        (status.as_u16(), answer)
    }
}

pub fn core(generation: u64, tenant: &str, change: impl Fn(&mut DocumentBody)) -> String {
    use base64::Engine;
    let documents = documents(generation, change);
    let core = |document: &&Document| {
        document.header.tenant.to_string() == tenant && document.header.part == Part::Core
    };
    let document = documents.iter().find(core).unwrap();
    base64::engine::general_purpose::STANDARD.encode(document.encode().unwrap())
}

pub const DISTRICT: &str = "990102000000";

#[tokio::test]
async fn past_cases_tell_who_would_have_got_what() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { households: 3_000, ..report(1, "TRA-01", "306路") }, report(2, "TRA-03", "站牌")])
        .await;
    desk.hear(&[Sent { drill: true, ..report(3, "TRA-01", "306路") }]).await;
    let proposed = core(2, DISTRICT, district(crowd("text.contains('306')")));
    let asked = json!({ "core_document": proposed, "since": "2026-11-01T00:00:00Z" });
    let (status, answer) = desk.backtest("street-centre", STREET, asked.clone()).await;
    assert_eq!((status, &answer["looked_at"]), (200, &json!(2)), "{answer}");
    let cases = answer["cases"].as_array().unwrap();
    assert_eq!(
        (cases.len(), &cases[0]["item"], &cases[0]["rules"]),
        (1, &json!("TRA-01"), &json!(["crowd"]))
    );
    assert_eq!(
        (&cases[0]["before"]["priority"], &cases[0]["after"]["priority"]),
        (&json!("P3"), &json!("P1"))
    );
    assert!(cases[0]["after"]["assists"].as_array().unwrap().contains(&json!("urban-mgmt")), "{answer}");
    assert!(answer.get("next").is_none());

    let later = json!({ "core_document": asked["core_document"], "since": "2026-12-01T00:00:00Z" });
    assert_eq!(desk.backtest("street-centre", STREET, later).await.1["looked_at"], 0);
    let same = json!({ "core_document": core(1, DISTRICT, |_| {}), "since": "2026-11-01T00:00:00Z" });
    let again = desk.backtest("street-centre", STREET, same.clone()).await.1;
    assert_eq!((&again["cases"], &again["unreadable"]), (&json!([]), &json!(0)));
    // What a later build stored in a shape of its own is said, and counted nowhere else.
    let other =
        "UPDATE triage.cases SET plan_explanation = '{\"later\":1}' WHERE item = 'TRA-01' AND NOT drill";
    assert_eq!(sqlx::query(other).execute(desk.rig.admin()).await.unwrap().rows_affected(), 1);
    let again = desk.backtest("street-centre", STREET, same).await.1;
    assert_eq!((&again["looked_at"], &again["unreadable"]), (&json!(2), &json!(1)), "{again}");
}

#[tokio::test]
async fn a_shorter_limit_makes_past_cases_late() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "306路")]).await;
    desk.rig.clock.set("2026-11-25T02:00:00Z".parse().unwrap());
    let proposed = core(2, STREET, |body| {
        let DocumentBody::Street(core) = body else { return };
        let hour = contract::document::Limit {
            amount: 1,
            unit: contract::document::Unit::Hour,
            clock: contract::document::Clock::Clock,
        };
        let policy = SlaPolicy {
            limits: [(Stage::Resolve, hour)].into(),
            pairs: Default::default(),
            warn_per_mille: Vec::new(),
            chain: None,
            demo: false,
        };
        core.policies.insert("hour".to_owned(), policy);
        own(core, rule("", RuleThen { policy: Some("hour".to_owned()), ..RuleThen::default() }));
    });
    let asked = json!({ "core_document": proposed, "since": "2026-11-01T00:00:00Z" });
    let (_, answer) = desk.backtest("street-centre", STREET, asked).await;
    assert_eq!((&answer["late_before"], &answer["late_after"]), (&json!(0), &json!(1)), "{answer}");
    assert_eq!(answer["cases"][0]["late_after"], true);
    // Two days but for the hour it had.
    assert_eq!(answer["cases"][0]["late_minutes_after"], 47 * 60);
    assert_eq!(answer["cases"][0]["late_minutes_before"], 0);
}

#[tokio::test]
async fn only_who_judges_reports_may_ask_and_only_with_a_core_of_the_street() {
    let desk = Desk::open().await;
    let asked = |document: String| json!({ "core_document": document, "since": "2026-11-01T00:00:00Z" });
    let fine = core(1, STREET, |_| {});
    for (person, street, expected) in [
        ("street-centre", STREET, 200),
        ("grid-worker", STREET, 403),
        ("sre", STREET, 403),
        ("street-centre", OTHER_STREET, 422),
        ("stranger", STREET, 404),
    ] {
        let answer = desk.backtest(person, street, asked(fine.clone())).await;
        assert_eq!(answer.0, expected, "{person} in {street}: {}", answer.1);
    }
    for document in [core(1, OTHER_STREET, |_| {}), "!".to_owned(), "AAAA".to_owned()] {
        let (status, answer) = desk.backtest("street-centre", STREET, asked(document)).await;
        let fault = (answer["errors"][0]["pointer"].clone(), answer["errors"][0]["code"].clone());
        assert_eq!((status, fault), (422, (json!("/core_document"), json!("document-invalid"))), "{answer}");
    }
}
