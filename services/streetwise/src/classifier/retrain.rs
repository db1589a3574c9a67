//! `streetwise classifier retrain`: learns anew from what people decided, and publishes what is better.
//!
//! Once and again by hand, or at night by the job of the chart. Whoever publishes meanwhile is not overwritten: the model
//! counts only if the one it was compared with is still the published one.

use std::collections::BTreeMap;

use classify::linear::{Classifier, Example, Score, Segmenter, train};
use serde_json::json;

use super::examples::{code, decided};
use super::published::{self, Standing};
use super::verdict::{self, ASIDE_MIN, Divided, Lacking, PER_LABEL_MIN, Verdict};
use super::{figures, files, settings, told, unlearnable_examples};
use crate::cli::ClassifierRetrain;
use crate::client::Client;
use crate::failure::Failure;

/// What was compared, and how it ended.
struct Outcome<'a> {
    arguments: &'a ClassifierRetrain,
    divided: &'a Divided,
    old: Option<(&'a Standing, Score)>,
    new: Score,
    model: &'a Classifier,
    bytes: usize,
    threshold_permille: u16,
    verdict: Verdict,
    /// The generation it was published as.
    published: Option<u64>,
}

/// Runs the command.
pub async fn run(arguments: &ClassifierRetrain) -> Result<(), Failure> {
    let tenant = code(&arguments.tenant)?;
    let directory = published::client(&arguments.door)?;
    let standing = published::standing(&directory, tenant).await?;
    // The first of a street has to be better than its district's, by which the street was judged until now.
    let in_force = match &standing.model {
        Some(_) => None,
        None => Some(published::in_force(&directory, tenant).await?),
    };
    let before = in_force.as_ref().unwrap_or(&standing);
    let examples = gathered(arguments).await?;
    let divided = verdict::divide(examples);
    verdict::enough(&divided).map_err(|lacking| Failure::TooLittle(missing(&divided, &lacking)))?;
    let segmenter = Segmenter::new();
    let model = learned(arguments, &divided, &segmenter)?;
    let file = model.to_bytes();
    let new = verdict::judged(&model, &segmenter, &divided.aside);
    let old = published::file(before)?;
    let old = old.map(|(_, old)| verdict::judged(&old, &segmenter, &divided.aside));
    let ece_max = f64::from(arguments.ece_max_permille) / 1_000.0;
    let mut outcome = Outcome {
        arguments,
        divided: &divided,
        verdict: verdict::verdict(old.as_ref(), &new, ece_max),
        old: old.map(|score| (before, score)),
        new,
        model: &model,
        bytes: file.len(),
        threshold_permille: threshold(arguments, before, &model),
        published: None,
    };
    if outcome.verdict.publishes() && !arguments.dry_run {
        let only_if = Some(standing.generation);
        let said = published::say(directory, tenant, &file, outcome.threshold_permille, only_if);
        outcome.published = Some(said.await?.0);
    }
    outcome.tell();
    Ok(())
}

/// One example a text, of all streets and of the base.
async fn gathered(arguments: &ClassifierRetrain) -> Result<Vec<Example>, Failure> {
    let token = arguments.door.caller.token()?;
    let triage = Client::new(arguments.triage_url.as_str(), &token)?;
    let own = [arguments.tenant.clone()];
    let streets = if arguments.from.is_empty() { &own[..] } else { &arguments.from[..] };
    let mut all = Vec::new();
    for street in streets {
        all.extend(decided(&triage, street).await?);
    }
    let base = arguments.base.as_deref().map(|base| files::labelled(base, false)).transpose()?;
    Ok(verdict::settled(base.unwrap_or_default(), all, &arguments.leave_out))
}

/// Seconds of work, beside whatever else the runtime does.
fn learned(
    arguments: &ClassifierRetrain,
    divided: &Divided,
    segmenter: &Segmenter,
) -> Result<Classifier, Failure> {
    let settings = settings(arguments.seed, arguments.kib_max as usize * 1_024);
    let progress = |step| eprintln!("{}", told(step));
    tokio::task::block_in_place(|| train(&divided.learned, segmenter, settings, &progress))
        .map_err(|error| unlearnable_examples(&error))
}

