//! The arguments of every command.

mod assign;
mod audit;
mod broker_users;
mod calendar;
mod caller;
mod case;
mod classifier;
mod desk;
mod doctor;
mod endpoint;
mod key;
mod order;
mod refill;
mod report;
mod rules;
mod street;
mod who_can;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use url::Url;

pub use assign::{Assign, There};
pub use audit::{Audit, AuditCheckpoint, AuditExport, AuditVerify};
pub use broker_users::BrokerUsers;
pub use calendar::{Calendar, CalendarReplan};
pub use caller::{Bearer, Caller};
pub use case::{Case, CaseAct, CaseClocks, CaseRulings, CaseShow, CaseVisit, CaseWhistle};
pub use classifier::{
    Classifier, ClassifierEval, ClassifierExamples, ClassifierExplain, ClassifierPublish, ClassifierRetrain,
    ClassifierShow, ClassifierTrain, ClassifierWithdraw,
};
pub use desk::{
    Desk, DeskAccept, DeskApprove, DeskDoor, DeskEntry, DeskList, DeskMerge, DeskPass, DeskReject,
    DeskReroute, DeskRoute, DeskShow, DeskSplit, DeskVoices, Ground, Kind, Said, Whose,
};
pub use doctor::{Doctor, Lag};
pub use endpoint::{Endpoint, EndpointDoor, EndpointList, EndpointRotate};
pub use key::{Key, NewKey};
pub use order::{
    HoldReason, Order, OrderAct, OrderClocks, OrderDoor, OrderExtend, OrderList, OrderReturn, OrderShow,
    OrderSign, OrderSuspend, OrderTo, ReturnGround, TimeUnit, Word,
};
pub use refill::Refill;
pub use report::{Report, ReportAbout, ReportFollow, ReportNear, ReportSend};
pub use rules::{Format, Route, RouteExplain, Rules, RulesBacktest, RulesCheck};
pub use street::{
    DirectoryDoor, InstallationDoor, Street, StreetApply, StreetExport, StreetHistory, StreetImport,
    StreetOffboard, StreetPlan, StreetRollback, StreetRota, StreetShow, StreetVerify,
};
pub use who_can::WhoCan;

