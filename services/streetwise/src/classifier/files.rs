//! Files of labelled messages and of models, and what to do about faulty ones.

use std::fmt::Write;
use std::path::Path;

use classify::linear::{self, BYTES_MAX, Classifier, DamagedModel, Example, LineFault, LineProblem};

use crate::failure::Failure;
use crate::whole_file;

/// Faulty lines that are told one by one.
const FAULTS_TOLD: usize = 20;

/// The labelled messages of a file. Faulty lines are told; they end the command unless they may be skipped.
pub fn labelled(file: &Path, skip_faulty: bool) -> Result<Vec<Example>, Failure> {
    let doing = format!("读取标注数据 / reading {}", file.display());
    let next = "文件应为 UTF-8 编码的 JSON Lines / the file is to be JSON lines in UTF-8";
    let text = std::fs::read_to_string(file).map_err(|error| Failure::world(doing, next, error))?;
    let (examples, faults) = linear::examples(&text);
    if faults.is_empty() {
        return Ok(examples);
    }
    let told = faults_told(file, &faults);
    if !skip_faulty {
        let next = "请更正，或加 --skip-faulty 略过 / correct them, or leave them out by --skip-faulty";
        return Err(Failure::Usage(format!("{told}\n  → {next}")));
    }
    eprintln!("{told}");
    Ok(examples)
}

/// One line a fault with what to do, as editors jump there; the rest counted.
pub fn faults_told(file: &Path, faults: &[LineFault]) -> String {
    let mut told = format!("{} 行有问题 / {} faulty lines", faults.len(), faults.len());
    for LineFault { line, problem } in faults.iter().take(FAULTS_TOLD) {
        let _ = write!(told, "\n{}:{line}: {problem}: {}", file.display(), remedy(problem));
    }
    if let Some(more) = faults.len().checked_sub(FAULTS_TOLD + 1) {
        let _ = write!(told, "\n… 另有 {} 行 / and {} more", more + 1, more + 1);
    }
    told
}

fn remedy(problem: &LineProblem) -> &'static str {
    match problem {
        LineProblem::Json(_) => {
            "应为 {\"text\": \"…\", \"label\": \"…\"} 或含 subject、detail / write {\"text\": …, \"label\": …} or subject and detail, all strings"
        }
        LineProblem::NoText => "请填写 text 或 detail / fill in text or detail",
        LineProblem::NoLabel => "请填写 label / fill in label",
        LineProblem::LongLabel => "label 应为类别名 / label is to be the name of a class",
        LineProblem::LongLine => "请截短文本 / shorten the text",
    }
}

/// A model and how many bytes its file has.
pub fn model(file: &Path) -> Result<(Classifier, usize), Failure> {
    let (model, bytes) = model_file(file)?;
    Ok((model, bytes.len()))
}

/// A model and its file.
pub fn model_file(file: &Path) -> Result<(Classifier, Vec<u8>), Failure> {
    let doing = || format!("读取模型 / reading the model {}", file.display());
    let next = "请检查路径 / check the path";
    let size = std::fs::metadata(file).map_err(|error| Failure::world(doing(), next, error))?.len();
    if size > BYTES_MAX as u64 {
        return Err(Failure::world(doing(), remade(&DamagedModel::NotAModel), DamagedModel::NotAModel));
    }
    let bytes = std::fs::read(file).map_err(|error| Failure::world(doing(), next, error))?;
    let model = Classifier::from_bytes(&bytes);
    let model = model.map_err(|damage| Failure::world(doing(), remade(&damage), damage))?;
    Ok((model, bytes))
}

fn remade(damage: &DamagedModel) -> &'static str {
    match damage {
        DamagedModel::NotAModel => "这不是模型文件，请检查 --model / this is another file; check --model",
        DamagedModel::Version(_) => "请用同版本工具，或重新训练 / use a tool of that version, or train again",
        DamagedModel::Length { .. } | DamagedModel::Checksum | DamagedModel::Inconsistent(_) => {
            "文件已损坏，请重新复制或重新训练 / the file is damaged: copy it again, or train again"
        }
    }
}

/// Writes a model whole or not at all.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let next = "请检查目录权限与磁盘空间 / check the folder's permissions and the disk";
    let doing = format!("写入 / writing {}", file.display());
    whole_file::write(file, 0o644, bytes).map_err(|error| Failure::world(doing, next, error))
}
