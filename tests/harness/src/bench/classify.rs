//! `bench classify --data F`: the classifier on labelled messages given by path.
//!
//! A fifth of each label's messages, drawn by a seed, is set aside; the rest is learned from and the fifth judged. No server
//! is needed. The machine's limit in the same run is cutting the same messages into words and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use classify::linear::{Example, Segmenter};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;
use streetwise::classifier::{self, CHARACTERS};

use super::Knobs;
use super::sheet::Sheet;

/// Decides what is set aside, and the training.
const SEED: u64 = 1;

/// Trains, judges, times.
pub fn run(knobs: &Knobs) -> Result<Value> {
    let file = knobs.data.as_deref().context(
        "which messages? --data F, JSON lines of {\"text\", \"label\"} or {\"subject\", \"detail\", \"label\"}",
    )?;
    let (learned, aside) = split(read(file)?);
    eprintln!("training on {} messages, seed {SEED}", learned.len());
    let started = Instant::now();
    let segmenter = Segmenter::new();
    let told = |step| eprintln!("{}", classifier::told(step));
    let model = classifier::trained(&learned, &segmenter, SEED, &told)?;
    let bytes = model.to_bytes();
    let train_s = started.elapsed().as_secs_f64();
    let score = classifier::scored(&model, &segmenter, &aside)
        .map_err(|label| anyhow!("label {label} is only among the messages set aside"))?;
    let mut sheet = Sheet::default();
    sheet.put("macro_f1", score.macro_f1);
    sheet.put("accuracy", score.accuracy);
    sheet.put("accuracy_top80", score.accuracy_top80);
    sheet.put("ece", score.ece);
    sheet.put("predict_us", classifier::predict_us(&model, &segmenter, &aside));
    sheet.put("limit_segment_us", classifier::segment_us(&segmenter, &aside));
    sheet.put("train_s", train_s);
    sheet.put("model_mib", classifier::mib(bytes.len()));
    sheet.count("learned", learned.len() as u64);
    sheet.count("judged", aside.len() as u64);
    Ok(sheet.finish(format!(
        "a fifth of each label set aside by seed {SEED}; training includes cutting into words, five-fold \
         cross-validation and the model file, reading the data not; predict_us and limit_segment_us: one thread, {CHARACTERS} \
         characters a message chained from the fifth, the middle of 5 rounds of 300; ece over 15 equal bins"
    )))
}

fn read(file: &Path) -> Result<Vec<Example>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let (examples, faults) = classify::linear::examples(&text);
    ensure!(faults.is_empty(), classifier::faults_told(file, &faults));
    Ok(examples)
}

/// What is learned from, and a fifth of each label.
fn split(examples: Vec<Example>) -> (Vec<Example>, Vec<Example>) {
    let mut by_label: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    for example in examples {
        by_label.entry(example.label.clone()).or_default().push(example);
    }
    let (mut chance, mut learned, mut aside) = (StdRng::seed_from_u64(SEED), Vec::new(), Vec::new());
    for mut of_label in by_label.into_values() {
        of_label.shuffle(&mut chance);
        let rest = of_label.split_off(of_label.len() / 5);
        aside.extend(of_label);
        learned.extend(rest);
    }
    (learned, aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_each_label_is_set_aside_and_nothing_is_lost() {
        let example = |n: usize| Example {
            subject: String::new(),
            detail: n.to_string(),
            label: if n < 50 { "a" } else { "b" }.to_owned(),
        };
        let (learned, aside) = split((0..80).map(example).collect());
        let of = |examples: &[Example], label| examples.iter().filter(|one| one.label == label).count();
        assert_eq!((of(&aside, "a"), of(&aside, "b"), of(&learned, "a"), of(&learned, "b")), (10, 6, 40, 24));
        let mut all: Vec<_> = learned.into_iter().chain(aside).map(|one| one.detail).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 80);
    }
}