/// 街哨 Streetwise — 命令行工具 / the command line
#[derive(Debug, Parser)]
#[command(name = "streetwise", version, arg_required_else_help = true)]
#[command(
    after_help = "退出码 / exit codes: 0 完成 done, 1 环境故障 the world failed, 2 用法错误 wrong usage \
                        （或 street plan --exit-code 有变更 or changes planned）, 3 服务拒绝 a service refused, 4 演示未见全部步骤，核验不符合，体检未通过，流水与封签不符，规则有可议之处，样本不足以重新训练，附近已有未结案件，或重算与记录不符 a demonstration missed a step, a street does not conform, doctor found something failed, the record is not as it was sealed, rules are worth a look, there is too little to learn from, open cases are near what is reported, or a plan made again differs"
)]
pub struct Arguments {
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 建角色、模式和表 / make roles, schemas and tables of every service; may be repeated
    Migrate(Migrate),
    /// 建消息流和消费者 / make the broker's streams and consumers; may be repeated
    Provision(Provision),
    /// 恢复后补发：读者尚未处理的事件由流水重新发出 / after a restore: publish again, from the journals, what readers lack
    Refill(Refill),
    /// 体检：版本、落盘、角色、策略、消息流、时钟、积压、证书 / is this installation as it was meant to be, and what to do next
    Doctor(Doctor),
    /// 积压：各消费者与发件箱 / how far every consumer is behind, and what waits in every outbox
    Lag(Lag),
    /// 审计：以封签核验流水，输出链末端 / verify the record by its seals; heads of chains to keep outside
    #[command(subcommand)]
    Audit(Audit),
    /// 消息服务的用户与密钥 / keys of the broker's users, and the settings that let in these users only
    BrokerUsers(BrokerUsers),
    /// 开发用签发者、密钥和令牌 / a local issuer with keys and a token per persona; development only
    DevIdentity(DevIdentity),
    /// 提交区或街道的清单 / apply manifests of districts and streets
    Apply(Apply),
    /// 区或街道清单的预览、提交、核验、历史与回退 / plan, apply, verify, read and roll back one manifest
    #[command(subcommand)]
    Street(Street),
    /// 规则：检查与回放 / rules: what is wrong with them, and what they would have done
    #[command(subcommand)]
    Rules(Box<Rules>),
    /// 上报，先列出附近的未结案件；按查询码查询 / report a matter, shown first what is open near by; follow it by its code
    #[command(subcommand)]
    Report(Box<Report>),
    /// 上级交办：把一件事交给多个街道 / a centre gives one matter to many streets, with who has to act
    Assign(Assign),
    /// 研判台：待研判的上报与待审核的方案 / the review desk: what waits for a person, and what the person does about it
    #[command(subcommand)]
    Desk(Box<Desk>),
    /// 工单：查看与办理 / orders: looking at them, and acting on them
    #[command(subcommand)]
    Order(Box<Order>),
    /// 案件：核查、结案、吹哨、走访、裁定 / cases: verification, closing, summons, visits, rulings
    #[command(subcommand)]
    Case(Box<Case>),
    /// 工作日历：重排在办时限 / working calendars: which running due times a new one moves
    #[command(subcommand)]
    Calendar(Calendar),
    /// 派单方案：由导出重算 / the plan of an exported case, made again
    #[command(subcommand)]
    Route(Route),
    /// 何人可见案件，为何 / who could see a case, and why
    WhoCan(WhoCan),
    /// 系统与设备的接口密钥 / keys of systems and devices
    #[command(subcommand)]
    Key(Key),
    /// 通知端点：列出、更换密钥 / where bodies are told by webhook: list them, change a secret
    #[command(subcommand)]
    Endpoint(Endpoint),
    /// 文本分类模型：训练、检验、说明、发布、重新训练 / text classifiers: train, measure, explain, publish, retrain
    #[command(subcommand)]
    Classifier(Classifier),
    /// 数据库时钟 / the database's clock
    #[command(subcommand)]
    Clock(Clock),
    /// 搁置的消息：列出、查看、重放、丢弃 / parked messages: list, show, replay, discard
    #[command(subcommand, visible_alias = "park")]
    Parked(Parked),
    /// 演示用 Webhook 接收端 / a webhook receiver for demonstrations
    Sink(Sink),
    /// 生成并不存在的区，用于试用与测量 / make up a district that does not exist, to try things out
    #[command(subcommand)]
    Simulate(Simulate),
    /// 演示 / a demonstration on a running system
    #[command(subcommand)]
    Demo(Demo),
}

/// `streetwise migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// 管理员连接 / the database as an administrator, e.g. postgres://postgres@127.0.0.1:5432/streetwise
    #[arg(long, env = "STREETWISE_ADMIN_URL", hide_env_values = true)]
    pub admin_url: String,
}

/// `streetwise provision`
#[derive(Debug, Args)]
pub struct Provision {
    /// 消息服务地址 / the broker, e.g. nats://127.0.0.1:4222
    #[arg(long, env = "STREETWISE_NATS_URL", hide_env_values = true)]
    pub nats_url: String,
    /// 密钥文件 / key of the broker's user `provisioner`, made by broker-users; none where the broker lets everybody in
    #[arg(long, env = "STREETWISE_NATS_NKEY_FILE")]
    pub nkey_file: Option<PathBuf>,
    /// 每个流的副本数 / copies the cluster keeps of each stream
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub replicas: u8,
    /// 只预览，不作更改 / tell what would be made or changed; changes nothing
    #[arg(long)]
    pub plan: bool,
}

/// `streetwise dev-identity`
#[derive(Debug, Args)]
pub struct DevIdentity {
    /// 输出目录 / folder for jwks.json, key.pk8 and tokens/
    #[arg(long)]
    pub out: PathBuf,
}

/// `streetwise apply`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of somebody who may apply")))]
pub struct Apply {
    /// 清单文件，先区后街道 / manifests, a district before its streets
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// 目录服务地址 / the directory, e.g. http://127.0.0.1:8085
    #[arg(long)]
    pub directory_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub bearer: Bearer,
}

/// `streetwise clock …`
#[derive(Debug, Subcommand)]
pub enum Clock {
    /// 确认跳变后的时间正确 / say that the database's time is right although it jumped; look first
    Accept(AcceptClock),
}

