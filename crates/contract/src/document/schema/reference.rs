//! The manifest reference, written from the schemas: every field of both kinds, and every word with its meaning.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

const HEAD: &str = "# Manifest reference\n
Every field of the two manifests, `District` (区清单) and `Street` (街道清单). Written by `./dev generate` from the same types that read
them; do not edit it by hand. The schemas for editors are in [packs/schema](../packs/schema), examples in [packs/demo](../packs/demo), what is
answered to a faulty manifest in [bad-input.md](bad-input.md).\n
`<key>` is a key of your own, `[]` an entry of a list. A field that is not required may be left out; its default is then taken. *Code*, *slug*
and the other forms of a text are at the end.\n";

/// The whole page.
pub(super) fn page(schemas: &[Value]) -> String {
    let mut page = HEAD.to_owned();
    let (mut words, mut forms) = (BTreeMap::new(), BTreeMap::new());
    for schema in schemas {
        let reader = Reader { definitions: &schema["$defs"] };
        let mut rows = Vec::new();
        reader.fields(schema, "", &mut rows, &mut words);
        let _ = write!(page, "\n## {}\n\n{}.\n\n", text(&schema["title"]), text(&schema["description"]));
        page.push_str("| field | type | required | default | meaning |\n|---|---|---|---|---|\n");
        rows.iter().for_each(|row| page.push_str(row));
        for (name, form) in schema["$defs"].as_object().into_iter().flatten() {
            if let Some(pattern) = form["pattern"].as_str() {
                forms.insert(name.to_lowercase(), format!("`{pattern}` | {}", text(&form["description"])));
            }
        }
    }
    page.push_str("\n## Words\n\n| word | of | meaning |\n|---|---|---|\n");
    for ((name, word), meaning) in words {
        let _ = writeln!(page, "| `{word}` | {name} | {meaning} |");
    }
    page.push_str("\n## Forms of texts\n\n| form | pattern | meaning |\n|---|---|---|\n");
    for (name, form) in forms {
        let _ = writeln!(page, "| *{name}* | {form} |");
    }
    page
}

/// The words of a schema by the name of their type.
type Words = BTreeMap<(String, String), String>;

struct Reader<'a> {
    definitions: &'a Value,
}

