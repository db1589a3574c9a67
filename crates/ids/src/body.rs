//! Bodies: who can hold an order. District bodies are `key`, street and community ones `key@code` (D1, D46).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// A slug of lower-case letters, digits and hyphens, e.g. `traffic-police`; at most 64 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BodyKey(String);

/// Why a text names no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyKeyError {
    /// Not a slug.
    #[error("a body key is 1 to 64 of a-z, 0-9 and -, starting with a letter")]
    NotASlug,
    /// The part behind `@` is no 12-digit code.
    #[error("behind @ stands a 12-digit code")]
    NotACode,
}

impl BodyKey {
    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BodyKey {
    type Err = BodyKeyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let slug = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if slug { Ok(Self(text.to_owned())) } else { Err(BodyKeyError::NotASlug) }
    }
}

/// A body in full: its key, and for a street's or community's body the code it belongs to.
/// Written `transport` or `street-centre@990102001000`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BodyRef {
    /// The body's key in the pack.
    pub key: BodyKey,
    /// The street or community the body serves; `None` for a district body.
    pub at: Option<TenantId>,
}

impl BodyRef {
    /// A body of the district.
    pub const fn district(key: BodyKey) -> Self {
        Self { key, at: None }
    }

    /// A body of one street or community.
    pub const fn local(key: BodyKey, at: TenantId) -> Self {
        Self { key, at: Some(at) }
    }
}

impl FromStr for BodyRef {
    type Err = BodyKeyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('@') {
            None => Ok(Self::district(text.parse()?)),
            Some((key, code)) => {
                Ok(Self::local(key.parse()?, code.parse().map_err(|_| BodyKeyError::NotACode)?))
            }
        }
    }
}

impl fmt::Display for BodyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            None => f.write_str(self.key.as_str()),
            Some(code) => write!(f, "{}@{code}", self.key.as_str()),
        }
    }
}

impl fmt::Display for BodyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_forms {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl TryFrom<String> for $name {
            type Error = BodyKeyError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(body: $name) -> String {
                body.to_string()
            }
        }
    };
}

text_forms!(BodyKey);
text_forms!(BodyRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_written_and_read_alike() {
        for text in ["transport", "street-centre@990102001000"] {
            assert_eq!(text.parse::<BodyRef>().unwrap().to_string(), text);
        }
        assert_eq!("Transport".parse::<BodyRef>(), Err(BodyKeyError::NotASlug));
        assert_eq!("a@b@c".parse::<BodyRef>(), Err(BodyKeyError::NotACode));
        assert_eq!("".parse::<BodyRef>(), Err(BodyKeyError::NotASlug));
        assert_eq!("street-centre@1".parse::<BodyRef>(), Err(BodyKeyError::NotACode));
    }
}
