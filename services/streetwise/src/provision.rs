//! `streetwise provision`: makes the broker look like `contract::topology`, before any publisher starts (D14).

use std::time::Duration;

use async_nats::ConnectErrorKind;
use bootstrap::broker::{self, NatsKey};
use contract::broker_user::PROVISIONER;
use messaging::provision::{ProvisionError, Replicas, provision};

use crate::cli::Provision;
use crate::failure::Failure;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Runs the command.
pub async fn run(arguments: &Provision) -> Result<(), Failure> {
    let key = arguments.nkey_file.as_deref().map(NatsKey::read).transpose().map_err(|error| {
        let next = "请先运行 streetwise broker-users / run streetwise broker-users first";
        Failure::world("读取密钥 / reading the key", next, error)
    })?;
    let options = broker::options(PROVISIONER, key).connection_timeout(CONNECT_WITHIN);
    let client = options.connect(&arguments.nats_url).await.map_err(|error| {
        Failure::world("连接消息服务 / connecting to the broker", not_connected(error.kind()), error)
    })?;
    provision(&client, Replicas(arguments.replicas.into()))
        .await
        .map_err(|error| Failure::world("建消息流 / making streams and consumers", next(&error), error))?;
    let (streams, consumers) = (contract::topology::streams().len(), contract::topology::consumers().len());
    println!("✓ 消息流 {streams} 个，消费者 {consumers} 个 / {streams} streams, {consumers} consumers");
    Ok(())
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

/// What to do about a broker that did not become what it should be.
fn next(error: &ProvisionError) -> &'static str {
    match error {
        ProvisionError::NoRoom { .. } => {
            "请调高消息服务的 max_file_store 或换更大的磁盘 / raise the broker's max_file_store, or give it a larger disk"
        }
        ProvisionError::TooOld(_) | ProvisionError::Ignored { .. } | ProvisionError::Broker { .. } => {
            "需要 NATS 2.12 以上并启用 JetStream / NATS 2.12 or newer with JetStream is needed"
        }
    }
}
