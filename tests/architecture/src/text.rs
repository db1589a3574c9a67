//! Blanking what is no code. Lines and columns stay where they were, so a hit can be named.

/// What is left to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Code only.
    Code,
    /// Code and the content of strings: where SQL is.
    CodeAndStrings,
}

/// Rust without comments, and without the content of strings unless they are kept.
pub fn rust(text: &str, keep: Keep) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, what) = token(&chars, at);
        for &c in &chars[at..end] {
            let shown = match what {
                Token::Code => true,
                Token::Comment => false,
                Token::Text => keep == Keep::CodeAndStrings,
            };
            out.push(if shown || c == '\n' { c } else { ' ' });
        }
        at = end;
    }
    out
}

/// SQL without comments. A `--` inside a string is taken for a comment as well: no migration needs one.
pub fn sql(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Blanked Rust without its `#[cfg(test)]` items.
pub fn without_tests(blanked: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = blanked.to_owned();
    while let Some(start) = out.find(MARK) {
        let end = start + item_end(&out[start..]);
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The byte after the first `;` or the first balanced `{…}`.
fn item_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if c == '}' && depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[derive(Clone, Copy)]
enum Token {
    Code,
    Comment,
    Text,
}

fn token(chars: &[char], at: usize) -> (usize, Token) {
    let next = chars.get(at + 1).copied();
    let starts_word = at == 0 || !in_word(chars[at - 1]);
    match chars[at] {
        '/' if next == Some('/') => (until(chars, at, |c| c == '\n'), Token::Comment),
        '/' if next == Some('*') => (block_end(chars, at), Token::Comment),
        '"' => (string_end(chars, at + 1), Token::Text),
        'r' if starts_word => raw_end(chars, at + 1).map_or((at + 1, Token::Code), |end| (end, Token::Text)),
        'b' | 'c' if starts_word && next == Some('r') => {
            raw_end(chars, at + 2).map_or((at + 1, Token::Code), |end| (end, Token::Text))
        }
        '\'' => char_end(chars, at).map_or((at + 1, Token::Code), |end| (end, Token::Text)),
        _ => (at + 1, Token::Code),
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn until(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| stop(*c)).map_or(chars.len(), |n| from + n)
}

/// Block comments nest.
fn block_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `from` is after the `r`. `None`: no raw string, e.g. a raw identifier.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let quote = until(chars, from, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', quote - from)).collect();
    let place = chars[quote + 1..].windows(closing.len()).position(|window| window == closing);
    Some(place.map_or(chars.len(), |n| quote + 1 + n + closing.len()))
}

/// `None`: a lifetime.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        return Some((until(chars, at + 3, |c| c == '\'') + 1).min(chars.len()));
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}
