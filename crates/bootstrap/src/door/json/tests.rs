//! Refusals row by row, and the reader held to serde_json.

use proptest::prelude::*;
use rstest::rstest;
use serde::Deserialize;

use super::node::Node;
use super::{parse, reader};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Report {
    text: String,
    place: Option<Place>,
    #[serde(default)]
    voices: Vec<u8>,
    result: Option<Verdict>,
    day: Option<jiff::civil::Date>,
    street: Option<ids::TenantId>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Place {
    lon: f64,
    #[serde(default)]
    ring: Vec<(f64, f64)>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Pass,
    Fail { note: String },
}

/// `code`, or `code pointer fault` for a validation fault.
fn refusal(body: &[u8]) -> String {
    let problem = parse::<Report>(body).expect_err("a refusal");
    let document = problem.into_document();
    let faults = document.errors.iter().map(|fault| format!(" {} {}", fault.pointer, fault.code));
    document.code + &faults.collect::<String>()
}

#[rstest]
#[case::empty("")]
#[case::space(" \n")]
#[case::cut("{\"text\":\"a\"")]
#[case::two_documents("{} {}")]
#[case::trailing_comma("{\"text\":\"a\",}")]
#[case::single_quotes("{'text':'a'}")]
#[case::comment("{\"text\":\"a\"} // no")]
#[case::nan("{\"text\":NaN}")]
#[case::infinity("{\"text\":-Infinity}")]
#[case::leading_zero("{\"text\":01}")]
#[case::bare_point("{\"text\":1.}")]
#[case::plus("{\"text\":+1}")]
#[case::raw_control("{\"text\":\"a\nb\"}")]
#[case::bad_escape("{\"text\":\"\\x\"}")]
#[case::bad_hex("{\"text\":\"\\u12g4\"}")]
#[case::signed_hex("{\"text\":\"\\u+123\"}")]
#[case::lone_high("{\"text\":\"\\ud83d\"}")]
#[case::lone_low("{\"text\":\"\\ude00\"}")]
#[case::two_high("{\"text\":\"\\ud83d\\ud83d\"}")]
#[case::high_and_letter("{\"text\":\"\\ud83d\\u0041\"}")]
#[case::duplicate("{\"text\":\"a\",\"text\":\"b\"}")]
#[case::duplicate_escaped("{\"text\":\"a\",\"\\u0074ext\":\"b\"}")]
#[case::duplicate_deep("{\"text\":\"a\",\"place\":{\"lon\":1,\"lon\":1}}")]
#[case::bom("\u{feff}{\"text\":\"a\"}")]
fn what_is_no_document_is_malformed(#[case] body: &str) {
    assert_eq!(refusal(body.as_bytes()), "malformed-body");
}

#[test]
fn bytes_that_are_not_utf8_are_malformed() {
    assert_eq!(refusal(b"{\"text\":\"\xff\"}"), "malformed-body");
    assert_eq!(refusal(b"{\"text\":\"\xed\xa0\x80\"}"), "malformed-body");
}

#[rstest]
#[case::empty_list("[]", " wrong-type")]
#[case::fields_as_list("[\"a\",null,[],null,null,null]", " wrong-type")]
#[case::variant_as_list("{\"text\":\"a\",\"result\":{\"fail\":[\"a\"]}}", "/result/fail wrong-type")]
#[case::scalar("1", " wrong-type")]
#[case::missing("{}", "/text missing-field")]
#[case::wrong_type("{\"text\":1}", "/text wrong-type")]
#[case::unknown_field("{\"text\":\"a\",\"13800000000\":1}", " unknown-field")]
#[case::unknown_deep("{\"text\":\"a\",\"place\":{\"lon\":1,\"x\":1}}", "/place unknown-field")]
#[case::missing_deep("{\"text\":\"a\",\"place\":{}}", "/place/lon missing-field")]
#[case::bad_enum("{\"text\":\"a\",\"result\":\"maybe\"}", "/result unknown-value")]
#[case::bad_enum_content(
    "{\"text\":\"a\",\"result\":{\"fail\":{\"note\":1}}}",
    "/result/fail/note wrong-type"
)]
#[case::two_variants("{\"text\":\"a\",\"result\":{\"fail\":1,\"pass\":1}}", "/result wrong-type")]
#[case::overflow("{\"text\":\"a\",\"voices\":[1,256]}", "/voices/1 invalid-value")]
#[case::negative("{\"text\":\"a\",\"voices\":[-1]}", "/voices/0 invalid-value")]
#[case::big("{\"text\":\"a\",\"voices\":[99999999999999999999]}", "/voices/0 wrong-type")]
#[case::beyond_double("{\"text\":\"a\",\"place\":{\"lon\":1e999}}", "/place/lon out-of-range")]
#[case::long_tuple(
    "{\"text\":\"a\",\"place\":{\"lon\":1,\"ring\":[[1,2],[1,2,3]]}}",
    "/place/ring/1 wrong-length"
)]
#[case::short_tuple("{\"text\":\"a\",\"place\":{\"lon\":1,\"ring\":[[1]]}}", "/place/ring/0 wrong-length")]
#[case::impossible_date("{\"text\":\"a\",\"day\":\"2026-02-30\"}", "/day invalid-value")]
#[case::bad_code("{\"text\":\"a\",\"street\":\"９\"}", "/street invalid-value")]
#[case::nul("{\"text\":\"a\\u0000b\"}", "/text nul-character")]
#[case::nul_in_enum("{\"text\":\"a\",\"result\":\"\\u0000\"}", "/result nul-character")]
#[case::nul_in_key("{\"\\u0000\":\"a\"}", " nul-character")]
fn what_does_not_fit_is_pointed_at(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(refusal(body.as_bytes()), format!("validation-failed {expected}"));
}

