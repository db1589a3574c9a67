//! Arguments of `streetwise calendar …`.

use clap::{Args, Subcommand};
use url::Url;

use super::Caller;

/// `streetwise calendar …`
#[derive(Debug, Subcommand)]
pub enum Calendar {
    /// 重排：新发布的日历会改变哪些在办时限；--apply 后生效 / which due times a newly published calendar moves; --apply moves them
    Replan(CalendarReplan),
}

/// `streetwise calendar replan`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of the district's centre")))]
pub struct CalendarReplan {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long)]
    pub street: String,
    /// 日历，缺省为该街道的全部日历 / id of the calendar; without it every calendar of the street
    #[arg(long)]
    pub calendar: Option<String>,
    /// 生效：在办时限改按新日历，已用时间不变，并告知各单位 / move them: what was used stays as it was counted, and each body is told
    #[arg(long, requires_all = ["calendar", "version"])]
    pub apply: bool,
    /// 已查看的版本：另有发布时拒绝生效 / the version that was looked at: refused when another is in force by now
    #[arg(long, requires = "apply")]
    pub version: Option<u64>,
    /// 说明，记入各案件全程；勿写个人信息 / what is said with it, on the timeline of each case; no personal data
    #[arg(long, requires = "apply", default_value = "")]
    pub note: String,
    /// 派单服务地址 / dispatch, e.g. http://127.0.0.1:8083
    #[arg(long, env = "STREETWISE_DISPATCH_URL")]
    pub dispatch_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}
