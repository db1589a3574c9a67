//! What is told of a faulty manifest, where, and within which bounds.

use contract::document::{Kind, schema};
use ids::{BodyKey, BodyRef, TenantId};
use proptest::prelude::*;

use super::super::manifest::{MANIFEST_BYTES_MAX, read};
use super::super::place::{bytes_of_places, place};
use super::*;

const STREET: &str = include_str!("../../../../../packs/demo/street-990102002000.yaml");
const DISTRICT: &str = include_str!("../../../../../packs/demo/district-990102000000.yaml");

/// Most memory for the places and the survey of one file, however hostile.
const BYTES_MAX: usize = 8 << 20;

/// Every fault as `line:column pointer code`.
fn told(text: &str) -> Vec<String> {
    let found = read(text.as_bytes()).err().unwrap_or_default();
    let line = |fault: &Fault| {
        let at = fault.at.expect("a place");
        format!("{}:{} {} {}", at.line, at.column, fault.pointer, fault.code)
    };
    found.told.iter().map(line).collect()
}

/// Replaces one thing and expects one fault, at the given word of the changed line.
fn one(manifest: &str, good: &str, bad: &str, at: &str, pointer: &str, code: &str) {
    assert!(manifest.contains(good), "{good}");
    let text = manifest.replacen(good, bad, 1);
    let start = manifest.find(good).expect("it is there");
    let place = At::of_byte(&text, start + bad.find(at).expect("the word is in what replaces"));
    assert_eq!(told(&text), [format!("{}:{} {pointer} {code}", place.line, place.column)], "{bad}");
}

#[test]
fn each_fault_is_told_where_it_stands() {
    let street = |good, bad, at, pointer, code| one(STREET, good, bad, at, pointer, code);
    street("routing_mode: auto", "routing_mode: auto\n  modes: 1", "modes", "/spec/modes", "unknown-field");
    street("routing_mode: auto", "routing_mode: nobody", "nobody", "/spec/routing_mode", "unknown-word");
    street("routing_mode: auto", "routing_mode: ~", "~", "/spec/routing_mode", "unknown-word");
    street("[800]", "800", "800", "/spec/policies/demo-fast/warn_per_mille", "wrong-type");
    street("[800]", "[800, soon]", "soon", "/spec/policies/demo-fast/warn_per_mille/1", "wrong-type");
    street("[800]", "[4294967296]", "4", "/spec/policies/demo-fast/warn_per_mille/0", "out-of-range");
    street("[800]", "[0800]", "0800", "/spec/policies/demo-fast/warn_per_mille/0", "wrong-type");
    street("      demo: true", "      demo: yes", "yes", "/spec/policies/demo-fast/demo", "wrong-type");
    street("chain: to-district-centre", "chain: [a]", "[a]", "/spec/policies/demo-fast/chain", "wrong-type");
    street(
        "acknowledge:",
        "acknowledged:",
        "ack",
        "/spec/policies/demo-fast/limits/acknowledged",
        "unknown-field",
    );
    street("assists: []", "assists: [No Body]", "No", "/spec/items/TRA-03/assists/0", "identifier-invalid");
    street("\"990102000000\"", "99010200000", "9", "/spec/district", "identifier-invalid");
    street("zh: 云岭社区", "zh: ~", "~", "/spec/communities/0/name/zh", "wrong-type");
    street("kind: Street", "kind: Country", "Country", "/kind", "unknown-word");
    street("streetwise/v1", "streetwise/v9", "streetwise", "/apiVersion", "unknown-word");
    street(
        "      demo: true",
        "      demo: true\n      demo:  true",
        "demo:  true",
        "/spec/policies/demo-fast/demo",
        "duplicate-key",
    );
    street("verifier: [", "verifier: !oops [", "[", "/spec/members/verifier", "unknown-tag");
    let district = |good, bad, at, pointer, code| one(DISTRICT, good, bad, at, pointer, code);
    district(
        "transport: { body: transport,",
        "transport: { body: Transport,",
        "T",
        "/spec/endpoints/transport/body",
        "identifier-invalid",
    );
    district(
        "auditor: [{ role: audit-admin }]",
        "auditor: { role: audit-admin }",
        "{",
        "/spec/members/auditor",
        "wrong-type",
    );
    // What is missing has the place of the mapping it is missing in, and the first entry begins that.
    district("  pack: default\n  time_zone", "  time_zone", "time_zone", "/spec/pack", "missing-field");
    district("{ role: sre }", "{ body: sre }", "{", "/spec/members/sre/0/role", "missing-field");
}

