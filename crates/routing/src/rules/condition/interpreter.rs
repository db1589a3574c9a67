//! Conditions that do more than compare, by the interpreter of crate `cel`.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, OnceLock};

use cel::{Context, Env, ExecutionError, Program, Value};

use super::super::event::{Event, Field, Moment, REPEATS_MAX, TextField};
use super::Unsound;
use ids::{Lane, TenantId};

/// A program that has given true or false for made-up events.
#[derive(Debug)]
pub(super) struct Interpreted(Program);

impl Interpreted {
    pub(super) fn new(program: Program, fields: &BTreeSet<Field>) -> Result<Self, Unsound> {
        let interpreted = Self(program);
        for event in probes() {
            if let Err(problem) = interpreted.holds(&event, fields) {
                return Err(Unsound::NotBoolean(problem.to_owned()));
            }
        }
        Ok(interpreted)
    }

    pub(super) fn holds(&self, event: &Event<'_>, fields: &BTreeSet<Field>) -> Result<bool, &'static str> {
        let mut context = Context::with_env(environment());
        for field in fields {
            let name = field.name();
            match *field {
                Field::Number(number) => context.add_variable_from_value(name, event.number(number)),
                Field::Text(text) => context.add_variable_from_value(name, words(event, text)),
                Field::Layers => context.add_variable_from_value(name, event.layers.to_vec()),
                // What nobody knows is not there: the program fails unless it can do without.
                Field::Flag(flag) => {
                    if let Some(so) = event.flag(flag) {
                        context.add_variable_from_value(name, so);
                    }
                }
            }
        }
        match self.0.execute(&context) {
            Ok(Value::Bool(so)) => Ok(so),
            Ok(_) => Err("not-boolean"),
            Err(error) => Err(word(&error)),
        }
    }
}

/// The standard environment, made once.
fn environment() -> Arc<Env> {
    static STANDARD: OnceLock<Arc<Env>> = OnceLock::new();
    STANDARD.get_or_init(|| Arc::new(Env::stdlib())).clone()
}

fn words(event: &Event<'_>, field: TextField) -> String {
    match event.text(field) {
        Some(text) => text.to_owned(),
        None => event.place(field).map_or_else(String::new, |place| place.to_string()),
    }
}

/// A word for what went wrong. Never the error's own text: it may quote the report.
fn word(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::UndeclaredReference(_) => "unknown-fact",
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "divided-by-zero",
        ExecutionError::Overflow(..) => "number-too-large",
        ExecutionError::IndexOutOfBounds(_) | ExecutionError::NoSuchKey(_) => "nothing-there",
        _ => "failed",
    }
}

static BEAT: LazyLock<[String; 1]> = LazyLock::new(|| ["police-beat/B-1".to_owned()]);

/// Ordinary events that every condition must have an answer to: with everything said, and with nothing.
fn probes() -> [Event<'static>; 4] {
    let moment = Moment { month: 5, weekday: 3, minute: 605, workday: Some(true) };
    let busy = Event {
        item: "TRA-01",
        category: "TRA",
        street: TenantId::from_i64(990_102_001_000).expect("a code of the demonstration"),
        community: TenantId::from_i64(990_102_001_001).ok(),
        grid: "A-1",
        layers: &*BEAT,
        reporter: "resident",
        lane: Lane::Normal,
        drill: false,
        text: "306路公交改道，3000户居民出行不便。",
        moment,
        households: 3_000,
        reading_milli: Some(1_500),
        repeats: 3,
        voices: 7,
    };
    let night = Moment { month: 1, weekday: 7, minute: 0, workday: Some(false) };
    let bare = Event {
        community: None,
        grid: "",
        layers: &[],
        text: "无",
        moment: night,
        households: 0,
        reading_milli: None,
        repeats: 0,
        voices: 1,
        ..busy
    };
    let (repeats, voices) = (REPEATS_MAX, u32::MAX);
    let crowd = Event { households: u32::MAX, reading_milli: Some(i64::MAX / 2), repeats, voices, ..busy };
    [busy, bare, crowd, Event { households: 1, reading_milli: Some(0), ..bare }]
}
