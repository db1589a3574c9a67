use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value};
use testkit::identity::{AUDIENCE, ISSUER, Identity};

fn check(issuer: &Identity, token: &str) -> Result<Map<String, Value>, jsonwebtoken::errors::Error> {
    let keys: JwkSet = serde_json::from_value(issuer.jwks()).unwrap();
    let header = jsonwebtoken::decode_header(token)?;
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap())?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    decode(token, &key, &validation).map(|token| token.claims)
}

#[test]
fn its_key_set_verifies_its_tokens() {
    let issuer = Identity::generate();
    let claims = check(&issuer, &issuer.token("verifier")).unwrap();
    assert_eq!(claims["sub"], "verifier");
}

#[test]
fn expired_foreign_and_forged_tokens_are_refused() {
    let (issuer, stranger) = (Identity::generate(), Identity::generate());
    let expired = issuer.token_with("sre", |claims| drop(claims.insert("exp".into(), 1_577_836_801.into())));
    let elsewhere = issuer.token_with("sre", |claims| drop(claims.insert("aud".into(), "elsewhere".into())));
    for token in [expired, elsewhere, stranger.token("sre")] {
        assert!(check(&issuer, &token).is_err(), "accepted {token}");
    }
}
