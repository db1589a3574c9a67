//! `streetwise broker-users`

use std::path::PathBuf;

use clap::Args;

/// `streetwise broker-users`
#[derive(Debug, Args)]
pub struct BrokerUsers {
    /// 密钥目录：每个用户一个文件，已有的保留 / folder of the users' keys, one file `<user>.nk` each; those there are kept
    #[arg(long)]
    pub keys: PathBuf,
    /// 输出文件，供消息服务配置引用，不含密钥 / file for the broker's settings to include; holds no secret
    #[arg(long)]
    pub out: PathBuf,
}
