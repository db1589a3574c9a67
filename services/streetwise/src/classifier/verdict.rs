//! Whether a model learned anew is published: pure, so that each way it can end is a test.
//!
//! Some examples are never learned from and only judged ([`divide`]): always the same ones, chosen by their words, so that
//! no model that was retrained has seen them, whenever it was. The published model and the new one are judged on them
//! alike. What the one has no label for counts as wrong: it cannot say it.

use std::collections::{BTreeMap, BTreeSet};

use classify::linear::{Classifier, Example, Judged, Score, Scratch, Segmenter, score};

/// One in so many is set aside.
const ASIDE_ONE_IN: u64 = 5;
/// Examples that must be set aside for a comparison to mean anything.
pub const ASIDE_MIN: usize = 50;
/// Examples that a label must have among those learned from: one for each part of cross-validation.
pub const PER_LABEL_MIN: usize = 5;

/// What is learned from and what is judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Divided {
    /// To learn from.
    pub learned: Vec<Example>,
    /// Set aside.
    pub aside: Vec<Example>,
    /// Labels that are learned.
    pub labels: BTreeSet<String>,
    /// Labels with too few examples, with how many they have to learn from.
    pub rare: BTreeMap<String, usize>,
}

/// Why there is no comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacking {
    /// So many labels have enough examples; two are needed.
    Labels(usize),
    /// So many examples are set aside; [`ASIDE_MIN`] are needed.
    Aside(usize),
}

/// How a comparison ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is published yet, nor by its district.
    First,
    /// It finds more.
    Better,
    /// It finds no more than the published one.
    NoBetter,
    /// Its probabilities mean less than they should.
    Uncalibrated,
}

impl Verdict {
    /// Whether it is published.
    pub const fn publishes(self) -> bool {
        matches!(self, Verdict::First | Verdict::Better)
    }

    /// Stable name, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::First => "first",
            Verdict::Better => "better",
            Verdict::NoBetter => "no-better",
            Verdict::Uncalibrated => "uncalibrated",
        }
    }

    /// In words.
    pub const fn told(self) -> &'static str {
        match self {
            Verdict::First => "尚无已发布的模型 / nothing was published before",
            Verdict::Better => "胜过现用的模型 / better than what is in force",
            Verdict::NoBetter => "不胜过现用的模型，不发布 / no better than what is in force: not published",
            Verdict::Uncalibrated => {
                "校准误差过大，不发布 / its probabilities mean too little: not published"
            }
        }
    }
}

/// One example a text, the last one told: a later decision corrects an earlier one, and a decision corrects the base.
pub fn settled(base: Vec<Example>, decided: Vec<Example>, leave_out: &[String]) -> Vec<Example> {
    let mut by_text = BTreeMap::new();
    for example in base.into_iter().chain(decided) {
        by_text.insert((example.subject.clone(), example.detail.clone()), example);
    }
    by_text.into_values().filter(|example| !leave_out.contains(&example.label)).collect()
}

/// Sets examples aside by their words, and leaves out labels that cannot be learned.
pub fn divide(examples: Vec<Example>) -> Divided {
    let (aside, learned): (Vec<_>, Vec<_>) = examples.into_iter().partition(is_aside);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    learned.iter().for_each(|example| *counts.entry(example.label.clone()).or_default() += 1);
    // A label that is only set aside is one that cannot be learned, too.
    aside.iter().for_each(|example| *counts.entry(example.label.clone()).or_default() += 0);
    let (enough, rare): (BTreeMap<_, _>, BTreeMap<_, _>) =
        counts.into_iter().partition(|(_, count)| *count >= PER_LABEL_MIN);
    let labels: BTreeSet<String> = enough.into_keys().collect();
    let learned = learned.into_iter().filter(|example| labels.contains(&example.label)).collect();
    Divided { learned, aside, labels, rare }
}

