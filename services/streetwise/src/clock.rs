//! `streetwise clock accept`: a person has looked and says that the database's time is right (D29).
//!
//! One call per service is enough: all its replicas read the acceptance with the time. All services are asked even
//! if one refuses, so that the command may simply be repeated.

use serde::Deserialize;

use crate::cli::AcceptClock;
use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Deserialize)]
struct Accepted {
    acceptance: i64,
    now: String,
    held_ahead_us: Option<i64>,
}

/// Runs the command.
pub async fn accept(arguments: &AcceptClock) -> Result<(), Failure> {
    let token = arguments.bearer.token()?;
    let mut services = Vec::new();
    for text in &arguments.services {
        services.push(parsed(text)?);
    }
    let mut failed = None;
    for (service, url) in services {
        let outcome = ask(service, url, token.trim()).await;
        match outcome {
            Ok(accepted) => println!("{}", told(service, &accepted)),
            Err(failure) => {
                println!("✗ {service}  未确认 not accepted");
                failed = failed.or(Some(failure));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn ask(service: &str, url: &str, token: &str) -> Result<Accepted, Failure> {
    let client = Client::new(url, token)?;
    let doing = format!("确认时钟 / accepting the clock of {service}");
    client.post(&doing, &format!("/{service}/v1/clock:accept"), &()).await
}

pub(crate) fn parsed(text: &str) -> Result<(&str, &str), Failure> {
    let usage = || Failure::Usage(format!("{text}：应为 服务=地址 / is not SERVICE=URL"));
    let (service, url) = text.split_once('=').ok_or_else(usage)?;
    let word = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_lowercase());
    if word && url.starts_with("http") { Ok((service, url)) } else { Err(usage()) }
}

fn told(service: &str, accepted: &Accepted) -> String {
    let Accepted { acceptance, now, held_ahead_us } = accepted;
    let held = match held_ahead_us {
        Some(us) => {
            let seconds = us / 1_000_000;
            format!("曾暂停，快 {seconds} 秒 was held, {seconds} s ahead")
        }
        None => "应答的副本未暂停 the replica that answered held nothing".to_owned(),
    };
    format!(
        "✓ {service}  数据库时间 database time {now}  第 {acceptance} 次确认 acceptance {acceptance}  {held}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_with_their_addresses() {
        assert_eq!(parsed("dispatch=http://127.0.0.1:8083").unwrap(), ("dispatch", "http://127.0.0.1:8083"));
        for wrong in ["dispatch", "=http://x", "http://x", "../x=http://x", "dispatch="] {
            assert!(matches!(parsed(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn what_was_held_is_told() {
        let accepted = |held_ahead_us| Accepted { acceptance: 2, now: "T".to_owned(), held_ahead_us };
        assert!(
            told("dispatch", &accepted(Some(3_600_000_000))).contains("快 3600 秒 was held, 3600 s ahead")
        );
        assert!(told("dispatch", &accepted(None)).contains("held nothing"));
    }
}
