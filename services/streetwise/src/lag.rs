//! `streetwise lag`: how far every consumer is behind, and what waits in every outbox.

use messaging::backlog::{self, Backlog};
use messaging::provision::{ConsumerLag, lag};
use serde::Serialize;

use crate::broker::as_provisioner;
use crate::cli::Lag;
use crate::doctor::services;
use crate::failure::Failure;
use crate::table;

const DOING: &str = "查看积压 / looking at what waits";

#[derive(Debug, Serialize)]
struct Told {
    consumers: Vec<Consumer>,
    outboxes: Vec<Outbox>,
}

#[derive(Debug, Serialize)]
struct Consumer {
    consumer: String,
    stream: &'static str,
    waiting: u64,
    in_hand: usize,
    redelivered: usize,
}

#[derive(Debug, Serialize)]
struct Outbox {
    service: &'static str,
    pending: i64,
    oldest_s: Option<i64>,
    again: i64,
    parked: i64,
    retried: i64,
}

/// Runs the command.
pub async fn run(arguments: &Lag) -> Result<(), Failure> {
    let client = as_provisioner(&arguments.nats_url, arguments.nkey_file.as_deref()).await?;
    let consumers = lag(&client).await.map_err(|error| {
        Failure::world(DOING, "请先运行 streetwise provision / run streetwise provision first", error)
    })?;
    let mut outboxes = Vec::new();
    for service in services() {
        let found = backlog::of(&arguments.admin_url, service).await;
        let found =
            found.map_err(|error| Failure::world(DOING, "请核对 --admin-url / check --admin-url", error))?;
        outboxes.push(Outbox::from((service, found)));
    }
    let told = Told { consumers: consumers.into_iter().map(Consumer::from).collect(), outboxes };
    if arguments.json {
        let text = serde_json::to_string_pretty(&told);
        println!("{}", text.map_err(|error| Failure::world("输出 / printing", "", error))?);
    } else {
        print!("{}", told.rendered());
    }
    Ok(())
}

impl Told {
    fn rendered(&self) -> String {
        let consumers: Vec<Vec<String>> = self.consumers.iter().map(Consumer::cells).collect();
        let outboxes: Vec<Vec<String>> = self.outboxes.iter().map(Outbox::cells).collect();
        let head = ["消费者 consumer", "消息流 stream", "待取 waiting", "处理中 in hand", "重投 redelivered"];
        let mut text = table::render(&head, &consumers);
        text.push('\n');
        let head =
            ["发件箱 outbox", "待发 pending", "最久 oldest", "补发 again", "搁置 parked", "等文档 retried"];
        text.push_str(&table::render(&head, &outboxes));
        text
    }
}

impl Consumer {
    fn cells(&self) -> Vec<String> {
        let numbers = [self.waiting.to_string(), self.in_hand.to_string(), self.redelivered.to_string()];
        [self.consumer.clone(), self.stream.to_owned()].into_iter().chain(numbers).collect()
    }
}

impl Outbox {
    fn cells(&self) -> Vec<String> {
        let oldest = self.oldest_s.map_or_else(|| "—".to_owned(), |seconds| format!("{seconds} s"));
        let rest = [self.again, self.parked, self.retried].map(|n| n.to_string());
        [self.service.to_owned(), self.pending.to_string(), oldest].into_iter().chain(rest).collect()
    }
}

impl From<ConsumerLag> for Consumer {
    fn from(lag: ConsumerLag) -> Self {
        let ConsumerLag { consumer, stream, waiting, in_hand, redelivered } = lag;
        Self { consumer, stream, waiting, in_hand, redelivered }
    }
}

impl From<(&'static str, Backlog)> for Outbox {
    fn from((service, backlog): (&'static str, Backlog)) -> Self {
        Self {
            service,
            pending: backlog.pending,
            oldest_s: backlog.pending_oldest_s,
            again: backlog.again,
            parked: backlog.parked,
            retried: backlog.retried,
        }
    }
}
