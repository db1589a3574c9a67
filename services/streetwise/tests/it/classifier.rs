//! `streetwise classifier` as a person runs it: on files, without any server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every pair of words of a label is a message; which of them, `part` says.
    fn data(&self, name: &str, part: usize) -> PathBuf {
        let words = [
            ("交通运输", ["公交", "线路", "车次", "司机", "站台", "高速"]),
            ("教育文体", ["学校", "老师", "补课", "招生", "校车", "操场"]),
        ];
        let mut lines = String::new();
        for (label, words) in words {
            let pairs = words.iter().flat_map(|a| words.iter().map(move |b| (a, b)));
            for (n, (a, b)) in pairs.enumerate().filter(|(n, _)| n % 2 == part) {
                let line = if n % 3 == 0 {
                    json!({ "text": format!("您好，{a}的{b}有问题"), "label": label })
                } else {
                    json!({ "subject": a, "detail": format!("请解决{b}"), "label": label })
                };
                lines.push_str(&format!("{line}\n"));
            }
        }
        let file = self.file(name);
        std::fs::write(&file, lines).expect("written");
        file
    }

    fn trained(&self) -> PathBuf {
        let model = self.file("model");
        let out = run(&["train", "--data", path(&self.data("train.jsonl", 0)), "--out", path(&model)]);
        assert!(out.status.success(), "{}", stderr(&out));
        assert!(stderr(&out).contains("6 of 6") || stderr(&out).contains("12 of 12"), "{}", stderr(&out));
        model
    }
}

fn path(file: &Path) -> &str {
    file.to_str().expect("plain paths")
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_streetwise"));
    command.arg("classifier").args(arguments).output().expect("the command runs")
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[test]
fn a_model_is_trained_measured_and_explains_itself() {
    let bench = Bench::new();
    let (model, data) = (bench.trained(), bench.data("test.jsonl", 1));
    let out = run(&["eval", "--model", path(&model), "--data", path(&data), "--json"]);
    let figures: Value = serde_json::from_slice(&out.stdout).expect("JSON alone");
    let keys: Vec<&str> = figures.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["accuracy", "accuracy_top80", "ece", "macro_f1", "model_mib", "n", "predict_us"]);
    assert_eq!((figures["n"].as_u64(), figures["accuracy"].as_f64()), (Some(36), Some(1.0)));

    let out = run(&["explain", "--model", path(&model), "--threshold", "1.0", "公交司机不进站"]);
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    assert!(text.starts_with("判为“交通运输”") && text.contains("judged 交通运输"), "{text}");
    assert!(text.contains("公交") && text.contains("交人工研判 / below the threshold"), "{text}");
    let out = run(&["explain", "--model", path(&model), "--json", "公交司机不进站"]);
    let told: Value = serde_json::from_slice(&out.stdout).expect("JSON alone");
    assert_eq!(told["account"]["label"], "交通运输");
}

#[test]
fn the_same_data_and_seed_make_the_same_file() {
    let (one, other) = (Bench::new(), Bench::new());
    let read = |bench: &Bench| std::fs::read(bench.trained()).expect("a model");
    assert!(read(&one) == read(&other));
}

#[test]
fn faulty_lines_are_told_by_number_and_may_be_skipped() {
    let bench = Bench::new();
    let data = bench.data("train.jsonl", 0);
    let mut text = std::fs::read_to_string(&data).expect("read");
    text.insert_str(0, "{\"text\": \"路灯\"}\nnonsense\n");
    std::fs::write(&data, text).expect("written");
    let model = bench.file("model");
    let arguments = ["train", "--data", path(&data), "--out", path(&model)];
    let out = run(&arguments);
    assert_eq!(out.status.code(), Some(2));
    let told = stderr(&out);
    assert!(told.contains("train.jsonl:1: no label: 请填写 label / fill in label"), "{told}");
    assert!(told.contains("train.jsonl:2: not a JSON object") && told.contains("--skip-faulty"), "{told}");
    assert!(!model.exists());
    let out = run(&[&arguments[..], &["--skip-faulty"]].concat());
    assert!(out.status.success() && model.exists(), "{}", stderr(&out));
}

#[test]
fn what_is_no_model_or_damaged_is_refused_with_what_to_do() {
    let bench = Bench::new();
    let model = bench.trained();
    let refusal = |bytes: &[u8]| {
        let file = bench.file("other");
        std::fs::write(&file, bytes).expect("written");
        let out = run(&["explain", "--model", path(&file), "路灯不亮"]);
        assert_eq!(out.status.code(), Some(1));
        stderr(&out)
    };
    let mut bytes = std::fs::read(&model).expect("a model");
    assert!(refusal(b"PK").contains("这不是模型文件"));
    assert!(refusal(&bytes[..bytes.len() - 1]).contains("文件已损坏"));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let told = refusal(&bytes);
    assert!(told.contains("checksum") && told.contains("copy it again, or train again"), "{told}");
    assert!(refusal(&vec![0; (16 << 20) + 1]).contains("这不是模型文件"));
}

#[test]
fn data_of_other_labels_or_too_few_is_told_what_to_do() {
    let bench = Bench::new();
    let model = bench.trained();
    let data = bench.file("few.jsonl");
    std::fs::write(&data, "{\"text\": \"医院挂号\", \"label\": \"卫生计生\"}\n").expect("written");
    let out = run(&["eval", "--model", path(&model), "--data", path(&data)]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("模型没有“卫生计生”这一类"), "{}", stderr(&out));
    let out = run(&["train", "--data", path(&data), "--out", path(&bench.file("none"))]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("请提供至少两类的数据"), "{}", stderr(&out));
}