/// What was asked for, else what is in force, else what the model proposes.
fn threshold(arguments: &ClassifierRetrain, standing: &Standing, model: &Classifier) -> u16 {
    let in_force = standing.model.as_ref().map(|model| model.threshold_permille);
    arguments.threshold_permille.or(in_force).unwrap_or_else(|| published::proposed_permille(model))
}

fn missing(divided: &Divided, lacking: &Lacking) -> String {
    let what = match lacking {
        Lacking::Labels(labels) => format!(
            "有足够样本的类 {labels} 个，至少需要 2 个，每类至少 {PER_LABEL_MIN} 条 / {labels} labels have enough examples, 2 are needed, \
             each with {PER_LABEL_MIN}"
        ),
        Lacking::Aside(aside) => format!(
            "留作检验的样本 {aside} 条，至少需要 {ASIDE_MIN} 条（约为全部的五分之一） / {aside} examples are set aside to compare by, \
             {ASIDE_MIN} are needed (about a fifth of all)"
        ),
    };
    let rare = rare(&divided.rare);
    if rare.is_empty() { what } else { format!("{what}\n  样本过少的类 / labels with too few: {rare}") }
}

fn rare(rare: &BTreeMap<String, usize>) -> String {
    rare.iter().map(|(label, count)| format!("{label} ({count})")).collect::<Vec<_>>().join(", ")
}

impl Outcome<'_> {
    fn tell(&self) {
        if self.arguments.door.caller.json { println!("{}", self.json()) } else { print!("{}", self.text()) }
    }

    fn json(&self) -> serde_json::Value {
        let before = self.old.as_ref().and_then(|(standing, score)| {
            let model = standing.model.as_ref()?;
            Some(json!({
                "tenant": standing.tenant,
                "generation": standing.generation,
                "sha256": model.sha256,
                "score": score,
            }))
        });
        json!({
            "tenant": self.arguments.tenant,
            "learned": self.divided.learned.len(),
            "aside": self.divided.aside.len(),
            "labels": self.divided.labels,
            "left_out": self.divided.rare,
            "before": before,
            "after": { "score": self.new, "bytes": self.bytes, "features": self.model.features() },
            "threshold_permille": self.threshold_permille,
            "decision": self.verdict.as_str(),
            "published_generation": self.published,
        })
    }

    fn text(&self) -> String {
        let (learned, aside) = (self.divided.learned.len(), self.divided.aside.len());
        let mut text =
            format!("学习 {learned} 条，留作检验 {aside} 条 / learned from {learned}, judged on {aside}\n");
        if !self.divided.rare.is_empty() {
            text += &format!("  样本过少，未学习 / too few to learn: {}\n", rare(&self.divided.rare));
        }
        match &self.old {
            Some((standing, score)) => {
                let whose = match standing.tenant == self.arguments.tenant || standing.tenant.is_empty() {
                    true => "已发布 published",
                    false => "沿用区的模型 the district's, in force until now",
                };
                text += &format!("  {whose} (第 {} 代): {}\n", standing.generation, figures(score));
            }
            None => text += "  已发布 published: 无 / none\n",
        }
        text += &format!("  新模型 new: {}\n", figures(&self.new));
        let mark = if self.verdict.publishes() { "✓" } else { "–" };
        text += &format!("{mark} {}\n", self.verdict.told());
        match self.published {
            Some(generation) => {
                let threshold = self.threshold_permille;
                text += &format!(
                    "✓ 已发布为第 {generation} 代，阈值 {threshold}‰ / published as generation {generation}\n"
                );
            }
            None if self.verdict.publishes() => text += "  未发布（--dry-run） / not published (--dry-run)\n",
            None => {}
        }
        text
    }
}
