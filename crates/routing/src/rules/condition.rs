//! Conditions: parsed once, evaluated as closures where they only compare fields with constants, else by the interpreter.
//!
//! The two ways give the same answers (property test); the first is some hundred times faster, and is what all but a few rules
//! are made of. A condition is checked when it is compiled: unknown fields and functions, and comparisons of unlike things, are
//! refused there and not met at night.

mod closure;
mod interpreter;
mod parse;

use std::collections::BTreeSet;

use self::closure::Test;
use self::interpreter::Interpreted;
use super::event::{Event, Field};

/// Longest condition, in characters.
pub const WHEN_CHARS_MAX: usize = 2_000;

/// Deepest nesting of brackets.
const DEPTH_MAX: usize = 24;
/// Most characters of operators: a chain of them is as deep as it is long.
const OPERATORS_MAX: usize = 300;

/// A condition, compiled.
#[derive(Debug)]
pub struct Condition {
    way: Way,
    fields: BTreeSet<Field>,
    constants: Vec<Constant>,
}

#[derive(Debug)]
enum Way {
    Unsound,
    Closure(Test),
    Interpreter(Interpreted),
}

/// A constant that a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Constant {
    pub field: Field,
    pub value: ConstantValue,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ConstantValue {
    Number(i64),
    Text(String),
}

/// Why a condition is no condition; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Too long.
    #[error("longer than {WHEN_CHARS_MAX} characters")]
    TooLong,
    /// Brackets in brackets, or very many operators.
    #[error(
        "brackets are nested deeper than {DEPTH_MAX}, or there are more than {OPERATORS_MAX} characters of operators: make several rules of it"
    )]
    TooDeep,
    /// Quotes of another kind, or a comment.
    #[error("write texts in plain quotes and no comments")]
    Unusual,
    /// A form that conditions do not have.
    #[error(
        "{0} cannot be used in a condition: compare fields, join comparisons with && and ||, and count with numbers"
    )]
    Form(&'static str),
    /// Not CEL.
    #[error("not an expression of CEL: {0}")]
    Syntax(String),
    /// A name that no field has.
    #[error(
        "no field is called {0}; there are item, category, street, community, grid, layers, reporter, lane, text, month, weekday, hour, minute, households, reading_milli, repeats, voices, workday, drill and has_reading"
    )]
    UnknownField(String),
    /// A function that there is not.
    #[error("no function is called {0}; texts have contains, startsWith, endsWith, matches and size")]
    UnknownFunction(String),
    /// Unlike things are compared.
    #[error("{field} is {is}, it cannot be compared with {with}")]
    Unlike {
        /// The field.
        field: &'static str,
        /// What it is.
        is: &'static str,
        /// What it is compared with.
        with: String,
    },
    /// What no feature of a further layer can be called.
    #[error(
        "{0} names nothing in layers: write 'layer/code', e.g. 'police-beat/B-3' in layers; street, community and grid are fields of their own"
    )]
    NoFeature(String),
    /// A pattern that is none.
    #[error("{0} is no pattern: write a regular expression without look-around")]
    Pattern(String),
    /// It gives something else than true or false, or fails.
    #[error("it must be true or false, and for a made-up event it {0}")]
    NotBoolean(String),
}

impl Condition {
    /// Compiles and checks; an empty text always holds.
    pub fn compile(source: &str) -> Result<Self, Unsound> {
        let source = source.trim();
        if source.is_empty() {
            return Ok(Self {
                way: Way::Closure(Test::Always(true)),
                fields: BTreeSet::new(),
                constants: Vec::new(),
            });
        }
        if source.chars().count() > WHEN_CHARS_MAX {
            return Err(Unsound::TooLong);
        }
        scan(source)?;
        let program = cel::Program::compile(source).map_err(|error| Unsound::Syntax(first_line(&error)))?;
        parse::forms(program.expression())?;
        let fields = parse::fields(&program)?;
        let constants = parse::constants(program.expression());
        let way = match parse::test(program.expression())? {
            Some(test) => Way::Closure(test),
            // It would compile the pattern anew for every report.
            None if program.references().has_function("matches") => {
                return Err(Unsound::Form("a pattern beside arithmetic"));
            }
            None => Way::Interpreter(Interpreted::new(program, &fields)?),
        };
        Ok(Self { way, fields, constants })
    }

    /// In place of one that does not compile: nobody can ever tell.
    pub(super) fn unsound() -> Self {
        Self { way: Way::Unsound, fields: BTreeSet::new(), constants: Vec::new() }
    }

    /// Whether it holds; the error says in a word why nobody can tell, and never what the event holds.
    pub fn holds(&self, event: &Event<'_>) -> Result<bool, &'static str> {
        match &self.way {
            Way::Unsound => Err("unsound"),
            Way::Closure(test) => test.holds(event).ok_or("unknown-fact"),
            Way::Interpreter(interpreted) => interpreted.holds(event, &self.fields),
        }
    }

    /// The fields it asks about.
    pub fn fields(&self) -> &BTreeSet<Field> {
        &self.fields
    }

    /// Whether it holds for every event.
    pub fn always(&self) -> bool {
        matches!(self.way, Way::Closure(Test::Always(true)))
    }

    /// Whether it is made of comparisons alone, of which everything can be said by trying values on either side of its constants.
    pub(super) fn plain(&self) -> bool {
        match &self.way {
            Way::Closure(test) => test.plain(),
            Way::Unsound | Way::Interpreter(_) => false,
        }
    }

    /// What asking it costs, in comparisons: the interpreter some hundred times as much as closures.
    pub(super) fn cost(&self) -> usize {
        if matches!(self.way, Way::Interpreter(_)) { 100 } else { 1 }
    }

    pub(super) fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// The same condition, always interpreted.
    #[cfg(test)]
    pub(super) fn interpreted(source: &str) -> Result<Self, Unsound> {
        let program = cel::Program::compile(source).map_err(|error| Unsound::Syntax(first_line(&error)))?;
        let (fields, constants) = (parse::fields(&program)?, parse::constants(program.expression()));
        Ok(Self { way: Way::Interpreter(Interpreted::new(program, &fields)?), fields, constants })
    }

    #[cfg(test)]
    pub(super) fn is_closure(&self) -> bool {
        matches!(self.way, Way::Closure(_))
    }
}

/// Looks at the text before the parser does, which goes down as deep as it is nested: brackets and operators are bounded, and what
/// would make them hard to count is not taken. Quoted texts may hold anything.
fn scan(source: &str) -> Result<(), Unsound> {
    if source.contains("'''") || source.contains("\"\"\"") {
        return Err(Unsound::Unusual);
    }
    let (mut depth, mut operators, mut before) = (0_usize, 0_usize, ' ');
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // A letter before a quote makes another kind of text of it.
            '\'' | '"' if before.is_alphanumeric() => return Err(Unsound::Unusual),
            '\'' | '"' => skip_text(&mut characters, character),
            '/' if characters.peek() == Some(&'/') => return Err(Unsound::Unusual),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '!' | '-' | '+' | '*' | '/' | '%' | '?' | '<' | '>' | '=' | '&' | '|' | '.' => operators += 1,
            _ => {}
        }
        if depth > DEPTH_MAX || operators > OPERATORS_MAX {
            return Err(Unsound::TooDeep);
        }
        before = character;
    }
    Ok(())
}

/// To the end of a quoted text.
fn skip_text(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) {
    while let Some(character) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return;
        }
    }
}

fn first_line(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("unreadable").trim().to_owned()
}
