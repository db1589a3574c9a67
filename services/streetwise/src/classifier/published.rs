//! `streetwise classifier publish|show|withdraw`: the model a tenant has published, at the directory's doors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classify::linear::Classifier;
use contract::document::classifier::{MODEL_BYTES_MAX, THRESHOLD_PERMILLE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::examples::code;
use super::files;
use crate::cli::{ClassifierPublish, ClassifierShow, ClassifierWithdraw, DirectoryDoor};
use crate::client::Client;
use crate::failure::Failure;
use crate::table;

/// What is published, as the directory says it.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Standing {
    /// Whose it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// Counted by itself; 0 where none ever was.
    pub generation: u64,
    /// Who published or withdrew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Nothing where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Facts>,
    /// The file in base64, where it was asked for.
    #[serde(default, skip_serializing)]
    pub weights: Option<String>,
}

/// A model without its weights.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Facts {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Labels.
    pub labels: u64,
    /// Messages learned from.
    pub examples: u64,
    /// Confidence below which a person judges, in thousandths.
    pub threshold_permille: u16,
}

#[derive(Debug, Deserialize)]
struct Said {
    generation: u64,
    changed: bool,
}

#[derive(Debug, Deserialize)]
struct History {
    entries: Vec<Standing>,
}

pub(super) fn client(door: &DirectoryDoor) -> Result<Client, Failure> {
    let token = door.caller.token()?;
    Client::new(door.directory_url.as_str(), &token)
}

fn path(tenant: &str) -> Result<String, Failure> {
    Ok(format!("/directory/v1/streets/{}", code(tenant)?))
}

/// What a tenant has published, with the file.
pub(super) async fn standing(client: &Client, tenant: &str) -> Result<Standing, Failure> {
    let doing = format!("读取 {tenant} 的模型 / reading the model of {tenant}");
    client.get(&doing, &format!("{}/classifier?weights=true", path(tenant)?)).await
}

/// The model that a tenant's texts are judged by, with the file: its own, or where it has none its district's.
pub(super) async fn in_force(client: &Client, tenant: &str) -> Result<Standing, Failure> {
    let doing = format!("读取 {tenant} 沿用的模型 / reading the model {tenant} is judged by");
    client.get(&doing, &format!("{}/classifier?weights=true&in_force=true", path(tenant)?)).await
}

/// The file of what is published.
pub(crate) fn file(standing: &Standing) -> Result<Option<(Vec<u8>, Classifier)>, Failure> {
    let doing = "读取已发布的模型 / reading the published model";
    let next = "服务与本工具的版本可能不同 / the service may be of another version than this tool";
    let Some(weights) = &standing.weights else { return Ok(None) };
    let file = STANDARD.decode(weights).map_err(|error| Failure::world(doing, next, error))?;
    let model = Classifier::from_bytes(&file).map_err(|error| Failure::world(doing, next, error))?;
    Ok(Some((file, model)))
}

/// The threshold that a model proposes, within what may be published.
pub(super) fn proposed_permille(model: &Classifier) -> u16 {
    let proposed = (model.head().confidence_proposed * 1_000.0).ceil() as u16;
    proposed.clamp(*THRESHOLD_PERMILLE.start(), *THRESHOLD_PERMILLE.end())
}

/// Publishes a file; returns its generation and whether it is a new one.
pub(super) async fn say(
    client: Client,
    tenant: &str,
    file: &[u8],
    threshold_permille: u16,
    if_generation: Option<u64>,
) -> Result<(u64, bool), Failure> {
    let doing = format!("发布 {tenant} 的模型 / publishing the model of {tenant}");
    let body = json!({ "weights": STANDARD.encode(file), "threshold_permille": threshold_permille });
    let client = client.only_if(if_generation);
    let said: Said = client.post(&doing, &format!("{}:publish-classifier", path(tenant)?), &body).await?;
    Ok((said.generation, said.changed))
}

