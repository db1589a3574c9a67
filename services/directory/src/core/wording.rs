//! Puts a difference into words: which place it is, and what stood and will stand there, in both languages.
//!
//! A code keeps its place in the text and gets its name beside it; names come from the documents at hand. Long values
//! are cut: the whole of it travels beside the text.

use contract::document::Name;
use serde_json::{Map, Value};

use super::diff::Step;
use super::words;

/// Most characters of a text.
const TEXT_CHARACTERS_MAX: usize = 200;

/// Documents to look names up in, the newest first.
#[derive(Debug)]
pub(super) struct Books<'a>(pub Vec<&'a Value>);

impl Books<'_> {
    /// The place of a difference, and the field its values are read as. `steps` begin with the part.
    pub(super) fn place<'s>(&self, steps: &'s [Step<'_>]) -> (Name, &'s str) {
        let mut place = Name::default();
        let mut field = "";
        let mut key_follows = false;
        for step in steps.iter().skip(1) {
            if step.in_list {
                let entry = self.entry(field, &step.token, step.value);
                push(&mut place, " ", entry);
            } else if key_follows {
                push(&mut place, " ", self.coded(field, &step.token));
                (field, key_follows) = (of_entries(field), false);
            } else {
                let within = std::mem::replace(&mut field, &step.token);
                key_follows = words::keyed(field);
                push(&mut place, " · ", name(words::field_of(within, field), &spaced(field)));
            }
        }
        (cut(place), field)
    }

    /// A value, in brief.
    pub(super) fn value(&self, field: &str, value: &Value) -> Name {
        cut(self.text(field, value))
    }

    fn entry(&self, field: &str, index: &str, value: &Value) -> Name {
        if let Some(code) = value["code"].as_str() {
            return Name {
                zh: format!("{code} {}", value["name"]["zh"].as_str().unwrap_or_default()),
                en: format!("{code} {}", value["name"]["en"].as_str().unwrap_or_default()),
            };
        }
        match (value["date"].as_str().or(value["from"].as_str()), field) {
            (Some(date), _) => same(date),
            (None, "steps") => {
                same(&index.parse().map_or(index.to_owned(), |at: usize| (at + 1).to_string()))
            }
            (None, _) => self.text(field, value),
        }
    }

    fn text(&self, field: &str, value: &Value) -> Name {
        match value {
            Value::Null => name("无", "none"),
            Value::Bool(true) => name("是", "yes"),
            Value::Bool(false) => name("否", "no"),
            Value::Number(number) => same(&number.to_string()),
            Value::String(text) => self.coded(field, text),
            Value::Array(entries) if entries.is_empty() => name("无", "none"),
            Value::Array(entries) => joined(entries.iter().map(|entry| self.text(field, entry)), "、", ", "),
            Value::Object(fields) => self.object(field, fields),
        }
    }

    fn object(&self, field: &str, fields: &Map<String, Value>) -> Name {
        if let (Some(zh), Some(en)) = (text_of(fields, "zh"), text_of(fields, "en")) {
            return name(zh, en);
        }
        if let (Some(amount), Some(unit)) = (fields.get("amount"), text_of(fields, "unit")) {
            return limit(amount, unit, text_of(fields, "clock"));
        }
        // A grant holds in the tenant whose document it stands in; an empty text says nothing.
        let told = fields.iter().filter(|(inner, value)| *inner != "scope" && *value != "");
        let pair = |(inner, value): (&String, &Value)| {
            let (head, value) = if words::keyed(field) {
                (self.coded(field, inner), self.text(of_entries(field), value))
            } else {
                (name(words::field_of(field, inner), &spaced(inner)), self.text(inner, value))
            };
            name(&format!("{}：{}", head.zh, value.zh), &format!("{}: {}", head.en, value.en))
        };
        joined(told.map(pair), "；", "; ")
    }

    /// A code with its name beside it.
    fn coded(&self, field: &str, code: &str) -> Name {
        match self.known(field, code) {
            Some(known) => name(&beside(code, &known.zh), &beside(code, &known.en)),
            None => same(code),
        }
    }

    fn known(&self, field: &str, code: &str) -> Option<Name> {
        match field {
            "items" | "alarm_words" => self.named("items", code),
            "categories" | "category" => self.named("categories", code),
            "bodies" | "lead" | "assists" | "also_assist" | "also_inform" | "informs" | "body"
            | "successors" => self.named("bodies", code.split_once('@').map_or(code, |(key, _)| key)),
            _ => words::meaning(field, code).map(|chinese| name(chinese, "")),
        }
    }

    /// By the newest document that names it. People know a body by its short name.
    fn named(&self, collection: &str, key: &str) -> Option<Name> {
        self.0.iter().find_map(|core| {
            let entry = core.get(collection)?.get(key)?;
            let full = entry.get("name").unwrap_or(entry);
            let short = entry["short_name"].as_str().filter(|short| !short.is_empty());
            Some(name(short.or(full["zh"].as_str())?, full["en"].as_str()?))
        })
    }
}

fn limit(amount: &Value, unit: &str, clock: Option<&str>) -> Name {
    let chinese = |field, word| words::meaning(field, word).unwrap_or(word).to_owned();
    let of = clock.map(|clock| (format!("（{}）", chinese("clock", clock)), format!(" ({clock})")));
    let (zh, en) = of.unwrap_or_default();
    name(&format!("{amount} {}{zh}", chinese("unit", unit)), &format!("{amount} {unit}{en}"))
}

fn text_of<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    fields.get(field)?.as_str()
}

fn name(zh: &str, en: &str) -> Name {
    Name { zh: zh.to_owned(), en: en.to_owned() }
}

fn same(text: &str) -> Name {
    name(text, text)
}

fn beside(code: &str, known: &str) -> String {
    if known.is_empty() { code.to_owned() } else { format!("{code} {known}") }
}

/// Our fields are English words.
fn spaced(field: &str) -> String {
    field.replace('_', " ")
}

/// What the entries of a keyed field are read as: alarm words hold items, the others fields of their own.
fn of_entries(field: &str) -> &str {
    match field {
        "alarm_words" => field,
        "layers" => words::LAYER,
        "pairs" => words::PAIR,
        _ => "",
    }
}

fn push(text: &mut Name, between: &str, more: Name) {
    for (text, more) in [(&mut text.zh, more.zh), (&mut text.en, more.en)] {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(&more);
    }
}

fn joined(texts: impl Iterator<Item = Name>, zh: &str, en: &str) -> Name {
    let (chinese, english): (Vec<_>, Vec<_>) = texts.map(|text| (text.zh, text.en)).unzip();
    name(&chinese.join(zh), &english.join(en))
}

fn cut(text: Name) -> Name {
    let cut = |text: String| match text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    Name { zh: cut(text.zh), en: cut(text.en) }
}
