//! Arguments of `streetwise desk …`.

use clap::{Args, Subcommand, ValueEnum};
use ids::{BodyRef, TenantId};
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use super::Caller;
use super::assign::Datum;

/// `streetwise desk …`: what waits for a person at the review desk, and what the person does about it.
#[derive(Debug, Subcommand)]
pub enum Desk {
    /// 列出待研判的上报与待审核的方案 / reports and plans that wait for a person
    List(DeskList),
    /// 查看一项：原文、未能判定的原因、建议 / one of them: its words, why nothing decided, what is proposed
    Show(DeskShow),
    /// 采纳建议：按建议的事项受理上报 / take the item that is proposed for a report
    Accept(DeskAccept),
    /// 按事项受理上报 / say what a report is about; it goes the way of every report
    Route(DeskRoute),
    /// 通过方案，可改主办与协办 / let a plan go out, as it is or with other bodies
    Approve(DeskApprove),
    /// 并入未结案件 / the same matter as an open case: the report, or the case with all its reports, goes into it
    Merge(DeskMerge),
    /// 重新派单：更正案件的事项或地点 / another item, or another place: its plan is drawn anew, and bodies get and lose orders by it
    Reroute(DeskReroute),
    /// 不予受理，上报人可见理由 / nobody has to act; the reporters read the ground and the note
    Reject(DeskReject),
    /// 认领 15 分钟，期间他人不能处理 / take it in hand for 15 minutes, in which nobody else decides it
    Claim(DeskEntry),
    /// 释放认领 / let go of it
    Release(DeskEntry),
    /// 上报区级研判台 / pass it on to the district's desk
    Raise(DeskPass),
    /// 交回街道研判台 / give it back to the street's desk
    HandDown(DeskPass),
    /// 查看案件中各上报的原文 / what those said who are in a case
    Voices(DeskVoices),
    /// 拆分：上报另立案件 / take a report out of the case it joined into a case of its own
    Split(DeskSplit),
}

/// Which street's desk, and who asks.
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of the street's or the district's centre")))]
pub struct DeskDoor {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long, value_name = "CODE", value_parser = street)]
    pub street: TenantId,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// `streetwise desk list`
#[derive(Debug, Args)]
pub struct DeskList {
    /// 只列上报或方案 / reports or plans only; both unless told
    #[arg(long)]
    pub kind: Option<Kind>,
    /// 只列此级研判台 / only what lies on this desk; both unless told
    #[arg(long)]
    pub desk: Option<Whose>,
    /// 每类至多几项 / at most so many of each kind
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// 待研判的上报
    Reports,
    /// 待审核的方案
    Plans,
}

/// Whose desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// 街道
    Street,
    /// 区
    District,
}

