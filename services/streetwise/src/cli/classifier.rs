//! `streetwise classifier …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

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
pub struct ClassifierExamples {
    /// 街道代码 / code of the street, 12 digits
    #[arg(long)]
    pub street: String,
    /// 研判服务地址 / triage, e.g. http://127.0.0.1:8082
    #[arg(long, env = "STREETWISE_TRIAGE_URL")]
    pub triage_url: Url,
    /// 令牌 / bearer token of who may decide reviews there
    #[arg(long, env = "STREETWISE_TOKEN", hide_env_values = true, required_unless_present = "token_file")]
    pub token: Option<String>,
    /// 令牌文件 / file that holds the token
    #[arg(long, conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
}
