//! `streetwise provision`: makes the broker look like `contract::topology`, before any publisher starts (D14).

use messaging::provision::{Difference, ProvisionError, Replicas, provision, survey};

use crate::broker::as_provisioner;
use crate::cli::Provision;
use crate::failure::Failure;

/// Runs the command.
pub async fn run(arguments: &Provision) -> Result<(), Failure> {
    let client = as_provisioner(&arguments.nats_url, arguments.nkey_file.as_deref()).await?;
    let replicas = Replicas(arguments.replicas.into());
    if arguments.plan {
        let differences = survey(&client, replicas).await;
        let doing = "查看消息流 / looking at streams and consumers";
        print!("{}", planned(&differences.map_err(|error| Failure::world(doing, next(&error), error))?));
        return Ok(());
    }
    provision(&client, replicas)
        .await
        .map_err(|error| Failure::world("建消息流 / making streams and consumers", next(&error), error))?;
    let (streams, consumers) = (contract::topology::streams().len(), contract::topology::consumers().len());
    println!("✓ 消息流 {streams} 个，消费者 {consumers} 个 / {streams} streams, {consumers} consumers");
    Ok(())
}

fn planned(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "✓ 无需更改 / nothing to change\n".to_owned();
    }
    let lines = differences.iter().map(|difference| {
        let sign = if difference.found.is_some() { '~' } else { '+' };
        format!("{sign} {}\n", told(difference))
    });
    let tail = format!(
        "{} 处待更改，未作更改 / {} to change, nothing was changed\n",
        differences.len(),
        differences.len()
    );
    lines.chain([tail]).collect()
}

/// A difference in one line.
pub(crate) fn told(difference: &Difference) -> String {
    let Difference { name, setting, asked, found } = difference;
    match found {
        Some(found) => format!("{name}: {setting} {found} → {asked}"),
        None => format!("{name}: missing, for {asked}"),
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
