//! JSON text to [`Node`], strictly (RFC 8259), in one pass.
//!
//! Refused as malformed: anything outside the grammar, duplicate keys, lone surrogates, more than 32 levels,
//! text behind the document. Beyond [`VALUES_MAX`] values it is too large: a node costs 32 bytes, so a refusal
//! stays under 8 MiB. Numbers too big for a double and U+0000 are kept for the shape to refuse with a pointer.
//!
//! Why not serde_json: it cannot tell a number out of range (422) from broken grammar (400), and keeps the last
//! of two equal keys. The property test holds this reader to it in everything else.

use super::node::Node;

const DEPTH_MAX: usize = 32;
const VALUES_MAX: usize = 100_000;

/// Why a text is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Malformed,
    TooManyValues,
}

/// Reads exactly one document.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader { text, at: 0, values: 0 };
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() { Ok(node) } else { Err(Unreadable::Malformed) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Unreadable> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(Unreadable::TooManyValues);
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Node::Text),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(Unreadable::Malformed),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Unreadable> {
        self.enter(depth)?;
        let mut entries: Vec<(String, Node)> = Vec::new();
        if !self.follows(b'}') {
            loop {
                self.skip_space();
                let key = self.string()?;
                self.demand(b':')?;
                entries.push((key, self.value(depth)?));
                if !self.follows(b',') {
                    break self.demand(b'}')?;
                }
            }
        }
        if has_duplicate_keys(&entries) { Err(Unreadable::Malformed) } else { Ok(Node::Object(entries)) }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Unreadable> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if !self.follows(b']') {
            loop {
                items.push(self.value(depth)?);
                if !self.follows(b',') {
                    break self.demand(b']')?;
                }
            }
        }
        Ok(Node::List(items))
    }

    /// Steps over the opening bracket.
    fn enter(&mut self, depth: usize) -> Result<(), Unreadable> {
        self.at += 1;
        if depth > DEPTH_MAX { Err(Unreadable::Malformed) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        self.demand(b'"')?;
        let mut content = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').ok_or(Unreadable::Malformed)?;
            content.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Ok(content),
                b'\\' => content.push(self.escape()?),
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let escape = self.peek().ok_or(Unreadable::Malformed)?;
        self.at += 1;
        match escape {
            b'"' | b'\\' | b'/' => Ok(char::from(escape)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode_escape(),
            _ => Err(Unreadable::Malformed),
        }
    }

    fn unicode_escape(&mut self) -> Result<char, Unreadable> {
        let first = self.hex4()?;
        let mut units = vec![first];
        if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            units.push(self.hex4()?);
        }
        // Exactly one character: a high surrogate before anything but a low one decodes to an error or to two.
        let mut decoded = char::decode_utf16(units);
        match (decoded.next(), decoded.next()) {
            (Some(Ok(character)), None) => Ok(character),
            _ => Err(Unreadable::Malformed),
        }
    }

    fn hex4(&mut self) -> Result<u16, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable::Malformed)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Unreadable::Malformed);
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| Unreadable::Malformed)
    }

    /// `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?`
    fn number(&mut self) -> Result<Node, Unreadable> {
        let start = self.at;
        self.step_over(b"-");
        if !self.step_over(b"0") {
            self.digits()?;
        }
        let mut whole = true;
        if self.step_over(b".") {
            whole = false;
            self.digits()?;
        }
        if self.step_over(b"eE") {
            whole = false;
            self.step_over(b"+-");
            self.digits()?;
        }
        Ok(Node::number(&self.text[start..self.at], whole))
    }

    fn digits(&mut self) -> Result<(), Unreadable> {
        let count = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        if count == 0 { Err(Unreadable::Malformed) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Unreadable> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Unreadable::Malformed);
        }
        self.at += word.len();
        Ok(node)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.step_over(b" \t\n\r") {}
    }

    fn step_over(&mut self, any_of: &[u8]) -> bool {
        let matches = self.peek().is_some_and(|byte| any_of.contains(&byte));
        self.at += usize::from(matches);
        matches
    }

    fn follows(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.step_over(&[byte])
    }

    fn demand(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.follows(byte) { Ok(()) } else { Err(Unreadable::Malformed) }
    }
}

fn has_duplicate_keys(entries: &[(String, Node)]) -> bool {
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}
