//! How alike two texts are, and how those alike are found without reading all: shingles, MinHash, bands (D35). Pure.
//!
//! A text is the set of its pairs of neighbouring characters, letters and digits only. Two sets are as alike as what they share
//! of what they have together (Jaccard). The least of the hashes of a set's members agree in two sets with just that probability
//! (A. Broder, "On the resemblance and containment of documents", SEQUENCES 1997); two such agreements make a band, and cases that
//! share a band with a report are read and compared. Of texts half alike, nine in ten share one of the eight.

use std::collections::BTreeSet;

/// Bands of a text.
pub const BANDS: usize = 8;
const ROWS: usize = 2;

/// A text as a set, for comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles(BTreeSet<u64>);

impl Shingles {
    /// Of a text; case, spaces and punctuation do not count.
    pub fn of(text: &str) -> Self {
        let kept = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let kept: Vec<char> = kept.collect();
        let pair = |pair: &[char]| mixed(u64::from(pair[0]) << 32 | u64::from(pair[1]));
        match kept.as_slice() {
            [] => Self(BTreeSet::new()),
            [only] => Self(BTreeSet::from([mixed(u64::from(*only))])),
            more => Self(more.windows(2).map(pair).collect()),
        }
    }

    /// How much of what both have they share, in thousandths; texts that say nothing are like nothing.
    pub fn alike_per_mille(&self, other: &Self) -> u32 {
        let shared = self.0.intersection(&other.0).count();
        let together = self.0.len() + other.0.len() - shared;
        let per_mille = (shared * 1_000).checked_div(together).unwrap_or(0);
        u32::try_from(per_mille).unwrap_or(1_000)
    }

    /// Its bands, in their order; none of a text that says nothing.
    pub fn bands(&self) -> Vec<i64> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let least = |n: usize| {
            let seed = mixed(n as u64 + 1);
            self.0.iter().map(|member| mixed(member ^ seed)).min().unwrap_or(u64::MAX)
        };
        let band = |n: usize| {
            let rows = (0..ROWS).map(|row| least(n * ROWS + row));
            rows.fold(n as u64, |key, row| mixed(key ^ row))
        };
        (0..BANDS).map(|n| band(n).cast_signed()).collect()
    }
}

/// Scatters a number over all numbers (the finaliser of SplitMix64: G. Steele and others, OOPSLA 2014). The same in every build:
/// bands are stored.
const fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alike(a: &str, b: &str) -> u32 {
        Shingles::of(a).alike_per_mille(&Shingles::of(b))
    }

    fn met(a: &str, b: &str) -> bool {
        let (a, b) = (Shingles::of(a).bands(), Shingles::of(b).bands());
        a.iter().zip(&b).any(|(a, b)| a == b)
    }

    #[test]
    fn spaces_case_and_marks_do_not_count() {
        assert_eq!(alike("公交306路改道，老人要多走两站！", "公交 306 路改道。老人要多走两站"), 1_000);
        assert_eq!(alike("Bus LINE", "busline"), 1_000);
        assert_eq!((alike("", ""), alike("。", "…"), alike("灯", "灯"), alike("灯", "路")), (0, 0, 1_000, 0));
        assert!(Shingles::of("！？").bands().is_empty());
    }

    #[test]
    fn a_word_more_or_less_is_nearly_the_same_and_another_matter_is_not() {
        let report = "滨江路口路灯不亮已经三天，晚上看不清路，老人出行不安全";
        assert!(alike(report, "滨江路口路灯不亮已经三天了，晚上看不清路，老人出行很不安全，请尽快修") > 650);
        assert!(alike(report, "菜市场门口垃圾堆放无人清理，气味很大") < 50);
    }

    /// Bands are rows in databases: what they are may not change with a build.
    #[test]
    fn bands_are_what_they_were() {
        let bands = Shingles::of("公交306路改道").bands();
        assert_eq!(bands.len(), BANDS);
        assert_eq!(bands[0], 7874508310239370134, "bands of cases that are stored would be found no more");
    }

    #[test]
    fn of_texts_alike_nearly_all_meet_and_of_others_hardly_any() {
        let letters: Vec<char> =
            "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
                .chars()
                .collect();
        let text = |seed: u64, len: usize| -> String {
            (0..len)
                .map(|n| letters[(mixed(seed * 1_000 + n as u64) % letters.len() as u64) as usize])
                .collect()
        };
        let (mut alike_met, mut other_met) = (0, 0);
        for seed in 0..200 {
            let report = text(seed, 60);
            let edited = format!("{}{}", &report[..report.len() * 4 / 5 / 3 * 3], text(seed + 5_000, 6));
            alike_met += usize::from(met(&report, &edited));
            other_met += usize::from(met(&report, &text(seed + 9_000, 60)));
        }
        assert!(alike_met >= 190 && other_met <= 10, "{alike_met} {other_met}");
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_whole_of_itself(a in "\\PC{0,60}", b in "\\PC{0,60}") {
            prop_assert_eq!(alike(&a, &b), alike(&b, &a));
            prop_assert!(alike(&a, &b) <= 1_000);
            let itself = if Shingles::of(&a).bands().is_empty() { 0 } else { 1_000 };
            prop_assert_eq!(alike(&a, &a), itself);
        }
    }
}
