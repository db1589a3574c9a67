//! How a command fails: what was being done, why it failed, what to do next.

use std::fmt;
use std::path::{Path, PathBuf};
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
    /// A service found faults in a file.
    Faulty {
        /// Which file.
        file: PathBuf,
        /// What was being done.
        doing: String,
        /// What it said.
        refusal: Box<Refusal>,
    },
    /// A demonstration ended without having seen these steps.
    StepsMissing(Vec<&'static str>),
    /// Of so many drills something did not come as the documents say; each was told.
    NotConform(usize),
    /// So many chains of seals do not hold; each was told.
    NotAsSealed(usize),
    /// So much that is promised does not hold; each was told.
    NotWell(usize),
    /// Too little to learn from: what is missing.
    TooLittle(String),
    /// A report was not sent: so many open cases near by may be what it is about; each was told.
    AlreadyNear(usize),
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
    /// Where in a file, from 1.
    pub line: Option<u32>,
    /// Where in the line, in characters from 1.
    pub column: Option<u32>,
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

    /// Whether what was asked for may have been done all the same: no answer came, or not the service's own.
    pub fn leaves_unknown(&self) -> bool {
        match self {
            Self::World { source, .. } => source.is::<reqwest::Error>(),
            Self::Refused { refusal, .. } => refusal.status >= 500,
            _ => false,
        }
    }

    /// The same with another thing to do next.
    pub fn or(mut self, another: &str) -> Self {
        let next = match &mut self {
            Self::World { next, .. } => next,
            Self::Refused { refusal, .. } => &mut refusal.hint,
            _ => return self,
        };
        *next = [next.as_str(), another].join("\n  → ").trim_start_matches("\n  → ").to_owned();
        self
    }

    /// A refusal of what `file` says names the places in it; any other failure stays as it is.
    pub fn about(self, file: &Path) -> Self {
        match self {
            Self::Refused { doing, refusal } if !refusal.errors.is_empty() => {
                Self::Faulty { file: file.to_owned(), doing, refusal }
            }
            other => other,
        }
    }

    /// See the table in the crate's documentation.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::World { .. } => 1,
            Self::Usage(_) => 2,
            Self::Refused { .. } | Self::Faulty { .. } => 3,
            Self::StepsMissing(_)
            | Self::NotConform(_)
            | Self::NotWell(_)
            | Self::NotAsSealed(_)
            | Self::TooLittle(_)
            | Self::AlreadyNear(_) => 4,
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
            Self::Faulty { file, doing, refusal } => {
                refusal.write_errors(f, file)?;
                let head = Refusal { errors: Vec::new(), ..Refusal::clone(refusal) };
                write!(f, "✗ {doing}: {head}")
            }
            Self::TooLittle(missing) => {
                write!(f, "✗ 样本不足 / too little to learn from: {missing}")?;
                write!(
                    f,
                    "\n  → 待人工研判更多，或用 --base 另加样本 / wait for more decisions, or add examples with --base"
                )
            }
            Self::AlreadyNear(cases) => {
                write!(f, "✗ 未上报：附近有 {cases} 件未结案件似为同一事项")?;
                write!(f, " / not sent: open cases near by that seem to be the matter: {cases}")?;
                write!(f, "\n  → 另有其事，或同一件事也要计入：加上 --anyway 再报")?;
                write!(f, " / another matter, or one more voice for it: run it again with --anyway")
            }
            Self::NotWell(failed) => write!(f, "✗ {failed} 项未通过 / {failed} checks failed"),
            Self::NotAsSealed(chains) => {
                write!(f, "✗ {chains} 条链与封签不符 / {chains} chains are not as they were sealed")?;
                write!(f, "\n  → docs/runbooks/seal-chain-broken.md")
            }
            Self::NotConform(drills) => {
                write!(f, "✗ 核验不符合：{drills} 件演练 / does not conform: {drills} drills")?;
                write!(f, "\n  → streetwise street verify … --json")
            }
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

impl Refusal {
    /// As compilers do, so that an editor jumps there; what has no place comes last.
    fn write_errors(&self, f: &mut fmt::Formatter<'_>, file: &Path) -> fmt::Result {
        let mut errors: Vec<&RefusedField> = self.errors.iter().collect();
        errors.sort_by_key(|error| (error.line.is_none(), error.line, error.column));
        for error in errors {
            write!(f, "{}", file.display())?;
            if let (Some(line), Some(column)) = (error.line, error.column) {
                write!(f, ":{line}:{column}")?;
            }
            writeln!(f, ": {}: {}", error.code, error.detail)?;
        }
        Ok(())
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

    #[test]
    fn faults_of_a_file_are_told_one_a_line_by_their_place() {
        let document = serde_json::json!({
            "status": 422, "code": "manifest-invalid", "title": "清单未通过校验", "hint": "请更正",
            "detail": "另有 3 处",
            "errors": [
                {"code": "breaks-street", "detail": "丙 / c"},
                {"code": "unknown-word", "detail": "乙 / b", "line": 12, "column": 7},
                {"code": "unknown-field", "detail": "甲 / a", "line": 3, "column": 9},
            ],
        });
        let refusal: Refusal = serde_json::from_value(document).unwrap();
        let failure = Failure::Refused { doing: "apply".to_owned(), refusal: Box::new(refusal) };
        let expected = "a/b.yaml:3:9: unknown-field: 甲 / a\na/b.yaml:12:7: unknown-word: 乙 / b\n\
            a/b.yaml: breaks-street: 丙 / c\n✗ apply: 422 manifest-invalid 清单未通过校验\n  另有 3 处\n  → 请更正";
        assert_eq!(failure.about(Path::new("a/b.yaml")).to_string(), expected);
    }
}
