//! `streetwise who-can`

use clap::Args;
use url::Url;

use super::Caller;

/// `streetwise who-can`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of a security or audit administrator")))]
pub struct WhoCan {
    /// 案件编号或 id / number of the case, e.g. 990102001-261123-0042, or its id
    pub case: String,
    /// 街道代码，用编号时可省略 / code of its street, 12 digits; may be left out with a number, which says it
    #[arg(long)]
    pub street: Option<String>,
    /// 控制台地址 / the console, e.g. http://127.0.0.1:8086
    #[arg(long, env = "STREETWISE_CONSOLE_URL")]
    pub console_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}
