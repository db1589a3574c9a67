//! Arguments of `streetwise street …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::Caller;

/// `streetwise street …`: the life of a manifest.
#[derive(Debug, Subcommand)]
pub enum Street {
    /// 预览：提交这份清单会改变什么，不作更改 / what applying a manifest would change; changes nothing
    Plan(StreetPlan),
    /// 提交清单 / apply a manifest
    Apply(StreetApply),
    /// 核验：以演练上报走实际通路，对照清单 / file drills down the live path and hold what came against the documents
    Verify(Box<StreetVerify>),
    /// 历次提交：何人、何时 / who applied what, and when
    History(StreetHistory),
    /// 输出某一代的清单原文 / print the manifest of a generation as it was applied
    Show(StreetShow),
    /// 回退：将某一代的清单重新提交为新的一代 / apply the manifest of an earlier generation as the next one
    Rollback(StreetRollback),
    /// 值班：此刻谁在岗；--ics 输出日历 / who is on duty by a rota; --ics prints a calendar
    Rota(StreetRota),
    /// 导出整个街道：清单、辖区、案件、工单、投递，附校验和 / take a whole street out: open formats with checksums
    Export(StreetExport),
    /// 导入：核对校验和，在此处重新登记该街道 / check an export and onboard its street here
    Import(StreetImport),
    /// 注销街道：各服务删除其全部数据，密钥先行；不可撤销 / remove a street with all it has, data keys first; cannot be taken back
    Offboard(StreetOffboard),
}

