//! What the demo district's people would read, and that nothing of a document is passed over.

use contract::document::{DocumentBody, Variables};
use proptest::prelude::*;

use super::super::manifest::{Manifest, read};
use super::super::{Terms, compile_district, compile_street};
use super::*;

const DISTRICT: &str = include_str!("../../../../../packs/demo/district-990102000000.yaml");
const STREET: &str = include_str!("../../../../../packs/demo/street-990102002000.yaml");

fn variables() -> Variables {
    [("SINK_URL".to_owned(), "https://hooks.example.org".to_owned())].into()
}

fn district(text: &str, generation: u64) -> Vec<Document> {
    let Ok(Manifest::District(manifest)) = read(text.as_bytes()) else { panic!("a district") };
    let made = compile_district(*manifest, Terms { variables: &variables(), demo_allowed: true });
    made.unwrap().documents(generation)
}

fn street(text: &str, generation: u64) -> Vec<Document> {
    let Ok(Manifest::Street(manifest)) = read(text.as_bytes()) else { panic!("a street") };
    let DocumentBody::District(pack) = &district(DISTRICT, 1)[0].body else { panic!("a district's core") };
    let terms = Terms { variables: &variables(), demo_allowed: true };
    compile_street(*manifest, pack, generation, terms).unwrap().documents(generation)
}

fn between(before: &str, after: &str) -> Changes {
    changes(&street(before, 1), &street(after, 2), district(DISTRICT, 1).first()).unwrap()
}

/// What people read of each change, by its pointer.
fn lines(changes: &Changes) -> Vec<(&str, Change, String)> {
    let said = |text: &Option<Name>| text.as_ref().map_or(String::new(), |text| text.zh.clone());
    let line =
        |told: &Told| format!("{}: {} → {}", told.label.zh, said(&told.before_text), said(&told.after_text));
    changes.told.iter().map(|told| (told.pointer.as_str(), told.change, line(told))).collect()
}

/// Edits of the demo street, each of which changes one place, whatever the others do.
const EDITS: &[(&str, &str, &str, Change, &str)] = &[
    (
        "zh: 云岭街道",
        "zh: 云岭新街道",
        "/core/name/zh",
        Change::Changed,
        "名称 · 中文: 云岭街道 → 云岭新街道",
    ),
    (
        "zh: 松林坡社区",
        "zh: 松林社区",
        "/core/communities/1",
        Change::Changed,
        "社区 990102002002 松林社区: 代码：990102002002；名称：松林坡社区 → 代码：990102002002；名称：松林社区",
    ),
    (
        "  endpoints:\n",
        "  bodies:\n    volunteers: { name: { zh: 志愿队, en: Volunteers }, level: street, can_lead: false }\n  endpoints:\n",
        "/core/bodies/volunteers",
        Change::Added,
        "单位 volunteers 志愿队:  → 别称：无；可主办：否；24 小时值班：否；层级：street 街道；名称：志愿队",
    ),
    (
        "  items:\n",
        "  items:\n    TRA-01: { assists: [traffic-police], policy: demo-fast }\n",
        "/core/items/TRA-01",
        Change::Added,
        "事项 TRA-01 公交线路调整影响出行:  → 协办：traffic-police 区交巡警支队；时限方案：demo-fast",
    ),
    (
        "TRA-03: { assists: [],",
        "TRA-03: { assists: [transport],",
        "/core/items/TRA-03/assists/0",
        Change::Added,
        "事项 TRA-03 公交站台站牌损坏 · 协办 transport 区交委:  → transport 区交委",
    ),
    (
        ", policy: demo-fast }\n  policies",
        " }\n  policies",
        "/core/items/TRA-03/policy",
        Change::Removed,
        "事项 TRA-03 公交站台站牌损坏 · 时限方案: demo-fast → ",
    ),
    (
        "amount: 5,",
        "amount: 7,",
        "/core/policies/demo-fast/limits/acknowledge/amount",
        Change::Changed,
        "时限方案 demo-fast · 时限 acknowledge 签收 · 数量: 5 → 7",
    ),
    (
        "      warn_per_mille",
        "        verify: { amount: 2, unit: workday, clock: work }\n      warn_per_mille",
        "/core/policies/demo-fast/limits/verify",
        Change::Added,
        "时限方案 demo-fast · 时限 verify 核查:  → 2 个工作日（工作时）",
    ),
    (
        "/hooks/street-centre",
        "/hooks/centre",
        "/core/endpoints/street-centre/url",
        Change::Changed,
        "通道 street-centre · 地址: https://hooks.example.org/hooks/street-centre@990102002000 → \
         https://hooks.example.org/hooks/centre@990102002000",
    ),
    (
        "    verifier:",
        "    a.b/c: [{ role: body-user, body: street-centre }]\n    verifier:",
        "/people/members/a.b~1c",
        Change::Added,
        "成员 a.b/c:  → 单位：street-centre@990102002000 街道指挥中心；角色：body-user 承办单位人员",
    ),
    (
        "resident: [{ role: resident }]",
        "resident: [{ role: resident }, { role: grid-worker }]",
        "/people/members/resident/1",
        Change::Added,
        "成员 resident 角色：grid-worker 网格员:  → 角色：grid-worker 网格员",
    ),
];

