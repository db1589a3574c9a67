//! Arguments of `streetwise assign`.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use ids::TenantId;
use url::Url;
use uuid::Uuid;

use super::Caller;

/// `streetwise assign`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of a street's or the district's centre")))]
pub struct Assign {
    /// 街道及地点 代码=经度,纬度，可重复 / each street with a place in it: CODE=LON,LAT; may be repeated
    #[arg(long = "to", required = true, value_name = "CODE=LON,LAT")]
    pub to: Vec<There>,
    /// 坐标系 / what the degrees refer to; nothing is guessed
    #[arg(long)]
    pub datum: Datum,
    /// 事项代码 / code of the item: the limits come from it
    #[arg(long)]
    pub item: String,
    /// 交办内容 / what has to be done, in words
    #[arg(long)]
    pub text: String,
    /// 主办单位；以 @ 结尾指各街道自己的单位 / who leads; with @ at the end, each street's own, e.g. street-safety@
    #[arg(long)]
    pub lead: String,
    /// 协办单位，可重复，写法同上 / who assists, written alike; may be repeated
    #[arg(long = "assist")]
    pub assists: Vec<String>,
    /// 幂等键：中断后用同一键重做，已交办的不重复 / a key to run it again with after an interruption: nothing is given twice
    #[arg(long)]
    pub key: Option<Uuid>,
    /// 受理服务地址 / intake, e.g. http://127.0.0.1:8081
    #[arg(long, env = "STREETWISE_INTAKE_URL")]
    pub intake_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// What degrees refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// GPS
    Wgs84,
    /// 国测局坐标
    Gcj02,
    /// 百度坐标
    Bd09,
}

/// A street and a place in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct There {
    /// The street.
    pub street: TenantId,
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
}

impl FromStr for There {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let said = "写作 代码=经度,纬度 / write CODE=LON,LAT, e.g. 990102001000=106.5512,29.5628";
        let (street, place) = text.split_once('=').ok_or(said)?;
        let (lon, lat) = place.split_once(',').ok_or(said)?;
        let degrees = |text: &str| text.trim().parse::<f64>().map_err(|_| said);
        Ok(Self { street: street.trim().parse().map_err(|_| said)?, lon: degrees(lon)?, lat: degrees(lat)? })
    }
}
