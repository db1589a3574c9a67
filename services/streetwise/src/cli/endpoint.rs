//! `streetwise endpoint …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::Bearer;

/// `streetwise endpoint …`
#[derive(Debug, Subcommand)]
pub enum Endpoint {
    /// 列出：单位、地址、状态、密钥何时更换 / whom they tell, where, how they do, and since when their secret is what it is
    List(EndpointList),
    /// 更换密钥：新密钥写入文件，旧密钥再签名 24 小时 / a new secret into a file; the one before signs for 24 hours more
    RotateSecret(EndpointRotate),
}

/// Whose endpoints, and who asks.
#[derive(Debug, Args)]
pub struct EndpointDoor {
    /// 街道或区代码 / code of the street, or of the district for its own, 12 digits
    pub owner: String,
    /// 通知服务地址 / address of notification, e.g. http://127.0.0.1:8084
    #[arg(long)]
    pub url: Url,
    /// Who asks.
    #[command(flatten)]
    pub bearer: Bearer,
}

/// `streetwise endpoint list`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| token.help("令牌 / bearer token of somebody who may read deliveries")))]
pub struct EndpointList {
    /// Whose.
    #[command(flatten)]
    pub door: EndpointDoor,
}

/// `streetwise endpoint rotate-secret`
#[derive(Debug, Args)]
#[command(mut_arg("token", |token| {
    token.help("令牌 / bearer token of the body it tells, or of the security administrator")
}))]
pub struct EndpointRotate {
    /// Whose.
    #[command(flatten)]
    pub door: EndpointDoor,
    /// 端点的键 / the endpoint's key in the owner's manifest
    pub key: String,
    /// 新密钥写入此新文件（权限 0600），不显示 / a new file for the new secret (mode 0600); it is not printed
    #[arg(long)]
    pub out: PathBuf,
}
