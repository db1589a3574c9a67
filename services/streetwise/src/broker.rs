//! The broker by the provisioner's right: only it makes streams, and only it may purge (D14), which a removed street needs.

use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, jetstream};
use bootstrap::broker::{self, NatsKey};
use contract::broker_user::PROVISIONER;
use contract::subject;
use contract::topology::{PUBLISHERS, Retention, streams};
use futures_util::TryStreamExt;
use ids::TenantId;

use crate::failure::Failure;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A connection as the broker's user `provisioner`.
pub(crate) async fn as_provisioner(url: &str, nkey_file: Option<&Path>) -> Result<Client, Failure> {
    let key = nkey_file.map(NatsKey::read).transpose().map_err(|error| {
        let next = "请先运行 streetwise broker-users / run streetwise broker-users first";
        Failure::world("读取密钥 / reading the key", next, error)
    })?;
    let options = broker::options(PROVISIONER, key).connection_timeout(CONNECT_WITHIN);
    options.connect(url).await.map_err(|error| {
        Failure::world("连接消息服务 / connecting to the broker", not_connected(error.kind()), error)
    })
}

fn not_connected(kind: ConnectErrorKind) -> &'static str {
    match kind {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            "请核对 --nkey-file，并确认消息服务已读入 broker-users 的输出 / check --nkey-file, and that the broker has read what \
             broker-users wrote"
        }
        _ => "请核对 --nats-url 并确认消息服务已启动 / check --nats-url and that the broker runs",
    }
}

/// A connection that may purge.
pub(crate) struct Broker(jetstream::Context);

impl Broker {
    /// Connects; a broker that is away ends the command before anything is removed.
    pub(crate) async fn connect(url: &str, nkey_file: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self(jetstream::new(as_provisioner(url, nkey_file).await?)))
    }

    /// Purges every message of a street from every stream; returns how many.
    pub(crate) async fn purge(&self, code: &str) -> Result<u64, Failure> {
        let mut purged = 0;
        for (stream, filter) in filters(code)? {
            let held = self.0.get_stream_no_info(stream).await.map_err(|error| failed(stream, error))?;
            purged += held.purge().filter(filter).await.map_err(|error| failed(stream, error))?.purged;
        }
        Ok(purged)
    }

    /// Empties every stream; returns how many messages that were.
    pub(crate) async fn empty(&self) -> Result<u64, Failure> {
        let mut purged = 0;
        for stream in PUBLISHERS {
            let held = self.0.get_stream_no_info(stream).await.map_err(|error| failed(stream, error))?;
            purged += held.purge().await.map_err(|error| failed(stream, error))?.purged;
        }
        Ok(purged)
    }

    /// Subjects of a street that still hold a message.
    pub(crate) async fn left(&self, code: &str) -> Result<Vec<String>, Failure> {
        let mut left = Vec::new();
        for (stream, filter) in filters(code)? {
            let held = self.0.get_stream_no_info(stream).await.map_err(|error| failed(stream, error))?;
            let subjects = held.info_with_subjects(filter).await.map_err(|error| failed(stream, error))?;
            let subjects: Vec<(String, usize)> =
                subjects.try_collect().await.map_err(|error| failed(stream, error))?;
            left.extend(subjects.into_iter().map(|(subject, _)| subject));
        }
        Ok(left)
    }
}

/// Every stream, and what of a street is in it.
fn filters(code: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let usage = |_| Failure::Usage("代码应为 12 位数字 / a code is 12 digits".to_owned());
    let street: TenantId = code.parse().map_err(usage)?;
    let documents =
        |name: &str| streams().iter().any(|s| s.name == name && s.retention == Retention::LastOfSubject);
    let filter = |name: &'static str| match documents(name) {
        true => (name, format!("{name}.document.*.{street}")),
        false => (name, subject::all_of(name, street)),
    };
    Ok(PUBLISHERS.into_iter().map(filter).collect())
}

fn failed(stream: &str, error: impl Into<anyhow::Error>) -> Failure {
    Failure::world(format!("清除消息 / purging {stream}"), "", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_names_one_street_in_every_stream() {
        let filters = filters("990102003000").unwrap();
        assert_eq!(filters.len(), PUBLISHERS.len());
        assert!(filters.iter().all(|(_, filter)| filter.ends_with(".990102003000")), "{filters:?}");
        assert!(filters.contains(&("directory", "directory.document.*.990102003000".to_owned())));
        assert!(filters.contains(&("intake", "intake.*.*.*.990102003000".to_owned())));
        assert!(super::filters("*").is_err() && super::filters(">").is_err());
    }
}
