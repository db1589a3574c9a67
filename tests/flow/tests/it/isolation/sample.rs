//! The least value that a schema takes, so that a request is refused for what it names and not for its form.

use serde_json::{Map, Value, json};

use super::of;

/// Of a schema inside `description`, whose references it follows.
pub(super) fn of_schema(description: &Value, schema: &Value) -> Value {
    if let Some(reference) = of(schema, "$ref").as_str() {
        let pointer = reference.trim_start_matches('#');
        return of_schema(description, description.pointer(pointer).expect("a reference within"));
    }
    for key in ["example", "const", "default"] {
        if let Some(value) = schema.get(key) {
            return value.clone();
        }
    }
    if let Some(first) = of(schema, "enum").get(0) {
        return first.clone();
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = of(schema, key).get(0) {
            return of_schema(description, first);
        }
    }
    of_type(description, schema)
}

fn of_type(description: &Value, schema: &Value) -> Value {
    let kind = match of(schema, "type") {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") => Value::Object(of_object(description, schema)),
        Some("array") => json!([]),
        // Nothing is numbered 0.
        Some("integer") => of(schema, "minimum").as_i64().unwrap_or(1).max(1).into(),
        Some("number") => json!(1.0),
        Some("boolean") => json!(false),
        _ => of_text(of(schema, "format").as_str()),
    }
}

fn of_object(description: &Value, schema: &Value) -> Map<String, Value> {
    let required = of(schema, "required").as_array().cloned().unwrap_or_default();
    let names = required.iter().filter_map(Value::as_str);
    names.map(|name| (name.to_owned(), of_schema(description, &schema["properties"][name]))).collect()
}

fn of_text(format: Option<&str>) -> Value {
    match format {
        Some("uuid") => json!("5f3c6c1e-0000-4000-8000-00000000000a"),
        Some("date-time") => json!("2026-11-24T00:00:00Z"),
        _ => json!("x"),
    }
}
