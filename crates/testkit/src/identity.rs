//! A token issuer for tests: an ES256 key, its key set, and tokens.
//!
//! Tokens are valid from 2020 to 2100, so that a test needs no clock to make one; [`Identity::token_with`] changes
//! any claim, for expired and foreign ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Map, Value, json};

/// The `iss` of every token, unless changed.
pub const ISSUER: &str = "streetwise-dev";
/// The `aud` of every token, unless changed.
pub const AUDIENCE: &str = "streetwise";

const KEY_ID: &str = "test-1";
const ISSUED_AT_S: i64 = 1_577_836_800;
const EXPIRES_AT_S: i64 = 4_102_444_800;

/// One issuer. Two of them share nothing: a token of one is a forgery to the other's key set.
pub struct Identity {
    signing_key: EncodingKey,
    /// Uncompressed point: a byte 4, then 32 bytes x, then 32 bytes y.
    public_point: Vec<u8>,
}

impl Identity {
    /// A new issuer with a key of its own.
    ///
    /// # Panics
    /// When the machine gives no randomness.
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .expect("the machine gives randomness");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .expect("a key made a moment ago parses");
        let public_point = pair.public_key().as_ref().to_vec();
        Self { signing_key: EncodingKey::from_ec_der(document.as_ref()), public_point }
    }

    /// The key set document (RFC 7517) a service is given as `STREETWISE_JWKS_FILE`.
    pub fn jwks(&self) -> Value {
        let (x, y) = self.public_point[1..].split_at(32);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }] })
    }

    /// A valid bearer token of `subject`, a persona or a member.
    pub fn token(&self, subject: &str) -> String {
        self.token_with(subject, |_| ())
    }

    /// A token whose claims `change` has altered: expired, another audience, a claim more or less.
    ///
    /// # Panics
    /// Never for claims of plain JSON.
    pub fn token_with(&self, subject: &str, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = Map::new();
        claims.insert("iss".into(), ISSUER.into());
        claims.insert("aud".into(), AUDIENCE.into());
        claims.insert("sub".into(), subject.into());
        claims.insert("iat".into(), ISSUED_AT_S.into());
        claims.insert("exp".into(), EXPIRES_AT_S.into());
        change(&mut claims);
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &self.signing_key).expect("claims of plain JSON encode")
    }
}