pub(super) async fn publish(arguments: &ClassifierPublish) -> Result<(), Failure> {
    let ClassifierPublish { tenant, model, threshold_permille, if_generation, door } = arguments;
    let (read, file) = files::model_file(model)?;
    if file.len() > MODEL_BYTES_MAX {
        let doing = format!("读取模型 / reading the model {}", model.display());
        let next = "请用 --kib-max 700 重新训练 / train again with --kib-max 700";
        let bytes = file.len();
        let cause = anyhow::anyhow!("{bytes} bytes, more than the {MODEL_BYTES_MAX} that can be published");
        return Err(Failure::world(doing, next, cause));
    }
    let threshold = threshold_permille.unwrap_or_else(|| proposed_permille(&read));
    let (generation, changed) = say(client(door)?, tenant, &file, threshold, *if_generation).await?;
    told(door, tenant, generation, changed, &format!("已发布 published, {threshold}‰"));
    Ok(())
}

pub(super) async fn withdraw(arguments: &ClassifierWithdraw) -> Result<(), Failure> {
    let ClassifierWithdraw { tenant, if_generation, door } = arguments;
    let doing = format!("撤回 {tenant} 的模型 / withdrawing the model of {tenant}");
    let client = client(door)?.only_if(*if_generation);
    let path = format!("{}:withdraw-classifier", path(tenant)?);
    let said: Said = client.post(&doing, &path, &json!({})).await?;
    told(door, tenant, said.generation, said.changed, "已撤回 withdrawn");
    Ok(())
}

fn told(door: &DirectoryDoor, tenant: &str, generation: u64, changed: bool, what: &str) {
    if door.caller.json {
        println!("{}", json!({ "tenant": tenant, "generation": generation, "changed": changed }));
    } else if changed {
        println!("✓ {tenant} {what}，第 {generation} 代 / generation {generation}");
    } else {
        println!("✓ {tenant} 无变化 / unchanged，第 {generation} 代 / generation {generation}");
    }
}

pub(super) async fn show(arguments: &ClassifierShow) -> Result<(), Failure> {
    let ClassifierShow { tenant, out, door } = arguments;
    let client = client(door)?;
    let standing = standing(&client, tenant).await?;
    if let Some(out) = out {
        let Some((file, _)) = file(&standing)? else {
            let text = format!("{tenant} 未发布模型 / no model is published for {tenant}");
            return Err(Failure::Usage(text));
        };
        files::write(out, &file)?;
    }
    let doing = format!("读取 {tenant} 的发布记录 / reading what {tenant} published");
    let history: Value = client.get(&doing, &format!("{}/classifier/history", path(tenant)?)).await?;
    if door.caller.json {
        println!("{:#}", json!({ "published": standing, "history": history["entries"] }));
        return Ok(());
    }
    let next = "服务与本工具的版本可能不同 / the service may be of another version than this tool";
    let history: History =
        serde_json::from_value(history).map_err(|error| Failure::world(doing, next, error))?;
    print!("{}", rendered(&history.entries));
    Ok(())
}

fn rendered(entries: &[Standing]) -> String {
    let titles = [
        "代次 generation",
        "时间 at",
        "何人 who",
        "模型 model",
        "类 labels",
        "样本 examples",
        "阈值 threshold ‰",
    ];
    let row = |entry: &Standing| {
        let model = entry.model.as_ref();
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        vec![
            entry.generation.to_string(),
            entry.at.clone().unwrap_or_default(),
            entry.actor.clone().unwrap_or_default(),
            model
                .map_or_else(|| "撤回 withdrawn".to_owned(), |model| model.sha256.chars().take(12).collect()),
            number(model.map(|model| model.labels)),
            number(model.map(|model| model.examples)),
            number(model.map(|model| model.threshold_permille.into())),
        ]
    };
    table::render(&titles, &entries.iter().map(row).collect::<Vec<_>>())
}
