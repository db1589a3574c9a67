//! From CEL's syntax tree to tests, where a condition only compares fields with constants.

use std::collections::BTreeSet;

use cel::Program;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use ids::TenantId;
use memchr::memmem::Finder;
use regex::RegexBuilder;

use super::super::event::{Field, TextField};
use super::closure::{Order, Test};
use super::{Constant, ConstantValue, Unsound};

/// Functions and operators a condition may use. The interpreter knows more; what is not here has not been thought through.
const FUNCTIONS: [&str; 19] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
    "size",
    "matches",
];
const TEXT_FUNCTIONS: [&str; 3] = ["contains", "startsWith", "endsWith"];

/// Compiled size of a pattern, and of what searching makes of it, bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Refuses what conditions do not have: loops and structures, which can run as long and grow as large as they like.
pub(super) fn forms(expression: &IdedExpr) -> Result<(), Unsound> {
    match &expression.expr {
        Expr::Comprehension(_) => Err(Unsound::Form("a loop")),
        Expr::Map(_) | Expr::Struct(_) => Err(Unsound::Form("a structure")),
        Expr::Select(_) => Err(Unsound::Form("a field of a field")),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).try_for_each(forms),
        Expr::List(list) => list.elements.iter().try_for_each(forms),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Ok(()),
    }
}

/// The fields a program asks about, or the first name that there is not.
pub(super) fn fields(program: &Program) -> Result<BTreeSet<Field>, Unsound> {
    let references = program.references();
    let mut functions = references.functions();
    functions.sort_unstable();
    let unknown = functions.iter().find(|name| !FUNCTIONS.contains(name) && !TEXT_FUNCTIONS.contains(name));
    if let Some(name) = unknown {
        return Err(Unsound::UnknownFunction((*name).to_owned()));
    }
    let mut names = references.variables();
    names.sort_unstable();
    let named = |name: &&str| Field::named(name).ok_or_else(|| Unsound::UnknownField((*name).to_owned()));
    names.iter().map(named).collect()
}

/// The tests a condition is made of; `None` where it does more than compare fields with constants.
pub(super) fn test(expression: &IdedExpr) -> Result<Option<Test>, Unsound> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(so)) => Ok(Some(Test::Always(*so.inner()))),
        Expr::Ident(name) => match Field::named(name) {
            Some(Field::Flag(flag)) => Ok(Some(Test::Flag(flag))),
            Some(field) => Err(unlike(field, "true or false")),
            None => Err(Unsound::UnknownField(name.clone())),
        },
        Expr::Call(call) => of_call(call),
        _ => Ok(None),
    }
}

fn of_call(call: &CallExpr) -> Result<Option<Test>, Unsound> {
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => both(left, right, Test::All),
        (operators::LOGICAL_OR, [left, right]) => both(left, right, Test::Any),
        (operators::LOGICAL_NOT, [only]) => Ok(test(only)?.map(|test| Test::Not(Box::new(test)))),
        (operators::IN, [left, right]) => among(left, right),
        (function, [left, right]) if order(function).is_some() => compared(function, left, right),
        (function, [part]) if call.target.is_some() => of_text(function, call.target.as_deref(), part),
        _ => Ok(None),
    }
}

fn both(left: &IdedExpr, right: &IdedExpr, join: fn(Box<[Test]>) -> Test) -> Result<Option<Test>, Unsound> {
    // Both are looked at, so that what is wrong on the right is said too.
    let (left, right) = (test(left)?, test(right)?);
    Ok(left.zip(right).map(|(left, right)| {
        let mut both = [left, right];
        both.sort_by_key(Test::cost);
        join(both.into())
    }))
}

fn order(function: &str) -> Option<Order> {
    Some(match function {
        operators::EQUALS => Order::Equal,
        operators::NOT_EQUALS => Order::Differs,
        operators::LESS => Order::Less,
        operators::LESS_EQUALS => Order::AtMost,
        operators::GREATER => Order::More,
        operators::GREATER_EQUALS => Order::AtLeast,
        _ => return None,
    })
}

