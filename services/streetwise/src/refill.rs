//! `streetwise refill`: after a restore, what readers lack is published again out of the journals (docs/operations/restore.md).

use messaging::refill::{self, Purpose, RefillError, Refilled};

use crate::broker::Broker;
use crate::cli::Refill;
use crate::failure::Failure;
use crate::{lasting, table};

const DOING: &str = "补发 / refilling";

/// Runs the command.
pub async fn run(arguments: &Refill) -> Result<(), Failure> {
    let since = lasting::read("--since", &arguments.since)?;
    if let (true, Some(url)) = (arguments.purge, &arguments.nats_url) {
        let purged = Broker::connect(url, arguments.nkey_file.as_deref()).await?.empty().await?;
        println!("✓ 消息流已清空：{purged} 条 / streams emptied: {purged} messages");
    }
    let purpose = if arguments.plan { Purpose::Plan } else { Purpose::Refill };
    let done = refill::refill(&arguments.admin_url, since, purpose).await.map_err(failed)?;
    tell(&done, purpose);
    Ok(())
}

fn tell(done: &Refilled, purpose: Purpose) {
    let lacking = done.lacking.iter().filter(|lacking| lacking.events > 0);
    let rows: Vec<Vec<String>> =
        lacking.map(|l| vec![l.consumer.clone(), l.stream.to_owned(), l.events.to_string()]).collect();
    if !rows.is_empty() {
        print!("{}", table::render(&["消费者 consumer", "消息流 stream", "缺少 lacks"], &rows));
    }
    let put = done.put;
    match purpose {
        Purpose::Plan => println!("仅为预览，未写入 / a plan: nothing was written"),
        Purpose::Refill => println!(
            "✓ 待重新发布 {put} 件，服务运行后自动发出 / {put} events are published again once the services run"
        ),
    }
}

fn failed(error: RefillError) -> Failure {
    match error {
        RefillError::TooFarBack => Failure::Usage("--since 至多 14d / --since is at most 14d".to_owned()),
        RefillError::Database(_) => {
            let next = "请核对 --admin-url，并先运行同版本的 streetwise migrate / check --admin-url, and run streetwise \
                        migrate of the same version first";
            Failure::world(DOING, next, error)
        }
    }
}