/// Where every service is, and who asks.
#[derive(Debug, Args)]
pub struct InstallationDoor {
    /// 各服务及其地址，每个服务一次 / each service and its address, once each, e.g. intake=http://127.0.0.1:8081
    #[arg(long = "service", value_name = "SERVICE=URL")]
    pub services: Vec<String>,
    /// 地址文件，由 ./dev up 写成 / file with addresses, written by ./dev up
    #[arg(long)]
    pub endpoints: Option<PathBuf>,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// `streetwise street export`
#[derive(Debug, Args)]
pub struct StreetExport {
    /// 街道代码 / code of the street, 12 digits
    pub code: String,
    /// 输出目录，须不存在 / a folder that does not exist yet
    #[arg(long)]
    pub out: PathBuf,
    /// Where.
    #[command(flatten)]
    pub door: InstallationDoor,
}

/// `streetwise street import`
#[derive(Debug, Args)]
pub struct StreetImport {
    /// 导出目录 / a folder that `street export` has written
    pub folder: PathBuf,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street offboard`
#[derive(Debug, Args)]
pub struct StreetOffboard {
    /// 街道代码 / code of the street, 12 digits
    pub code: String,
    /// 再写一遍代码，以示确认 / the code once more, to be sure
    #[arg(long, value_name = "CODE")]
    pub confirm: String,
    /// 原因，记入注销记录；勿写个人信息 / why, for the deletion log; no personal data
    #[arg(long)]
    pub reason: String,
    /// 连同在办案件一并删除 / also while cases are open
    #[arg(long)]
    pub force: bool,
    /// 仅当仍为此代次 / only if still of this generation
    #[arg(long, value_name = "N")]
    pub if_generation: Option<u64>,
    /// 至多等待的秒数 / how long to wait for the services, in seconds
    #[arg(long, default_value_t = 600)]
    pub wait_s: u64,
    /// 消息服务地址 / the broker, e.g. nats://127.0.0.1:4222
    #[arg(long, env = "STREETWISE_NATS_URL", hide_env_values = true)]
    pub nats_url: String,
    /// 密钥文件 / key of the broker's user `provisioner`, who may purge; none where the broker lets everybody in
    #[arg(long, env = "STREETWISE_NATS_NKEY_FILE")]
    pub nkey_file: Option<PathBuf>,
    /// Where.
    #[command(flatten)]
    pub door: InstallationDoor,
}

/// Where the directory is, and who asks.
#[derive(Debug, Args)]
pub struct DirectoryDoor {
    /// 目录服务地址 / the directory, e.g. http://127.0.0.1:8085
    #[arg(long, env = "STREETWISE_DIRECTORY_URL")]
    pub directory_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// `streetwise street plan`
#[derive(Debug, Args)]
pub struct StreetPlan {
    /// 区或街道的清单文件 / manifest of a district or a street
    pub file: PathBuf,
    /// 有变更时以 2 退出 / exit with 2 when there are changes
    #[arg(long)]
    pub exit_code: bool,
    /// 研判服务地址：预演辖区调整对在办案件的影响 / triage, e.g. http://127.0.0.1:8082: what a redrawn territory does to open cases
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Option<Url>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street apply`
#[derive(Debug, Args)]
pub struct StreetApply {
    /// 区或街道的清单文件 / manifest of a district or a street
    pub file: PathBuf,
    /// 仅当仍为此代次（预览所示）/ only if still of this generation, as the plan said; 0 for a new one
    #[arg(long, value_name = "N")]
    pub if_generation: Option<u64>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street verify`
#[derive(Debug, Args)]
pub struct StreetVerify {
    /// 街道代码 / code of the street, 12 digits
    pub code: String,
    /// 受理服务地址 / intake, e.g. http://127.0.0.1:8081
    #[arg(long, env = "STREETWISE_INTAKE_URL")]
    pub intake_url: Url,
    /// 指挥台服务地址 / console, e.g. http://127.0.0.1:8086
    #[arg(long, env = "STREETWISE_CONSOLE_URL")]
    pub console_url: Url,
    /// 派单服务地址：核验后在此结束演练；不给则演练案件保持未结 / dispatch, where drills are ended; without it their cases stay open
    #[arg(long, env = "STREETWISE_DISPATCH_URL")]
    pub dispatch_url: Option<Url>,
    /// 最长等待秒数 / wait at most so many seconds for what has to come
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub within_s: u64,
    /// 随机种子：事项与地点的搭配 / turns the items against the places
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street history`
#[derive(Debug, Args)]
pub struct StreetHistory {
    /// 街道或区代码 / code of a street or a district, 12 digits
    pub code: String,
    /// 只看此代次之前的 / only generations below this one
    #[arg(long, value_name = "N")]
    pub before: Option<u64>,
    /// 至多几条 / at most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street show`
#[derive(Debug, Args)]
pub struct StreetShow {
    /// 街道或区代码 / code of a street or a district, 12 digits
    pub code: String,
    /// 哪一代；缺省为当前 / which generation; the present one unless told
    #[arg(long, value_name = "N")]
    pub generation: Option<u64>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street rollback`
#[derive(Debug, Args)]
pub struct StreetRollback {
    /// 街道或区代码 / code of a street or a district, 12 digits
    pub code: String,
    /// 回退到哪一代 / the generation whose manifest is applied anew
    #[arg(long, value_name = "N")]
    pub to: u64,
    /// 仅当仍为此代次 / only if still of this generation
    #[arg(long, value_name = "N")]
    pub if_generation: Option<u64>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise street rota`
#[derive(Debug, Args)]
pub struct StreetRota {
    /// 街道或区代码 / code of a street or a district, 12 digits
    pub code: String,
    /// 值班表的键 / key of the rota
    pub key: String,
    /// 时刻；缺省为现在 / an instant, e.g. 2026-11-23T10:00:00+08:00; now unless told
    #[arg(long, conflicts_with = "ics")]
    pub at: Option<jiff::Timestamp>,
    /// 输出 iCalendar / print iCalendar instead
    #[arg(long, conflicts_with = "json")]
    pub ics: bool,
    /// 起始日 / the first duty day of the calendar; today unless told
    #[arg(long, requires = "ics", value_name = "DATE")]
    pub from: Option<jiff::civil::Date>,
    /// 终止日 / the last duty day of the calendar; 28 days later unless told
    #[arg(long, requires = "ics", value_name = "DATE")]
    pub until: Option<jiff::civil::Date>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}
