//! The number of a case as somebody asks for it, e.g. `990102001-261123-0042`. Which case that is, if any, the database
//! says.

use std::str::FromStr;

use serde::Deserialize;

/// No number is longer.
const BYTES_MAX: usize = 64;

/// Letters, digits and `-`: nothing that a database does not take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CaseNumber(String);

/// A text that is no number of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case's number is of letters, digits and hyphens")]
pub(crate) struct NoCaseNumber;

impl CaseNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = NoCaseNumber;
    fn try_from(text: String) -> Result<Self, NoCaseNumber> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=BYTES_MAX).contains(&text.len()) { Ok(Self(text)) } else { Err(NoCaseNumber) }
    }
}

impl FromStr for CaseNumber {
    type Err = NoCaseNumber;
    fn from_str(text: &str) -> Result<Self, NoCaseNumber> {
        Self::try_from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_case_is_called_is_a_number_and_foreign_signs_are_none() {
        for number in ["990102001-261123-0042", "990102001-261123-D0042"] {
            assert_eq!(number.parse::<CaseNumber>().unwrap().as_str(), number);
        }
        for none in ["", "990102001\0", "九九零一", "a b", "%", &"1".repeat(65)] {
            assert_eq!(none.parse::<CaseNumber>(), Err(NoCaseNumber), "{none}");
        }
    }
}