#[test]
fn each_fault_of_a_territory_is_told_where_it_stands() {
    let territory = "  territory:
    datum: wgs84
    layers:
      street:
        geojson:
          type: FeatureCollection
          features:
            - type: Feature
              properties: { code: \"990102002000\" }
              geometry: { type: Polygon, coordinates: [[[104.0, 30.0], [104.1, 30.1]]] }
";
    let sound = format!("{STREET}{territory}");
    assert_eq!(told(&sound), [""; 0]);
    let feature = "/spec/territory/layers/street/geojson/features/0";
    let geometry = format!("{feature}/geometry");
    let change = |good, bad, at, pointer: &str, code| one(&sound, good, bad, at, pointer, code);
    change("datum: wgs84", "datum: cgcs2000", "cgcs2000", "/spec/territory/datum", "unknown-word");
    change("type: Polygon", "type: Point", "Point", &format!("{geometry}/type"), "unknown-word");
    change("{ type: Polygon, coord", "{ coord", "{", &format!("{geometry}/type"), "missing-field");
    let position = format!("{geometry}/coordinates/0/1");
    change("[104.1, 30.1]", "[104.1, 30.1, 5]", "[", &position, "wrong-length");
    change("[104.1, 30.1]", "[104.1, north]", "north", &format!("{position}/1"), "wrong-type");
    change("[104.1, 30.1]", "104.1", "104.1", &position, "wrong-type");
    change("type: Feature\n", "type: Thing\n", "Thing", &format!("{feature}/type"), "unknown-word");
}

#[test]
fn all_faults_of_a_file_are_told_at_once_in_order() {
    let broken = STREET
        .replace("name: { zh: 云岭街道, en:", "name: { zh: 云岭街道, english:")
        .replace("routing_mode", "routing_modes")
        .replace("\"990102002002\"", "\"99010200200\"")
        .replace("amount: 5,", "amount: five,")
        .replace("unit: second", "unit: seconds")
        .replace("{ role: resident }", "resident");
    assert_eq!(
        told(&broken),
        [
            "12:9 /metadata/name/en missing-field",
            "12:21 /metadata/name/english unknown-field",
            "14:3 /spec/routing_mode missing-field",
            "15:3 /spec/routing_modes unknown-field",
            "18:15 /spec/communities/1/code identifier-invalid",
            "27:32 /spec/policies/demo-fast/limits/acknowledge/amount wrong-type",
            "27:44 /spec/policies/demo-fast/limits/acknowledge/unit unknown-word",
            "36:16 /spec/members/resident/0 wrong-type",
        ]
    );
}

/// What an alias brings in is looked at where it is written, once; what a merge key may bring in is not missed.
#[test]
fn shared_parts_are_told_once() {
    let shared = STREET
        .replace("resident: [{ role: resident }]", "resident: &both [{ roles: resident }]")
        .replace("verifier: [{ role: verifier }]", "verifier: *both");
    let told_of = told(&shared);
    assert_eq!(told_of.len(), 2, "{told_of:?}");
    assert!(told_of[1].ends_with("/spec/members/resident/0/roles unknown-field"), "{told_of:?}");
    let merged =
        DISTRICT.replace("  pack: default", "  <<: { pack: default }").replace("time_zone", "timezone");
    assert_eq!(told(&merged).len(), 1);
    let sound = DISTRICT.replace("  pack: default", "  <<: { pack: default }");
    assert_eq!(told(&sound), [""; 0]);
}

/// Of tree and survey together: bytes of the tree, faults.
fn cost(text: &str) -> (usize, Found) {
    let tree = Tree::read(text);
    let found = tree.as_ref().map(survey).unwrap_or_default();
    (tree.map(|tree| tree.bytes()).unwrap_or_default(), found)
}

/// Gives as many faults as are told their places, the tree included.
fn place_many(text: &str) -> Vec<Fault> {
    let mut faults: Vec<Fault> = (0..FAULTS_MAX).map(|_| Fault::demo_policy("p1.2.3.4")).collect();
    place(&mut faults, text);
    faults
}

/// `head`, then `line` as often as a manifest may be long.
fn filled(head: &str, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for n in 0.. {
        let next = line(n);
        if text.len() + next.len() > MANIFEST_BYTES_MAX {
            return text;
        }
        text.push_str(&next);
    }
    text
}

#[test]
fn hostile_files_stay_within_their_bounds() {
    let head = "apiVersion: streetwise/v1\nkind: Street\nspec:\n";
    let bomb = (1..40).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    let bomb = format!("{head}  a0: &a0 [x, x]\n{}", bomb.collect::<String>());
    let members = |grants: &str| format!("{head}  members:\n    a: &a [{grants}]\n");
    let files = [
        ("unknown fields", filled(head, |n| format!("  f{n}: 1\n"))),
        ("wrong types", filled(&format!("{head}  communities:\n"), |_| "  - 1\n".to_owned())),
        ("missing fields", filled(&format!("{head}  communities:\n"), |_| "  - {}\n".to_owned())),
        (
            "nested faults",
            filled(&format!("{head}  policies:\n"), |n| format!("    p{n}: {{limits: {{see: 1}}}}\n")),
        ),
        ("duplicate keys", filled(head, |_| "  again: 1\n".to_owned())),
        ("bad keys", filled(&format!("{head}  bodies:\n"), |n| format!("    B{n}: 1\n"))),
        ("many nodes", filled("", |_| "- a\n".to_owned())),
        ("empty lists", filled("[", |_| "[],".to_owned())),
        (
            "one enormous key",
            filled(&format!("{head}  {}:\n", "k".repeat(1_000)), |n| format!("    - {n}\n")),
        ),
        ("a long text", format!("{head}  pack: \"{}\"\n", "长".repeat(80_000))),
        ("deep", "[".repeat(MANIFEST_BYTES_MAX)),
        ("deep blocks", filled("a:", |n| format!("\n{}a:", " ".repeat(n.min(500))))),
        ("aliases", filled(&members("{},{},{}"), |n| format!("    m{n}: *a\n"))),
        ("anchors", filled(&format!("{head}  members:\n"), |n| format!("    m{n}: &m{n} 1\n"))),
        ("comments", filled(head, |_| "#\n".to_owned())),
        ("bomb", bomb),
    ];
    for (name, text) in &files {
        let (bytes, found) = cost(text);
        assert_eq!(place_many(text).len(), FAULTS_MAX, "{name}");
        assert!(found.told.len() <= FAULTS_MAX);
        let told: usize = found.told.iter().map(|fault| fault.pointer.len() + fault.detail.len()).sum();
        let index = bytes_of_places(text);
        assert!(bytes + index + told <= BYTES_MAX, "{name}: {bytes} + {index} + {told}");
    }
    let (_, found) = cost(&files[0].1);
    assert_eq!(found.told.len(), FAULTS_MAX);
    assert!(found.more > 20_000, "{}", found.more);
}

#[test]
fn numbers_and_flags_are_read_as_the_typed_reader_reads_them() {
    let numbers =
        "0|7|+7|1_000|0x1F|0o17|0b11| 8 |08||-1|1.0|x|1e3|4294967295|4294967296|99999999999999999999";
    for text in numbers.split('|') {
        let yaml = format!("\"{text}\"");
        let typed = serde_saphyr::from_str::<u32>(&yaml).is_ok();
        let ours = whole(text).is_some_and(|number| number <= u128::from(u32::MAX));
        assert_eq!(ours, typed, "{text}");
    }
    for text in
        ["1", "-1.5", "+2", "1e3", ".5", "1.", "1_000", ".inf", "-.inf", ".nan", "inf", "x", "", "1..2"]
    {
        let typed = serde_saphyr::from_str::<f64>(&format!("\"{text}\"")).is_ok();
        assert_eq!(number(text), typed, "{text}");
    }
    let strict = || serde_saphyr::options! { strict_booleans: true };
    for text in ["true", "True", "TRUE", "false", " true", "yes", "no", "on", "1", ""] {
        let typed = serde_saphyr::from_str_with_options::<bool>(&format!("\"{text}\""), strict()).is_ok();
        assert_eq!(flag(text), typed, "{text}");
    }
}

proptest! {
    /// What the schema says of a text by a pattern is what its type takes.
    #[test]
    fn patterns_take_what_the_types_take(
        text in "[a-z0-9-]{0,3}|[A-Z_.9-][a-z0-9]{0,5}|[0-9]{11,13}|[a-z-]{63,66}|[a-z][a-z-]{0,5}@[0-9]{11,13}|[a-z]@?.{0,3}"
    ) {
        let schema = schema::of(Kind::Street);
        let fits = |form: &str| {
            let pattern = schema["$defs"][form]["pattern"].as_str().expect("a pattern");
            regex::Regex::new(pattern).expect("an expression").is_match(&text)
        };
        prop_assert_eq!(fits("Code"), text.parse::<TenantId>().is_ok());
        prop_assert_eq!(fits("Slug"), text.parse::<BodyKey>().is_ok());
        prop_assert_eq!(fits("BodyName"), text.parse::<BodyRef>().is_ok());
    }
}
