//! `streetwise classifier …`: models of crate `classify` as files, and as what a tenant has published.
//!
//! What is learned and judged is the crate's; here are files, progress, clocks and words for people, the directory's doors
//! (`published`) and learning anew from what people decided (`retrain`, decided by `verdict`).

mod examples;
mod files;
mod measure;
pub(crate) mod published;
mod retrain;
mod verdict;

use std::path::Path;
use std::time::Instant;

use classify::linear::{
    BYTES_MAX, Classifier, Example, Message, Score, Scratch, Segmenter, Settings, Step, TrainError, train,
};
use serde_json::json;

use crate::cli;
use crate::failure::Failure;

pub use files::{faults_told, labelled, model};
pub use measure::{CHARACTERS, predict_us, segment_us};

/// Runs the command.
pub async fn run(command: &cli::Classifier) -> Result<(), Failure> {
    match command {
        cli::Classifier::Train(arguments) => learn(arguments),
        cli::Classifier::Eval(arguments) => evaluate(arguments),
        cli::Classifier::Explain(arguments) => explain(arguments),
        cli::Classifier::Examples(arguments) => examples::run(arguments).await,
        cli::Classifier::Publish(arguments) => published::publish(arguments).await,
        cli::Classifier::Show(arguments) => published::show(arguments).await,
        cli::Classifier::Withdraw(arguments) => published::withdraw(arguments).await,
        cli::Classifier::Retrain(arguments) => retrain::run(arguments).await,
    }
}

fn learn(arguments: &cli::ClassifierTrain) -> Result<(), Failure> {
    let started = Instant::now();
    let examples = labelled(&arguments.data, arguments.skip_faulty)?;
    let settings = settings(arguments.seed, arguments.kib_max as usize * 1_024);
    let model = train(&examples, &Segmenter::new(), settings, &|step| eprintln!("{}", told(step)))
        .map_err(|error| unlearnable(&arguments.data, &error))?;
    let bytes = model.to_bytes();
    files::write(&arguments.out, &bytes)?;
    let (head, score) = (model.head(), model.head().held_out);
    println!(
        "✓ 模型已写入 {}：{} 条文本，{} 类，{:.1} MiB，用时 {:.1} 秒  model written: {} messages, {} labels",
        arguments.out.display(),
        head.examples,
        head.labels.len(),
        mib(bytes.len()),
        started.elapsed().as_secs_f64(),
        head.examples,
        head.labels.len()
    );
    println!("  交叉验证 on what each fifth had not seen: {}", figures(&score));
    println!("  建议阈值 proposed threshold: {:.3}", head.confidence_proposed);
    println!(
        "  下一步 next: streetwise classifier eval --model {} --data … （未参与训练的数据 / data it has not seen）",
        arguments.out.display()
    );
    Ok(())
}

/// Learns with as many threads as the machine has.
pub fn trained(
    examples: &[Example],
    segmenter: &Segmenter,
    seed: u64,
    told: &(dyn Fn(Step) + Sync),
) -> Result<Classifier, TrainError> {
    train(examples, segmenter, settings(seed, BYTES_MAX), told)
}

/// With as many threads as the machine has.
fn settings(seed: u64, bytes_max: usize) -> Settings {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Settings { seed, threads, bytes_max }
}

/// Progress in words.
pub fn told(step: Step) -> String {
    match step {
        Step::Counted { examples, features } => {
            format!(
                "  已读 {examples} 条，特征 {features} 个 / {examples} messages read, {features} features"
            )
        }
        Step::Solved { done, of } => format!("  已求解 {done}/{of} / {done} of {of} problems solved"),
        Step::Calibrating => "  校准 / calibrating".to_owned(),
    }
}

