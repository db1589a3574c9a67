//! The id a bench puts into a report's trace, by which the webhooks of that report are known again (D55).

/// Which load, and which call of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The load; at least 1, since a trace id of zeros is no trace id.
    pub run: u64,
    /// The call.
    pub n: u64,
}

impl Tag {
    /// A W3C `traceparent` whose trace id is this tag.
    pub fn traceparent(self) -> String {
        format!("00-{:016x}{:016x}-00000000000000b7-01", self.run, self.n)
    }

    /// Reads it back from any `traceparent` of the same trace.
    pub fn read(traceparent: &str) -> Option<Self> {
        let trace = traceparent.split('-').nth(1).filter(|trace| trace.len() == 32)?;
        let half = |text: Option<&str>| u64::from_str_radix(text?, 16).ok();
        Some(Self { run: half(trace.get(..16))?, n: half(trace.get(16..))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_survives_another_span() {
        let tag = Tag { run: 3, n: 0xfeed };
        assert_eq!(tag.traceparent().len(), 55);
        let continued = tag.traceparent().replace("00000000000000b7", "1234567890abcdef");
        assert_eq!(Tag::read(&continued), Some(tag));
        assert_eq!(Tag::read("00-abc-def-01"), None);
        assert_eq!(Tag::read(""), None);
    }
}
