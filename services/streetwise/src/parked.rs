//! `streetwise parked`: messages a service could not apply, through that service's own door.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cli::{Parked, ParkedAct, ParkedDoor, ParkedList};
use crate::client::Client;
use crate::failure::Failure;
use crate::{table, token};

#[derive(Debug, Deserialize)]
struct List {
    parked: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: Uuid,
    tenant: Option<String>,
    consumer: String,
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
    Client::new(door.url.as_str(), &token::given(door.token.as_deref(), door.token_file.as_deref())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        assert_eq!([5, 65, 3_700, 200_000].map(age), ["5 s", "1 min", "1 h", "2 d"]);
    }
}
