//! The knobs of dispatch.

use std::path::Path;

use bootstrap::{ConfigError, Env};

use crate::core::token::Keys;

/// Signs links: 32 raw bytes, or 64 while it is rotated (the new key, then the one before).
const LINK_KEY_FILE: &str = "STREETWISE_LINK_KEY_FILE";
/// Where people reach the doors, e.g. `https://streetwise.example.gov.cn`; without it a link begins at its path.
const PUBLIC_URL: &str = "STREETWISE_PUBLIC_URL";

/// What dispatch needs to run. No Debug: it holds keys.
pub(crate) struct Config {
    /// Of links.
    pub link_keys: Keys,
    /// What every link begins with; no slash at its end.
    pub public_url: String,
}

impl Config {
    /// Reads and checks all of them.
    pub fn read(env: &Env, development: bool) -> Result<Self, ConfigError> {
        let expected = "a readable file of exactly 32 or 64 bytes";
        let malformed = || ConfigError::Malformed { name: LINK_KEY_FILE, expected };
        let bytes = std::fs::read(Path::new(env.required(LINK_KEY_FILE)?)).map_err(|_| malformed())?;
        let link_keys = Keys::from_bytes(&bytes).ok_or_else(malformed)?;
        let public_url = env.get(PUBLIC_URL).unwrap_or_default().trim_end_matches('/').to_owned();
        if !public_url.is_empty() && !sound(&public_url, development) {
            let expected = "https://host, or http://host in development";
            return Err(ConfigError::Malformed { name: PUBLIC_URL, expected });
        }
        Ok(Self { link_keys, public_url })
    }
}

/// Scheme and host, perhaps a port: a secret goes behind it, so nothing else does.
fn sound(url: &str, development: bool) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://").filter(|_| development));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &[u8], url: &str, development: bool) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, key).unwrap();
        let env = Env::from_iter([(LINK_KEY_FILE, file.to_str().unwrap()), (PUBLIC_URL, url)]);
        Config::read(&env, development).map_err(|error| error.to_string()).err()
    }

    #[test]
    fn keys_and_addresses_are_checked_and_never_repeated() {
        assert_eq!(read(&[7; 32], "", false), None);
        assert_eq!(read(&[7; 64], "https://streetwise.example.gov.cn/", false), None);
        assert_eq!(read(&[7; 32], "http://127.0.0.1:8083", true), None);
        for bytes in [0, 31, 33, 63, 96] {
            assert!(read(&vec![7; bytes], "", false).unwrap().starts_with(LINK_KEY_FILE), "{bytes} bytes");
        }
        for url in ["http://plain.example", "https://", "https://a/b", "https://user@host", "ftp://host"] {
            assert!(read(&[7; 32], url, false).unwrap().starts_with(PUBLIC_URL), "{url}");
        }
        assert_eq!(Config::read(&Env::default(), true).err(), Some(ConfigError::Missing(LINK_KEY_FILE)));
    }
}
