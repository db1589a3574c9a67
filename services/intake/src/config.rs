//! Knobs of intake. Key files hold exactly 32 raw bytes; a newline at the end counts, and is refused.

use std::path::Path;

use bootstrap::{ConfigError, Env};
use ring::hmac;
use seal::MasterKey;

use crate::core::quota::Rate;
use crate::quotas::Shares;

/// Key of the tracking codes.
const SECRET_FILE: &str = "STREETWISE_INTAKE_SECRET_FILE";
/// Key that wraps the tenants' data keys.
const SEAL_KEY_FILE: &str = "STREETWISE_SEAL_KEY_FILE";
/// High-water mark (D24).
const OUTBOX_ROWS_MAX: &str = "STREETWISE_OUTBOX_ROWS_MAX";
const OUTBOX_ROWS_MAX_DEFAULT: u32 = 1_000_000;
/// Most requests that wait for a writer.
const QUEUE_MAX: &str = "STREETWISE_INTAKE_QUEUE_MAX";
/// Half a second's reports at 8,000 a second: a longer queue would only hide that we are too slow.
const QUEUE_MAX_DEFAULT: usize = 4_096;

/// What one street may send: reports a minute, and a sixth of that at once.
const STREET_REPORTS_PER_MINUTE: &str = "STREETWISE_STREET_REPORTS_PER_MINUTE";
/// Fifty a second: a street of 100,000 people all of whom report within half an hour.
const STREET_REPORTS_PER_MINUTE_DEFAULT: u32 = 3_000;
/// The same reserved for urgent reports.
const STREET_URGENT_PER_MINUTE: &str = "STREETWISE_STREET_URGENT_PER_MINUTE";
const STREET_URGENT_PER_MINUTE_DEFAULT: u32 = 1_200;

/// The most a street's own manifest may allow it.
const STREET_REPORTS_PER_MINUTE_MAX: &str = "STREETWISE_STREET_REPORTS_PER_MINUTE_MAX";
/// Four times the default: what one street may take of an installation that serves a thousand.
const STREET_REPORTS_PER_MINUTE_MAX_DEFAULT: u32 = 12_000;
/// Where replicas add up what they let in; without it each counts for itself.
const REDIS_URL: &str = "STREETWISE_REDIS_URL";

/// What intake needs to run. No Debug: it holds keys.
pub struct Config {
    /// Makes tracking codes (D18). Another key would give another code for the same report, so it never changes.
    pub tracking_key: hmac::Key,
    /// Wraps the tenants' data keys.
    pub master_key: MasterKey,
    /// Events waiting for the broker, beyond which reports are refused; at least 1.
    pub outbox_rows_max: u32,
    /// Requests waiting for a writer, beyond which reports are refused, urgent ones at twice as many; at least 1.
    pub queue_max: usize,
    /// What one street may send: a rate, of which ten seconds' worth may come at once.
    pub shares: Shares,
    /// Where replicas add up what they let in.
    pub redis: Option<redis::Client>,
}

impl Config {
    /// Reads and checks all of them.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let tracking_key = hmac::Key::new(hmac::HMAC_SHA256, &key_file(env, SECRET_FILE)?);
        let master_key = MasterKey::from_bytes(&key_file(env, SEAL_KEY_FILE)?);
        let expected = "a number of rows, at least 1";
        let outbox_rows_max = env.parsed(OUTBOX_ROWS_MAX, expected, OUTBOX_ROWS_MAX_DEFAULT)?;
        if outbox_rows_max == 0 {
            return Err(ConfigError::Malformed { name: OUTBOX_ROWS_MAX, expected });
        }
        let expected = "a number of requests, at least 1";
        let queue_max = env.parsed(QUEUE_MAX, expected, QUEUE_MAX_DEFAULT)?;
        if queue_max == 0 {
            return Err(ConfigError::Malformed { name: QUEUE_MAX, expected });
        }
        let ordinary = rate(env, STREET_REPORTS_PER_MINUTE, STREET_REPORTS_PER_MINUTE_DEFAULT)?;
        let urgent = rate(env, STREET_URGENT_PER_MINUTE, STREET_URGENT_PER_MINUTE_DEFAULT)?;
        let most = rate(env, STREET_REPORTS_PER_MINUTE_MAX, STREET_REPORTS_PER_MINUTE_MAX_DEFAULT)?;
        let shares = Shares { ordinary, urgent, most };
        let redis = env.get(REDIS_URL).map(redis::Client::open).transpose().map_err(|_| bad_redis())?;
        Ok(Self { tracking_key, master_key, outbox_rows_max, queue_max, shares, redis })
    }
}

/// The address of Redis is none.
fn bad_redis() -> ConfigError {
    let expected = "the address of a Redis server, e.g. rediss://name:password@host:6379";
    ConfigError::Malformed { name: REDIS_URL, expected }
}

fn rate(env: &Env, name: &'static str, default: u32) -> Result<Rate, ConfigError> {
    let expected = "a number of reports a minute, at least 1";
    let per_minute = env.parsed(name, expected, default)?;
    if per_minute == 0 {
        return Err(ConfigError::Malformed { name, expected });
    }
    Ok(Rate::of(per_minute))
}

fn key_file(env: &Env, name: &'static str) -> Result<[u8; 32], ConfigError> {
    let path = env.required(name)?;
    let refused = ConfigError::Malformed { name, expected: "a readable file of exactly 32 bytes" };
    let bytes = std::fs::read(Path::new(path)).map_err(|_| refused.clone())?;
    bytes.try_into().map_err(|_| refused)
}
