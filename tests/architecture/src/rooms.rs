//! Which words belong into which room. The data is in [`table`]; this is the predicate.

mod table;

pub use table::*;

use crate::place::{Place, matches};
use crate::source::Source;
use crate::text::Keep;

/// What of a file a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What runs in production, strings blanked.
    Production,
    /// What runs in production, with the content of strings.
    ProductionAndStrings,
    /// Test code only, strings blanked.
    Tests,
    /// All code, strings blanked.
    Everything,
}

/// Words that may stand in some places only.
#[derive(Debug)]
pub struct Room {
    /// What it is about, in a few words.
    pub name: &'static str,
    /// The words. One that begins or ends like a name matches whole names only.
    pub words: &'static [&'static str],
    /// What of a file is looked at.
    pub look: Look,
    /// Only files here are looked at; empty means all.
    pub within: &'static [&'static str],
    /// Where the words may stand.
    pub places: &'static [Place],
    /// What to do instead.
    pub instead: &'static str,
}

impl Room {
    /// Every place where a word stands outside its room, as `path:line: word — what to do`.
    pub fn offences(&self, sources: &[Source]) -> Vec<String> {
        sources
            .iter()
            .filter(|source| self.concerns(&source.path))
            .flat_map(|source| self.hits(source))
            .collect()
    }

    /// Reviewed files in which none of the words stands any more: an exception nobody needs.
    pub fn idle_places(&self, sources: &[Source]) -> Vec<String> {
        let files =
            self.places.iter().filter(|place| !place.path.contains('*') && !place.path.ends_with('/'));
        let idle = files.filter(|place| {
            !sources.iter().any(|source| source.path == place.path && !self.hits(source).is_empty())
        });
        idle.map(|place| format!("{}: {} needs no exception any more; take it out", self.name, place.path))
            .collect()
    }

    fn concerns(&self, path: &str) -> bool {
        let within = self.within.is_empty() || self.within.iter().any(|pattern| matches(pattern, path));
        within && !self.places.iter().any(|place| place.holds(path))
    }

    fn hits(&self, source: &Source) -> Vec<String> {
        let text = match self.look {
            Look::Production => source.production(Keep::Code),
            Look::ProductionAndStrings => source.production(Keep::CodeAndStrings),
            Look::Everything => source.code(Keep::Code),
            Look::Tests if source.test_code() => source.code(Keep::Code),
            Look::Tests => String::new(),
        };
        let mut hits = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = self.words.iter().find(|word| stands_in(line, word)) {
                hits.push(format!("{}:{}: `{word}` — {}", source.path, number + 1, self.instead));
            }
        }
        hits
    }
}

/// Whether a word stands in a line, not as a part of a longer name.
fn stands_in(line: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |at: usize| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let goes_on_before = word.starts_with(in_name) && before.ends_with(in_name);
        let goes_on_after = word.ends_with(in_name) && after.starts_with(in_name);
        !goes_on_before && !goes_on_after
    };
    line.match_indices(word).any(|(at, _)| whole(at))
}
