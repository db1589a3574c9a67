//! The differences of two trees carry one to the other, and none are told that are not there.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

/// The tree `before` would be after all of `differences`.
fn carried(before: &Value, differences: &[Difference<'_>]) -> Value {
    let mut tree = before.clone();
    // Indices of what goes are those of before, of what comes those of after: last first, then first first.
    let gone = differences.iter().rev().filter(|difference| difference.change() == Change::Removed);
    let rest = differences.iter().filter(|difference| difference.change() != Change::Removed);
    for difference in gone.chain(rest) {
        let Some((last, way)) = difference.steps.split_last() else {
            return difference.after.cloned().expect("a root is never removed");
        };
        let parent = way.iter().fold(&mut tree, |value, step| match value {
            Value::Array(entries) => &mut entries[step.token.parse::<usize>().unwrap()],
            other => &mut other[&step.token],
        });
        put(parent, last, difference);
    }
    tree
}

fn put(parent: &mut Value, last: &Step<'_>, difference: &Difference<'_>) {
    match (parent, difference.after) {
        (Value::Object(fields), None) => drop(fields.remove(&last.token)),
        (Value::Object(fields), Some(after)) => drop(fields.insert(last.token.clone(), after.clone())),
        (Value::Array(entries), None) => drop(entries.remove(last.token.parse().unwrap())),
        (Value::Array(entries), Some(after)) => {
            let index: usize = last.token.parse().unwrap();
            match difference.change() {
                Change::Changed => entries[index] = after.clone(),
                _ => entries.insert(index, after.clone()),
            }
        }
        (other, _) => panic!("{other} has no entries"),
    }
}

fn told(before: &Value, after: &Value) -> Vec<(String, Change)> {
    differences(before, after).iter().map(|found| (found.pointer(), found.change())).collect()
}

#[rstest]
#[case::nothing(json!({"a": 1}), json!({"a": 1}), &[])]
#[case::a_field(json!({"a": 1}), json!({"a": 2}), &[("/a", Change::Changed)])]
#[case::comes_and_goes(json!({"a": 1}), json!({"b": 1}), &[("/a", Change::Removed), ("/b", Change::Added)])]
#[case::within(json!({"a": {"b": 1, "c": 1}}), json!({"a": {"b": 2, "c": 1}}), &[("/a/b", Change::Changed)])]
#[case::whole_entries(json!({"a": {}}), json!({"a": {"x": {"y": 1}}}), &[("/a/x", Change::Added)])]
#[case::another_type(json!({"a": []}), json!({"a": {}}), &[("/a", Change::Changed)])]
#[case::escaped(json!({"a/b": {"c~d": 1}}), json!({"a/b": {}}), &[("/a~1b/c~0d", Change::Removed)])]
#[case::member_of_a_list(json!(["a", "b"]), json!(["x", "b"]), &[("/0", Change::Removed), ("/0", Change::Added)])]
#[case::moved_up(json!(["a", "b", "c"]), json!(["b", "c"]), &[("/0", Change::Removed)])]
#[case::changed_places(json!(["a", "b"]), json!(["b", "a"]), &[("", Change::Changed)])]
#[case::twice(json!(["a"]), json!(["a", "a"]), &[("", Change::Changed)])]
#[case::known_by_code(
    json!([{"code": "1", "name": "x"}, {"code": "2"}]),
    json!([{"code": "0"}, {"code": "1", "name": "y"}]),
    &[("/1", Change::Removed), ("/0", Change::Added), ("/1", Change::Changed)]
)]
fn cases(#[case] before: Value, #[case] after: Value, #[case] expected: &[(&str, Change)]) {
    let expected: Vec<_> = expected.iter().map(|(place, change)| ((*place).to_owned(), *change)).collect();
    assert_eq!(told(&before, &after), expected);
    assert_eq!(carried(&before, &differences(&before, &after)), after);
}

/// Small alphabets, so that two trees have much in common.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..4u32).prop_map(Value::from),
        "[ab/~]{0,2}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 48, 5, |inner| {
        let coded = ("[ab]", inner.clone()).prop_map(|(code, value)| json!({ "code": code, "value": value }));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(coded, 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc/~]", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_difference_appears(before in tree(), after in tree()) {
        let found = differences(&before, &after);
        prop_assert_eq!(found.is_empty(), before == after);
        prop_assert_eq!(carried(&before, &found), after);
    }

    #[test]
    fn what_is_equal_differs_in_nothing(same in tree()) {
        let copy = same.clone();
        prop_assert_eq!(differences(&same, &copy), vec![]);
    }
}