#[test]
fn nothing_the_caller_sent_is_repeated() {
    let canary = "13800000000";
    for body in [
        format!("{{\"text\":\"a\",\"{canary}\":1}}"),
        format!("{{\"text\":\"a\",\"result\":\"{canary}\"}}"),
        format!("{{\"text\":\"a\",\"day\":\"{canary}\"}}"),
        format!("{{\"text\":{canary}}}"),
        format!("{{\"text\":\"a\",\"place\":\"{canary}\"}}"),
        format!("{{\"text\":\"a\",\"voices\":[{canary}]}}"),
        format!("{canary} {canary}"),
    ] {
        let document = parse::<Report>(body.as_bytes()).expect_err("a refusal").into_document();
        let answer = serde_json::to_string(&document).unwrap();
        assert!(!answer.contains(canary), "{answer}");
    }
}

#[test]
fn thirty_two_levels_are_read_and_thirty_three_are_not() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(reader::read(&nested(32)).is_ok());
    assert_eq!(reader::read(&nested(33)), Err(reader::Unreadable::Malformed));
    assert_eq!(reader::read(&nested(500_000)), Err(reader::Unreadable::Malformed));
}

#[test]
fn too_many_values_are_too_large() {
    let list = format!("[{}1]", "1,".repeat(200_000));
    assert_eq!(reader::read(&list), Err(reader::Unreadable::TooManyValues));
}

#[test]
fn any_text_arrives_byte_for_byte() {
    // CJK compatibility, beyond the BMP, variation selector, emoji sequence, right to left.
    let text = "\u{f91d} 𠮷 葛\u{e0100} 👨‍👩‍👧 العربية\t\u{200f}";
    let sent = serde_json::json!({ "text": text }).to_string();
    assert_eq!(parse::<Report>(sent.as_bytes()).unwrap().text, text);
    let escaped = "{\"text\":\"\\uD842\\uDFB7\\/\\n\"}";
    assert_eq!(parse::<Report>(escaped.as_bytes()).unwrap().text, "𠮷/\n");
}

fn to_value(node: Node) -> Option<serde_json::Value> {
    use serde_json::Value;
    Some(match node {
        Node::Null => Value::Null,
        Node::Bool(value) => value.into(),
        Node::Unsigned(number) => number.into(),
        Node::Signed(number) => number.into(),
        Node::Float(number) => number.into(),
        Node::OutOfRange => return None,
        Node::Text(text) => text.into(),
        Node::List(items) => items.into_iter().map(to_value).collect::<Option<Vec<_>>>()?.into(),
        Node::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| Some((key, to_value(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}

/// Texts near the grammar: tokens of it in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"",
        "\\",
        "\\u0041",
        "\\ud83d",
        "\\ude00",
        "null",
        "true",
        "1",
        "-",
        "0",
        ".5",
        "e9",
        "e999",
        "-0",
        " ",
        "\n",
        "\u{1}",
        "中",
        "18446744073709551616",
    ]);
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let node = reader::read(&text.unwrap()).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(to_value(node), Some(value));
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_a_document(text in tokens()) {
        let ours = reader::read(&text);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (ours, theirs) {
            (Ok(node), Ok(theirs)) => prop_assert_eq!(to_value(node), Some(theirs)),
            // Out of range to them, a value to point at for us.
            (Ok(node), Err(_)) => prop_assert_eq!(to_value(node), None),
            // Only equal keys are refused by us alone.
            (Err(_), Ok(_)) => prop_assert!(text.matches("\"a\"").count() > 1 || text.matches("\"b\"").count() > 1),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn any_bytes_get_an_answer(bytes: Vec<u8>) {
        let _ = parse::<Report>(&bytes);
    }
}