/// FNV-1a: the same for the same words on every machine, for ever.
fn is_aside(example: &Example) -> bool {
    let bytes = example.subject.trim().bytes().chain([0]).chain(example.detail.trim().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The lowest bits of this hash say little: what lies above is folded in.
    (hash ^ (hash >> 32)) % ASIDE_ONE_IN == 0
}

/// Whether a comparison would mean anything.
pub fn enough(divided: &Divided) -> Result<(), Lacking> {
    if divided.labels.len() < 2 {
        Err(Lacking::Labels(divided.labels.len()))
    } else if divided.aside.len() < ASIDE_MIN {
        Err(Lacking::Aside(divided.aside.len()))
    } else {
        Ok(())
    }
}

/// How a model judges examples, whatever labels it has.
pub fn judged(model: &Classifier, segmenter: &Segmenter, examples: &[Example]) -> Score {
    let labels: BTreeSet<&str> = examples.iter().map(|example| example.label.as_str()).collect();
    let labels: BTreeSet<&str> =
        labels.into_iter().chain(model.head().labels.iter().map(String::as_str)).collect();
    let place: BTreeMap<&str, u32> = labels.into_iter().zip(0..).collect();
    let mut scratch = Scratch::default();
    let judge = |example: &Example| {
        let judgement = model.judge(segmenter, example.message(), &mut scratch);
        Judged {
            label: place[example.label.as_str()],
            given: place[model.label(judgement.label)],
            confidence: judgement.confidence,
        }
    };
    let judged: Vec<Judged> = examples.iter().map(judge).collect();
    score(&judged, place.len())
}

/// Whether the new one is published. Its calibration error has to be below `ece_max`, or at least below that of the
/// published one.
pub fn verdict(old: Option<&Score>, new: &Score, ece_max: f64) -> Verdict {
    let bound = old.map_or(ece_max, |old| ece_max.max(old.ece));
    if old.is_some_and(|old| new.macro_f1 <= old.macro_f1) {
        Verdict::NoBetter
    } else if new.ece > bound {
        Verdict::Uncalibrated
    } else if old.is_some() {
        Verdict::Better
    } else {
        Verdict::First
    }
}

#[cfg(test)]
mod tests {
    use classify::linear::{BYTES_MAX, Settings, train};

    use super::*;

    fn example(detail: &str, label: &str) -> Example {
        Example { subject: String::new(), detail: detail.into(), label: label.into() }
    }

    fn scored(macro_f1: f64, ece: f64) -> Score {
        Score { n: 100, macro_f1, accuracy: macro_f1, accuracy_top80: macro_f1, ece }
    }

    #[test]
    fn only_a_better_model_whose_probabilities_hold_is_published() {
        let old = scored(0.80, 0.04);
        let cases = [
            (None, scored(0.1, 0.10), Verdict::First),
            (None, scored(0.9, 0.11), Verdict::Uncalibrated),
            (Some(&old), scored(0.801, 0.10), Verdict::Better),
            (Some(&old), scored(0.80, 0.01), Verdict::NoBetter),
            (Some(&old), scored(0.79, 0.01), Verdict::NoBetter),
            (Some(&old), scored(0.95, 0.11), Verdict::Uncalibrated),
        ];
        for (old, new, expected) in cases {
            let verdict = verdict(old, &new, 0.10);
            assert_eq!(verdict, expected, "{new:?}");
            assert_eq!(verdict.publishes(), matches!(expected, Verdict::First | Verdict::Better));
        }
        // No worse calibrated than what is published is good enough.
        assert_eq!(super::verdict(Some(&scored(0.8, 0.2)), &scored(0.9, 0.2), 0.10), Verdict::Better);
    }

    #[test]
    fn the_same_example_is_always_set_aside() {
        let examples: Vec<Example> =
            (0..2_000).map(|n| example(&format!("第{n}件"), ["甲", "乙"][n % 2])).collect();
        let first = divide(examples.clone());
        let share = first.aside.len() as f64 / 2_000.0;
        assert!((share - 0.2).abs() < 0.04, "{share}");
        // However many others there are, and in whichever order they come, and by whom they are labelled.
        let mut fewer: Vec<Example> = examples.into_iter().step_by(3).collect();
        fewer.reverse();
        fewer.iter_mut().for_each(|example| example.label = "丙".into());
        let set_aside: BTreeSet<String> = first.aside.into_iter().map(|example| example.detail).collect();
        assert!(divide(fewer.clone()).aside.iter().all(|example| set_aside.contains(&example.detail)));
        assert!(divide(fewer).learned.iter().all(|example| !set_aside.contains(&example.detail)));
    }

    #[test]
    fn what_was_decided_last_counts() {
        let base = vec![example("路灯不亮", "甲"), example("站牌倒了", "甲")];
        let decided = vec![example("路灯不亮", "乙"), example("路灯不亮", "丙"), example("井盖", "丁")];
        let told = settled(base, decided, &["丁".to_owned()]);
        let told: Vec<_> = told.iter().map(|one| (one.detail.as_str(), one.label.as_str())).collect();
        assert_eq!(told, [("站牌倒了", "甲"), ("路灯不亮", "丙")]);
    }

    #[test]
    fn too_little_is_named() {
        let many = |label: &str, count: usize| -> Vec<Example> {
            (0..count).map(|n| example(&format!("{label}第{n}件"), label)).collect()
        };
        assert_eq!(enough(&divide(Vec::new())), Err(Lacking::Labels(0)));
        let one = divide([many("甲", 400), many("乙", 2)].concat());
        assert_eq!(
            (enough(&one), one.rare.keys().map(String::as_str).collect::<Vec<_>>()),
            (Err(Lacking::Labels(1)), vec!["乙"])
        );
        assert!(one.learned.iter().all(|example| example.label == "甲"));
        let few = divide([many("甲", 40), many("乙", 40)].concat());
        assert!(matches!(enough(&few), Err(Lacking::Aside(aside)) if aside < ASIDE_MIN));
        assert_eq!(enough(&divide([many("甲", 300), many("乙", 300)].concat())), Ok(()));
    }

    #[test]
    fn a_label_that_a_model_does_not_know_counts_as_wrong() {
        let words = [("甲", "公交改道绕行"), ("乙", "路灯不亮漆黑"), ("丙", "井盖丢失危险")];
        let of = |n: usize| example(words[n % 3].1, words[n % 3].0);
        let learned: Vec<Example> = (0..60).map(of).filter(|one| one.label != "丙").collect();
        let segmenter = Segmenter::new();
        let settings = Settings { seed: 1, threads: 1, bytes_max: BYTES_MAX };
        let model = train(&learned, &segmenter, settings, &|_| {}).unwrap();
        let score = judged(&model, &segmenter, &(0..30).map(of).collect::<Vec<_>>());
        assert!((score.accuracy - 2.0 / 3.0).abs() < 1e-9, "{score:?}");
        assert!(score.macro_f1 < 0.67);
    }
}
