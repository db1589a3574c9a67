//! Texts people write, and identifiers machines write.
//!
//! A free text is kept byte for byte: nothing is normalised or trimmed, because NFC changes some CJK compatibility
//! characters. It is escaped where it is shown, not here.

use unicode_normalization::char::is_combining_mark;

use super::problem::{Fault, Problem};

/// Most code points of a free text.
pub const CODE_POINTS_MAX: usize = 4_000;
/// Most bytes of a free text.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most combining marks in a row; more pile up over the neighbouring lines.
pub const COMBINING_MARKS_MAX: usize = 32;
/// Most characters of an identifier.
pub const IDENTIFIER_MAX: usize = 64;

/// A text within the bounds, exactly as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeText(String);

impl FreeText {
    /// Refuses U+0000 (`validation-failed`) and texts over a bound (`text-too-long`), naming the field by its
    /// JSON pointer.
    pub fn parse(pointer: &'static str, text: String) -> Result<Self, Problem> {
        if text.contains('\0') {
            let fault = Fault::new(pointer, "nul-character", "不得含 U+0000 / must not contain U+0000");
            return Err(Problem::validation_failed([fault]));
        }
        let too_long = text.len() > TEXT_BYTES_MAX
            || text.chars().count() > CODE_POINTS_MAX
            || longest_run_of_marks(&text) > COMBINING_MARKS_MAX;
        if too_long { Err(Problem::text_too_long(pointer)) } else { Ok(Self(text)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Refuses what is not 1 to 64 ASCII letters, digits, `.`, `_`, `-`: so no bidi control, zero-width character or
/// look-alike of another script gets into a name that people compare.
pub fn identifier(pointer: &'static str, text: &str) -> Result<(), Problem> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let sound = (1..=IDENTIFIER_MAX).contains(&text.len()) && text.bytes().all(allowed);
    if sound { Ok(()) } else { Err(Problem::identifier_invalid(pointer)) }
}

fn longest_run_of_marks(text: &str) -> usize {
    let runs = text.chars().scan(0, |run, c| {
        *run = if is_combining_mark(c) { *run + 1 } else { 0 };
        Some(*run)
    });
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn code(text: &str) -> &'static str {
        FreeText::parse("/text", text.to_owned()).err().map_or("accepted", |problem| problem.code())
    }

    #[rstest]
    #[case::longest(&"路".repeat(4_000), "accepted")]
    #[case::too_many_points(&"a".repeat(4_001), "text-too-long")]
    #[case::widest(&"𠮷".repeat(4_000), "accepted")]
    #[case::marks(&format!("a{}", "\u{301}".repeat(32)), "accepted")]
    #[case::too_many_marks(&format!("a{}", "\u{301}".repeat(33)), "text-too-long")]
    #[case::marks_apart(&format!("a{0}a{0}", "\u{301}".repeat(32)), "accepted")]
    #[case::nul("a\0", "validation-failed")]
    #[case::empty("", "accepted")]
    fn bounds(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(code(text), expected);
    }

    #[rstest]
    #[case::slug("line-306_a.b", true)]
    #[case::empty("", false)]
    #[case::bidi("abc\u{202e}", false)]
    #[case::zero_width("ab\u{200b}c", false)]
    #[case::cyrillic("p\u{0430}y", false)]
    #[case::longest(&"a".repeat(64), true)]
    #[case::too_long(&"a".repeat(65), false)]
    fn identifiers(#[case] text: &str, #[case] sound: bool) {
        let refused = identifier("/id", text).err().map(|problem| problem.code());
        assert_eq!(refused, if sound { None } else { Some("identifier-invalid") });
    }

    proptest! {
        #[test]
        fn an_accepted_text_is_untouched(text in "\\PC{0,200}") {
            if let Ok(kept) = FreeText::parse("/text", text.clone()) {
                prop_assert_eq!(kept.into_string(), text);
            }
        }
    }
}