fn edited(which: &[bool]) -> String {
    let edits = EDITS.iter().zip(which).filter(|(_, done)| **done);
    edits.fold(STREET.to_owned(), |text, ((from, to, ..), _)| text.replacen(from, to, 1))
}

#[test]
fn a_street_is_told_place_by_place_with_names() {
    let changes = between(STREET, &edited(&[true; EDITS.len()]));
    let expected: Vec<_> = EDITS.iter().map(|(_, _, place, change, line)| (*place, *change, *line)).collect();
    let told = lines(&changes);
    let told: Vec<_> = told.iter().map(|(place, change, line)| (*place, *change, line.as_str())).collect();
    assert_eq!(told, expected);
}

#[test]
fn english_stands_beside_it() {
    let changes = between(STREET, &edited(&[true; EDITS.len()]));
    let assists = changes.told.iter().find(|told| told.pointer.ends_with("assists/0")).unwrap();
    assert_eq!(
        assists.label.en,
        "items TRA-03 Damaged bus stop or sign · assists transport District Transport Commission"
    );
    assert_eq!((&assists.before, assists.after.as_ref().unwrap()), (&None, &json!("transport")));
    let verify = changes.told.iter().find(|told| told.pointer.ends_with("limits/verify")).unwrap();
    assert_eq!(verify.after_text.as_ref().unwrap().en, "2 workday (work)");
}

#[test]
fn of_a_new_tenant_every_entry_is_told() {
    let made = changes(&[], &street(STREET, 1), district(DISTRICT, 1).first()).unwrap();
    assert!(made.told.iter().all(|told| told.change == Change::Added));
    let places: Vec<_> = made.told.iter().map(|told| told.pointer.as_str()).collect();
    for place in ["/core/name", "/core/communities/2", "/core/items/TRA-03", "/people/members/verifier"] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
    let made = changes(&[], &district(DISTRICT, 1), None).unwrap();
    assert!(made.told.iter().any(|told| told.pointer == "/core/items/TRA-01"));
    assert!(made.told.len() <= CHANGES_MAX);
}

const TERRITORY: &str = "  territory:
    datum: wgs84
    layers:
      street:
        geojson:
          type: FeatureCollection
          features:
            - type: Feature
              properties: { code: \"990102002000\", name: { zh: 云岭街道, en: Yunling Street } }
              geometry: { type: Polygon, coordinates: [[[104.0, 30.0], [104.01, 30.0], [104.01, 30.01], [104.0, 30.0]]] }
";

/// Of a shape its measure is told, not its numbers.
#[test]
fn a_redrawn_street_is_told_by_its_measure() {
    let drawn = format!("{STREET}{TERRITORY}");
    let [layer] = &between(STREET, &drawn).told[..] else { panic!("one layer") };
    assert_eq!((layer.pointer.as_str(), layer.change), ("/territory/layers/street", Change::Added));
    assert_eq!(layer.label.zh, "图层 street 街道边界");
    let [shape] = &between(&drawn, &drawn.replace("[104.01, 30.01]", "[104.01, 30.02]")).told[..] else {
        panic!("one shape")
    };
    assert_eq!(shape.pointer, "/territory/layers/street/features/0");
    assert_eq!(shape.label.zh, "图层 street 街道边界 · 图形 990102002000 云岭街道");
    let area = |value: &Option<Value>| value.as_ref().unwrap()["outline"]["area_m2"].as_u64().unwrap();
    assert!(
        area(&shape.after) > area(&shape.before) && shape.after.as_ref().unwrap().get("polygons").is_none()
    );
    assert!(shape.after_text.as_ref().unwrap().zh.contains("顶点数：3"), "{shape:?}");
}

#[test]
fn beyond_the_bound_changes_are_counted() {
    let members: String = (0..600).map(|n| format!("    m{n}: [{{ role: resident }}]\n")).collect();
    let changes = between(STREET, &format!("{STREET}{members}"));
    assert_eq!((changes.told.len(), changes.more), (CHANGES_MAX, 100));
}

#[test]
fn long_texts_are_cut_and_their_values_are_whole() {
    let members =
        format!("    somebody: [{}]\n", vec!["{ role: body-user, body: street-centre }"; 40].join(", "));
    let changes = between(STREET, &format!("{STREET}{members}"));
    let [told] = &changes.told[..] else { panic!("{changes:#?}") };
    assert_eq!(told.after_text.as_ref().unwrap().zh.chars().count(), 201);
    assert_eq!(told.after.as_ref().unwrap().as_array().unwrap().len(), 40);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// From any edited street to any other: the places told are those of the edits that only one of them has.
    #[test]
    fn every_difference_of_two_documents_appears(
        before in prop::array::uniform11(any::<bool>()),
        after in prop::array::uniform11(any::<bool>()),
    ) {
        let changes = between(&edited(&before), &edited(&after));
        let told: std::collections::BTreeSet<_> = changes.told.iter().map(|told| told.pointer.as_str()).collect();
        let differs = EDITS.iter().zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
        prop_assert_eq!(told, differs.map(|((_, _, place, ..), _)| *place).collect());
    }

    #[test]
    fn the_same_changes_nothing(which in prop::array::uniform11(any::<bool>())) {
        let same = edited(&which);
        prop_assert_eq!(between(&same, &same), Changes::default());
    }
}
