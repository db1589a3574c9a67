//! Arguments of `streetwise rules …` and `streetwise route …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use url::Url;

use super::DirectoryDoor;

/// `streetwise rules …`: what rules say before they decide anything.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// 检查：失效、被遮蔽、冲突、遗漏的规则，附例证；不作更改 / dead and shadowed rules, overlaps and gaps, each with an example
    Check(RulesCheck),
    /// 回放：以过往案件试算，何人会接到什么、是否超期 / past cases under rules that are not applied yet: who would have got what
    Backtest(RulesBacktest),
}

/// `streetwise rules check`
#[derive(Debug, Args)]
pub struct RulesCheck {
    /// 区或街道的清单文件 / manifest of a district or a street
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise rules backtest`
#[derive(Debug, Args)]
pub struct RulesBacktest {
    /// 区或街道的清单文件 / manifest of a district or a street
    pub file: PathBuf,
    /// 起始：如 30d、12h，或时刻 / since when: 30d, 12h, or an instant like 2026-10-30T00:00:00Z
    #[arg(long, default_value = "30d")]
    pub since: String,
    /// 街道代码；区清单须指定，可重复 / whose cases, 12 digits, may be repeated; required for a district's manifest
    #[arg(long = "street", value_name = "CODE")]
    pub streets: Vec<String>,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// 研判席的令牌文件；不给则用同一令牌 / file with the token of somebody who judges reports there; without it the same token
    #[arg(long)]
    pub triage_token_file: Option<PathBuf>,
    /// 输出格式 / how it is printed; --json means json
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// 表格 / for people
    Table,
    /// JSON
    Json,
    /// CSV（RFC 4180）/ CSV as of RFC 4180
    Csv,
}

/// `streetwise route …`
#[derive(Debug, Subcommand)]
pub enum Route {
    /// 说明：由导出的案件重算派单方案并与记录核对 / make the plan of an exported case again and hold it against the record
    Explain(RouteExplain),
}

/// `streetwise route explain`
#[derive(Debug, Args)]
pub struct RouteExplain {
    /// 案件编号 / number of the case, e.g. 990102001-261123-0042
    pub case: String,
    /// `street export` 的目录 / a folder that `street export` has written
    #[arg(long, value_name = "FOLDER")]
    pub export: PathBuf,
    /// 重新派单之前的方案，1 为最近一次 / the plan before it was re-routed, 1 before the last time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub before: Option<u32>,
    /// 输出 JSON，供程序读取 / print the explanation as JSON
    #[arg(long)]
    pub json: bool,
}
