//! `streetwise classifier …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::{Bearer, DirectoryDoor};

/// `streetwise classifier …`
#[derive(Debug, Subcommand)]
pub enum Classifier {
    /// 由已标注文本训练模型 / learn a model from labelled messages
    Train(ClassifierTrain),
    /// 用已标注文本检验模型 / measure a model on labelled messages it has not seen
    Eval(ClassifierEval),
    /// 判断一段文本并说明依据 / judge one text and say why
    Explain(ClassifierExplain),
    /// 导出街道人工研判结果作为标注样本 / what people decided in a street, as labelled messages for train and eval
    Examples(ClassifierExamples),
    /// 发布模型：街道或区 / publish a model for a street, or for all streets of a district without one of their own
    Publish(ClassifierPublish),
    /// 已发布的模型与发布记录 / which model is published, and who published what before
    Show(ClassifierShow),
    /// 撤回已发布的模型 / withdraw the published model: texts are judged as before there was one
    Withdraw(ClassifierWithdraw),
    /// 由人工研判结果重新训练，胜过已发布的才发布 / learn anew from what people decided; publish only what is better
    Retrain(Box<ClassifierRetrain>),
}

/// `streetwise classifier train`
#[derive(Debug, Args)]
pub struct ClassifierTrain {
    /// 标注数据，每行一个 JSON / labelled messages, one JSON object a line: {"text", "label"} or {"subject", "detail", "label"}
    #[arg(long)]
    pub data: PathBuf,
    /// 模型文件 / file to write the model to
    #[arg(long)]
    pub out: PathBuf,
    /// 随机种子 / the same seed and data make the same model
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 模型文件至多多少 KiB，出现最少的特征先略去；可发布的至多 700 / at most so many KiB of model, leaving out first what the fewest messages hold; 700 can be published
    #[arg(long, default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(32..=16_384))]
    pub kib_max: u32,
    /// 略过有问题的行 / leave faulty lines out instead of refusing the file
    #[arg(long)]
    pub skip_faulty: bool,
}

/// `streetwise classifier eval`
#[derive(Debug, Args)]
pub struct ClassifierEval {
    /// 模型文件 / the model
    #[arg(long)]
    pub model: PathBuf,
    /// 标注数据 / labelled messages, as for train
    #[arg(long)]
    pub data: PathBuf,
    /// 略过有问题的行 / leave faulty lines out instead of refusing the file
    #[arg(long)]
    pub skip_faulty: bool,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// `streetwise classifier explain`
#[derive(Debug, Args)]
pub struct ClassifierExplain {
    /// 模型文件 / the model
    #[arg(long)]
    pub model: PathBuf,
    /// 标题 / what stands above the text
    #[arg(long, default_value = "")]
    pub subject: String,
    /// 低于此可信度则交人工，默认用模型建议值 / below this confidence (0 to 1) a person judges; by default what the model proposes
    #[arg(long)]
    pub threshold: Option<f32>,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// 文本 / the text
    pub text: String,
}

/// `streetwise classifier examples`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of who may decide reviews there")))]
pub struct ClassifierExamples {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long)]
    pub street: String,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// Who asks.
    #[command(flatten)]
    pub bearer: Bearer,
}

/// `streetwise classifier publish`
#[derive(Debug, Args)]
pub struct ClassifierPublish {
    /// 街道或区的代码 / code of the street or the district, 12 digits
    #[arg(long)]
    pub tenant: String,
    /// 模型文件 / the model, at most 700 KiB
    #[arg(long)]
    pub model: PathBuf,
    /// 低于此可信度（千分比）则交人工，默认用模型建议值 / below this confidence in thousandths (500 to 1000) a person judges; by default what the model proposes
    #[arg(long, value_parser = clap::value_parser!(u16).range(500..=1_000))]
    pub threshold_permille: Option<u16>,
    /// 仅当已发布的仍为此代次，0 为从未发布 / only if the published one is still of this generation, 0 for none
    #[arg(long)]
    pub if_generation: Option<u64>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise classifier show`
#[derive(Debug, Args)]
pub struct ClassifierShow {
    /// 街道或区的代码 / code of the street or the district, 12 digits
    #[arg(long)]
    pub tenant: String,
    /// 将已发布的模型另存为文件 / write the published model to this file
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise classifier withdraw`
#[derive(Debug, Args)]
pub struct ClassifierWithdraw {
    /// 街道或区的代码 / code of the street or the district, 12 digits
    #[arg(long)]
    pub tenant: String,
    /// 仅当已发布的仍为此代次 / only if the published one is still of this generation
    #[arg(long)]
    pub if_generation: Option<u64>,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}

/// `streetwise classifier retrain`
#[derive(Debug, Args)]
pub struct ClassifierRetrain {
    /// 模型归属：街道或区的代码 / whose model it is: code of the street or the district, 12 digits
    #[arg(long)]
    pub tenant: String,
    /// 样本来自这些街道，默认为 --tenant / streets whose decisions are learned from; by default --tenant itself. A district names its streets
    #[arg(long = "from", value_name = "STREET")]
    pub from: Vec<String>,
    /// 另加的标注样本 / labelled messages to learn from besides, as for train
    #[arg(long)]
    pub base: Option<PathBuf>,
    /// 不学习此类，可重复 / a label to leave out, e.g. of an item that left the list; may be repeated
    #[arg(long = "leave-out", value_name = "LABEL")]
    pub leave_out: Vec<String>,
    /// 低于此可信度（千分比）则交人工，默认沿用已发布的 / below this confidence in thousandths (500 to 1000) a person judges; by default as published, or what the model proposes
    #[arg(long, value_parser = clap::value_parser!(u16).range(500..=1_000))]
    pub threshold_permille: Option<u16>,
    /// 校准误差（千分比）上限 / a model whose calibration error is above so many thousandths, and above that of the published one, is not published
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub ece_max_permille: u16,
    /// 模型文件至多多少 KiB / at most so many KiB of model
    #[arg(long, default_value_t = 700, value_parser = clap::value_parser!(u32).range(32..=700))]
    pub kib_max: u32,
    /// 随机种子 / the same seed and data make the same model
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 只比较，不发布 / compare only, publish nothing
    #[arg(long)]
    pub dry_run: bool,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// Where.
    #[command(flatten)]
    pub door: DirectoryDoor,
}
