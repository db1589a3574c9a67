//! Everything that does not fit the schema, in one walk, for a manifest that the typed reader has refused.
//!
//! The typed reader stops at its first fault and stays the authority: this only tells more. So it follows that
//! reader's ways with scalars: a text may stand without quotes, a number may stand in quotes, `no` is no flag, `012`
//! no number. What it does not know better (explicit tags, merge keys) it passes over; if it finds nothing, the typed
//! reader's own fault is told.
//!
//! Bounds: a part that is used through aliases is looked at once for each place of the schema, the whole walk takes
//! as many steps as a file has nodes, and faults beyond the first few are counted, not written.

mod shape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use self::shape::{Field, Form, Pattern, Shape};
use super::fault::{FAULTS_MAX, Fault, Found, escaped};
use super::manifest::NODES_MAX;
use super::tree::{At, Id, Tagged, Tree, View};

/// Every fault of a manifest's structure.
pub(super) fn survey(tree: &Tree) -> Found {
    let mut survey =
        Survey { tree, found: Found::default(), path: Vec::new(), seen: HashSet::new(), left: NODES_MAX };
    if let Some(root) = tree.root() {
        let kind = tree.get(root, "kind").and_then(|kind| tree.key(kind));
        survey.look(root, shape::of(kind));
    }
    survey.found
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

struct Survey<'a> {
    tree: &'a Tree,
    found: Found,
    path: Vec<Step<'a>>,
    /// Shared nodes by the shape they were held against.
    seen: HashSet<(Id, u32)>,
    /// Nodes that are still looked at.
    left: usize,
}

impl<'a> Survey<'a> {
    fn look(&mut self, id: Id, shape: &'a Shape) {
        let again = self.tree.shared(id).is_some_and(|shared| !self.seen.insert((shared, shape.number)));
        if again || self.left == 0 {
            return;
        }
        self.left -= 1;
        match self.tree.tagged(id) {
            Tagged::No => self.fit(id, shape),
            Tagged::Core => {}
            Tagged::Unknown => {
                self.add(self.tree.at(id), "unknown-tag", || {
                    "不支持该标签 / a tag that is not known".to_owned()
                });
            }
        }
    }

    fn fit(&mut self, id: Id, shape: &'a Shape) {
        match (&shape.form, self.tree.view(id)) {
            (Form::Anything, _) => {}
            (_, View::Text { text, plain: true }) if shape.nullable && null(text) => {}
            (Form::Fields(fields), View::Map(entries)) => self.fields(id, entries, fields),
            (Form::Entries(keys, values), View::Map(entries)) => self.entries(entries, keys.as_ref(), values),
            (Form::Choice(choices), View::Map(entries)) => self.choice(id, entries, choices),
            (Form::List(items, count), View::List(ids)) => {
                if let Some(count) = count.filter(|count| *count != ids.len() as u64) {
                    let detail = || format!("须恰有 {count} 项 / must have exactly {count} entries");
                    self.add(self.tree.at(id), "wrong-length", detail);
                }
                for (n, item) in ids.iter().enumerate() {
                    self.below(Step::Item(n), |survey| survey.look(*item, items));
                }
            }
            (form, View::Text { text, plain }) => self.scalar(id, form, text, plain),
            (form, View::List(_) | View::Map(_)) => self.misfit(id, form),
        }
    }

    fn fields(&mut self, id: Id, entries: &'a [Id], fields: &'a BTreeMap<String, Field>) {
        let (mut seen, mut merged) = (HashSet::new(), false);
        for entry in entries.chunks_exact(2) {
            let Some(name) = self.name(entry[0], &mut seen, &mut merged) else { continue };
            let field = fields.get(name);
            self.below(Step::Key(name), |survey| match field {
                Some(field) => survey.look(entry[1], &field.shape),
                None => survey.add(survey.tree.at(entry[0]), "unknown-field", || unknown_field(fields)),
            });
        }
        // What a merge key brings in may hold them.
        let missing = fields.iter().filter(|(name, field)| field.required && !seen.contains(name.as_str()));
        for (name, _) in missing.filter(|_| !merged) {
            let detail = || format!("缺少字段 {name}，请补上 / the field {name} is missing; add it");
            self.below(Step::Key(name), |survey| survey.add(survey.tree.at(id), "missing-field", detail));
        }
    }

    fn choice(&mut self, id: Id, entries: &'a [Id], choices: &'a BTreeMap<String, Shape>) {
        let word = self.tree.get(id, "type").and_then(|word| self.tree.key(word));
        match word.map(|word| choices.get(word)) {
            Some(Some(Shape { form: Form::Fields(fields), .. })) => self.fields(id, entries, fields),
            Some(_) => self.below(Step::Key("type"), |survey| {
                let at =
                    survey.tree.get(id, "type").map_or_else(|| survey.tree.at(id), |at| survey.tree.at(at));
                survey.add(at, "unknown-word", || unknown_word(choices.keys()));
            }),
            None => self.below(Step::Key("type"), |survey| {
                let detail = || "缺少字段 type，请补上 / the field type is missing; add it".to_owned();
                survey.add(survey.tree.at(id), "missing-field", detail);
            }),
        }
    }

