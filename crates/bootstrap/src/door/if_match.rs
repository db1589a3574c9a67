//! `If-Match` (RFC 9110 §13.1.1): which versions of a row the caller may have seen.
//!
//! Our tags are numbers in quotes; one without quotes is taken, too. Weak tags match nothing, as the comparison is a strong one, and
//! neither does what can be no version of ours: that is said by the change itself, after what is wrong with its request.

use axum::http::{HeaderMap, header};

/// What a change insists on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever its version is, it exists.
    Any,
    /// It has one of these versions; none of ours when the list is empty.
    OneOf(Vec<u64>),
}

impl IfMatch {
    /// That one version.
    pub fn version(version: u64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Of a request; nothing where it does not insist. Several lines are one list.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(header::IF_MATCH).iter().peekable();
        lines.peek()?;
        let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or_default().trim()).collect();
        if lines == ["*"] {
            return Some(Self::Any);
        }
        Some(Self::OneOf(lines.iter().flat_map(|line| versions(line)).collect()))
    }

    /// Whether a row of this version, which exists, may be changed.
    pub fn admits(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

/// The versions that a list names, tag by tag: a comma within quotes parts nothing.
fn versions(list: &str) -> Vec<u64> {
    let (mut found, mut rest) = (Vec::new(), list);
    while !rest.is_empty() {
        let (tag, behind) = first_tag(rest);
        found.extend(version_of(tag.trim()));
        rest = behind;
    }
    found
}

fn first_tag(list: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = list.find(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    end.map_or((list, ""), |end| (&list[..end], &list[end + 1..]))
}

/// Compared by its characters: `"03"` is another tag than `"3"`.
fn version_of(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    let version: u64 = digits.parse().ok()?;
    (version.to_string() == digits).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Option<IfMatch> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, line.parse().unwrap());
        }
        IfMatch::of(&headers)
    }

    #[test]
    fn any_listed_version_may_match() {
        assert_eq!(of(&[]), None);
        for one in ["\"3\"", "3", " \"3\" ", "\"3\",", ", \"3\""] {
            assert_eq!(of(&[one]), Some(IfMatch::version(3)), "{one}");
        }
        for both in [&["\"3\", \"4\""][..], &["3,4"], &["\"3\"", "\"4\""], &["W/\"9\", \"3\",, \"x\", \"4\""]]
        {
            assert_eq!(of(both), Some(IfMatch::OneOf(vec![3, 4])), "{both:?}");
        }
    }

    #[test]
    fn a_star_is_any_and_stands_alone() {
        assert_eq!(of(&["*"]), Some(IfMatch::Any));
        assert_eq!(of(&["\"3\", *"]), Some(IfMatch::version(3)));
        assert_eq!(of(&["*", "*"]), Some(IfMatch::OneOf(vec![])));
    }

    #[test]
    fn what_is_no_version_of_ours_matches_none() {
        for none in
            ["", "nonsense", "W/\"3\"", "\"03\"", "\"3", "3\"", "+3", "-3", "\"3,4\"", "\"*\"", "\"\"", "1e3"]
        {
            assert_eq!(of(&[none]), Some(IfMatch::OneOf(vec![])), "{none}");
        }
        assert!(!of(&["nonsense"]).unwrap().admits(0));
        assert!(of(&["\"3\", \"4\""]).unwrap().admits(4) && IfMatch::Any.admits(1));
    }
}
