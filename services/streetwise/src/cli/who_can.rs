//! `streetwise who-can`

use std::path::PathBuf;

use clap::Args;
use url::Url;

/// `streetwise who-can`
#[derive(Debug, Args)]
pub struct WhoCan {
    /// 案件编号或 id / number of the case, e.g. 990102001-261123-0042, or its id
    pub case: String,
    /// 街道代码，用编号时可省略 / code of its street, 12 digits; may be left out with a number, which says it
    #[arg(long)]
    pub street: Option<String>,
    /// 控制台地址 / the console, e.g. http://127.0.0.1:8086
    #[arg(long, env = "STREETWISE_CONSOLE_URL")]
    pub console_url: Url,
    /// 令牌 / bearer token of a security or audit administrator
    #[arg(long, env = "STREETWISE_TOKEN", hide_env_values = true, required_unless_present = "token_file")]
    pub token: Option<String>,
    /// 令牌文件 / file that holds the token
    #[arg(long, conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}
