//! An issuer with real keys, made afresh for each test.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bootstrap::identity::{Authenticator, IdentityError, IdentitySettings};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

pub const NAME: &str = "https://issuer.test";
pub const AUDIENCE: &str = "streetwise";
/// 2026-11-23T00:00:00Z, the `now` of these tests.
pub const NOW_S: i64 = 1_795_392_000;
/// 2100-01-01: valid for whoever reads the wall clock.
pub const FAR_S: i64 = 4_102_444_800;

/// Signs with P-256 (`kid` "ec") and Ed25519 (`kid` "ed").
pub struct Issuer {
    folder: tempfile::TempDir,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn claims() -> Value {
    json!({ "iss": NAME, "aud": AUDIENCE, "sub": "grid-worker", "exp": FAR_S })
}

/// The claims with one changed; `null` takes it away.
pub fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    claims
}

impl Issuer {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let ec = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
        let ed = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        let issuer = Self { folder: tempfile::tempdir().expect("a folder"), ec, ed };
        std::fs::write(issuer.jwks_file(), issuer.jwks().to_string()).expect("the key set written");
        issuer
    }

    pub fn jwks_file(&self) -> std::path::PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// Both coordinates of the EC key.
    pub fn ec_public(&self) -> &[u8] {
        self.ec.public_key().as_ref()
    }

    fn jwks(&self) -> Value {
        let (x, y) = self.ec_public()[1..].split_at(32);
        let ed = self.ed.public_key().as_ref();
        json!({ "keys": [
            { "kid": "ec", "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y), "use": "sig" },
            { "kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": encode(ed), "alg": "EdDSA" },
            { "kid": "rsa", "kty": "RSA", "n": crate::rsa::MODULUS, "e": "AQAB" },
        ]})
    }

    pub fn authenticator(&self) -> Authenticator {
        self.open(NAME, false).expect("an authenticator")
    }

    pub fn open(&self, issuer: &str, development: bool) -> Result<Authenticator, IdentityError> {
        let (issuer, audience) = (issuer.to_owned(), AUDIENCE.to_owned());
        Authenticator::open(IdentitySettings { jwks_file: self.jwks_file(), issuer, audience, development })
    }

    /// Signed with the EC key, whatever the header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.ec.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", encode(signature))
    }

    /// A good header with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": "ec" }), claims)
    }

    pub fn ed_token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": "ed" });
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        format!("{message}.{}", encode(self.ed.sign(message.as_bytes())))
    }
}
