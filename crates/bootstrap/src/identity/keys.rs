//! The issuer's public keys, from a file that may be replaced while we run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Least time between two looks at the file. A revoked key is refused within this time.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a key file gives no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("could not read the key set")]
    Unreadable(#[source] std::io::Error),
    /// The file is no JSON Web Key Set.
    #[error("the key set is not valid")]
    Malformed(#[source] serde_json::Error),
    /// Not one key with an id, for signatures, of a kind we take.
    #[error("the key set has no usable key")]
    Empty,
}

/// A public key with the one algorithm it is good for.
#[derive(Clone)]
pub(super) struct Key {
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.algorithm)
    }
}

/// The keys of one state of the file.
#[derive(Debug)]
pub(super) struct Keys {
    /// Counts the states since the start; grows with every change.
    pub generation: u64,
    /// By `kid`.
    pub by_id: BTreeMap<String, Key>,
}

/// The file with the last good keys read from it.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    keys: ArcSwap<Keys>,
    last_look: Mutex<Look>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    bytes: Vec<u8>,
}

impl KeyFile {
    pub(super) fn open(path: PathBuf, at: Instant) -> Result<Self, KeysError> {
        let bytes = std::fs::read(&path).map_err(KeysError::Unreadable)?;
        let keys = ArcSwap::from_pointee(Keys { generation: 1, by_id: parse(&bytes)? });
        Ok(Self { path, keys, last_look: Mutex::new(Look { at, bytes }) })
    }

    /// The keys at the monotonic instant `at`; looks at the file if that is due. Readers never wait: whoever
    /// finds another one looking takes the keys there are. The read is of one small local file.
    pub(super) fn current(&self, at: Instant) -> Arc<Keys> {
        if let Ok(mut look) = self.last_look.try_lock()
            && at.saturating_duration_since(look.at) >= LOOK_EVERY
        {
            look.at = at;
            self.look(&mut look.bytes);
        }
        self.keys.load_full()
    }

    /// Takes over what is new and good. What is bad is said once, and the last good keys stay.
    fn look(&self, known: &mut Vec<u8>) {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) if bytes == *known => return,
            Ok(bytes) => bytes,
            Err(error) => return tracing::warn!(%error, "could not read the key set, keeping the last keys"),
        };
        match parse(&bytes) {
            Ok(by_id) => {
                tracing::info!(keys = by_id.len(), "key set changed");
                // Only one looks at a time, so no generation is given out twice.
                let generation = self.keys.load().generation + 1;
                self.keys.store(Arc::new(Keys { generation, by_id }));
            }
            Err(error) => tracing::warn!(%error, "key set is not usable, keeping the last keys"),
        }
        *known = bytes;
    }
}

/// Keys of other uses and kinds are passed over: an issuer may publish more than we take.
fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Key>, KeysError> {
    let set: JwkSet = serde_json::from_slice(bytes).map_err(KeysError::Malformed)?;
    let keys: BTreeMap<String, Key> = set.keys.iter().filter_map(usable).collect();
    if keys.is_empty() { Err(KeysError::Empty) } else { Ok(keys) }
}

fn usable(jwk: &Jwk) -> Option<(String, Key)> {
    let id = jwk.common.key_id.clone()?;
    let (algorithm, declared) = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return None,
    };
    let for_signatures =
        jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let consistent = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == declared);
    let decoding = DecodingKey::from_jwk(jwk).ok().filter(|_| for_signatures && consistent)?;
    Some((id, Key { algorithm, decoding }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn set(kid: &str) -> String {
        format!(r#"{{"keys":[{ED25519},"kid":"{kid}"}}]}}"#)
    }

    fn ids(keys: &BTreeMap<String, Key>) -> Vec<&str> {
        keys.keys().map(String::as_str).collect()
    }

    fn now_in(file: &KeyFile, at: Instant) -> (u64, Vec<String>) {
        let keys = file.current(at);
        (keys.generation, keys.by_id.keys().cloned().collect())
    }

    fn state(generation: u64, id: &str) -> (u64, Vec<String>) {
        (generation, vec![id.to_owned()])
    }

    #[test]
    fn a_changed_file_is_taken_over_when_a_look_is_due_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        let start = Instant::now();
        std::fs::write(&path, set("one")).unwrap();
        let file = KeyFile::open(path.clone(), start).unwrap();

        std::fs::write(&path, set("two")).unwrap();
        let before = start + LOOK_EVERY - Duration::from_millis(1);
        assert_eq!(now_in(&file, before), state(1, "one"));
        assert_eq!(now_in(&file, start + LOOK_EVERY), state(2, "two"));

        for broken in ["{", "{\"keys\":[]}"] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(now_in(&file, start + 2 * LOOK_EVERY), state(2, "two"));
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(now_in(&file, start + 3 * LOOK_EVERY), state(2, "two"));
        std::fs::write(&path, set("three")).unwrap();
        assert_eq!(now_in(&file, start + 4 * LOOK_EVERY), state(3, "three"));
    }

    #[test]
    fn only_public_signature_keys_with_an_id_are_usable() {
        for keys in [
            r#"{"kty":"oct","k":"c2VjcmV0","kid":"a"}"#.to_owned(),
            format!("{ED25519}}}"),
            format!(r#"{ED25519},"kid":"a","use":"enc"}}"#),
            format!(r#"{ED25519},"kid":"a","alg":"ES256"}}"#),
            r#"{"kty":"future","kid":"a"}"#.to_owned(),
        ] {
            let set = format!(r#"{{"keys":[{keys}]}}"#);
            assert!(matches!(parse(set.as_bytes()), Err(KeysError::Empty)), "{keys}");
        }
        let mixed =
            format!(r#"{{"keys":[{{"kty":"future"}},{ED25519},"kid":"a","use":"sig","alg":"EdDSA"}}]}}"#);
        assert_eq!(ids(&parse(mixed.as_bytes()).unwrap()), ["a"]);
    }
}
