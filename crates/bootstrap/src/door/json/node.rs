//! A parsed JSON value on its way into a typed one.

/// Keeps what the shape needs to tell a wrong value from an impossible one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// A number beyond the range of a double.
    OutOfRange,
    Text(String),
    List(Vec<Node>),
    /// Keys are distinct, in the order sent.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// From the text of a number; a whole one that fits no 64 bits becomes a double, as in serde_json.
    pub(super) fn number(text: &str, whole: bool) -> Node {
        // "-0" is a whole number to the grammar, but only a double keeps its sign.
        if whole && text != "-0" {
            if let Ok(number) = text.parse() {
                return Node::Unsigned(number);
            }
            if let Ok(number) = text.parse() {
                return Node::Signed(number);
            }
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Node::Float(number),
            _ => Node::OutOfRange,
        }
    }
}
