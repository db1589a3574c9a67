//! One operation of a description, and the requests that name things in it.

use harness::streets;
use serde_json::Value;
use uuid::Uuid;

use super::{of, sample};

/// Parameters that hold a tenant's code.
const STREETS: [&str; 2] = ["street", "code"];

#[derive(Debug)]
pub(super) struct Operation {
    service: &'static str,
    method: String,
    path: String,
    /// Of the path, but for the street.
    named: Vec<Parameter>,
    /// Of the query, those that hold an id.
    asked: Vec<String>,
    body: Option<(&'static str, String)>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    kind: Kind,
}

/// What a parameter holds, as its description tells.
#[derive(Debug)]
enum Kind {
    Id,
    Number,
    /// An id and one of these, e.g. `:replay`.
    Act(Vec<String>),
    /// One of these.
    Word(Vec<String>),
}

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    pub service: &'static str,
    pub method: String,
    pub path: String,
    pub body: Option<(&'static str, String)>,
}

impl Operation {
    pub(super) fn of_description(service: &'static str, description: &Value) -> Vec<Self> {
        let paths = description["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.iter().map(move |(method, operation)| (path, method, operation))
        });
        let of_one = |(path, method, operation): (&String, &String, &Value)| {
            let parameters = of(operation, "parameters").as_array().cloned().unwrap_or_default();
            let within = |place: &str| {
                let place = place.to_owned();
                parameters.clone().into_iter().filter(move |parameter| parameter["in"] == place.as_str())
            };
            let name = |parameter: &Value| parameter["name"].as_str().expect("a name").to_owned();
            let named = within("path").filter(|parameter| !STREETS.contains(&name(parameter).as_str()));
            let asked = within("query").filter(|parameter| parameter.to_string().contains("\"uuid\""));
            Self {
                service,
                method: method.to_uppercase(),
                path: path.clone(),
                named: named.map(|p| Parameter { name: name(&p), kind: Kind::of(&p) }).collect(),
                asked: asked.map(|parameter| name(&parameter)).collect(),
                body: body(description, operation),
            }
        };
        operations.map(of_one).collect()
    }

    pub(super) fn names_a_street(&self) -> bool {
        STREETS.iter().any(|name| self.path.contains(&format!("{{{name}}}")))
    }

    /// Whether an id stands in its path or its query.
    pub(super) fn names_a_thing(&self) -> bool {
        let in_path = self.named.iter().any(|parameter| matches!(parameter.kind, Kind::Id | Kind::Act(_)));
        self.names_a_street() && (in_path || !self.asked.is_empty())
    }

    /// Every way to fill it in with this street and these things; the same ways for as many other things.
    pub(super) fn requests(&self, street: &str, things: &[Uuid]) -> Vec<Request> {
        let mut paths = vec![self.path.clone()];
        for name in STREETS {
            paths.iter_mut().for_each(|path| *path = path.replace(&format!("{{{name}}}"), street));
        }
        for parameter in &self.named {
            let fillings = parameter.kind.fillings(things);
            let fill = |path: &String| {
                let place = format!("{{{}}}", parameter.name);
                fillings.iter().map(|filling| path.replace(&place, filling)).collect::<Vec<_>>()
            };
            paths = paths.iter().flat_map(fill).collect();
        }
        let plain = paths.clone();
        for name in &self.asked {
            for path in &plain {
                paths.extend(things.iter().map(|thing| format!("{path}?{name}={thing}")));
            }
        }
        let request = |path| Request {
            service: self.service,
            method: self.method.clone(),
            path,
            body: self.body.clone(),
        };
        paths.into_iter().map(request).collect()
    }
}

impl Kind {
    fn of(parameter: &Value) -> Self {
        let schema = parameter["schema"].to_string();
        if schema.contains("\"uuid\"") {
            return Kind::Id;
        }
        if schema.contains("\"integer\"") {
            return Kind::Number;
        }
        let described = of(parameter, "description").as_str().unwrap_or_default();
        let words = described.split(|c: char| !c.is_ascii_lowercase() && !"_-:".contains(c));
        let words: Vec<String> = words.filter(|word| word.len() > 1).map(str::to_owned).collect();
        let acts: Vec<String> = words.iter().filter(|word| word.starts_with(':')).cloned().collect();
        if acts.is_empty() { Kind::Word(words) } else { Kind::Act(acts) }
    }

    fn fillings(&self, things: &[Uuid]) -> Vec<String> {
        match self {
            Kind::Id => things.iter().map(Uuid::to_string).collect(),
            Kind::Number => vec!["1".to_owned(), "2".to_owned()],
            Kind::Word(words) => words.clone(),
            Kind::Act(acts) => {
                things.iter().flat_map(|thing| acts.iter().map(move |act| format!("{thing}{act}"))).collect()
            }
        }
    }
}

/// A sound body, as far as a description tells; a manifest is the foreign street's own.
fn body(description: &Value, operation: &Value) -> Option<(&'static str, String)> {
    let content = &of(operation, "requestBody")["content"];
    if let Some(json) = content.get("application/json") {
        return Some(("application/json", sample::of_schema(description, &json["schema"]).to_string()));
    }
    let yaml = content.get("application/yaml").is_some();
    yaml.then(|| ("application/yaml", streets::street(1)))
}
