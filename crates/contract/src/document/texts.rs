//! Texts and keys of a document: bounds, and no U+0000, which no table can store. Pure.
//!
//! Looks at the document as it is written, so that a field added later is inside by itself.

use serde::Serialize;
use serde_json::Value;

use super::check::{Faults, Problem};

/// Most characters of a name.
const NAME_CHARACTERS_MAX: usize = 200;
/// Most characters of any other text.
const TEXT_CHARACTERS_MAX: usize = 4_000;
/// Most characters of a key.
const KEY_CHARACTERS_MAX: usize = 64;
/// Fields that are names.
const NAMES: [&str; 4] = ["zh", "en", "short_name", "kind"];
/// Maps whose keys are identifiers; the keys of others are words of people or checked by their type.
const KEYED: [&str; 7] = ["items", "categories", "policies", "chains", "calendars", "endpoints", "rules"];

pub(super) fn check(faults: &mut Faults, core: &impl Serialize) {
    // A document that cannot be written is refused where it is encoded.
    let Ok(Value::Object(fields)) = serde_json::to_value(core) else { return };
    for (field, value) in &fields {
        if let (true, Value::Object(entries)) = (KEYED.contains(&field.as_str()), value) {
            for key in entries.keys().filter(|key| !identifier(key)) {
                faults.add(format!("{field}.{}", key.replace('\0', "\u{fffd}")), Problem::BadKey);
            }
        }
        walk(faults, field, field, value);
    }
}

fn identifier(key: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=KEY_CHARACTERS_MAX).contains(&key.len()) && key.bytes().all(fine)
}

fn walk(faults: &mut Faults, path: &str, field: &str, value: &Value) {
    match value {
        Value::String(text) => judge(faults, path, field, text),
        Value::Array(values) => values.iter().for_each(|value| walk(faults, path, field, value)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{path}.{}", key.replace('\0', "\u{fffd}"));
                judge(faults, &path, "", key);
                walk(faults, &path, key, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn judge(faults: &mut Faults, path: &str, field: &str, text: &str) {
    faults.unless(!text.contains('\0'), path, || Problem::NulCharacter);
    let bound = if NAMES.contains(&field) { NAME_CHARACTERS_MAX } else { TEXT_CHARACTERS_MAX };
    // Bytes first: counting characters of a megabyte is only needed when it could fit.
    let long = text.len() > bound && text.chars().count() > bound;
    faults.unless(!long, path, || Problem::TextTooLong);
}