/// `streetwise clock accept`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of somebody who may accept the clock")))]
pub struct AcceptClock {
    /// 各服务及其地址 / each service and its address, e.g. dispatch=http://127.0.0.1:8083; intake never holds
    #[arg(required = true, value_name = "SERVICE=URL")]
    pub services: Vec<String>,
    /// Who asks.
    #[command(flatten)]
    pub bearer: Bearer,
}

/// `streetwise parked …`
#[derive(Debug, Subcommand)]
pub enum Parked {
    /// 列出（不含内容）/ what waits and why; never the content
    List(ParkedList),
    /// 查看一件（不含内容）/ one of them; never the content
    Show(ParkedShow),
    /// 重放：由原消费者以同一编号再处理 / its consumer applies it again, under the same id
    Replay(ParkedAct),
    /// 丢弃 / it is never applied
    #[command(visible_alias = "drop")]
    Discard(ParkedAct),
}

/// Which service, and who asks.
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of somebody who may manage parked messages")))]
pub struct ParkedDoor {
    /// 服务名 / service: intake, triage, dispatch, notification, directory or console
    #[arg(long)]
    pub service: String,
    /// 服务地址 / its address, e.g. http://127.0.0.1:8082
    #[arg(long)]
    pub url: Url,
    /// Who asks.
    #[command(flatten)]
    pub bearer: Bearer,
}

/// `streetwise parked list`
#[derive(Debug, Args)]
pub struct ParkedList {
    /// Where.
    #[command(flatten)]
    pub door: ParkedDoor,
    /// 只看一个街道或区 / of one street or district only, 12 digits
    #[arg(long)]
    pub tenant: Option<String>,
}

/// `streetwise parked show`
#[derive(Debug, Args)]
pub struct ParkedShow {
    /// Where.
    #[command(flatten)]
    pub door: ParkedDoor,
    /// 编号 / the id shown by list
    pub id: uuid::Uuid,
}

/// `streetwise parked replay`, `streetwise parked discard`
#[derive(Debug, Args)]
pub struct ParkedAct {
    /// Where.
    #[command(flatten)]
    pub door: ParkedDoor,
    /// 编号 / the id shown by list
    pub id: uuid::Uuid,
    /// 原因，记入流水；勿写个人信息 / why, for the journal; no personal data
    #[arg(long)]
    pub why: String,
}

/// `streetwise sink`
#[derive(Debug, Args)]
pub struct Sink {
    /// 监听地址 / where to listen
    #[arg(long)]
    pub listen: SocketAddr,
    /// 密钥目录 / folder of endpoint secrets, one file `<tenant>__<endpoint key>` each; read at every request
    #[arg(long)]
    pub secrets: PathBuf,
    /// 记录文件（JSON Lines）/ file to append what came to, one JSON object a line
    #[arg(long)]
    pub out: PathBuf,
}

/// `streetwise simulate …`
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// 区与街道的清单，含社区、网格和警务区 / manifests of a district and its streets, with their territory
    District(SimulateDistrict),
}

/// `streetwise simulate district`
#[derive(Debug, Args)]
pub struct SimulateDistrict {
    /// 输出目录 / folder for the manifests
    #[arg(long)]
    pub out: PathBuf,
    /// 街道数 / how many streets
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(crate::simulate::STREETS_MAX)))]
    pub streets: u16,
    /// 随机种子 / the same seed makes the same district
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 街道中心的 Webhook 地址 / where the centres' webhooks go; without it there are no endpoints
    #[arg(long)]
    pub webhook_url: Option<Url>,
}

/// `streetwise demo …`
#[derive(Debug, Subcommand)]
pub enum Demo {
    /// 公交306路改道 / the rerouted bus line, from report to closure
    #[command(name = "bus-306")]
    Bus306(Bus306),
    /// 爆管：四十人上报一事，二十个街道照常 / a burst main: forty people report one thing, twenty streets go on
    Storm(Storm),
}

/// `streetwise demo bus-306`
#[derive(Debug, Args)]
pub struct Bus306 {
    /// 地址与令牌文件 / file with addresses and tokens, written by ./dev up
    #[arg(long)]
    pub endpoints: PathBuf,
}

/// `streetwise demo storm`
#[derive(Debug, Args)]
pub struct Storm {
    /// 地址与令牌文件 / file with addresses and tokens, written by ./dev up
    #[arg(long)]
    pub endpoints: PathBuf,
}
