//! Arguments of `streetwise case …`.

use clap::{Args, Subcommand};
use ids::BodyRef;
use jiff::Timestamp;
use uuid::Uuid;

use super::OrderDoor;
use super::order::{Word, body, id, time};

/// `streetwise case …`: a case as dispatch has it, its verification, and what those who direct do about all of it.
#[derive(Debug, Subcommand)]
pub enum Case {
    /// 查看案件：经手、工单、核查、走访、裁定 / one case: who had it in hand, its orders, verifications, visits and rulings
    Show(CaseShow),
    /// 核查与裁定时限说明 / why its verification, or a ruling, is due when it is, or was
    Clocks(CaseClocks),
    /// 认领核查 / a verifier, who did not handle it, takes it
    Verify(CaseAct),
    /// 核查通过，结案 / it is settled: the case closes
    Close(CaseAct),
    /// 核查不通过，重新办理 / it is not: the next round opens
    Reopen(CaseAct),
    /// 取消案件及其全部工单 / call it off with all its orders
    Cancel(CaseAct),
    /// 吹哨：召集单位限时到场 / summon bodies to the place
    Whistle(CaseWhistle),
    /// 登记联合走访，由主办登记 / the lead records a visit that several bodies made together
    Visit(CaseVisit),
    /// 待裁定的退单，或已裁定的及其可成的规则 / what waits for a ruling, or what was ruled with the rule it would be
    Rulings(CaseRulings),
}

/// `streetwise case show`
#[derive(Debug, Args)]
pub struct CaseShow {
    /// 案件 id 或案件编号 / id or number of the case
    pub case: String,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise case clocks`
#[derive(Debug, Args)]
pub struct CaseClocks {
    /// 案件 id / id of the case
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 按过去某一时刻所知 / as it was known at a moment that has passed, e.g. 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// An act that says nothing but a note.
#[derive(Debug, Args)]
pub struct CaseAct {
    /// 案件 id / id of the case
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise case whistle`
#[derive(Debug, Args)]
pub struct CaseWhistle {
    /// 案件 id / id of the case
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 召集的单位，可重复 / whom; may be repeated
    #[arg(long = "body", value_name = "BODY", required = true, value_parser = body)]
    pub bodies: Vec<BodyRef>,
    /// 须在几分钟内到场 / how soon they have to be there, in minutes
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub within_minutes: u32,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise case visit`
#[derive(Debug, Args)]
pub struct CaseVisit {
    /// 案件 id / id of the case
    #[arg(value_parser = id)]
    pub case: Uuid,
    /// 走访时间 / when they were there, e.g. 2026-11-23T10:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Timestamp,
    /// 其他到场单位的工单 id，可重复 / orders of the others who were there; may be repeated
    #[arg(long = "order", value_name = "ORDER", required = true, value_parser = id)]
    pub orders: Vec<Uuid>,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise case rulings`
#[derive(Debug, Args)]
pub struct CaseRulings {
    /// 只列待裁定的 / those that wait instead of those that were given
    #[arg(long)]
    pub waiting: bool,
    /// 至多几件案件 / of so many cases at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    const CASE: &str = "0190f1e2-0000-7000-8000-000000000001";

    fn parsed(words: &[&str]) -> Result<Case, String> {
        let door = ["--street", "990102001000", "--dispatch-url", "http://x", "--token", "t"];
        let all = ["streetwise", "case"].iter().chain(words).chain(&door);
        match Arguments::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Case(case) => Ok(*case),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_whistle_names_whom_and_how_soon() {
        let words =
            ["whistle", CASE, "--body", "police", "--body", "a@990102001000", "--within-minutes", "30"];
        let Ok(Case::Whistle(whistle)) = parsed(&words) else { panic!("a whistle") };
        let bodies: Vec<String> = whistle.bodies.iter().map(ToString::to_string).collect();
        assert_eq!(
            (bodies, whistle.within_minutes),
            (vec!["police".to_owned(), "a@990102001000".to_owned()], 30)
        );
        for (words, said) in [
            (&["whistle", CASE, "--within-minutes", "30"][..], "--body"),
            (&["whistle", CASE, "--body", "police", "--within-minutes", "10081"], "10081"),
            (&["visit", CASE, "--at", "2026-11-23T10:00:00Z"], "--order"),
            (&["close", "990102001-261123-0001"], "order list"),
        ] {
            let told = parsed(words).unwrap_err();
            assert!(told.contains(said), "{words:?}: {told}");
        }
        assert!(matches!(parsed(&["show", "990102001-261123-0001"]), Ok(Case::Show(_))));
    }
}
