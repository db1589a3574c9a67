//! `streetwise apply`: manifests to the directory's door, one after the other, and the generation each ends in. What
//! is wrong with one is told as `FILE:LINE:COLUMN: code: 中文 / English`. For scripts; [`crate::street`] is for the life
//! of one manifest.

use serde::Deserialize;

use crate::cli::Apply;
use crate::client::Client;
use crate::failure::Failure;
use crate::rules::{Finding, told::beside};
use crate::token;

/// The door's address.
pub(crate) const PATH: &str = "/directory/v1/manifests:apply";

#[derive(Debug, Deserialize)]
pub(crate) struct Applied {
    tenant: String,
    kind: String,
    generation: u64,
    changed: bool,
    /// What is worth a look in what was published.
    #[serde(default)]
    findings: Vec<Finding>,
}

/// Runs the command. What was applied before a refusal stays applied.
pub async fn run(arguments: &Apply) -> Result<(), Failure> {
    let token = arguments.bearer.token()?;
    let client = Client::new(arguments.directory_url.as_str(), token.trim())?;
    for file in &arguments.files {
        let manifest = std::fs::read(file).map_err(|error| token::unreadable(file, error))?;
        let doing = format!("提交清单 / applying {}", file.display());
        let answer = client.post_bytes(&doing, PATH, "application/yaml", manifest).await;
        let applied: Applied = answer.map_err(|failure| failure.about(file))?;
        println!("{}", told(&applied));
        eprint!("{}", warned(&applied));
    }
    Ok(())
}

/// What is worth a look in what was published; none of it kept it from being.
pub(crate) fn warned(applied: &Applied) -> String {
    beside(&applied.findings)
}

/// One line of it.
pub(crate) fn told(applied: &Applied) -> String {
    let kind = if applied.kind == "district" { "区 district" } else { "街道 street" };
    let outcome = if applied.changed { "已更新 applied" } else { "无变化 unchanged" };
    format!(
        "✓ {kind} {}  第 {} 代 generation {}  {outcome}",
        applied.tenant, applied.generation, applied.generation
    )
}
