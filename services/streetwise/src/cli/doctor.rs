//! Arguments of `streetwise doctor` and `streetwise lag`.

use std::path::PathBuf;

use clap::Args;
use url::Url;

/// `streetwise doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// 管理员连接 / the database as an administrator, e.g. postgres://postgres@127.0.0.1:5432/streetwise
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 消息服务地址 / the broker, e.g. nats://127.0.0.1:4222
    #[arg(long, env = "STREETWISE_NATS_URL", hide_env_values = true)]
    pub nats_url: String,
    /// 密钥文件 / key of the broker's user `provisioner`
    #[arg(long, env = "STREETWISE_NATS_NKEY_FILE")]
    pub nkey_file: Option<PathBuf>,
    /// 每个流的副本数 / copies the cluster is to keep of each stream
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub replicas: u8,
    /// 消息服务监控地址，用于查看落盘方式 / the broker's monitoring door, for how it syncs, e.g. http://127.0.0.1:8222
    #[arg(long, env = "STREETWISE_NATS_MONITORING_URL")]
    pub monitoring_url: Option<Url>,
    /// 证书文件（PEM），查看有效期 / certificates (PEM) whose dates are looked at; may be given several times
    #[arg(long = "certificate", value_name = "FILE")]
    pub certificates: Vec<PathBuf>,
    /// 服务地址，查看版本与就绪；可重复 / a service whose version and readiness are looked at, e.g. http://127.0.0.1:8081; may be given several times
    #[arg(long = "service-url", value_name = "URL")]
    pub services: Vec<Url>,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// `streetwise lag`
#[derive(Debug, Args)]
pub struct Lag {
    /// 管理员连接 / the database as an administrator
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 消息服务地址 / the broker
    #[arg(long, env = "STREETWISE_NATS_URL", hide_env_values = true)]
    pub nats_url: String,
    /// 密钥文件 / key of the broker's user `provisioner`
    #[arg(long, env = "STREETWISE_NATS_NKEY_FILE")]
    pub nkey_file: Option<PathBuf>,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}
