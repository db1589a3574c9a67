//! `streetwise parked`: messages a service could not apply, through that service's own door.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cli::{Parked, ParkedAct, ParkedDoor, ParkedList, ParkedShow};
use crate::client::Client;
use crate::failure::Failure;
use crate::table;

#[derive(Debug, Deserialize)]
struct List {
    parked: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: Uuid,
    tenant: Option<String>,
    consumer: String,
    subject: String,
    reason: String,
    age_s: i64,
    attempts: i32,
    waits_for: String,
}

#[derive(Debug, Serialize)]
struct Why<'a> {
    why: &'a str,
}

/// Runs the command.
pub async fn run(command: &Parked) -> Result<(), Failure> {
    match command {
        Parked::List(arguments) => list(arguments).await,
        Parked::Show(arguments) => show(arguments).await,
        Parked::Replay(arguments) => act(arguments, "replay", "重放 / replaying").await,
        Parked::Discard(arguments) => act(arguments, "discard", "丢弃 / discarding").await,
    }
}

async fn list(arguments: &ParkedList) -> Result<(), Failure> {
    let service = &arguments.door.service;
    let query = arguments.tenant.as_ref().map(|tenant| format!("?tenant={tenant}")).unwrap_or_default();
    let path = format!("/{service}/v1/parked{query}");
    let found: List = client(&arguments.door)?.get("查看搁置的消息 / listing parked messages", &path).await?;
    if found.parked.is_empty() {
        println!("✓ {service} 没有搁置的消息 / nothing is parked");
        return Ok(());
    }
    let head = [
        "编号 id",
        "租户 tenant",
        "消费者 consumer",
        "时长 age",
        "次数 tries",
        "等待 waits for",
        "原因 reason",
    ];
    let rows: Vec<Vec<String>> = found.parked.iter().map(Row::cells).collect();
    print!("{}", table::render(&head, &rows));
    Ok(())
}

/// One of them, all that may be shown of it; the list is short, and the door has no other.
async fn show(arguments: &ParkedShow) -> Result<(), Failure> {
    let service = &arguments.door.service;
    let path = format!("/{service}/v1/parked");
    let found: List =
        client(&arguments.door)?.get("查看搁置的消息 / showing a parked message", &path).await?;
    let Some(row) = found.parked.iter().find(|row| row.id == arguments.id) else {
        let next = "请用 parked list 核对编号；只列出最早的 200 件 / check the id with parked list, which shows the oldest 200";
        let why = anyhow::anyhow!("{} is not among the parked messages of {service}", arguments.id);
        return Err(Failure::world("查看搁置的消息 / showing a parked message", next, why));
    };
    let titles = [
        "编号 id",
        "租户 tenant",
        "消费者 consumer",
        "时长 age",
        "次数 tries",
        "等待 waits for",
        "原因 reason",
    ];
    for (title, cell) in titles.iter().zip(row.cells()).chain([(&"主题 subject", row.subject.clone())]) {
        println!("{title}: {cell}");
    }
    println!(
        "→ 内容不在此显示；见表 {service}.parked 与 docs/runbooks/message-parked.md / the content is not shown here: see docs/runbooks/message-parked.md"
    );
    Ok(())
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let waits_for = if self.waits_for == "person" { "人工 person" } else { "自动重试 retry" };
        vec![
            self.id.to_string(),
            self.tenant.clone().unwrap_or_else(|| "—".to_owned()),
            self.consumer.clone(),
            age(self.age_s),
            self.attempts.to_string(),
            waits_for.to_owned(),
            self.reason.clone(),
        ]
    }
}

/// Days, hours, minutes or seconds: the greatest that is not zero.
fn age(seconds: i64) -> String {
    match seconds {
        s if s >= 86_400 => format!("{} d", s / 86_400),
        s if s >= 3_600 => format!("{} h", s / 3_600),
        s if s >= 60 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

async fn act(arguments: &ParkedAct, verb: &str, doing: &str) -> Result<(), Failure> {
    let path = format!("/{}/v1/parked/{}:{verb}", arguments.door.service, arguments.id);
    client(&arguments.door)?.post_accepted(doing, &path, &Why { why: &arguments.why }).await?;
    println!("✓ {doing} {}", arguments.id);
    Ok(())
}

fn client(door: &ParkedDoor) -> Result<Client, Failure> {
    Client::new(door.url.as_str(), &door.bearer.token()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        assert_eq!([5, 65, 3_700, 200_000].map(age), ["5 s", "1 min", "1 h", "2 d"]);
    }
}
