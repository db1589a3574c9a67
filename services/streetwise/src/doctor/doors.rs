//! Services at their doors: which version answers, and whether it can do its job.
//!
//! During an upgrade two versions stand side by side (docs/operations/upgrade.md), so another version is a warning.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::finding::{Finding, State};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const TITLE: &str = "服务 service";

/// Of a service's description, what is looked at.
#[derive(Debug, Deserialize)]
struct Described {
    info: Info,
}

#[derive(Debug, Deserialize)]
struct Info {
    title: String,
    version: String,
}

pub(super) async fn look(urls: &[Url]) -> Vec<Finding> {
    let http = match Client::builder().timeout(ANSWER_WITHIN).build() {
        Ok(http) => http,
        Err(error) => return vec![Finding::unreachable("service", TITLE, error, "请重试 / try again")],
    };
    let mut found = Vec::new();
    for url in urls {
        found.push(one(&http, url).await);
    }
    found
}

async fn one(http: &Client, url: &Url) -> Finding {
    let described = match described(http, url).await {
        Ok(described) => described.info,
        Err(error) => {
            let next = "请核对 --service-url，并看其日志 / check --service-url, and look at its log";
            let named = anyhow::anyhow!("{}: {error:#}", url.as_str());
            return Finding::unreachable("service", TITLE, named, next);
        }
    };
    let waiting = not_ready(http, url).await;
    let found = match &waiting {
        None => format!("{} {}", described.title, described.version),
        Some(waiting) => format!("{} {}: {waiting}", described.title, described.version),
    };
    let other = described.version != env!("CARGO_PKG_VERSION");
    Finding::well("service", TITLE, found)
        .unless(
            other,
            State::Warning,
            "升级未完成，或本工具版本不同 / an upgrade is not finished, or this tool is of another version",
        )
        .unless(waiting.is_some(), State::Failed, "见其日志与 /readyz / see its log and /readyz")
}

async fn described(http: &Client, url: &Url) -> anyhow::Result<Described> {
    let answer = http.get(url.join("/openapi.json")?).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

/// Why a service is not ready, in the words of its own door; nothing when it is.
async fn not_ready(http: &Client, url: &Url) -> Option<String> {
    let door = url.join("/readyz").ok()?;
    let answer = match http.get(door).send().await {
        Ok(answer) if answer.status().is_success() => return None,
        Ok(answer) => answer,
        Err(_) => return Some("no answer at /readyz".to_owned()),
    };
    let status = answer.status();
    let words = answer.text().await.unwrap_or_default();
    Some(format!("not ready ({status}) {}", words.chars().take(200).collect::<String>()))
}
