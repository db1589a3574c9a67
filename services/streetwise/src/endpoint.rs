//! `streetwise endpoint`: where bodies are told, and a new secret for a receiver.

use jiff::Timestamp;
use serde::Deserialize;

use crate::cli::{Endpoint, EndpointDoor, EndpointList, EndpointRotate};
use crate::client::Client;
use crate::failure::Failure;
use crate::{table, whole_file};

#[derive(Debug, Deserialize)]
struct List {
    endpoints: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    key: String,
    body: String,
    url: String,
    failing_since: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    secret_made_at: Option<Timestamp>,
    secrets_signing: usize,
}

/// No Debug: it holds a secret.
#[derive(Deserialize)]
struct Shown {
    secret: String,
    others_sign_until: Timestamp,
}

/// Runs the command.
pub async fn run(command: &Endpoint) -> Result<(), Failure> {
    match command {
        Endpoint::List(arguments) => list(arguments).await,
        Endpoint::RotateSecret(arguments) => rotate(arguments).await,
    }
}

async fn list(EndpointList { door }: &EndpointList) -> Result<(), Failure> {
    let path = format!("/notification/v1/streets/{}/endpoints", door.owner);
    let found: List = client(door)?.get("查看端点 / listing endpoints", &path).await?;
    if found.endpoints.is_empty() {
        println!("{} 没有你可见的端点 / has no endpoint that you may see", door.owner);
        return Ok(());
    }
    let head =
        ["端点 endpoint", "单位 body", "状态 state", "密钥始于 secret since", "签名数 signing", "地址 url"];
    let rows: Vec<Vec<String>> = found.endpoints.iter().map(Row::cells).collect();
    print!("{}", table::render(&head, &rows));
    Ok(())
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let state = match (self.disabled_at, self.failing_since) {
            (Some(at), _) => format!("已停用 disabled {at}"),
            (None, Some(since)) => format!("失败中 failing since {since}"),
            (None, None) => "正常 working".to_owned(),
        };
        let made_at = self.secret_made_at.map_or_else(|| "—".to_owned(), |at| at.to_string());
        vec![
            self.key.clone(),
            self.body.clone(),
            state,
            made_at,
            self.secrets_signing.to_string(),
            self.url.clone(),
        ]
    }
}

async fn rotate(EndpointRotate { door, key, out }: &EndpointRotate) -> Result<(), Failure> {
    let doing = "更换端点密钥 / changing an endpoint's secret";
    // Most likely the secret that the receiver has: it is to stay until the receiver has both.
    if out.exists() {
        return Err(Failure::Usage(format!(
            "{} 已存在；请换一个 --out，旧密钥须与新密钥并用至少一分钟 / exists: name another --out, since the old secret is to stay beside the \
             new one for a minute",
            out.display()
        )));
    }
    let path = format!("/notification/v1/streets/{}/endpoints/{key}:rotate-secret", door.owner);
    let shown: Shown = client(door)?.post(doing, &path, &serde_json::json!({})).await?;
    whole_file::write(out, 0o600, format!("{}\n", shown.secret).as_bytes()).map_err(|error| {
        let next = "密钥已更换但未能写入文件；请换一个 --out 再执行一次，旧密钥仍在签名 / it was changed and not written: run it again \
                    with another --out; the one before still signs";
        Failure::world(doing, next, error)
    })?;
    println!(
        "✓ 新密钥已写入 {file}，请交给 {key} 的接收方，与旧密钥并用至少一分钟；{until} 前旧密钥同时签名\n  The new secret is in {file}: give it to \
         the receiver of {key}, beside the old one for a minute at least. Until {until} webhooks are signed with that as well",
        file = out.display(),
        until = shown.others_sign_until,
    );
    Ok(())
}

fn client(door: &EndpointDoor) -> Result<Client, Failure> {
    Client::new(door.url.as_str(), &door.bearer.token()?)
}
