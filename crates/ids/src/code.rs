//! Codes of the territory tree: 12 digits for district, street and community, 15 for a grid.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not the expected number of ASCII digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} digits")]
pub struct InvalidCode {
    /// How many digits the code must have.
    pub expected: usize,
}

fn digits(text: &str, expected: usize) -> Result<i64, InvalidCode> {
    let well_formed = text.len() == expected && text.bytes().all(|b| b.is_ascii_digit());
    if !well_formed || text.starts_with('0') {
        return Err(InvalidCode { expected });
    }
    text.parse().map_err(|_| InvalidCode { expected })
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(i64);

        impl $name {
            /// Number of digits of the code.
            pub const DIGITS: usize = $len;

            /// From the `bigint` column; refuses a value of another length.
            pub fn from_i64(value: i64) -> Result<Self, InvalidCode> {
                digits(&value.to_string(), $len).map(Self)
            }

            /// For the `bigint` column.
            pub const fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidCode;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                digits(text, $len).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidCode;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> String {
                code.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

code!(
    /// A tenant: a street or its district (D1). 12 digits, e.g. `990102001000`.
    TenantId,
    12
);
code!(
    /// A grid (网格) inside a community. 15 digits.
    GridCode,
    15
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_not_a_code() {
        for text in [
            "",
            "99010200100",
            "9901020010000",
            "99010200100a",
            "-99010200100",
            "099010200100",
            "９９０１０２００１０００",
        ] {
            assert!(text.parse::<TenantId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_number_agree(n in 100_000_000_000i64..1_000_000_000_000) {
            let code = TenantId::from_i64(n).unwrap();
            prop_assert_eq!(code.to_string().parse::<TenantId>().unwrap(), code);
            prop_assert_eq!(code.as_i64(), n);
        }
    }
}
