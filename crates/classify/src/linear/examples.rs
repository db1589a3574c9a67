//! Labelled messages as JSON lines: `{"text": …, "label": …}` or `{"subject": …, "detail": …, "label": …}`.

use serde::Deserialize;

use super::text::Message;

/// Bytes of the longest line that is read.
const LINE_BYTES_MAX: usize = 256 << 10;
/// Characters of the longest label.
const LABEL_CHARACTERS_MAX: usize = 64;

/// A labelled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What stands above it; often empty.
    pub subject: String,
    /// The text.
    pub detail: String,
    /// What it is.
    pub label: String,
}

/// A line that is no example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: LineProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// Not JSON, or not an object of strings.
    #[error("not a JSON object with these fields: {0}")]
    Json(String),
    /// No words at all.
    #[error("no text")]
    NoText,
    /// No label.
    #[error("no label")]
    NoLabel,
    /// A label of a sentence's length is a mistaken column.
    #[error("the label has more than {LABEL_CHARACTERS_MAX} characters")]
    LongLabel,
    /// Larger than anything the door would take.
    #[error("more than {LINE_BYTES_MAX} bytes")]
    LongLine,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

impl Example {
    /// Its message.
    pub fn message(&self) -> Message<'_> {
        Message { subject: &self.subject, detail: &self.detail }
    }

    fn of(line: &str) -> Result<Self, LineProblem> {
        if line.len() > LINE_BYTES_MAX {
            return Err(LineProblem::LongLine);
        }
        let line: Line = serde_json::from_str(line).map_err(|error| LineProblem::Json(error.to_string()))?;
        let label = line.label.unwrap_or_default().trim().to_owned();
        let detail = line.detail.or(line.text).unwrap_or_default();
        let subject = line.subject.unwrap_or_default();
        let no_text = detail.trim().is_empty() && subject.trim().is_empty();
        let faults = [
            (no_text, LineProblem::NoText),
            (label.is_empty(), LineProblem::NoLabel),
            (label.chars().count() > LABEL_CHARACTERS_MAX, LineProblem::LongLabel),
        ];
        match faults.into_iter().find(|(is_so, _)| *is_so) {
            Some((_, problem)) => Err(problem),
            None => Ok(Self { subject, detail, label }),
        }
    }
}

/// The examples of a file, and every line that is none. Blank lines are passed over.
pub fn examples(text: &str) -> (Vec<Example>, Vec<LineFault>) {
    let (mut examples, mut faults) = (Vec::new(), Vec::new());
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match Example::of(line) {
            Ok(example) => examples.push(example),
            Err(problem) => faults.push(LineFault { line: at + 1, problem }),
        }
    }
    (examples, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_faults_are_told_with_their_line() {
        let text = concat!(
            "\u{feff}{\"text\":\"路灯不亮\",\"label\":\"城乡建设\"}\n",
            "\n",
            "{\"subject\":\"公交\",\"detail\":\"改道\",\"label\":\" 交通运输 \",\"id\":7}\n",
            "{\"text\":\"路灯\"}\n",
            "not json\n",
            "{\"text\":\" \",\"label\":\"x\"}\n",
            "{\"text\":7,\"label\":\"x\"}\n",
        );
        let (found, faults) = examples(text);
        let example = |subject: &str, detail: &str, label: &str| Example {
            subject: subject.into(),
            detail: detail.into(),
            label: label.into(),
        };
        assert_eq!(found, [example("", "路灯不亮", "城乡建设"), example("公交", "改道", "交通运输")]);
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [4, 5, 6, 7]);
        assert_eq!((&faults[0].problem, &faults[2].problem), (&LineProblem::NoLabel, &LineProblem::NoText));
        assert!(
            matches!(faults[1].problem, LineProblem::Json(_))
                && matches!(faults[3].problem, LineProblem::Json(_))
        );
    }

    #[test]
    fn what_is_too_long_is_no_example() {
        let long = |field: &str, length: usize| {
            let value = "a".repeat(length);
            let (text, label) = if field == "text" { (value.as_str(), "x") } else { ("t", value.as_str()) };
            examples(&format!("{{\"text\":\"{text}\",\"label\":\"{label}\"}}")).1[0].problem.clone()
        };
        assert_eq!(long("text", LINE_BYTES_MAX), LineProblem::LongLine);
        assert_eq!(long("label", LABEL_CHARACTERS_MAX + 1), LineProblem::LongLabel);
    }
}
