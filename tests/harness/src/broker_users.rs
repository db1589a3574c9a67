//! The broker's users, as an operator makes them, and one more for the harness that may do everything.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bootstrap::broker::{self, NatsKey};
use contract::broker_user::{BrokerUser, broker_users};
use streetwise::broker_users::{key_file, write};
use testkit::nats::Broker;

/// The harness's own user.
pub(crate) const KEEPER: &str = "keeper";

pub(crate) struct BrokerUsers {
    keys: PathBuf,
    settings: String,
}

impl BrokerUsers {
    /// Makes keys and settings in a folder.
    pub(crate) fn write(folder: &Path) -> Result<Self> {
        let (keys, out) = (folder.join("broker-keys"), folder.join("broker-users.conf"));
        let everything = || vec![">".to_owned()];
        let keeper = BrokerUser { name: KEEPER, publish: everything(), subscribe: everything() };
        let users: Vec<BrokerUser> = broker_users().into_iter().chain([keeper]).collect();
        write(&users, &keys, &out).context("making the broker's users")?;
        Ok(Self { keys, settings: std::fs::read_to_string(out)? })
    }

    /// For the broker.
    pub(crate) fn settings(&self) -> &str {
        &self.settings
    }

    /// For `STREETWISE_NATS_NKEY_FILE`.
    pub(crate) fn key_file(&self, user: &str) -> String {
        key_file(&self.keys, user).display().to_string()
    }

    /// A connection as a user.
    pub(crate) async fn connect(&self, broker: &Broker, user: &str) -> Result<async_nats::Client> {
        let key = NatsKey::read(&key_file(&self.keys, user))?;
        let connected = broker::options(user, Some(key)).connect(broker.url()).await;
        connected.with_context(|| format!("connecting to the broker as {user}"))
    }
}
