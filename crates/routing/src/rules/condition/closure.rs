//! A condition as nested tests of fields against constants.

use ids::TenantId;
use memchr::memmem::Finder;
use regex::Regex;

use super::super::event::{Event, Flag, NumberField, TextField};

/// One test; three-valued as CEL's logic is: what nobody knows is nothing, unless the other side decides alone.
#[derive(Debug)]
pub(super) enum Test {
    Always(bool),
    Flag(Flag),
    Not(Box<Test>),
    All(Box<[Test]>),
    Any(Box<[Test]>),
    Number(NumberField, Order, i64),
    NumberIn(NumberField, Box<[i64]>),
    Is(TextField, Box<str>),
    IsIn(TextField, Box<[Box<str>]>),
    Place(TextField, Option<TenantId>),
    PlaceIn(TextField, Box<[Option<TenantId>]>),
    InLayer(Box<str>),
    Contains(TextField, Box<Finder<'static>>),
    StartsWith(TextField, Box<str>),
    EndsWith(TextField, Box<str>),
    Matches(TextField, Box<Regex>),
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Differs,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Order {
    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Order::Equal => left == right,
            Order::Differs => left != right,
            Order::Less => left < right,
            Order::AtMost => left <= right,
            Order::More => left > right,
            Order::AtLeast => left >= right,
        }
    }

    /// The same with its sides changed.
    pub(super) fn turned(self) -> Self {
        match self {
            Order::Less => Order::More,
            Order::AtMost => Order::AtLeast,
            Order::More => Order::Less,
            Order::AtLeast => Order::AtMost,
            same => same,
        }
    }
}

impl Test {
    pub(super) fn holds(&self, event: &Event<'_>) -> Option<bool> {
        match self {
            Test::Always(so) => Some(*so),
            Test::Flag(flag) => event.flag(*flag),
            Test::Not(test) => test.holds(event).map(|so| !so),
            Test::All(tests) => decided(tests, event, false),
            Test::Any(tests) => decided(tests, event, true),
            Test::Number(field, order, constant) => Some(order.holds(event.number(*field), *constant)),
            Test::NumberIn(field, constants) => Some(constants.contains(&event.number(*field))),
            Test::Place(field, constant) => Some(event.place(*field) == *constant),
            Test::PlaceIn(field, constants) => Some(constants.contains(&event.place(*field))),
            Test::Is(field, constant) => text(event, *field, |text| text == &**constant),
            Test::IsIn(field, constants) => {
                text(event, *field, |text| constants.iter().any(|one| &**one == text))
            }
            Test::InLayer(feature) => Some(event.layers.iter().any(|holding| **holding == **feature)),
            // Of UTF-8 no character's bytes lie within another's: a text holds another exactly where its bytes do.
            Test::Contains(field, part) => text(event, *field, |text| part.find(text.as_bytes()).is_some()),
            Test::StartsWith(field, part) => text(event, *field, |text| text.starts_with(&**part)),
            Test::EndsWith(field, part) => text(event, *field, |text| text.ends_with(&**part)),
            Test::Matches(field, pattern) => text(event, *field, |text| pattern.is_match(text)),
        }
    }

    /// How long it takes, compared with others: what is cheap is asked first. The answer does not depend on the order, since what
    /// decides decides wherever it stands.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Test::Not(test) => test.cost(),
            Test::All(tests) | Test::Any(tests) => tests.iter().map(Test::cost).max().unwrap_or_default(),
            Test::Contains(..) | Test::EndsWith(..) | Test::StartsWith(..) => 10,
            Test::Matches(..) => 100,
            _ => 1,
        }
    }

    /// Made of comparisons only, whose answers change at their constants alone.
    pub(super) fn plain(&self) -> bool {
        match self {
            Test::Not(test) => test.plain(),
            Test::All(tests) | Test::Any(tests) => tests.iter().all(Test::plain),
            Test::Contains(..) | Test::StartsWith(..) | Test::EndsWith(..) | Test::Matches(..) => false,
            _ => true,
        }
    }
}

fn text(event: &Event<'_>, field: TextField, holds: impl FnOnce(&str) -> bool) -> Option<bool> {
    event.text(field).map(holds)
}

/// The first test that gives `deciding` decides; else what nobody knows, else the other answer.
fn decided(tests: &[Test], event: &Event<'_>, deciding: bool) -> Option<bool> {
    let mut known = true;
    for test in tests {
        match test.holds(event) {
            Some(so) if so == deciding => return Some(deciding),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!deciding)
}
