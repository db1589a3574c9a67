//! From a message to the keys of its features: words, pairs of words, two and three characters in a row.
//!
//! Three *blocks*, each brought to the same length later, so that a subject of ten characters is heard beside a detail of
//! thousands: the words of all, the characters of all, and the subject by itself. A key is a hash with its block in the
//! two lowest bits; two features that share a key are taken for one (at a million features about one in a thousand).

use std::ops::Range;

use jieba_rs::Jieba;

use super::text::{self, Message};

/// Words and pairs of words of subject and detail.
pub const WORDS: u32 = 0;
/// Two and three characters in a row, of subject and detail.
pub const CHARACTERS: u32 = 1;
/// Both again, of the subject alone.
pub const SUBJECT: u32 = 2;
/// How many blocks there are.
pub const BLOCKS: usize = 3;

/// The block of a key.
pub const fn block_of(key: u32) -> usize {
    (key & 3) as usize
}

/// Cuts Chinese into words, by a dictionary of its own. Making one takes a tenth of a second: keep it.
#[derive(Debug)]
pub struct Segmenter(Jieba);

impl Default for Segmenter {
    fn default() -> Self {
        Self::new()
    }
}

impl Segmenter {
    /// With the dictionary that comes with the crate.
    pub fn new() -> Self {
        Self(Jieba::new())
    }

    /// Appends the keys of a message, one for each occurrence; `scratch` holds the plain text in between.
    pub fn keys(&self, message: Message<'_>, scratch: &mut String, keys: &mut Vec<u32>) {
        for (field, is_subject) in [(message.subject, true), (message.detail, false)] {
            text::plain(field, scratch);
            self.occurrences(scratch, is_subject, |key, _| keys.push(key));
        }
    }

    /// Tells every feature of a plain text with its place.
    pub fn occurrences(&self, plain: &str, is_subject: bool, mut tell: impl FnMut(u32, Range<usize>)) {
        let mut both = |block: u32, hash: u64, at: Range<usize>| {
            tell(key(hash, block), at.clone());
            if is_subject {
                tell(key(hash ^ u64::from(block + 1), SUBJECT), at);
            }
        };
        self.words(plain, |hash, at| both(WORDS, hash, at));
        characters(plain, |hash, at| both(CHARACTERS, hash, at));
    }

    /// Words with their places, without blanks.
    pub fn cut<'a>(&self, plain: &'a str) -> Vec<(&'a str, Range<usize>)> {
        let cut = self.0.cut(plain, false).into_iter();
        let placed = cut.map(|token| (token.word, token.byte_start..token.byte_start + token.word.len()));
        placed.filter(|(word, _)| *word != " ").collect()
    }

    fn words(&self, plain: &str, mut tell: impl FnMut(u64, Range<usize>)) {
        let mut before: Option<(u64, usize)> = None;
        for token in self.0.cut(plain, false) {
            if token.word == " " {
                continue;
            }
            let at = token.byte_start..token.byte_start + token.word.len();
            let hash = token.word.bytes().fold(1, |hash, byte| mixed(hash, u64::from(byte)));
            tell(hash, at.clone());
            if let Some((first, start)) = before {
                tell(mixed(first, hash), start..at.end);
            }
            before = Some((hash, at.start));
        }
    }
}

/// A character and where it begins.
type Placed = (char, usize);

fn characters(plain: &str, mut tell: impl FnMut(u64, Range<usize>)) {
    // The two characters before, with where they begin. A blank is one too: it tells where a phrase begins.
    let (mut second, mut first): (Option<Placed>, Option<Placed>) = (None, None);
    for (at, c) in plain.char_indices() {
        let end = at + c.len_utf8();
        if let Some((b, from_b)) = first {
            let pair = mixed(mixed(2, u64::from(u32::from(b))), u64::from(u32::from(c)));
            tell(pair, from_b..end);
            if let Some((a, from_a)) = second {
                tell(mixed(pair, u64::from(u32::from(a))), from_a..end);
            }
        }
        (second, first) = (first, Some((c, at)));
    }
}

fn mixed(hash: u64, next: u64) -> u64 {
    let product = (hash ^ next).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xd134_2543_de82_ef95);
    product ^ (product >> 29)
}

/// The highest bits are the best mixed.
fn key(hash: u64, block: u32) -> u32 {
    let bits = (mixed(hash, 7) >> 32) as u32;
    (bits & !3) | block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_tells_where_it_stands() {
        let segmenter = Segmenter::new();
        let plain = "路灯 不亮";
        let mut found = Vec::new();
        segmenter.occurrences(plain, false, |key, at| found.push((block_of(key), &plain[at])));
        let of =
            |block: usize| found.iter().filter(|one| one.0 == block).map(|one| one.1).collect::<Vec<_>>();
        assert_eq!(of(1), ["路灯", "灯 ", "路灯 ", " 不", "灯 不", "不亮", " 不亮"]);
        // A word is told before the pair that it ends.
        assert_eq!(of(0)[0], "路灯");
        assert!(of(0).contains(&"路灯 不亮") || of(0).contains(&"路灯 不"));
    }

    #[test]
    fn a_subject_is_heard_twice_and_a_detail_once() {
        let segmenter = Segmenter::new();
        let count = |message: Message<'_>| {
            let mut keys = Vec::new();
            segmenter.keys(message, &mut String::new(), &mut keys);
            [0, 1, 2].map(|block| keys.iter().filter(|key| block_of(**key) == block).count())
        };
        let [words, characters, none] = count(Message::from("公交改道"));
        assert_eq!((characters, none), (5, 0));
        let subject = Message { subject: "公交改道", detail: "" };
        assert_eq!(count(subject), [words, characters, words + characters]);
    }

    #[test]
    fn keys_spread_over_their_range() {
        let segmenter = Segmenter::new();
        let mut keys = Vec::new();
        let text: String = ('一'..='丿').collect();
        segmenter.keys(Message::from(text.as_str()), &mut String::new(), &mut keys);
        keys.sort_unstable();
        let distinct = keys.len();
        keys.dedup();
        assert!(keys.len() * 100 > distinct * 95);
        assert!(keys.iter().any(|key| *key > u32::MAX / 8 * 7) && keys.iter().any(|key| *key < u32::MAX / 8));
    }
}
