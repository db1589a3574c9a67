//! `streetwise provision`: makes the broker look like `contract::topology`, before any publisher starts (D14).

use messaging::provision::{ProvisionError, Replicas, provision};

use crate::broker::as_provisioner;
use crate::cli::Provision;
use crate::failure::Failure;

/// Runs the command.
pub async fn run(arguments: &Provision) -> Result<(), Failure> {
    let client = as_provisioner(&arguments.nats_url, arguments.nkey_file.as_deref()).await?;
    provision(&client, Replicas(arguments.replicas.into()))
        .await
        .map_err(|error| Failure::world("建消息流 / making streams and consumers", next(&error), error))?;
    let (streams, consumers) = (contract::topology::streams().len(), contract::topology::consumers().len());
    println!("✓ 消息流 {streams} 个，消费者 {consumers} 个 / {streams} streams, {consumers} consumers");
    Ok(())
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
