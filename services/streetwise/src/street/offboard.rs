//! `streetwise street offboard`: a street leaves, whole.
//!
//! The directory says so; every service deletes what it has, its keys first, and says how far it is; then the broker's
//! messages go, which only its provisioner may remove. May be repeated at any point: what is done stays done.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::StreetOffboard;
use crate::client::Client;
use crate::failure::Failure;
use crate::{clock, provision, table, token};

/// Every service that keeps something of a street.
const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];
/// Between two looks at how far a service is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the directory entered in its log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Offboarded {
    street: String,
    generation: u64,
    actor: String,
    reason: String,
    at: String,
}

/// How far a service is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Removal {
    #[serde(default)]
    service: String,
    #[serde(default)]
    generation: u64,
    #[serde(default)]
    removed_at: Option<String>,
    rows_removed: u64,
}

/// The deletion report.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    log: Offboarded,
    services: Vec<Removal>,
    messages_purged: u64,
    /// Subjects that still have messages: none.
    subjects_left: Vec<String>,
}

/// Runs the command.
pub async fn run(arguments: &StreetOffboard) -> Result<(), Failure> {
    let StreetOffboard { code, confirm, reason, services, if_generation, within_s, door, .. } = arguments;
    let token = token::given(door.token.as_deref(), door.token_file.as_deref())?;
    let clients = clients(services, &token)?;
    let path = format!("{}:offboard", super::street(code)?);
    // Connected before anything is removed: half an offboarding is worse than none.
    let broker = provision::connected(&arguments.nats_url, arguments.nkey_file.as_deref()).await?;
    let doing = format!("注销街道 / offboarding {code}");
    let directory = Client::new(door.directory_url.as_str(), &token)?.only_if(*if_generation);
    let body = json!({ "confirm": confirm, "reason": reason });
    let log: Offboarded = directory.post(&doing, &path, &body).await?;
    let deadline = Instant::now() + Duration::from_secs(*within_s);
    let mut removals = Vec::new();
    for (service, client) in &clients {
        let removal = removed(service, client, code, log.generation, deadline).await?;
        if !door.json {
            eprintln!("  ✓ {service}  {} 行 rows", removal.rows_removed);
        }
        removals.push(removal);
    }
    let tenant =
        code.parse().map_err(|_| Failure::Usage("代码应为 12 位数字 / a code is 12 digits".to_owned()))?;
    let failed = |error| Failure::world("清除消息 / purging messages", AGAIN, error);
    let messages_purged = messaging::purge::purge(&broker, tenant).await.map_err(failed)?;
    let subjects_left = messaging::purge::left(&broker, tenant).await.map_err(failed)?;
    let report = Report { log, services: removals, messages_purged, subjects_left };
    match door.json {
        true => super::print_json(&report),
        false => print!("{}", told(&report)),
    }
    if report.subjects_left.is_empty() { Ok(()) } else { Err(Failure::Usage(AGAIN.to_owned())) }
}

const AGAIN: &str = "尚未清除完，可重复执行本命令 / not all is gone yet; run the command again";

fn clients<'a>(services: &'a [String], token: &str) -> Result<Vec<(&'a str, Client)>, Failure> {
    let mut clients = Vec::new();
    for text in services {
        let (service, url) = clock::parsed(text)?;
        clients.push((service, Client::new(url, token)?));
    }
    let named = |service: &&str| clients.iter().any(|(name, _)| name == service);
    let missing: Vec<&str> = SERVICES.into_iter().filter(|service| !named(service)).collect();
    if missing.is_empty() && clients.len() == SERVICES.len() {
        return Ok(clients);
    }
    let missing = missing.join(", ");
    Err(Failure::Usage(format!(
        "六个服务须各写一次 --service，尚缺 / name each of the six services once; missing: {missing}"
    )))
}

/// Waits until a service has nothing left. One that has not heard of it yet answers "not found".
async fn removed(
    service: &str,
    client: &Client,
    code: &str,
    generation: u64,
    deadline: Instant,
) -> Result<Removal, Failure> {
    let doing = format!("等待 {service} 删除 {code} / waiting for {service} to remove {code}");
    let path = format!("/{service}/v1/removals/{code}");
    loop {
        match client.get::<Removal>(&doing, &path).await {
            Ok(removal) if removal.removed_at.is_some() && removal.generation >= generation => {
                return Ok(Removal { service: service.to_owned(), ..removal });
            }
            Ok(_) => {}
            Err(Failure::Refused { refusal, .. }) if refusal.status == 404 => {}
            Err(failure) => return Err(failure),
        }
        if Instant::now() >= deadline {
            return Err(Failure::world(doing, AGAIN, anyhow::anyhow!("时间已到 / time is up")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn told(report: &Report) -> String {
    let Report { log, services, messages_purged, subjects_left } = report;
    let row = |removal: &Removal| {
        let at = removal.removed_at.clone().unwrap_or_default();
        vec![removal.service.clone(), removal.rows_removed.to_string(), at]
    };
    let rows: Vec<Vec<String>> = services.iter().map(row).collect();
    let table = table::render(&["服务 service", "行 rows", "完成 removed at"], &rows);
    let left = if subjects_left.is_empty() { "无 none".to_owned() } else { subjects_left.join(", ") };
    format!(
        "{table}消息 messages: {messages_purged}；残留 left: {left}\n✓ {} 已注销（第 {} 代，{}，{}）/ is gone\n",
        log.street, log.generation, log.at, log.actor
    )
}
