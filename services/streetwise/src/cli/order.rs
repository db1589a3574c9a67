//! Arguments of `streetwise order …`.

use clap::{Args, Subcommand, ValueEnum};
use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use super::Caller;

/// `streetwise order …`: the orders of bodies, what the body does with its own, and what those who direct the work do.
#[derive(Debug, Subcommand)]
pub enum Order {
    /// 列出工单 / orders that the caller may see, newest first
    List(OrderList),
    /// 查看一张工单：时限、各步骤时间、可办理的下一步 / one order: its clocks, what was done when, what may be done next
    Show(OrderShow),
    /// 时限说明：为何此时到期 / why it is due when it is, or was
    Clocks(OrderClocks),
    /// 阅看 / the body has seen it
    See(OrderAct),
    /// 签收 / the body takes it
    Acknowledge(OrderAct),
    /// 到场 / somebody is on site
    Arrive(OrderAct),
    /// 反馈进展 / news of the work
    Progress(OrderAct),
    /// 申请办结 / the body says it is done
    Submit(OrderAct),
    /// 申请退单：不属本单位，应由他单位办理 / it is not theirs, and whose it is
    Return(OrderReturn),
    /// 申请延期 / ask for more time
    Extend(OrderExtend),
    /// 申请挂起：暂停计时 / ask that time be not charged
    Suspend(OrderSuspend),
    /// 恢复计时 / go on before the suspension's end
    Resume(OrderAct),
    /// 联合走访签字 / sign a joint visit for the own order
    Sign(OrderSign),
    /// 催办 / remind the body
    Urge(OrderAct),
    /// 督办 / put it under supervision
    Supervise(OrderAct),
    /// 采用现行时限方案 / the policy in force in the place of the one it was issued with
    Adopt(OrderAct),
    /// 免除协办 / an assistant is not needed any more
    Waive(OrderAct),
    /// 取消协办或抄送 / withdraw an assistant's order, or one for information
    Cancel(OrderAct),
    /// 改派 / give it to another body
    Transfer(OrderTo),
    /// 裁定退单：由谁办理 / rule on its return: whose it is
    Adjudicate(OrderTo),
    /// 批准延期或挂起 / grant the time asked for
    Grant(OrderAct),
    /// 不批准 / do not
    Deny(OrderAct),
}

/// Which street's orders, and who asks.
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of a body's user, or of the street's or the district's centre")))]
pub struct OrderDoor {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long, value_name = "CODE", value_parser = street)]
    pub street: TenantId,
    /// 派单服务地址 / dispatch, e.g. http://127.0.0.1:8083
    #[arg(long, env = "STREETWISE_DISPATCH_URL")]
    pub dispatch_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub caller: Caller,
}

/// `streetwise order list`
#[derive(Debug, Args)]
pub struct OrderList {
    /// 只列此状态 / only in this phase, e.g. dispatched, acknowledged, submitted
    #[arg(long)]
    pub phase: Option<String>,
    /// 只列此案件 / only of this case
    #[arg(long, value_name = "CASE", value_parser = id)]
    pub case: Option<Uuid>,
    /// 只列演练 / drills instead of what is none
    #[arg(long)]
    pub drills: bool,
    /// 至多几张 / at most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise order show`
#[derive(Debug, Args)]
pub struct OrderShow {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise order clocks`
#[derive(Debug, Args)]
pub struct OrderClocks {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 按过去某一时刻所知 / as it was known at a moment that has passed, e.g. 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// An act that says nothing but a note.
#[derive(Debug, Args)]
pub struct OrderAct {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise order return`
#[derive(Debug, Args)]
pub struct OrderReturn {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 理由 / why it is not theirs
    #[arg(long)]
    pub ground: ReturnGround,
    /// 应由此单位办理 / whose it is
    #[arg(long, value_name = "BODY", value_parser = body)]
    pub to: BodyRef,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// Why an order is not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnGround {
    /// 非本单位职责
    NotOurDuty,
    /// 非本单位辖区
    NotOurArea,
    /// 事项有误
    WrongItem,
    /// 超出职权
    BeyondPowers,
}

/// `streetwise order extend`
#[derive(Debug, Args)]
pub struct OrderExtend {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 延长多少 / how much more
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub amount: u32,
    /// 单位，须与办结时限的计时方式相同 / of what, on the clock of the resolve limit
    #[arg(long)]
    pub unit: TimeUnit,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// What time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// 秒
    Second,
    /// 分钟
    Minute,
    /// 小时
    Hour,
    /// 工作日
    Workday,
}

/// `streetwise order suspend`
#[derive(Debug, Args)]
pub struct OrderSuspend {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 挂起至 / until when, within a year, e.g. 2026-12-01T10:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Timestamp,
    /// 理由 / why nobody can go on
    #[arg(long)]
    pub reason: HoldReason,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// Why time is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// 等待上报人
    Reporter,
    /// 等待材料
    Materials,
    /// 等待审批
    Approval,
    /// 天气
    Weather,
    /// 诉讼或其他程序
    Proceedings,
}

/// `streetwise order transfer`, `streetwise order adjudicate`
#[derive(Debug, Args)]
pub struct OrderTo {
    /// 工单 id / id of the order, as shown by list
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 由此单位办理；裁定不予退单时为原单位 / who gets it; to leave a returned order where it is, its own body
    #[arg(long, value_name = "BODY", value_parser = body)]
    pub to: BodyRef,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// `streetwise order sign`
#[derive(Debug, Args)]
pub struct OrderSign {
    /// 本单位的工单 id / id of the own order
    #[arg(value_parser = id)]
    pub order: Uuid,
    /// 走访 id，见 streetwise case show / id of the visit, as shown by case show
    #[arg(long, value_name = "VISIT", value_parser = id)]
    pub visit: Uuid,
    /// Words, and the version.
    #[command(flatten)]
    pub word: Word,
    /// Where.
    #[command(flatten)]
    pub door: OrderDoor,
}

/// What is said with an act, and what was looked at before it.
#[derive(Debug, Args)]
pub struct Word {
    /// 说明，至多 4000 字；勿写个人信息 / what is said with it, at most 4,000 characters; no personal data
    #[arg(long)]
    pub note: Option<String>,
    /// 已查看的版本：另有变更时拒绝 / the version that was looked at: refused when it has changed since
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u64).range(1..))]
    pub if_version: Option<u64>,
    /// 幂等键：结果未知时用同一键重做，不会重复办理 / a key to run it again with where its outcome is unknown: it is done once
    #[arg(long)]
    pub key: Option<Uuid>,
}