fn evaluate(arguments: &cli::ClassifierEval) -> Result<(), Failure> {
    let (model, bytes) = model(&arguments.model)?;
    let examples = labelled(&arguments.data, arguments.skip_faulty)?;
    let segmenter = Segmenter::new();
    let score =
        scored(&model, &segmenter, &examples).map_err(|label| unknown_label(&arguments.data, &label))?;
    let predict_us = predict_us(&model, &segmenter, &examples);
    if arguments.json {
        println!(
            "{}",
            json!({
                "macro_f1": score.macro_f1, "accuracy": score.accuracy, "accuracy_top80": score.accuracy_top80,
                "ece": score.ece, "predict_us": predict_us, "model_mib": mib(bytes), "n": score.n,
            })
        );
        return Ok(());
    }
    println!("{}", figures(&score));
    println!(
        "每条 {CHARACTERS} 字 {predict_us:.0} 微秒，模型 {:.1} MiB / {predict_us:.0} µs a message of {CHARACTERS} characters",
        mib(bytes)
    );
    Ok(())
}

/// How a model judges labelled messages; fails with a label it does not know.
pub fn scored(model: &Classifier, segmenter: &Segmenter, examples: &[Example]) -> Result<Score, String> {
    let place = |example: &Example| {
        let known = model.head().labels.binary_search(&example.label);
        known.map_err(|_| example.label.clone())
    };
    let places = examples.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    Ok(model.score(segmenter, examples.iter().map(Example::message).zip(places)))
}

fn explain(arguments: &cli::ClassifierExplain) -> Result<(), Failure> {
    let (model, _) = model(&arguments.model)?;
    let message = Message { subject: &arguments.subject, detail: &arguments.text };
    let segmenter = Segmenter::new();
    let account = model.explain(&segmenter, message);
    let threshold = arguments.threshold.unwrap_or(model.head().confidence_proposed);
    let abstains = model.judge(&segmenter, message, &mut Scratch::default()).confidence < threshold;
    if arguments.json {
        println!("{}", json!({ "account": account, "threshold": threshold, "abstains": abstains }));
        return Ok(());
    }
    println!("{account}");
    for word in &account.words {
        println!("  {:>6.2}  {}", f64::from(word.weight_permille) / 1_000.0, word.word);
    }
    if abstains {
        println!("  低于阈值 {threshold:.3}，交人工研判 / below the threshold: a person judges");
    }
    Ok(())
}

/// Bytes in MiB.
pub fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn figures(score: &Score) -> String {
    format!(
        "macro-F1 {:.4}，准确率 accuracy {:.4}，最有把握的 80% top 80 % {:.4}，校准误差 ECE {:.4}，n = {}",
        score.macro_f1, score.accuracy, score.accuracy_top80, score.ece, score.n
    )
}

fn unlearnable(data: &Path, error: &TrainError) -> Failure {
    Failure::Usage(format!(
        "{}：数据无法用于训练 / nothing can be learned: {error}\n  → {}",
        data.display(),
        remedy(error)
    ))
}

/// The same of examples that are no file.
fn unlearnable_examples(error: &TrainError) -> Failure {
    Failure::TooLittle(format!("{error}；{}", remedy(error)))
}

fn remedy(error: &TrainError) -> &'static str {
    match error {
        TrainError::FewLabels(_) => "请提供至少两类的数据 / give messages of two labels or more",
        TrainError::FewExamples { .. } => {
            "请补充该类数据，或并入其他类 / add messages of this label, or merge it with another"
        }
        TrainError::ManyLabels(_) => {
            "请检查 label 字段是否写错列 / check whether `label` holds another column by mistake"
        }
        TrainError::NoRoom { .. } => "请加大 --kib-max，或并入其他类 / raise --kib-max, or merge labels",
        TrainError::NothingShared => {
            "请检查文本字段是否为空 / check whether the texts are in the right field"
        }
    }
}

fn unknown_label(data: &Path, label: &str) -> Failure {
    Failure::Usage(format!(
        "{}：模型没有“{label}”这一类 / the model has no label {label}\n  → 请用同一套类别的数据，或重新训练 / use data with the model's labels, or train again",
        data.display()
    ))
}
