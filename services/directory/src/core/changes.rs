//! What a manifest would change: the documents of now against those it would make, for people to read.
//!
//! Documents, not manifests: two manifests may say the same in other words, and a district's documents hold the pack
//! it names, which may have moved without it. Pointers lead into `{"core": …, "people": …, "territory": …}`, the bodies of
//! the documents as they can be read; of a shape people are told what it measures. Nothing of a document is secret (D20).

use contract::document::{Document, DocumentError, Name, Part};
use serde_json::{Value, json};

use super::diff::{self, Change, Difference};
use super::outline::outlined;
use super::wording::Books;
use super::words;

/// Most changes told; the rest is counted.
pub(crate) const CHANGES_MAX: usize = 500;

/// Fields of the top level whose entries are told one by one even where all of them are new.
const COLLECTIONS: [&str; 15] = [
    "communities",
    "bodies",
    "categories",
    "items",
    "policies",
    "chains",
    "calendars",
    "alarm_words",
    "endpoints",
    "successors",
    "members",
    "keys",
    "posts",
    "rotas",
    "layers",
];

/// One change as it is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// JSON pointer.
    pub pointer: String,
    pub change: Change,
    /// What stands there now.
    pub before: Option<Value>,
    /// What would stand there.
    pub after: Option<Value>,
    /// The place in words.
    pub label: Name,
    /// `before` in words.
    pub before_text: Option<Name>,
    /// `after` in words.
    pub after_text: Option<Name>,
}

/// What differs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Changes {
    /// At most [`CHANGES_MAX`].
    pub told: Vec<Told>,
    /// How many more there are.
    pub more: usize,
}

/// Every change from `before` (nothing, for a tenant nobody has applied) to `after`. `pack` is the core of a
/// street's district, for names.
pub(crate) fn changes(
    before: &[Document],
    after: &[Document],
    pack: Option<&Document>,
) -> Result<Changes, DocumentError> {
    let after = tree(after)?;
    let before = if before.is_empty() { blank(&after) } else { tree(before)? };
    let pack = pack.map(|pack| serde_json::to_value(&pack.body)).transpose()?;
    let books = Books([&after["core"], &before["core"]].into_iter().chain(&pack).collect());
    let mut found = diff::differences(&before, &after);
    found.sort_by_key(rank);
    let more = found.len().saturating_sub(CHANGES_MAX);
    let told = found.into_iter().take(CHANGES_MAX).map(|difference| told(&books, &difference));
    Ok(Changes { told: told.collect(), more })
}

fn told(books: &Books<'_>, difference: &Difference<'_>) -> Told {
    let (label, field) = books.place(&difference.steps);
    let (before, after) = (difference.before.map(outlined), difference.after.map(outlined));
    let text = |value: &Option<Value>| value.as_ref().map(|value| books.value(field, value));
    Told {
        pointer: difference.pointer(),
        change: difference.change(),
        label,
        before_text: text(&before),
        after_text: text(&after),
        before,
        after,
    }
}

/// Core before territory before people, then by the field of the top level.
fn rank(difference: &Difference<'_>) -> (Option<usize>, usize) {
    let token = |at: usize| difference.steps.get(at).map_or("", |step| step.token.as_str());
    let parts = [Part::Core, Part::Territory, Part::People];
    (parts.iter().position(|part| part.as_str() == token(0)), words::rank(token(1)))
}

/// All bodies as one tree, without what is no content of the tenant: its own code, which never changes, the
/// pack's generation, which moves without it, and since when its calendar is as it is. A field that is null is as one that is not there.
fn tree(documents: &[Document]) -> Result<Value, DocumentError> {
    let mut tree = json!({ "core": {}, "people": {}, "territory": { "layers": {} } });
    for document in documents {
        let mut body = serde_json::to_value(&document.body)?;
        if let (Part::Core | Part::Territory, Some(fields)) = (document.header.part, body.as_object_mut()) {
            fields.remove("code");
            fields.remove("pack_generation");
            fields.remove("calendar_since");
        }
        without_nulls(&mut body);
        with_collections(document.header.part, &mut body);
        tree[document.header.part.as_str()] = body;
    }
    Ok(tree)
}

/// Collections that a document leaves out while they are empty: there, so that their first entry is told as one.
fn with_collections(part: Part, body: &mut Value) {
    let left_out: &[&str] = match part {
        Part::Core => &["successors"],
        Part::People => &["keys", "posts", "rotas"],
        // No manifest has a classifier.
        Part::Territory | Part::Classifier => &[],
    };
    let Some(fields) = body.as_object_mut() else { return };
    for field in left_out {
        fields.entry(*field).or_insert_with(|| json!({}));
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// The tree before the first apply: only the collections are there, empty.
fn blank(after: &Value) -> Value {
    let mut blank = after.clone();
    for part in blank.as_object_mut().into_iter().flat_map(|parts| parts.values_mut()) {
        if let Value::Object(fields) = part {
            fields.retain(|field, _| COLLECTIONS.contains(&field.as_str()));
            fields.values_mut().for_each(|value| match value {
                Value::Array(entries) => entries.clear(),
                other => *other = json!({}),
            });
        }
    }
    blank
}

#[cfg(test)]
mod tests;
