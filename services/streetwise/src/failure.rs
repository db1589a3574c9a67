//! How a command fails: what was being done, why it failed, what to do next.

use std::fmt;
use std::process::ExitCode;

use serde::Deserialize;

/// The end of a command that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// Unreachable, unreadable, full.
    World {
        /// What was being done.
        doing: String,
        /// What to do next; may be empty.
        next: String,
        /// Why it failed.
        source: anyhow::Error,
    },
    /// The arguments or the environment do not allow it.
    Usage(String),
    /// A service said no.
    Refused {
        /// What was being done.
        doing: String,
        /// What it said.
        refusal: Box<Refusal>,
    },
    /// A demonstration ended without having seen these steps.
    StepsMissing(Vec<&'static str>),
}

/// A problem document as a client reads it (RFC 9457).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Stable name.
    pub code: String,
    /// For people.
    pub title: String,
    /// More about this occurrence.
    pub detail: Option<String>,
    /// What to do next.
    pub hint: String,
    /// Each thing wrong.
    pub errors: Vec<RefusedField>,
}

/// One thing wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RefusedField {
    /// Where.
    pub pointer: String,
    /// Stable name.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl Failure {
    /// The world failed while doing something.
    pub fn world(
        doing: impl Into<String>,
        next: impl Into<String>,
        source: impl Into<anyhow::Error>,
    ) -> Self {
        Self::World { doing: doing.into(), next: next.into(), source: source.into() }
    }

    /// See the table in the crate's documentation.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::World { .. } => 1,
            Self::Usage(_) => 2,
            Self::Refused { .. } => 3,
            Self::StepsMissing(_) => 4,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World { doing, next, source } => {
                write!(f, "✗ {doing}: {source:#}")?;
                if next.is_empty() { Ok(()) } else { write!(f, "\n  → {next}") }
            }
            Self::Usage(text) => write!(f, "✗ {text}"),
            Self::Refused { doing, refusal } => write!(f, "✗ {doing}: {refusal}"),
            Self::StepsMissing(steps) => {
                write!(
                    f,
                    "✗ 未见到的步骤 / steps not seen: {}\n  → ./dev status, ./dev logs",
                    steps.join("; ")
                )
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.status, self.code, self.title)?;
        if let Some(detail) = &self.detail {
            write!(f, "\n  {detail}")?;
        }
        for error in &self.errors {
            let pointer = if error.pointer.is_empty() { "/" } else { &error.pointer };
            write!(f, "\n  • {pointer} [{}] {}", error.code, error.detail)?;
        }
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\n  → {}", self.hint) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_wrong_and_what_to_do() {
        let document = serde_json::json!({
            "type": "urn:streetwise:problem:manifest-invalid", "status": 422, "code": "manifest-invalid",
            "title": "清单未通过校验", "hint": "请更正",
            "errors": [{"pointer": "/spec/pack", "code": "unknown-pack", "detail": "未知的区级包"}],
        });
        let refusal: Refusal = serde_json::from_value(document).unwrap();
        let failure = Failure::Refused { doing: "apply".to_owned(), refusal: Box::new(refusal) };
        let expected = "✗ apply: 422 manifest-invalid 清单未通过校验\n  • /spec/pack [unknown-pack] 未知的区级包\n  → 请更正";
        assert_eq!(failure.to_string(), expected);
    }
}
