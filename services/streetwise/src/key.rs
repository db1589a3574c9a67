//! `streetwise key new`: a key made where it is used. Nobody else ever has it: the manifest gets its hash.

use bootstrap::identity::api_key;
use jiff::{SignedDuration, Timestamp};

use crate::cli::NewKey;
use crate::wall_clock;

/// A key is changed once a year unless somebody says otherwise.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Makes one.
pub fn new(arguments: &NewKey) {
    let expires_at = arguments.expires_at.unwrap_or_else(|| in_a_year(wall_clock::now()));
    let key = api_key::made(arguments.tenant, &arguments.name, rand::random());
    println!("{key}");
    eprintln!("{}", told(arguments, &api_key::hash(&key), expires_at));
}

/// To the second: people read it.
fn in_a_year(now: Timestamp) -> Timestamp {
    let later = now.checked_add(YEAR).unwrap_or(Timestamp::MAX);
    Timestamp::from_second(later.as_second()).unwrap_or(later)
}

fn told(NewKey { tenant, name, role, body, .. }: &NewKey, hash: &str, expires_at: Timestamp) -> String {
    let body = body.as_ref().map_or(String::new(), |body| format!(", body: {body}"));
    format!(
        "上面的密钥只显示这一次，请立即交给使用它的系统。\n\
         The key above is shown once: give it to the system that will use it now.\n\n\
         写入 {tenant} 的清单后 apply 即生效；删去即撤销；换密钥时新旧两个摘要并列\n\
         Into the manifest of {tenant}; it counts once applied, and taking it out revokes it. To change keys, let both hashes\n\
         stand side by side for a while:\n\n\
         \u{20} keys:\n\
         \u{20}   {name}:\n\
         \u{20}     sha256: [\"{hash}\"]\n\
         \u{20}     grants: [{{ role: {role}{body} }}]\n\
         \u{20}     expires_at: {expires_at}"
    )
}