/// `streetwise desk show`
#[derive(Debug, Args)]
pub struct DeskShow {
    /// 上报 id、案件 id 或案件编号 / id of the report, or id or number of the case
    pub entry: String,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk accept`
#[derive(Debug, Args)]
pub struct DeskAccept {
    /// 上报 id / id of the report, as shown by list
    #[arg(value_parser = id)]
    pub report: Uuid,
    /// 第几条建议 / which of its suggestions, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub choice: u8,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk route`
#[derive(Debug, Args)]
pub struct DeskRoute {
    /// 上报 id / id of the report, as shown by list
    #[arg(value_parser = id)]
    pub report: Uuid,
    /// 事项代码 / code of the item it is about
    #[arg(long)]
    pub item: String,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk approve`
#[derive(Debug, Args)]
pub struct DeskApprove {
    /// 案件 id / id of the case whose plan it is, as shown by list
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 改由此单位主办 / another body leads
    #[arg(long, value_name = "BODY", value_parser = body)]
    pub lead: Option<BodyRef>,
    /// 改由这些单位协办，可重复 / these assist instead of the plan's; may be repeated
    #[arg(long = "assist", value_name = "BODY", value_parser = body)]
    pub assists: Vec<BodyRef>,
    /// 无协办 / nobody assists
    #[arg(long, conflicts_with = "assists")]
    pub no_assists: bool,
    /// 仅当方案仍是此版本 / only if the plan is still the one that was read, by its version as shown by show
    #[arg(long, value_name = "VERSION")]
    pub if_version: Option<u64>,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk merge`
#[derive(Debug, Args)]
pub struct DeskMerge {
    /// 上报 id 或案件 id / id of the report, or of the case that ends
    #[arg(value_parser = id)]
    pub entry: Uuid,
    /// 并入的案件 id / id of the open case it goes into
    #[arg(long, value_name = "CASE", value_parser = id)]
    pub into: Uuid,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk reroute`
#[derive(Debug, Args)]
pub struct DeskReroute {
    /// 案件 id / id of the case, which bodies have
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 正确的事项代码 / code of the item it is about
    #[arg(long, required_unless_present = "lon")]
    pub item: Option<String>,
    /// 正确地点的经度 / degrees east of where it is
    #[arg(long, requires_all = ["lat", "datum"], allow_negative_numbers = true)]
    pub lon: Option<f64>,
    /// 纬度 / degrees north
    #[arg(long, requires = "lon", allow_negative_numbers = true)]
    pub lat: Option<f64>,
    /// 坐标系 / what the degrees refer to
    #[arg(long, requires = "lon")]
    pub datum: Option<Datum>,
    /// 地址 / the place as people say it
    #[arg(long, requires = "lon")]
    pub address: Option<String>,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk reject`
#[derive(Debug, Args)]
pub struct DeskReject {
    /// 上报 id，或待审核方案的案件 id / id of the report, or of the case whose plan waits
    #[arg(value_parser = id)]
    pub entry: Uuid,
    /// 理由 / why nobody has to act
    #[arg(long)]
    pub ground: Ground,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// Why nobody has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// 无诉求
    NotAMatter,
    /// 区内无单位有此职权
    NoCompetence,
    /// 无法判明何事何处，且无从询问
    Unclear,
    /// 试填
    Test,
    /// 辱骂或刷屏
    Abuse,
}

/// `streetwise desk claim`, `streetwise desk release`
#[derive(Debug, Args)]
pub struct DeskEntry {
    /// 上报 id，或待审核方案的案件 id / id of the report, or of the case whose plan waits
    #[arg(value_parser = id)]
    pub entry: Uuid,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk raise`, `streetwise desk hand-down`
#[derive(Debug, Args)]
pub struct DeskPass {
    /// 上报 id，或待审核方案的案件 id / id of the report, or of the case whose plan waits
    #[arg(value_parser = id)]
    pub entry: Uuid,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk voices`
#[derive(Debug, Args)]
pub struct DeskVoices {
    /// 案件 id / id of the case
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// `streetwise desk split`
#[derive(Debug, Args)]
pub struct DeskSplit {
    /// 案件 id / id of the case the report is in
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 上报 id / id of the report that leaves
    #[arg(long, value_name = "REPORT", value_parser = id)]
    pub report: Uuid,
    /// 事项代码，缺省同原案件 / code of the item it is about; without it what its case is about
    #[arg(long)]
    pub item: Option<String>,
    /// Words.
    #[command(flatten)]
    pub said: Said,
    /// Where.
    #[command(flatten)]
    pub door: DeskDoor,
}

/// What is said with an act.
#[derive(Debug, Args)]
pub struct Said {
    /// 说明，至多 4000 字；不予受理时上报人可见，工单因此结束的单位可见 / what is said with it, at most 4,000 characters; reporters of what is rejected
    /// read it, and bodies whose orders end by it
    #[arg(long)]
    pub note: Option<String>,
}

fn street(text: &str) -> Result<TenantId, &'static str> {
    text.parse().map_err(|_| "街道代码须为 12 位数字 / a street's code has 12 digits")
}

fn id(text: &str) -> Result<Uuid, &'static str> {
    text.parse()
        .map_err(|_| "须为 id，见 streetwise desk list / has to be an id, as streetwise desk list shows it")
}

fn body(text: &str) -> Result<BodyRef, &'static str> {
    text.parse().map_err(
        |_| "写作 transport 或 street-centre@990102001000 / write transport, or street-centre@990102001000",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    const CASE: &str = "0190f1e2-0000-7000-8000-000000000001";

    /// The words behind `streetwise desk`, with a door.
    fn read(words: &[&str]) -> Result<Desk, String> {
        let door = ["--street", "990102001000", "--triage-url", "http://x", "--token", "t"];
        let all = ["streetwise", "desk"].iter().chain(words).chain(&door);
        match Arguments::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Desk(desk) => Ok(*desk),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_kinds_are_listed_unless_told() {
        let Ok(Desk::List(all)) = read(&["list"]) else { panic!("a list") };
        assert_eq!((all.kind, all.desk, all.limit, all.door.caller.json), (None, None, 50, false));
        let Ok(Desk::List(some)) = read(&["list", "--kind", "plans", "--desk", "district", "--json"]) else {
            panic!("a list")
        };
        assert_eq!((some.kind, some.desk), (Some(Kind::Plans), Some(Whose::District)));
        assert!(some.door.caller.json && read(&["list", "--limit", "0"]).is_err());
    }

    #[test]
    fn a_plan_goes_out_with_other_bodies_with_none_or_as_it_is() {
        let Ok(Desk::Approve(as_drawn)) = read(&["approve", CASE]) else { panic!("an approval") };
        assert!(as_drawn.lead.is_none() && as_drawn.assists.is_empty() && !as_drawn.no_assists);
        let words = ["approve", CASE, "--lead", "transport", "--assist", "a", "--assist", "b@990102001000"];
        let Ok(Desk::Approve(changed)) = read(&words) else { panic!("an approval") };
        let assists: Vec<String> = changed.assists.iter().map(ToString::to_string).collect();
        assert_eq!(assists, ["a", "b@990102001000"]);
        assert!(read(&["approve", CASE, "--no-assists"]).is_ok());
        assert!(read(&["approve", CASE, "--no-assists", "--assist", "a"]).is_err());
    }

    #[test]
    fn what_is_no_id_code_ground_or_body_is_said_in_both_languages() {
        for (words, said) in [
            (&["claim", "990102001-261123-0001"][..], "desk list"),
            (&["approve", CASE, "--lead", "Transport"], "street-centre@990102001000"),
            (&["reject", CASE, "--ground", "because"], "not-a-matter"),
            (&["merge", CASE], "--into"),
            (&["split", CASE], "--report"),
            (&["reroute", CASE], "--item"),
            (&["reroute", CASE, "--lon", "106.5", "--lat", "29.5"], "--datum"),
            (&["reroute", CASE, "--item", "TRA-01", "--lat", "29.5"], "--lon"),
        ] {
            let told = read(words).unwrap_err();
            assert!(told.contains(said), "{words:?}: {told}");
        }
        assert!(matches!(read(&["hand-down", CASE, "--note", "请街道处理"]), Ok(Desk::HandDown(_))));
        let Ok(Desk::Reroute(there)) =
            read(&["reroute", CASE, "--lon", "-106.5", "--lat", "29.5", "--datum", "gcj02"])
        else {
            panic!("a place")
        };
        assert_eq!((there.item, there.lon, there.datum), (None, Some(-106.5), Some(Datum::Gcj02)));
        for ground in Ground::value_variants() {
            let word = ground.to_possible_value().unwrap();
            assert_eq!(serde_json::to_value(ground).unwrap(), word.get_name());
        }
    }
}
