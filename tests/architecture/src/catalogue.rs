//! What a machine of crate `orders` says happened is a journal row (D11): so each of its words is an event type.
//! A word without one would leave a gap in the versions of its aggregate (invariant I4).

use contract::EventType;

use crate::source::Source;
use crate::text::{self, Keep};

/// A machine: the entity of its subjects, where its words stand, and words of theirs it never says.
#[derive(Debug)]
pub struct Machine {
    /// Second token of the subject.
    pub entity: &'static str,
    /// Files with a `fn name`.
    pub files: &'static [&'static str],
    /// Never said by this machine.
    pub never: &'static [&'static str],
}

const STAGE: &str = "crates/orders/src/stage/event.rs";

/// Both of them.
pub const MACHINES: &[Machine] = &[
    Machine { entity: "order", files: &["crates/orders/src/order/event.rs", STAGE], never: &[] },
    Machine { entity: "case", files: &["crates/orders/src/case/event.rs", STAGE], never: &[] },
];

impl Machine {
    /// Words of this machine without an event type.
    pub fn unsaid(&self, sources: &[Source]) -> Vec<String> {
        let mine = sources.iter().filter(|source| self.files.contains(&source.path.as_str()));
        let words = mine.flat_map(|source| names(&source.text));
        let said = words.filter(|word| !self.never.contains(&word.as_str()));
        said.map(|word| format!("dispatch.{}.{word}", self.entity))
            .filter(|event| event.parse::<EventType>().is_err())
            .map(|event| format!("`{event}` happens and has no event type: add it to contract::event"))
            .collect()
    }

    /// Whether every file still names something; otherwise the rule looks at nothing.
    pub fn readable(&self, sources: &[Source]) -> bool {
        let named = |file: &&str| sources.iter().any(|s| s.path == *file && !names(&s.text).is_empty());
        self.files.iter().all(named)
    }
}

/// The texts of `fn name`.
fn names(text: &str) -> Vec<String> {
    let code = text::rust(text, Keep::CodeAndStrings);
    let body = code.split("fn name(").nth(1).unwrap_or_default();
    let body = body.split("\n    }").next().unwrap_or_default();
    let arms = body.split("=> \"").skip(1).filter_map(|arm| arm.split('"').next());
    arms.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