    fn entries(&mut self, entries: &'a [Id], keys: Option<&'a Pattern>, values: &'a Shape) {
        let (mut seen, mut merged) = (HashSet::new(), false);
        for entry in entries.chunks_exact(2) {
            let Some(name) = self.name(entry[0], &mut seen, &mut merged) else { continue };
            self.below(Step::Key(name), |survey| {
                if let Some(pattern) = keys.filter(|pattern| !pattern.regex.is_match(name)) {
                    survey.add(survey.tree.at(entry[0]), "identifier-invalid", || unlike(pattern));
                }
                survey.look(entry[1], values);
            });
        }
    }

    /// The name of an entry to be looked at; a key that is none, or stands here already, is told.
    fn name(&mut self, key: Id, seen: &mut HashSet<&'a str>, merged: &mut bool) -> Option<&'a str> {
        let View::Text { text, plain } = self.tree.view(key) else {
            self.add(self.tree.at(key), "wrong-type", || "键须为文本 / a key is a text".to_owned());
            return None;
        };
        if plain && text == "<<" {
            *merged = true;
            return None;
        }
        if !seen.insert(text) {
            self.below(Step::Key(text), |survey| {
                let detail = || "键重复，请删去一个 / the key stands here twice; remove one".to_owned();
                survey.add(survey.tree.at(key), "duplicate-key", detail);
            });
            return None;
        }
        Some(text)
    }

    fn scalar(&mut self, id: Id, form: &'a Form, text: &str, plain: bool) {
        let at = self.tree.at(id);
        match form {
            Form::Text(_) if plain && null(text) => self.misfit(id, form),
            Form::Text(Some(pattern)) if !pattern.regex.is_match(text) => {
                self.add(at, "identifier-invalid", || unlike(pattern));
            }
            Form::Words(words) if !words.iter().any(|word| word == text) => {
                self.add(at, "unknown-word", || unknown_word(words.iter()));
            }
            Form::Whole { max } => match whole(text) {
                Some(number) if number <= u128::from(*max) => {}
                Some(_) => {
                    self.add(at, "out-of-range", || format!("须在 0 至 {max} 之间 / must be 0 to {max}"));
                }
                None => self.misfit(id, form),
            },
            Form::Flag if !flag(text) => self.misfit(id, form),
            Form::Number if !number(text) => self.misfit(id, form),
            Form::Fields(_) | Form::Entries(..) | Form::Choice(_) | Form::List(..) => self.misfit(id, form),
            Form::Text(_) | Form::Words(_) | Form::Flag | Form::Number | Form::Anything => {}
        }
    }

    fn misfit(&mut self, id: Id, form: &Form) {
        let detail = match form {
            Form::Fields(_) | Form::Entries(..) | Form::Choice(_) => {
                "须为映射（键: 值）/ must be a mapping of keys to values"
            }
            Form::List(..) => "须为列表 / must be a list",
            Form::Text(_) | Form::Words(_) => "须为文本 / must be a text",
            Form::Whole { .. } => "须为整数，不加前导零 / must be a whole number without leading zeros",
            Form::Number => "须为数字 / must be a number",
            Form::Flag => "须为 true 或 false / must be true or false",
            Form::Anything => return,
        };
        self.add(self.tree.at(id), "wrong-type", || detail.to_owned());
    }

    fn below(&mut self, step: Step<'a>, look: impl FnOnce(&mut Self)) {
        self.path.push(step);
        look(self);
        self.path.pop();
    }

    fn add(&mut self, at: At, code: &'static str, detail: impl FnOnce() -> String) {
        if self.found.told.len() == FAULTS_MAX {
            self.found.more += 1;
            return;
        }
        let steps = self.path.iter().map(|step| match step {
            Step::Key(key) => escaped(key),
            Step::Item(n) => format!("/{n}"),
        });
        let pointer: String = steps.collect();
        self.found.told.push(Fault { pointer, code, detail: detail(), at: Some(at) });
    }
}

fn unknown_field(fields: &BTreeMap<String, Field>) -> String {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    format!("没有该字段 / no such field: only {} here", names.join(", "))
}

fn unknown_word<'w>(words: impl Iterator<Item = &'w String>) -> String {
    let words: Vec<&str> = words.map(String::as_str).collect();
    format!("没有该词 / no such word: only {} here", words.join(", "))
}

fn unlike(Pattern { regex, about }: &Pattern) -> String {
    match about.split_once(" / ") {
        Some((chinese, english)) => format!("须为{chinese} / must be {english}"),
        None => format!("须符合 {regex} / must match {regex}"),
    }
}

/// As YAML 1.2 core and the typed reader say it.
fn null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn flag(text: &str) -> bool {
    matches!(text.trim(), "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// A number of any kind; what is no degree is the content check's matter.
fn number(text: &str) -> bool {
    let text = text.trim();
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let special = matches!(bare, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN");
    special || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A number of any size that is not negative.
fn whole(text: &str) -> Option<u128> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let radix = |start: [&str; 2]| start.iter().find_map(|start| text.strip_prefix(start));
    let (digits, radix) = match (radix(["0x", "0X"]), radix(["0o", "0O"]), radix(["0b", "0B"])) {
        (Some(digits), _, _) => (digits, 16),
        (_, Some(digits), _) => (digits, 8),
        (_, _, Some(digits)) => (digits, 2),
        _ if text.len() > 1 && text.starts_with('0') => return None,
        _ => (text, 10),
    };
    let digits = digits.replace('_', "");
    let fine = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    fine.then(|| u128::from_str_radix(&digits, radix).unwrap_or(u128::MAX))
}