fn compared(function: &str, left: &IdedExpr, right: &IdedExpr) -> Result<Option<Test>, Unsound> {
    let Some(order) = order(function) else { return Ok(None) };
    let (field, constant, order) = match (field(left), field(right)) {
        (Some(field), None) => (field, right, order),
        (None, Some(field)) => (field, left, order.turned()),
        _ => return Ok(None),
    };
    let Some(constant) = literal(constant) else { return Ok(None) };
    match (field, constant) {
        (Field::Number(number), Literal::Number(constant)) => Ok(Some(Test::Number(number, order, constant))),
        (Field::Text(text), Literal::Text(constant)) => Ok(match order {
            Order::Equal => Some(is(text, constant)),
            Order::Differs => Some(Test::Not(Box::new(is(text, constant)))),
            _ => None,
        }),
        (Field::Flag(flag), Literal::Flag(constant)) => Ok(match order {
            Order::Equal | Order::Differs => {
                let same = constant == (order == Order::Equal);
                let test = Test::Flag(flag);
                Some(if same { test } else { Test::Not(Box::new(test)) })
            }
            _ => None,
        }),
        (field, constant) => Err(unlike(field, constant.kind())),
    }
}

fn is(field: TextField, constant: String) -> Test {
    match field {
        TextField::Street | TextField::Community => match place(&constant) {
            Some(place) => Test::Place(field, place),
            // No place is called so.
            None => Test::Always(false),
        },
        _ => Test::Is(field, constant.into()),
    }
}

/// A place by its code; the empty text is the unknown one.
fn place(constant: &str) -> Option<Option<TenantId>> {
    if constant.is_empty() { Some(None) } else { constant.parse().ok().map(Some) }
}

fn among(left: &IdedExpr, right: &IdedExpr) -> Result<Option<Test>, Unsound> {
    if field(right) == Some(Field::Layers) {
        return in_layer(left);
    }
    let (Some(field), Expr::List(list)) = (field(left), &right.expr) else { return Ok(None) };
    let constants: Option<Vec<Literal>> = list.elements.iter().map(literal).collect();
    let Some(constants) = constants else { return Ok(None) };
    match field {
        Field::Number(number) => {
            let constants: Result<Vec<i64>, Unsound> = constants
                .into_iter()
                .map(|one| match one {
                    Literal::Number(number) => Ok(number),
                    other => Err(unlike(field, other.kind())),
                })
                .collect();
            Ok(Some(Test::NumberIn(number, constants?.into())))
        }
        Field::Text(text) => {
            let constants: Result<Vec<String>, Unsound> = constants
                .into_iter()
                .map(|one| match one {
                    Literal::Text(text) => Ok(text),
                    other => Err(unlike(field, other.kind())),
                })
                .collect();
            let constants = constants?;
            Ok(Some(match text {
                TextField::Street | TextField::Community => {
                    Test::PlaceIn(text, constants.iter().filter_map(|one| place(one)).collect())
                }
                _ => Test::IsIn(text, constants.into_iter().map(String::into_boxed_str).collect()),
            }))
        }
        Field::Layers => Err(unlike(field, "one of several")),
        Field::Flag(_) => Ok(None),
    }
}

/// Whether a feature of a further layer holds the place.
fn in_layer(feature: &IdedExpr) -> Result<Option<Test>, Unsound> {
    match literal(feature) {
        Some(Literal::Text(feature)) if names_feature(&feature) => Ok(Some(Test::InLayer(feature.into()))),
        Some(Literal::Text(feature)) => Err(Unsound::NoFeature(feature)),
        Some(other) => Err(unlike(Field::Layers, other.kind())),
        None => Ok(None),
    }
}

