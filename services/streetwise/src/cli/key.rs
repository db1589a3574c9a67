//! `streetwise key`

use clap::{Args, Subcommand};
use ids::{BodyKey, TenantId};
use jiff::Timestamp;

/// `streetwise key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// 新密钥：密钥输出一次，清单所需写到标准错误 / make a key: the key itself on stdout, once; what the manifest says of it on stderr
    New(NewKey),
}

/// `streetwise key new`
#[derive(Debug, Args)]
pub struct NewKey {
    /// 密钥所属的街道或区，12 位代码 / whose key it is: code of a street or district, 12 digits
    #[arg(long)]
    pub tenant: TenantId,
    /// 密钥名 / its name in the manifest, 1 to 64 of a-z, 0-9 and -, e.g. bus-telemetry
    #[arg(long)]
    pub name: BodyKey,
    /// 角色 / the role of its holder
    #[arg(long, default_value = "device")]
    pub role: String,
    /// 角色为 body-user 时的单位 / the body, where the role is body-user
    #[arg(long, required_if_eq("role", "body-user"))]
    pub body: Option<BodyKey>,
    /// 失效时刻，默认一年后 / from when on it is refused, e.g. 2027-06-30T16:00:00Z; in a year unless told
    #[arg(long)]
    pub expires_at: Option<Timestamp>,
}
