//! The schema of a manifest, read once into what the survey walks by.
//!
//! Takes the few words of JSON Schema that the contract's types are said in, and no other: one that it does not know
//! is a broken build, not a rule that is passed over. A test reads both schemas.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use contract::document::{Kind, schema};
use regex::Regex;
use serde_json::Value;

/// What may stand somewhere.
#[derive(Debug)]
pub(super) struct Shape {
    /// Different for each place of the schema.
    pub number: u32,
    /// Null is as good.
    pub nullable: bool,
    pub form: Form,
}

/// Without null.
#[derive(Debug)]
pub(super) enum Form {
    /// A mapping with these fields and no others.
    Fields(BTreeMap<String, Field>),
    /// A mapping with keys of the writer's own.
    Entries(Option<Pattern>, Box<Shape>),
    /// Mappings told apart by the word of their field `type`.
    Choice(BTreeMap<String, Shape>),
    /// Of so many entries, where the number is fixed.
    List(Box<Shape>, Option<u64>),
    Text(Option<Pattern>),
    Words(Vec<String>),
    Whole {
        max: u64,
    },
    Number,
    Flag,
    Anything,
}

#[derive(Debug)]
pub(super) struct Field {
    pub required: bool,
    pub shape: Shape,
}

/// What a text must look like.
#[derive(Debug)]
pub(super) struct Pattern {
    pub regex: Regex,
    /// The same in words, Chinese and English; empty if the schema has none.
    pub about: String,
}

static DISTRICT: LazyLock<Shape> = LazyLock::new(|| Reader::root(&schema::of(Kind::District)));
static STREET: LazyLock<Shape> = LazyLock::new(|| Reader::root(&schema::of(Kind::Street)));
static EITHER: LazyLock<Shape> = LazyLock::new(|| {
    let mut schema = schema::of(Kind::District);
    schema["properties"]["kind"] = serde_json::json!({ "enum": ["District", "Street"] });
    schema["properties"]["spec"] = Value::Bool(true);
    Reader::root(&schema)
});

/// The shape of a manifest that says it is of this kind; of one that says neither, what both have.
pub(super) fn of(kind: Option<&str>) -> &'static Shape {
    match kind {
        Some("District") => &DISTRICT,
        Some("Street") => &STREET,
        _ => &EITHER,
    }
}

struct Reader<'a> {
    definitions: &'a Value,
    shapes: u32,
}

impl Reader<'_> {
    fn root(schema: &Value) -> Shape {
        Reader { definitions: &schema["$defs"], shapes: 0 }.shape(schema)
    }

    fn shape(&mut self, schema: &Value) -> Shape {
        let null = |choice: &&Value| choice["type"] == "null";
        let choices: Vec<&Value> = schema["anyOf"].as_array().into_iter().flatten().collect();
        let bare = choices.iter().find(|choice| !null(choice)).copied().unwrap_or(schema);
        let types = schema["type"].as_array().into_iter().flatten();
        let nullable = choices.iter().any(null) || types.into_iter().any(|name| name == "null");
        let form = match bare["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            Some(name) => {
                let definitions = self.definitions;
                self.form(&definitions[name])
            }
            None => self.form(bare),
        };
        self.shapes += 1;
        Shape { number: self.shapes, nullable, form }
    }

    fn form(&mut self, schema: &Value) -> Form {
        if schema == &Value::Bool(true) {
            return Form::Anything;
        }
        let words = words(schema);
        if !words.is_empty() {
            return Form::Words(words);
        }
        if schema["oneOf"].is_array() {
            return self.choice(schema);
        }
        let types = schema["type"].as_array().into_iter().flatten().chain([&schema["type"]]);
        match types.filter_map(Value::as_str).find(|name| *name != "null") {
            Some("string") => Form::Text(pattern(&schema["pattern"], &schema["description"])),
            Some("integer") if schema["format"] == "uint16" => Form::Whole { max: u16::MAX.into() },
            Some("integer") if schema["format"] == "uint32" => Form::Whole { max: u32::MAX.into() },
            Some("integer") if schema["format"] == "uint64" => Form::Whole { max: u64::MAX },
            Some("boolean") => Form::Flag,
            Some("number") => Form::Number,
            Some("array") => {
                let count = schema["minItems"].as_u64().filter(|_| schema["minItems"] == schema["maxItems"]);
                Form::List(Box::new(self.shape(&schema["items"])), count)
            }
            Some("object") => self.object(schema),
            _ => panic!("a schema of the contract says what no survey knows: {schema}"),
        }
    }

    fn choice(&mut self, schema: &Value) -> Form {
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let named = choices.map(|choice| {
            let word = choice["properties"]["type"]["const"].as_str();
            (word.expect("choices of the contract are told apart by `type`").to_owned(), self.shape(choice))
        });
        Form::Choice(named.collect())
    }

    fn object(&mut self, schema: &Value) -> Form {
        if let Some(patterns) = schema["patternProperties"].as_object() {
            let (key, values) =
                patterns.iter().next().expect("a map of the contract has one pattern of keys");
            return Form::Entries(pattern(&key.as_str().into(), &Value::Null), Box::new(self.shape(values)));
        }
        if schema["additionalProperties"].is_object() {
            return Form::Entries(None, Box::new(self.shape(&schema["additionalProperties"])));
        }
        assert_eq!(schema["additionalProperties"], false, "forms of the contract refuse unknown fields");
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let field = |(name, schema): (&String, &Value)| {
            (name.clone(), Field { required: required.contains(&name.as_str()), shape: self.shape(schema) })
        };
        Form::Fields(fields.map(field).collect())
    }
}

/// The words of an enumeration, with or without descriptions.
fn words(schema: &Value) -> Vec<String> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten().map(|choice| &choice["const"]);
    let words = listed.chain(described).chain(schema.get("const"));
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pattern(pattern: &Value, about: &Value) -> Option<Pattern> {
    let regex = Regex::new(pattern.as_str()?).expect("a pattern of the contract is a regular expression");
    Some(Pattern { regex, about: about.as_str().unwrap_or_default().to_owned() })
}
