//! Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`. Source: the Standard Webhooks
//! specification, "Signature scheme".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use uuid::Uuid;

/// What an endpoint's webhooks are signed with: 32 bytes. No Debug, no Display.
pub struct Secret {
    bytes: Vec<u8>,
    /// Made once: it costs two rounds of SHA-256.
    key: hmac::Key,
}

impl Secret {
    /// From the seal, or freshly drawn.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), bytes }
    }

    /// For sealing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The form that receivers are given: `whsec_` and base64.
    pub fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.bytes))
    }

    /// The `webhook-signature` of one attempt.
    pub fn sign(&self, id: Uuid, timestamp_s: i64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.key);
        signing.update(format!("{id}.{timestamp_s}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The receiver's side, written apart from ours, agrees.
    #[test]
    fn a_receiver_verifies_it() {
        let secret = Secret::new((0..32).collect());
        let (id, body) = (Uuid::from_u128(7), "{\"a\":\"路\"}".as_bytes());
        let expected = testkit::sink::sign(secret.as_bytes(), &id.to_string(), "1795400000", body);
        assert_eq!(secret.sign(id, 1_795_400_000, body), expected);
        assert_ne!(secret.sign(id, 1_795_400_001, body), expected);
        assert!(secret.shown().starts_with("whsec_AAECAw"));
    }
}