impl<'a> Reader<'a> {
    /// A row for each field of an object, followed by those below it.
    fn fields(&self, object: &'a Value, above: &str, rows: &mut Vec<String>, words: &mut Words) {
        for choice in objects_of(object) {
            self.fields(choice, above, rows, words);
        }
        let required =
            |name: &str| object["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
        let mut fields: Vec<_> = object["properties"].as_object().into_iter().flatten().collect();
        fields.sort_by_key(|(name, _)| !required(name));
        for (name, field) in fields {
            let path = format!("{above}{name}");
            let (kind, default) = (self.kind(field, words), default_of(field));
            let required = if required(name) { "yes" } else { "" };
            let meaning = field.get("description").unwrap_or(&object["description"]);
            let meaning = text(meaning);
            rows.push(format!("| `{path}` | {kind} | {required} | {default} | {meaning} |\n"));
            let (inner, step) = self.inside(field);
            self.fields(inner, &format!("{path}{step}."), rows, words);
        }
    }

    /// What a field holds in the end, and how its path goes on.
    fn inside(&self, field: &'a Value) -> (&'a Value, String) {
        let shape = self.resolved(field);
        if let Some(items) = shape.get("items") {
            let (inner, step) = self.inside(items);
            return (inner, format!("[]{step}"));
        }
        match values_of(shape) {
            Some((_, values)) => {
                let (inner, step) = self.inside(values);
                (inner, format!(".<key>{step}"))
            }
            None => (shape, String::new()),
        }
    }

    fn kind(&self, field: &'a Value, words: &mut Words) -> String {
        let shape = self.resolved(field);
        if let Some(items) = shape.get("items") {
            let count = shape["minItems"].as_u64().map(|count| format!("{count} of "));
            return format!("list of {}{}", count.unwrap_or_default(), self.kind(items, words));
        }
        if objects_of(shape).next().is_some() {
            return "mapping".to_owned();
        }
        if let Some((keys, values)) = values_of(shape) {
            let keys = if keys.starts_with("`^") { self.form(keys.trim_matches('`')) } else { keys };
            return format!("map from {keys} to {}", self.kind(values, words));
        }
        let listed = self.listed(field, words);
        match (listed.is_empty(), shape["pattern"].as_str(), shape["type"].as_str()) {
            (false, _, _) => listed.join(", "),
            (_, Some(pattern), _) => self.form(pattern),
            (_, _, Some("string")) => "text".to_owned(),
            (_, _, Some("boolean")) => "`true` or `false`".to_owned(),
            (_, _, Some("integer")) => "whole number".to_owned(),
            (_, _, Some("number")) => "number".to_owned(),
            (_, _, Some("object")) => "mapping".to_owned(),
            _ => nullable(shape).to_owned(),
        }
    }

    /// The name of a pattern, or the pattern itself if the schema has none for it.
    fn form(&self, pattern: &str) -> String {
        let mut named = self.definitions.as_object().into_iter().flatten();
        let found = named.find(|(_, form)| form["pattern"] == pattern);
        found.map_or_else(|| format!("`{pattern}`"), |(name, _)| format!("*{}*", name.to_lowercase()))
    }

    /// The words a field may be; those with a meaning are kept for the table at the end.
    fn listed(&self, field: &'a Value, words: &mut Words) -> Vec<String> {
        let shape = self.resolved(field);
        let single = shape.get("const").into_iter();
        let plain = single.chain(shape["enum"].as_array().into_iter().flatten());
        let mut listed: Vec<String> = plain.map(|word| format!("`{}`", text(word))).collect();
        for choice in shape["oneOf"].as_array().into_iter().flatten() {
            let word = text(&choice["const"]);
            let name = field["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
            words.insert((name.to_owned(), word.to_owned()), text(&choice["description"]).to_owned());
            listed.push(format!("`{word}`"));
        }
        listed
    }

    /// Behind `$ref`, and without the `null` that an optional field may be.
    fn resolved(&self, field: &'a Value) -> &'a Value {
        let choices = field["anyOf"].as_array().into_iter().flatten();
        let field = choices.into_iter().find(|choice| choice["type"] != "null").unwrap_or(field);
        match field["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            Some(name) => &self.definitions[name],
            None => field,
        }
    }
}

/// The mappings of which a value is one, told apart by their `type`.
fn objects_of(shape: &Value) -> impl Iterator<Item = &Value> {
    shape["oneOf"].as_array().into_iter().flatten().filter(|choice| choice["type"] == "object")
}

/// What the keys and the values of a map are.
fn values_of(shape: &Value) -> Option<(String, &Value)> {
    if let Some((pattern, values)) = shape["patternProperties"].as_object().and_then(|p| p.iter().next()) {
        return Some((format!("`{pattern}`"), values));
    }
    if shape["additionalProperties"].is_object() {
        return Some(("text".to_owned(), &shape["additionalProperties"]));
    }
    let properties = shape["properties"].as_object().filter(|_| shape.get("required").is_none())?;
    let values = properties.values().next().filter(|first| properties.values().all(|v| v == *first))?;
    let keys: Vec<String> = properties.keys().map(|key| format!("`{key}`")).collect();
    (keys.len() > 2).then(|| (keys.join(", "), values))
}

fn nullable(shape: &Value) -> &'static str {
    let types = shape["type"].as_array().into_iter().flatten();
    match types.filter_map(Value::as_str).find(|name| *name != "null") {
        Some("string") => "text",
        Some("integer") => "whole number",
        Some("boolean") => "`true` or `false`",
        _ => "anything",
    }
}

fn default_of(field: &Value) -> String {
    match field.get("default") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
