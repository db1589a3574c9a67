//! [`Node`] to a type, with the pointer to the first value that does not fit.
//!
//! A deserializer of its own, because the pointer must name fields of our types only: the name of an unknown
//! field, like any value, is the caller's text and is not repeated.

use std::fmt::Display;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::Node;
use crate::door::problem::Fault;

/// A value that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    code: &'static str,
    detail: String,
    /// Innermost step first: built while the error travels outwards.
    steps: Vec<String>,
}

impl Misfit {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), steps: Vec::new() }
    }

    fn below(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// As an entry of the problem document.
    pub(super) fn into_fault(self) -> Fault {
        let escape = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        Fault::new(self.steps.iter().rev().map(escape).collect::<String>(), self.code, self.detail)
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    /// The message may quote the value (jiff's and uuid's do), so it is dropped.
    fn custom<T: Display>(_: T) -> Self {
        Self::new("invalid-value", "值无效 / not a valid value")
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("wrong-type", format!("类型不符 / expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("invalid-value", format!("值无效 / expected {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new("wrong-length", format!("数目不符 / expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new("unknown-value", format!("不在允许的取值内 / expected one of {}", expected.join(", ")))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new("unknown-field", format!("含未知字段 / expected only {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("missing-field", format!("缺少字段 / the field {field} is missing")).below(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("duplicate-field", format!("字段重复 / the field {field} is there twice"))
    }
}

fn refuse_nul(text: &str) -> Result<(), Misfit> {
    match text.contains('\0') {
        true => Err(Misfit::new("nul-character", "不得含 U+0000 / must not contain U+0000")),
        false => Ok(()),
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Unsigned(number) => visitor.visit_u64(number),
            Node::Signed(number) => visitor.visit_i64(number),
            Node::Float(number) => visitor.visit_f64(number),
            Node::OutOfRange => Err(Misfit::new("out-of-range", "数值超出范围 / the number is out of range")),
            Node::Text(text) => {
                refuse_nul(&text)?;
                visitor.visit_string(text)
            }
            Node::List(items) => visit_list(items, visitor),
            Node::Object(entries) => visit_object(entries, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Node::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Node::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &"an object")),
            other => other.deserialize_any(visitor),
        }
    }

    /// Derived types would also take their fields as a list, in order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    /// `"variant"` or `{"variant": content}`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self {
            Node::Text(text) => {
                refuse_nul(&text)?;
                visitor.visit_enum(IntoDeserializer::<Misfit>::into_deserializer(text))
            }
            Node::Object(entries) if entries.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries::new(entries)))
            }
            _ => Err(Misfit::new("wrong-type", "类型不符 / expected one of the named variants")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}

fn visit_list<'de, V: Visitor<'de>>(items: Vec<Node>, visitor: V) -> Result<V::Value, Misfit> {
    let length = items.len();
    let mut items = Items { rest: items.into_iter(), next: 0 };
    let value = visitor.visit_seq(&mut items)?;
    // A tuple or array type stops reading when it is full.
    match items.rest.len() {
        0 => Ok(value),
        _ => Err(de::Error::invalid_length(length, &"fewer items")),
    }
}

fn visit_object<'de, V: Visitor<'de>>(entries: Vec<(String, Node)>, visitor: V) -> Result<V::Value, Misfit> {
    visitor.visit_map(Entries::new(entries))
}

struct Items {
    rest: std::vec::IntoIter<Node>,
    next: usize,
}

impl<'de> SeqAccess<'de> for &mut Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(item) = self.rest.next() else { return Ok(None) };
        self.next += 1;
        let value = seed.deserialize(item).map_err(|misfit| misfit.below((self.next - 1).to_string()))?;
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries {
    rest: std::vec::IntoIter<(String, Node)>,
    /// The entry whose key was read last.
    open: Option<(String, Node)>,
}

impl Entries {
    fn new(entries: Vec<(String, Node)>) -> Self {
        Self { rest: entries.into_iter(), open: None }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        refuse_nul(&key)?;
        self.open = Some((key.clone(), value));
        // A key that is refused is the caller's text: the pointer ends at the object.
        seed.deserialize(StringDeserializer::<Misfit>::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (key, value) = self.open.take().expect("a value is asked for after its key");
        seed.deserialize(value).map_err(|misfit| misfit.below(key))
    }
}
