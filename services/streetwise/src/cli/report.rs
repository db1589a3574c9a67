//! Arguments of `streetwise report …`.

use clap::{Args, Subcommand};
use ids::{TenantId, TrackingCode};
use url::Url;
use uuid::Uuid;

use super::Caller;
use super::assign::Datum;
use super::order::street;

/// `streetwise report …`: what is open near by, what somebody reports, and what became of it.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// 列出附近的未结案件 / open cases near by: what is about to be reported may be one of them
    Near(ReportNear),
    /// 上报；附近似有同一案件则列出而不报 / report a matter; an open case near by that seems to be the same is listed instead
    Send(ReportSend),
    /// 凭查询码查询进度，无需令牌 / where a report stands, by its tracking code; takes no token
    Follow(ReportFollow),
}

/// Where it is, and what it is about as far as the reporter knows.
#[derive(Debug, Args)]
pub struct ReportAbout {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long, value_name = "CODE", value_parser = street)]
    pub street: TenantId,
    /// 经度 / degrees east, e.g. 106.5512
    #[arg(long, value_parser = longitude, allow_negative_numbers = true)]
    pub lon: f64,
    /// 纬度 / degrees north, e.g. 29.5628
    #[arg(long, value_parser = latitude, allow_negative_numbers = true)]
    pub lat: f64,
    /// 坐标系 / what the degrees refer to; nothing is guessed
    #[arg(long)]
    pub datum: Datum,
    /// 事项代码，如已知 / code of the item, if it is known: then only cases of it are near
    #[arg(long)]
    pub item: Option<String>,
}

/// `streetwise report near`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of somebody who may report")))]
pub struct ReportNear {
    /// Where and what.
    #[command(flatten)]
    pub about: ReportAbout,
    /// 要上报的内容：与之相近的案件在前 / the words so far: cases they suggest come first
    #[arg(long, value_parser = words)]
    pub text: Option<String>,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

const WHOSE_TO_SEND: &str = "令牌 / bearer token of somebody who may report; with --drill, who may drill";

/// `streetwise report send`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help(WHOSE_TO_SEND)))]
pub struct ReportSend {
    /// Where and what.
    #[command(flatten)]
    pub about: ReportAbout,
    /// 内容，至多 4000 字 / what is reported, in the reporter's words, at most 4,000 characters
    #[arg(long, value_parser = words)]
    pub text: String,
    /// 地址 / the place as people say it
    #[arg(long)]
    pub address: Option<String>,
    /// 附近似有同一案件也上报 / send it although an open case near by seems to be the same; what speaks of danger is sent in any case
    #[arg(long)]
    pub anyway: bool,
    /// 演练：有标记，不并入案件，不看附近 / a drill: marked, joined to nothing, so nothing near by is looked at
    #[arg(long)]
    pub drill: bool,
    /// 幂等键：结果未知时用同一键重做，不会重复上报 / a key to run it again with where its outcome is unknown: it is done once
    #[arg(long)]
    pub key: Option<Uuid>,
    /// 受理服务地址 / intake, e.g. http://127.0.0.1:8081
    #[arg(long, env = "STREETWISE_INTAKE_URL")]
    pub intake_url: Url,
    /// 研判服务地址：查看附近案件，缺省照报 / triage, e.g. http://127.0.0.1:8082: for what is near by; it is reported without, too
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Option<Url>,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// `streetwise report follow`
#[derive(Debug, Args)]
pub struct ReportFollow {
    /// 查询码 / tracking code, as it was printed; case, hyphens and spaces do not matter
    #[arg(value_parser = code)]
    pub code: TrackingCode,
    /// 指挥台服务地址 / console, e.g. http://127.0.0.1:8086
    #[arg(long, env = "STREETWISE_CONSOLE_URL")]
    pub console_url: Url,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

fn longitude(text: &str) -> Result<f64, &'static str> {
    degrees(text, 180.0)
        .ok_or("经度写作 106.5512，-180 至 180 / write a longitude as 106.5512, from -180 to 180")
}

fn latitude(text: &str) -> Result<f64, &'static str> {
    degrees(text, 90.0).ok_or("纬度写作 29.5628，-90 至 90 / write a latitude as 29.5628, from -90 to 90")
}

fn degrees(text: &str, most: f64) -> Option<f64> {
    // What is no number compares with nothing, so it is out of bounds, too.
    text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most)
}

fn words(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Err("内容不能为空，请写明何事 / the text must not be empty: say what it is about");
    }
    Ok(text.to_owned())
}

fn code(text: &str) -> Result<TrackingCode, &'static str> {
    text.parse().map_err(
        |_| "查询码有 20 个字母和数字 / a tracking code has 20 letters and digits, e.g. 7ZJ3K-9QH2M-4T8VX-R6WPN",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    const THERE: [&str; 6] = ["--lon", "106.5512", "--lat", "29.5628", "--datum", "gcj02"];

    /// The words behind `streetwise report`, with doors.
    fn parsed(words: &[&str]) -> Result<Report, String> {
        let doors: &[&str] = match words[0] {
            "follow" => &["--console-url", "http://x"],
            "near" => &["--street", "990102001000", "--token", "t", "--triage-url", "http://x"],
            _ => &["--street", "990102001000", "--token", "t", "--intake-url", "http://x"],
        };
        let all = ["streetwise", "report"].iter().chain(words).chain(doors);
        match Arguments::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Report(report) => Ok(*report),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_report_needs_words_and_a_place_and_no_more() {
        let Ok(Report::Send(send)) = parsed(&[&["send", "--text", "路灯坏了"], &THERE[..]].concat())
        else {
            panic!("a report")
        };
        assert_eq!(
            (send.text.as_str(), send.about.lon, send.about.datum),
            ("路灯坏了", 106.5512, Datum::Gcj02)
        );
        assert!(send.about.item.is_none() && send.address.is_none() && send.key.is_none());
        assert!(!send.anyway && !send.drill && !send.caller.json);
        let west = ["near", "--lon", "-106.5", "--lat", "-29.5", "--datum", "wgs84", "--item", "TRA-01"];
        let Ok(Report::Near(near)) = parsed(&west) else { panic!("a look around") };
        assert_eq!((near.about.lon, near.about.lat, near.text), (-106.5, -29.5, None));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_in_both_languages() {
        let east = |lon: &'static str| ["near", "--lon", lon, "--lat", "29.5", "--datum", "wgs84"];
        for (words, said) in [
            (&["near", "--lon", "106.5", "--lat", "29.5"][..], "--datum"),
            (&east("180.5"), "from -180 to 180"),
            (&east("NaN"), "经度写作"),
            (&east("东"), "经度写作"),
            (&["near", "--lon", "106.5", "--lat", "91", "--datum", "wgs84"], "from -90 to 90"),
            (&[&["send"], &THERE[..]].concat(), "--text"),
            (&[&["send", "--text", " "], &THERE[..]].concat(), "内容不能为空"),
            (&["send", "--text", "路灯坏了"], "--lon"),
            (&["follow", "990102001-261123-0001"], "20 letters and digits"),
        ] {
            let told = parsed(words).unwrap_err();
            assert!(told.contains(said), "{words:?}: {told}");
        }
    }

    #[test]
    fn a_code_is_taken_as_people_write_it_and_never_shown() {
        let Ok(Report::Follow(follow)) = parsed(&["follow", "7zj3k 9qh2m 4t8vx r6wpn"]) else {
            panic!("a code")
        };
        assert_eq!(follow.code.grouped(), "7ZJ3K-9QH2M-4T8VX-R6WPN");
        assert!(!format!("{follow:?}").contains("7ZJ3K"));
    }
}
