//! What a message says once writing habits are taken off: widths, case, numbers and punctuation.
//!
//! Numbers become one `0`: house and telephone numbers would otherwise be learned by heart. Of the punctuation, questions,
//! exclamations, titles and per cents stay; the rest becomes one blank.

use serde::{Deserialize, Serialize};

/// Characters of a message that are looked at, subject and detail each; what follows is not read. Above the longest text
/// the door takes, and the bound of the time one prediction may need.
pub const CHARACTERS_MAX: usize = 4_096;

/// A message as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Message<'a> {
    /// What the writer put above it; empty when there is none.
    pub subject: &'a str,
    /// The text itself.
    pub detail: &'a str,
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(detail: &'a str) -> Self {
        Self { subject: "", detail }
    }
}

/// Plain letters, `0` for any number, single blanks between the pieces; written over `out`.
pub fn plain(text: &str, out: &mut String) {
    out.clear();
    let mut last = ' ';
    for c in text.chars().take(CHARACTERS_MAX).map(folded) {
        let repeats = (c == ' ' || c == '0') && c == last;
        if !repeats {
            out.push(c);
        }
        last = c;
    }
}

fn folded(c: char) -> char {
    let half = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    match half {
        'A'..='Z' => half.to_ascii_lowercase(),
        '0'..='9' => '0',
        '一'..='\u{9fff}' | 'a'..='z' => half,
        '?' | '!' | '《' | '》' | '%' => half,
        _ if half.is_alphanumeric() => half,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_of_writing_are_taken_off() {
        let mut out = String::new();
        plain("  ３０６路公交，Ａ市K8县！！\n\n电话：138-0000", &mut out);
        assert_eq!(out, "0路公交 a市k0县!! 电话 0 0");
        plain("", &mut out);
        assert_eq!(out, "");
    }

    #[test]
    fn a_long_text_is_read_up_to_the_bound() {
        let mut out = String::new();
        plain(&"水".repeat(CHARACTERS_MAX + 5), &mut out);
        assert_eq!(out.chars().count(), CHARACTERS_MAX);
    }
}
