//! `streetwise street offboard`: a street is removed, everywhere, and it is shown that nothing is left.
//!
//! The directory says that the street is no more; every service removes what it has; then the broker's messages go, by the
//! provisioner's right, and what each service said is put into the deletion log. Every step may be repeated: a command
//! that was interrupted is run again and goes on.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::safe;
use super::installation::{Installation, services};
use super::{advised, print_json, street};
use crate::broker::Broker;
use crate::cli::StreetOffboard;
use crate::client::fresh_key;
use crate::failure::{Failure, Refusal};
use crate::table;

/// How often the services are asked.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Rows of a page when open cases are looked for.
const PAGE: u16 = 500;

/// What a service says.
#[derive(Debug, Clone, Deserialize)]
struct Removal {
    generation: u64,
    rows_removed: u64,
    messages_dropped: u64,
    key_destroyed_at: Option<String>,
    done_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Offboarded {
    generation: u64,
    at: String,
}

#[derive(Debug, Deserialize)]
struct Page<R> {
    rows: Vec<R>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Case {
    phase: String,
    drill: bool,
}

#[derive(Debug, Deserialize)]
struct Review {
    decided_at: Option<String>,
    /// Plans of drills never wait.
    #[serde(default)]
    drill: bool,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    service: &'a str,
    rows_removed: u64,
    messages_dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_destroyed_at: Option<&'a str>,
}

pub(super) async fn run(arguments: &StreetOffboard) -> Result<ExitCode, Failure> {
    let StreetOffboard { code, confirm, reason, force, if_generation, .. } = arguments;
    let path = street(code)?;
    let installation = Installation::open(&arguments.door)?;
    let broker = Broker::connect(&arguments.nats_url, arguments.nkey_file.as_deref()).await?;
    if !force {
        nothing_open(&installation, code).await?;
    }
    let doing = format!("注销街道 / removing {code}");
    let directory = installation.of("directory").clone();
    let body = json!({ "confirm": confirm, "reason": reason });
    let only = directory.clone().only_if(*if_generation);
    let removed: Offboarded = only
        .post_again(&doing, &format!("{path}:offboard"), fresh_key(), &body)
        .await
        .map_err(|failure| advised(failure, &format!("streetwise street history {code}")))?;
    let said = progress(&installation, code, removed.generation, arguments).await?;
    let purged = broker.purge(code).await?;
    let left = broker.left(code).await?;
    if !left.is_empty() {
        let cause = anyhow::anyhow!("{} subjects still hold messages: {}", left.len(), left.join(", "));
        let next = "再次运行同一命令 / run the same command again";
        return Err(Failure::world(doing, next, cause));
    }
    let report = json!({ "services": said.iter().map(told).collect::<Vec<_>>(), "messages_purged": purged });
    let settled: Value = directory.post(&doing, &format!("{path}:settle-removal"), &report).await?;
    match arguments.door.caller.json {
        true => print_json(&settled),
        false => print!("{}", shown(code, &removed, &said, purged)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses while cases of the street are open, or reports wait for a person; rehearsals may. Dispatch and triage know; the
/// directory does not.
async fn nothing_open(installation: &Installation, code: &str) -> Result<(), Failure> {
    let doing = format!("查看在办案件 / looking for open cases of {code}");
    let open = |case: &Case| case.phase != "closed" && !case.drill;
    let waits = |review: &Review| review.decided_at.is_none() && !review.drill;
    let counted = async {
        let cases = count(installation, &doing, ("dispatch", code, "cases"), open).await?;
        let reports = count(installation, &doing, ("triage", code, "reviews"), waits).await?;
        // What nobody has dispatched yet, dispatch does not know.
        let plans = count(installation, &doing, ("triage", code, "plan_reviews"), waits).await?;
        Ok((cases, reports + plans))
    };
    let (cases, reviews) = match counted.await {
        Ok((0, 0)) => return Ok(()),
        Ok(counts) => counts,
        // Removed already; or a service does not know who asks, or of the street, and nothing is said by that.
        Err(failure) => return if removed(installation, code).await { Ok(()) } else { Err(failure) },
    };
    let refusal = Refusal {
        status: 409,
        code: "cases-open".to_owned(),
        title: format!(
            "尚有 {cases} 件在办案件、{reviews} 件待研判上报或方案 / {cases} cases are open, {reviews} reports or plans wait for a person"
        ),
        hint: "请先结案，或用 --force 一并删除 / close them first, or remove them with --force".to_owned(),
        ..Refusal::default()
    };
    Err(Failure::Refused { doing, refusal: Box::new(refusal) })
}

/// How many rows of a table are so.
async fn count<R: DeserializeOwned>(
    installation: &Installation,
    doing: &str,
    (service, code, table): (&str, &str, &str),
    wanted: impl Fn(&R) -> bool,
) -> Result<usize, Failure> {
    let (mut found, mut after) = (0, None::<String>);
    loop {
        let cursor = after.map(|after| format!("&after={}", encoded(&after))).unwrap_or_default();
        let path = format!("/{service}/v1/export/{code}/{table}?limit={PAGE}{cursor}");
        let page: Page<R> = installation.of(service).get(doing, &path).await?;
        found += page.rows.iter().filter(|row| wanted(row)).count();
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Whether the directory says that the street is removed, or about to be.
async fn removed(installation: &Installation, code: &str) -> bool {
    #[derive(Deserialize)]
    struct State {
        state: String,
    }
    let doing = format!("查看注销进度 / reading how far {code} is removed");
    let asked = installation.of("directory").get(&doing, &format!("/directory/v1/removals/{code}")).await;
    asked.is_ok_and(|State { state }| state != "present")
}

/// Waits until every service says that nothing is left.
async fn progress(
    installation: &Installation,
    code: &str,
    generation: u64,
    arguments: &StreetOffboard,
) -> Result<Vec<(&'static str, Removal)>, Failure> {
    let deadline = Instant::now() + Duration::from_secs(arguments.wait_s);
    let mut said = Vec::new();
    for service in services() {
        loop {
            let doing = format!("等待 {service} 删除 / waiting for {service}");
            let asked = installation.of(service).get(&doing, &format!("/{service}/v1/removals/{code}")).await;
            let removal: Option<Removal> = match asked {
                Ok(removal) => Some(removal),
                // It has not heard of it yet.
                Err(Failure::Refused { refusal, .. }) if refusal.status == 404 => None,
                Err(Failure::Refused { doing, refusal }) => return Err(Failure::Refused { doing, refusal }),
                Err(failure) if Instant::now() >= deadline => return Err(failure),
                Err(_) => None,
            };
            let done =
                removal.filter(|removal| removal.generation >= generation && removal.done_at.is_some());
            if let Some(removal) = done {
                eprintln!("✓ {service}  {} 行 rows", removal.rows_removed);
                said.push((service, removal));
                break;
            }
            if Instant::now() >= deadline {
                let cause = anyhow::anyhow!("not done after {} s", arguments.wait_s);
                let next = "服务恢复后再次运行同一命令 / run the same command again once the service is well";
                return Err(Failure::world(doing, next, cause));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    Ok(said)
}

fn told<'a>((service, removal): &'a (&'static str, Removal)) -> Told<'a> {
    Told {
        service,
        rows_removed: removal.rows_removed,
        messages_dropped: removal.messages_dropped,
        key_destroyed_at: removal.key_destroyed_at.as_deref(),
    }
}

fn shown(code: &str, removed: &Offboarded, said: &[(&'static str, Removal)], purged: u64) -> String {
    let head = ["服务 service", "删除行数 rows", "丢弃消息 dropped", "密钥销毁 key destroyed", "完成 done"];
    let cells = |(service, removal): &(&'static str, Removal)| {
        vec![
            (*service).to_owned(),
            removal.rows_removed.to_string(),
            removal.messages_dropped.to_string(),
            removal.key_destroyed_at.as_deref().map_or("–".to_owned(), safe),
            removal.done_at.as_deref().map(safe).unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = said.iter().map(cells).collect();
    format!(
        "✓ {code} 已注销 removed  第 {} 代 generation {}  {}\n{}消息服务清除 {purged} 条消息，未余主题 / {purged} messages \
         purged from the broker, no subject left\n  → 注销记录 / deletion log: GET /directory/v1/streets/{}000000/removals\n",
        removed.generation,
        removed.generation,
        safe(&removed.at),
        table::render(&head, &rows),
        &code[..6],
    )
}

/// A cursor inside a query.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_went_and_when_the_key_did() {
        let removal = |key: Option<&str>| Removal {
            generation: 4,
            rows_removed: 17,
            messages_dropped: 2,
            key_destroyed_at: key.map(str::to_owned),
            done_at: Some("2026-11-23T02:00:12Z".to_owned()),
        };
        let removed = Offboarded { generation: 4, at: "2026-11-23T02:00:00Z".to_owned() };
        let said = [("intake", removal(Some("2026-11-23T02:00:01Z"))), ("console", removal(None))];
        let text = shown("990102003000", &removed, &said, 6);
        assert!(text.starts_with("✓ 990102003000 已注销 removed  第 4 代 generation 4"), "{text}");
        assert!(text.contains("intake") && text.contains("2026-11-23T02:00:01Z"), "{text}");
        assert!(text.contains("清除 6 条消息") && text.contains("/streets/990102000000/removals"), "{text}");
    }
}
