//! `streetwise dev-identity`: a local issuer with a key, its key set and a token per persona.
//!
//! For development only: refused unless `STREETWISE_ENVIRONMENT=development`, and a production process refuses the
//! issuer's name. Repeatable: what is there and still good is kept, so tokens in use stay valid.
//!
//! Writes `jwks.json`, `key.pk8` (0600) and `tokens/<persona>` (0600, valid 30 days).

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::DevIdentity;
use crate::failure::Failure;
use crate::wall_clock;
use crate::whole_file;

/// Who the demonstration knows (D54). The persona's name is the token's subject.
pub const PERSONAS: [&str; 10] = [
    "grid-worker",
    "resident",
    "transport",
    "traffic-police",
    "bus-company",
    "street-centre",
    "verifier",
    "governance-centre",
    "sre",
    "auditor",
];

const ISSUER: &str = bootstrap::identity::DEVELOPMENT_ISSUER;
const AUDIENCE: &str = "streetwise";
const VALID_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A token this close to its end is made anew.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
}

/// Runs the command.
pub fn run(arguments: &DevIdentity) -> Result<(), Failure> {
    let environment = std::env::var("STREETWISE_ENVIRONMENT").unwrap_or_default();
    if environment != "development" {
        let text = "仅限开发环境：请设置 STREETWISE_ENVIRONMENT=development / development only: set \
                    STREETWISE_ENVIRONMENT=development";
        return Err(Failure::Usage(text.to_owned()));
    }
    let made = write(&arguments.out, wall_clock::now()).map_err(|error| {
        let next = "请核对 --out 可写；若密钥损坏请删除该目录 / check that --out can be written; if its key is broken, \
                    remove the folder";
        Failure::world("写入身份文件 / writing the identity", next, error)
    })?;
    println!("✓ {}：新签发 {made} 个令牌 / {made} tokens issued", arguments.out.display());
    Ok(())
}

/// Writes what is missing or about to expire; returns how many tokens were made.
pub fn write(folder: &Path, now: Timestamp) -> anyhow::Result<usize> {
    let tokens = folder.join("tokens");
    fs::create_dir_all(&tokens)?;
    let issuer = Issuer::open(folder)?;
    let mut made = 0;
    for persona in PERSONAS {
        let file = tokens.join(persona);
        let known = fs::read_to_string(&file).unwrap_or_default();
        if !issuer.still_good(known.trim(), persona, now) {
            write_private(&file, issuer.token(persona, now)?.as_bytes())?;
            made += 1;
        }
    }
    Ok(made)
}

struct Issuer {
    signing: EncodingKey,
    verifying: jsonwebtoken::DecodingKey,
    key_id: String,
}

impl Issuer {
    /// Reads the key, or makes it. The key set follows from it, so the two never disagree.
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let file = folder.join("key.pk8");
        let document = match fs::read(&file) {
            Ok(document) => document,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map_err(|_| anyhow::anyhow!("the machine gives no randomness"))?;
                write_private(&file, made.as_ref())?;
                made.as_ref().to_vec()
            }
            Err(error) => return Err(error.into()),
        };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &random)
            .map_err(|_| anyhow::anyhow!("{} is no key of this issuer", file.display()))?;
        let point = pair.public_key().as_ref();
        let digest = ring::digest::digest(&ring::digest::SHA256, point);
        let key_id = format!("dev-{}", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..6]));
        // Uncompressed: a byte 4, then 32 bytes x, then 32 bytes y.
        let (x, y) = point[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key_id, "x": x, "y": y });
        whole_file::write(&folder.join("jwks.json"), 0o644, json!({ "keys": [key] }).to_string().as_bytes())?;
        let verifying = jsonwebtoken::DecodingKey::from_ec_components(&x, &y)?;
        Ok(Self { signing: EncodingKey::from_ec_der(&document), verifying, key_id })
    }

    fn token(&self, persona: &str, now: Timestamp) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: persona.to_owned(),
            iat: now.as_second(),
            exp: (now + VALID_FOR).as_second(),
        };
        Ok(jsonwebtoken::encode(&header, &claims, &self.signing)?)
    }

    /// Signed by this key, for this persona, and not about to end.
    fn still_good(&self, token: &str, persona: &str, now: Timestamp) -> bool {
        let mut validation = jsonwebtoken::Validation::new(Algorithm::ES256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation).map(|token| token.claims);
        claims.is_ok_and(|claims| claims.sub == persona && claims.exp > (now + RENEW_BEFORE).as_second())
    }
}

fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    whole_file::write(file, 0o600, bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bootstrap::identity::{Authenticator, IdentitySettings};

    use super::*;

    fn authenticator(folder: &Path) -> Authenticator {
        let settings = IdentitySettings {
            jwks_file: folder.join("jwks.json"),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            development: true,
        };
        Authenticator::open(settings).unwrap()
    }

    #[test]
    fn every_persona_gets_a_token_the_services_take() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        assert_eq!(write(folder.path(), now).unwrap(), PERSONAS.len());
        let authenticator = authenticator(folder.path());
        for persona in PERSONAS {
            let file = folder.path().join("tokens").join(persona);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            let token = fs::read_to_string(&file).unwrap();
            assert_eq!(authenticator.verify(&token, now).unwrap().subject, persona);
            assert!(authenticator.verify(&token, now + VALID_FOR + SignedDuration::from_mins(1)).is_err());
        }
        let key = fs::metadata(folder.path().join("key.pk8")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_still_good_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        write(folder.path(), now).unwrap();
        let keys = fs::read(folder.path().join("jwks.json")).unwrap();
        let file = folder.path().join("tokens/verifier");
        let token = fs::read(&file).unwrap();

        assert_eq!(write(folder.path(), now + SignedDuration::from_hours(28 * 24)).unwrap(), 0);
        assert_eq!(fs::read(&file).unwrap(), token);
        fs::write(&file, "nonsense").unwrap();
        assert_eq!(write(folder.path(), now).unwrap(), 1);
        assert_eq!(write(folder.path(), now + VALID_FOR).unwrap(), PERSONAS.len());
        assert_eq!(fs::read(folder.path().join("jwks.json")).unwrap(), keys);
    }
}
