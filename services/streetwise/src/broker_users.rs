//! `streetwise broker-users`: a key for each user of the broker, and the block of the broker's settings that lets in
//! these users with their allow-lists and nobody else.
//!
//! Repeatable: keys that are there are kept. To change a user's key remove its file, run the command, let the broker
//! read its settings again and start the service anew. The keys are what is secret (0600); the block names their
//! public halves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bootstrap::broker::NatsKey;
use contract::broker_user::{BrokerUser, broker_users, settings};
use nkeys::KeyPair;

use crate::cli::BrokerUsers;
use crate::failure::Failure;
use crate::whole_file;

/// Runs the command.
pub fn run(arguments: &BrokerUsers) -> Result<(), Failure> {
    let users = broker_users();
    let made = write(&users, &arguments.keys, &arguments.out).map_err(|error| {
        let next = "请核对两处路径可写；若密钥损坏请删除该文件 / check that both paths can be written; if a key is broken, \
                    remove its file";
        Failure::world("写入消息服务的用户 / writing the broker's users", next, error)
    })?;
    let users = users.len();
    println!(
        "✓ {}：用户 {users} 个，新密钥 {made} 个 / {users} users, {made} new keys",
        arguments.out.display()
    );
    Ok(())
}

/// Makes the keys that are missing and writes the block; returns how many keys were made.
pub fn write(users: &[BrokerUser], keys: &Path, out: &Path) -> anyhow::Result<usize> {
    whole_file::private_folder(keys)?;
    let mut made = 0;
    let mut public = Vec::new();
    for user in users {
        let file = key_file(keys, user.name);
        made += usize::from(make_if_missing(&file)?);
        public.push(NatsKey::read(&file)?.public().to_owned());
    }
    let block = settings(users.iter().zip(public.iter().map(String::as_str)));
    whole_file::write(out, 0o644, block.as_bytes())?;
    Ok(made)
}

/// Where the key of a user is.
pub fn key_file(keys: &Path, user: &str) -> PathBuf {
    keys.join(format!("{user}.nk"))
}

/// A key that is there is never replaced, not even a broken one: somebody may run with it.
fn make_if_missing(file: &Path) -> anyhow::Result<bool> {
    match fs::metadata(file) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            whole_file::write(file, 0o600, KeyPair::new_user().seed()?.as_bytes())?;
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_private_kept_and_not_in_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, out) = (folder.path().join("keys"), folder.path().join("users.conf"));
        let users = broker_users();
        assert_eq!(write(&users, &keys, &out).unwrap(), users.len());
        let block = fs::read_to_string(&out).unwrap();
        assert_eq!(mode(&keys), 0o700);
        for user in &users {
            let file = key_file(&keys, user.name);
            assert_eq!(mode(&file), 0o600);
            assert!(block.contains(NatsKey::read(&file).unwrap().public()));
            assert!(!block.contains(&fs::read_to_string(&file).unwrap()));
        }
        assert_eq!(write(&users, &keys, &out).unwrap(), 0);
        assert_eq!(fs::read_to_string(&out).unwrap(), block);

        fs::remove_file(key_file(&keys, "triage")).unwrap();
        assert_eq!(write(&users, &keys, &out).unwrap(), 1);
        assert_ne!(fs::read_to_string(&out).unwrap(), block);
    }

    #[test]
    fn a_broken_key_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = key_file(folder.path(), "intake");
        fs::write(&file, "nonsense").unwrap();
        let error = write(&broker_users(), folder.path(), &folder.path().join("out")).unwrap_err();
        assert!(error.to_string().contains("intake.nk"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "nonsense");
    }
}
