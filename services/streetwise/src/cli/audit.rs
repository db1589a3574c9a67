//! Arguments of `streetwise audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ids::TenantId;

/// `streetwise audit …`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// 核验流水与封签，指出首个不符之处 / verify the journals by their seals; names the first thing that is wrong
    Verify(AuditVerify),
    /// 输出各链末端，供库外保存 / print the heads of all chains, to be kept outside of the database
    Checkpoint(AuditCheckpoint),
    /// 导出一个案件的全部流水及其证明 / export all that is on the record of one case, with its proof
    Export(AuditExport),
}

/// `streetwise audit export`
#[derive(Debug, Args)]
pub struct AuditExport {
    /// 管理员连接 / the database as an administrator
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 街道 / the street
    #[arg(long, value_name = "CODE")]
    pub street: TenantId,
    /// 案件编号或标识 / the case's number or id
    #[arg(long, value_name = "CASE")]
    pub case: String,
    /// 写入此文件，仅本人可读 / the file to write, for its owner only
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `streetwise audit verify`
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// 管理员连接 / the database as an administrator, e.g. postgres://postgres@127.0.0.1:5432/streetwise
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 只看这些服务，可重复 / only these services; may be given several times
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// 只看此街道或区 / only this street or district
    #[arg(long, value_name = "CODE")]
    pub street: Option<TenantId>,
    /// 只看最近一段，如 90m、36h、14d；此前的封签视为可信 / only what was recorded since so long ago; the seal before it is believed
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// 库外保存的末端：audit checkpoint 的输出，或各服务的日志；可重复 / heads kept outside: output of audit checkpoint, or logs of the services; may be given several times
    #[arg(long = "checkpoints", value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// `streetwise audit checkpoint`
#[derive(Debug, Args)]
pub struct AuditCheckpoint {
    /// 管理员连接 / the database as an administrator
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
    /// 追加到此文件，缺省为标准输出 / append to this file instead of printing
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
