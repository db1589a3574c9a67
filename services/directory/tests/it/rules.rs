//! Rules in manifests: kept as written, refused where they cannot be, and looked at before they are published.

use serde_json::json;

use crate::office::*;

fn district(rules: &str) -> String {
    DISTRICT.replace("  time_zone:", &format!("  rules:\n{rules}  time_zone:"))
}

const CROWD: &str = "    crowd:
      name: { zh: 多户受影响, en: Many households }
      order: 10
      items: [TRA-01]
      when: households >= 1000 && workday
      then: { also_assist: [urban-mgmt], priority: P2, level: district }
";

#[tokio::test]
async fn a_rule_is_planned_in_words_and_kept_as_written() {
    let office = Office::settled().await;
    let planned = office.plan(&district(CROWD)).await.body;
    let told = planned.to_string();
    assert!(told.contains("\"zh\":\"规则\"") && told.contains("增加协办：urban-mgmt 区城市管理局"), "{told}");
    assert_eq!(office.apply(&district(CROWD)).await.applied(), (2, true));
    let [core, _] = office.documents("990102000000").await;
    let rule = &core["rules"]["crowd"];
    assert_eq!(rule["when"], "households >= 1000 && workday");
    assert_eq!(rule["then"], json!({ "also_assist": ["urban-mgmt"], "priority": "P2", "level": "district" }));
    assert_eq!(office.apply(&district(CROWD)).await.applied(), (2, false));
}

#[tokio::test]
async fn what_cannot_be_a_rule_is_refused_with_its_place() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = "    a: { name: { zh: 甲, en: A }, when: housholds > 3, then: { priority: P1 } }
    b: { name: { zh: 乙, en: B }, when: hour == 'ten', then: {} }
    c:
      name: { zh: 丙, en: C }
      items: [TRA-01, ZZZ-99]
      places: [\"990103001000\"]
      then: { lead: street-centre, assists: [nobody], policy: never }
";
    let faults = office.plan(&district(broken)).await.refused(422, "manifest-invalid");
    for (pointer, code) in [
        ("/spec/rules/a/when", "condition-unsound"),
        ("/spec/rules/b/when", "condition-unsound"),
        ("/spec/rules/b/then", "rule-says-nothing"),
        ("/spec/rules/c/items/1", "unknown-item"),
        ("/spec/rules/c/places/0", "foreign-place"),
        ("/spec/rules/c/then/lead", "pushed-down"),
        ("/spec/rules/c/then/assists", "unknown-body"),
        ("/spec/rules/c/then/policy", "unknown-policy"),
    ] {
        assert!(faults.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code}: {faults:#?}");
    }
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn what_is_worth_a_look_is_told_and_keeps_nothing_from_being_applied() {
    let office = Office::settled().await;
    let idle =
        "    never: { name: { zh: 甲, en: A }, items: [TRA-01], when: hour > 23, then: { priority: P1 } }
    all: { name: { zh: 乙, en: B }, items: [TRA-02], then: { priority: P2 } }
    late: { name: { zh: 丙, en: C }, order: 5, items: [TRA-02], when: hour > 20, then: { priority: P1 } }
";
    let planned = office.plan(&district(idle)).await.body;
    let findings = planned["findings"].as_array().unwrap();
    let kinds: Vec<(&str, &serde_json::Value)> =
        findings.iter().map(|finding| (finding["kind"].as_str().unwrap(), &finding["rules"])).collect();
    assert!(kinds.contains(&("dead", &json!(["never"]))), "{kinds:?}");
    assert!(kinds.contains(&("shadowed", &json!(["late", "all"]))), "{kinds:?}");
    let sleeping = kinds.iter().filter(|(kind, _)| *kind == "night-holder").count();
    assert_eq!(sleeping, 9, "items of the pack that count day and night and whose lead sleeps (D34)");
    let examples = findings.iter().filter(|finding| finding["example"].is_object()).count();
    assert_eq!(examples, findings.len(), "each shows an event: {planned}");
    assert!(planned.to_string().contains("at night the order stays with that body"), "{planned}");
    // Whoever applies it without a look is told the same.
    let applied = office.apply(&district(idle)).await;
    assert_eq!(applied.applied(), (2, true));
    assert_eq!(&applied.body["findings"], &planned["findings"]);
    let again = office.apply(&district(idle)).await;
    assert_eq!((again.applied(), &again.body["findings"]), ((2, false), &json!([])));
    let street = office.plan(STREET).await.body;
    assert_eq!(street["findings"], json!([]));
}

#[tokio::test]
async fn a_street_is_told_what_its_own_changes_and_rules_make_of_it() {
    let office = Office::settled().await;
    let rules = "  rules:
    misspelt: { name: { zh: 甲, en: A }, items: [TRA-01], when: \"'police-beat/B-3' in layers\", then: { priority: P2 } }
";
    let policy = "  policies:
    night: { limits: { resolve: { amount: 4, unit: hour, clock: clock } } }
  items: { ENV-01: { policy: night } }
";
    let street = STREET.replacen("  communities:", &format!("{rules}{policy}  communities:"), 1);
    let found = office.apply(&street).await.body["findings"].clone();
    let told: Vec<(&str, &serde_json::Value)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), &one["example"]["item"]))
        .collect();
    assert_eq!(told, [("unknown-feature", &json!(null)), ("night-holder", &json!("ENV-01"))], "{found}");
    assert!(found[0]["text"]["en"].as_str().unwrap().contains("police-beat/B-3"), "{found}");
}

#[tokio::test]
async fn a_rollback_says_what_it_brings_back() {
    let office = Office::settled().await;
    let dead =
        "    never: { name: { zh: 甲, en: A }, items: [TRA-01], when: hour > 23, then: { priority: P1 } }\n";
    assert_eq!(office.apply(&district(dead)).await.applied(), (2, true));
    assert_eq!(office.apply(DISTRICT).await.applied(), (3, true));
    let back = office.rollback("990102000000", 2).await;
    assert_eq!(back.applied(), (4, true));
    assert!(back.body["findings"].to_string().contains("\"dead\""), "{:?}", back.body);
}
