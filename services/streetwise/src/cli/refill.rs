//! Arguments of `streetwise refill`.

use std::path::PathBuf;

use clap::Args;

/// `streetwise refill`
#[derive(Debug, Args)]
pub struct Refill {
    /// 管理员连接 / the database as an administrator, e.g. postgres://postgres@127.0.0.1:5432/streetwise
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 回看多久，至多14天 / how far back to look, by the database's clock: at most 14d, e.g. 2h, 90m, 14d
    #[arg(long, default_value = "14d")]
    pub since: String,
    /// 只统计，不写入 / count only, write nothing
    #[arg(long)]
    pub plan: bool,
    /// 先清空消息流 / empty the streams first; what is in them is of another instant than the restored database
    #[arg(long, conflicts_with = "plan", requires = "nats_url")]
    pub purge: bool,
    /// 消息服务地址（与 --purge 同用） / the broker, for --purge
    #[arg(long, env = "STREETWISE_NATS_URL", hide_env_values = true)]
    pub nats_url: Option<String>,
    /// 密钥文件 / key of the broker's user `provisioner`, for --purge
    #[arg(long, env = "STREETWISE_NATS_NKEY_FILE")]
    pub nkey_file: Option<PathBuf>,
}