/// `layer/code`, of a layer that has no field of its own: anything else would never hold, and nobody would be told.
fn names_feature(text: &str) -> bool {
    let Some((layer, code)) = text.split_once('/') else { return false };
    let key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let own = ["street", "community", "grid"].contains(&layer);
    !own && !layer.is_empty() && layer.bytes().all(key) && !code.is_empty() && code.bytes().all(plain)
}

fn of_text(function: &str, target: Option<&IdedExpr>, part: &IdedExpr) -> Result<Option<Test>, Unsound> {
    let Some(field) = target.and_then(field) else { return Ok(None) };
    let Some(Literal::Text(part)) = literal(part) else { return Ok(None) };
    let Field::Text(text) = field else { return Err(unlike(field, "a text")) };
    if matches!(text, TextField::Street | TextField::Community) {
        return Ok(None);
    }
    Ok(match function {
        "contains" => Some(Test::Contains(text, Box::new(Finder::new(&part).into_owned()))),
        "startsWith" => Some(Test::StartsWith(text, part.into())),
        "endsWith" => Some(Test::EndsWith(text, part.into())),
        "matches" => {
            let pattern = RegexBuilder::new(&part)
                .size_limit(PATTERN_BYTES_MAX)
                .dfa_size_limit(PATTERN_BYTES_MAX)
                .build();
            let pattern = pattern.map_err(|_| Unsound::Pattern(part))?;
            Some(Test::Matches(text, Box::new(pattern)))
        }
        _ => None,
    })
}

/// Every constant that a field is compared with, wherever it stands.
pub(super) fn constants(expression: &IdedExpr) -> Vec<Constant> {
    let mut found = BTreeSet::new();
    collect(expression, &mut found);
    found.into_iter().collect()
}

fn collect(expression: &IdedExpr, found: &mut BTreeSet<Constant>) {
    match &expression.expr {
        Expr::Call(call) => {
            let sides: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
            if let [left, right] = sides[..] {
                for (one, other) in [(left, right), (right, left)] {
                    let Some(field) = field(one) else { continue };
                    let elements: Vec<&IdedExpr> = match &other.expr {
                        Expr::List(list) => list.elements.iter().collect(),
                        _ => vec![other],
                    };
                    found.extend(elements.into_iter().filter_map(literal).filter_map(|literal| {
                        let value = match literal {
                            Literal::Number(number) => ConstantValue::Number(number),
                            Literal::Text(text) => ConstantValue::Text(text),
                            Literal::Flag(_) => return None,
                        };
                        Some(Constant { field, value })
                    }));
                }
            }
            sides.into_iter().for_each(|side| collect(side, found));
        }
        Expr::List(list) => list.elements.iter().for_each(|element| collect(element, found)),
        _ => {}
    }
}

fn field(expression: &IdedExpr) -> Option<Field> {
    match &expression.expr {
        Expr::Ident(name) => Field::named(name),
        _ => None,
    }
}

enum Literal {
    Number(i64),
    Text(String),
    Flag(bool),
}

impl Literal {
    fn kind(&self) -> &'static str {
        match self {
            Literal::Number(_) => "a number",
            Literal::Text(_) => "a text",
            Literal::Flag(_) => "true or false",
        }
    }
}

fn literal(expression: &IdedExpr) -> Option<Literal> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(Literal::Number(*number.inner())),
        Expr::Literal(LiteralValue::String(text)) => Some(Literal::Text(text.inner().to_owned())),
        Expr::Literal(LiteralValue::Boolean(so)) => Some(Literal::Flag(*so.inner())),
        Expr::Call(call) if call.func_name == operators::NEGATE => match call.args.as_slice() {
            [only] => match literal(only)? {
                Literal::Number(number) => number.checked_neg().map(Literal::Number),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn unlike(field: Field, with: &str) -> Unsound {
    let is = match field {
        Field::Text(_) => "a text",
        Field::Layers => "a list of texts 'layer/code'",
        Field::Number(_) => "a whole number",
        Field::Flag(_) => "true or false",
    };
    Unsound::Unlike { field: field.name(), is, with: with.to_owned() }
}
