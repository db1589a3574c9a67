//! The knobs of this service; every fault names its variable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bootstrap::{ConfigError, Env};
use seal::MasterKey;

use crate::core::allow::AllowList;

/// The longest an attempt may take: what Standard Webhooks and our promise to receivers say.
const ATTEMPT_TIMEOUT_MS_MAX: u64 = 15_000;

/// What the process was told.
pub struct Config {
    /// `STREETWISE_SEAL_KEY_FILE`: wraps the keys that seal endpoint secrets.
    pub seal_key: MasterKey,
    /// `STREETWISE_EGRESS_ALLOW`: what the operator opened; see `core::allow`.
    pub allow: AllowList,
    /// `STREETWISE_ENDPOINT_SECRETS_DIR`: development only, where demo secrets are dropped for the sink (D20).
    pub secrets_dir: Option<PathBuf>,
    /// `STREETWISE_RETRY_DIVISOR`: chaos only, in development only, shortens the retry schedule.
    pub retry_divisor: u32,
    /// `STREETWISE_ATTEMPT_TIMEOUT_MS`: of a whole attempt; 15,000 unless a test shortens it.
    pub attempt_timeout: Duration,
}

impl Config {
    /// Reads and checks all of them.
    pub fn read(env: &Env, development: bool) -> Result<Self, ConfigError> {
        let malformed = |name, expected| ConfigError::Malformed { name, expected };
        let key_file = env.required("STREETWISE_SEAL_KEY_FILE")?;
        let seal_key = MasterKey::from_file(Path::new(key_file))
            .map_err(|_| malformed("STREETWISE_SEAL_KEY_FILE", "a file of exactly 32 bytes"))?;
        let allow = AllowList::parse(env.get("STREETWISE_EGRESS_ALLOW").unwrap_or_default(), development)
            .map_err(|_| {
                malformed(
                    "STREETWISE_EGRESS_ALLOW",
                    "scheme://host/CIDR:port entries, http in development only",
                )
            })?;
        let secrets_dir = env.get("STREETWISE_ENDPOINT_SECRETS_DIR").map(PathBuf::from);
        if secrets_dir.is_some() && !development {
            return Err(malformed("STREETWISE_ENDPOINT_SECRETS_DIR", "unset outside development"));
        }
        if env.get("STREETWISE_RETRY_DIVISOR").is_some() && !development {
            return Err(malformed("STREETWISE_RETRY_DIVISOR", "unset outside development"));
        }
        let divisor = "a number from 1 to 1000";
        let retry_divisor = env.parsed("STREETWISE_RETRY_DIVISOR", divisor, 1)?;
        if !(1..=1000).contains(&retry_divisor) {
            return Err(malformed("STREETWISE_RETRY_DIVISOR", divisor));
        }
        let timeout = "milliseconds from 1 to 15000";
        let timeout_ms = env.parsed("STREETWISE_ATTEMPT_TIMEOUT_MS", timeout, ATTEMPT_TIMEOUT_MS_MAX)?;
        if !(1..=ATTEMPT_TIMEOUT_MS_MAX).contains(&timeout_ms) {
            return Err(malformed("STREETWISE_ATTEMPT_TIMEOUT_MS", timeout));
        }
        Ok(Self {
            seal_key,
            allow,
            secrets_dir,
            retry_divisor,
            attempt_timeout: Duration::from_millis(timeout_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_development_is_refused_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("seal");
        std::fs::write(&key, [7; 32]).unwrap();
        let read = |name: &'static str, value: &str, development| {
            let own = [("STREETWISE_SEAL_KEY_FILE", key.to_str().unwrap()), (name, value)];
            let env = Env::from_iter(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
            Config::read(&env, development).map(drop).map_err(|error| error.to_string())
        };
        for (name, value) in [
            ("STREETWISE_RETRY_DIVISOR", "300"),
            ("STREETWISE_ENDPOINT_SECRETS_DIR", "/tmp"),
            ("STREETWISE_EGRESS_ALLOW", "http://127.0.0.1/127.0.0.1/32:9400"),
        ] {
            assert_eq!(read(name, value, true), Ok(()), "{name}");
            assert!(read(name, value, false).is_err_and(|error| error.contains(name)), "{name}");
        }
    }
}
