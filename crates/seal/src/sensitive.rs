//! Readable personal data on its short way from the door to the seal.

use serde::{Deserialize, Deserializer};

/// Holds a value that must not reach a log, a message or an answer: no Debug, no Display, no Serialize.
/// It can be read from a request body; getting at the value is spelled out by [`Sensitive::expose`].
///
/// ```compile_fail
/// println!("{:?}", seal::Sensitive::new("13800000000"));
/// ```
/// ```compile_fail
/// println!("{}", seal::Sensitive::new("13800000000"));
/// ```
/// ```
/// assert_eq!(*seal::Sensitive::new(138).expose(), 138);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for sealing it or for an answer whose purpose was recorded.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sensitive<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}