pub(super) fn street(text: &str) -> Result<TenantId, &'static str> {
    text.parse().map_err(|_| "街道代码须为 12 位数字 / a street's code has 12 digits")
}

pub(super) fn id(text: &str) -> Result<Uuid, &'static str> {
    text.parse()
        .map_err(|_| "须为 id，见 streetwise order list / has to be an id, as streetwise order list shows it")
}

pub(super) fn body(text: &str) -> Result<BodyRef, &'static str> {
    text.parse().map_err(
        |_| "写作 transport 或 street-centre@990102001000 / write transport, or street-centre@990102001000",
    )
}

pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(
        |_| "写作 2026-11-23T10:00:00+08:00 / write 2026-11-23T10:00:00+08:00, with the offset from UTC",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    const ORDER: &str = "0190f1e2-0000-7000-8000-000000000001";

    /// The words behind `streetwise order`, with a door.
    fn parsed(words: &[&str]) -> Result<Order, String> {
        let door = ["--street", "990102001000", "--dispatch-url", "http://x", "--token", "t"];
        let all = ["streetwise", "order"].iter().chain(words).chain(&door);
        match Arguments::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Order(order) => Ok(*order),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_act_is_a_word_an_order_and_what_is_said_with_it() {
        let words = ["submit", ORDER, "--note", "已修复", "--if-version", "7", "--key", ORDER];
        let Ok(Order::Submit(act)) = parsed(&words) else { panic!("an act") };
        assert_eq!((act.word.note.as_deref(), act.word.if_version), (Some("已修复"), Some(7)));
        assert_eq!(act.word.key.map(|key| key.to_string()).as_deref(), Some(ORDER));
        let Ok(Order::Suspend(hold)) =
            parsed(&["suspend", ORDER, "--until", "2026-12-01T10:00:00+08:00", "--reason", "weather"])
        else {
            panic!("a suspension")
        };
        assert_eq!(
            (hold.until.to_string().as_str(), hold.reason),
            ("2026-12-01T02:00:00Z", HoldReason::Weather)
        );
        let Ok(Order::Extend(more)) = parsed(&["extend", ORDER, "--amount", "2", "--unit", "workday"]) else {
            panic!("more time")
        };
        assert_eq!(serde_json::to_value(more.unit).unwrap(), "workday");
    }

    #[test]
    fn what_is_missing_or_no_word_of_a_list_is_said_in_both_languages() {
        for (words, said) in [
            (&["see", "990102001-261123-0001"][..], "order list"),
            (&["return", ORDER, "--ground", "not-our-duty"], "--to"),
            (&["return", ORDER, "--ground", "because", "--to", "transport"], "not-our-duty"),
            (&["transfer", ORDER, "--to", "Transport"], "street-centre@990102001000"),
            (&["extend", ORDER, "--amount", "0", "--unit", "hour"], "1.."),
            (&["suspend", ORDER, "--until", "tomorrow", "--reason", "weather"], "offset from UTC"),
            (&["see", ORDER, "--if-version", "0"], "--if-version"),
            (&["sign", ORDER], "--visit"),
        ] {
            let told = parsed(words).unwrap_err();
            assert!(told.contains(said), "{words:?}: {told}");
        }
    }
}
