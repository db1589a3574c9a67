//! Tokens: what is taken, and every way to be refused (fault row F18).

use bootstrap::identity::{DEVELOPMENT_ISSUER, IdentityError, TokenRefusal};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use crate::issuer::{AUDIENCE, FAR_S, Issuer, NOW_S, claims, claims_with, encode};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a timestamp")
}

fn refusal(issuer: &Issuer, token: &str) -> Option<TokenRefusal> {
    issuer.authenticator().verify(token, at(NOW_S)).err()
}

#[test]
fn each_algorithm_is_taken_from_a_key_of_its_kind() {
    let issuer = Issuer::new();
    for token in [issuer.token(&claims()), issuer.ed_token(&claims()), crate::rsa::TOKEN.to_owned()] {
        let identity = issuer.authenticator().verify(&token, at(NOW_S)).expect("taken");
        assert_eq!((identity.subject.as_str(), identity.expires_at), ("grid-worker", at(FAR_S)));
    }
}

#[rstest]
#[case::issuer("iss", json!("https://other.test"))]
#[case::issuer_list("iss", json!(["https://issuer.test"]))]
#[case::issuer_missing("iss", Value::Null)]
#[case::audience("aud", json!("elsewhere"))]
#[case::audiences("aud", json!(["elsewhere", "other"]))]
#[case::audience_missing("aud", Value::Null)]
#[case::subject_missing("sub", Value::Null)]
#[case::subject_empty("sub", json!(""))]
#[case::expiry_missing("exp", Value::Null)]
#[case::expiry_text("exp", json!("4102444800"))]
fn a_claim_that_does_not_hold_is_refused(#[case] name: &str, #[case] value: Value) {
    let issuer = Issuer::new();
    let token = issuer.token(&claims_with(name, value));
    assert_eq!(refusal(&issuer, &token), Some(TokenRefusal::Invalid));
}

#[test]
fn one_of_several_audiences_is_enough() {
    let issuer = Issuer::new();
    let token = issuer.token(&claims_with("aud", json!(["elsewhere", AUDIENCE])));
    assert_eq!(refusal(&issuer, &token), None);
}

#[rstest]
#[case::before(NOW_S, NOW_S + 29, None)]
#[case::at_the_leeway(NOW_S, NOW_S + 30, Some(TokenRefusal::Expired))]
#[case::long_ago(0, NOW_S, Some(TokenRefusal::Expired))]
fn a_token_ends_30_s_after_its_expiry(
    #[case] exp: i64,
    #[case] now: i64,
    #[case] expected: Option<TokenRefusal>,
) {
    let issuer = Issuer::new();
    let token = issuer.token(&claims_with("exp", json!(exp)));
    assert_eq!(issuer.authenticator().verify(&token, at(now)).err(), expected);
}

#[rstest]
#[case::begun(NOW_S + 30, None)]
#[case::not_begun(NOW_S + 31, Some(TokenRefusal::NotYetValid))]
fn a_token_begins_30_s_before_its_start(#[case] nbf: i64, #[case] expected: Option<TokenRefusal>) {
    let issuer = Issuer::new();
    let token = issuer.token(&claims_with("nbf", json!(nbf)));
    assert_eq!(refusal(&issuer, &token), expected);
}

#[test]
fn a_token_known_from_before_still_begins_and_ends() {
    let issuer = Issuer::new();
    let authenticator = issuer.authenticator();
    let mut window = claims_with("nbf", json!(NOW_S));
    window["exp"] = json!(NOW_S + 100);
    let token = issuer.token(&window);
    let expected = [
        (NOW_S, None),
        (NOW_S + 129, None),
        (NOW_S + 130, Some(TokenRefusal::Expired)),
        (NOW_S - 31, Some(TokenRefusal::NotYetValid)),
        (NOW_S + 1, None),
    ];
    for (now, refusal) in expected {
        assert_eq!(authenticator.verify(&token, at(now)).err(), refusal, "{}", now - NOW_S);
    }
}

#[test]
fn a_token_known_from_before_is_refused_when_its_key_is_gone() {
    let issuer = Issuer::new();
    let authenticator = issuer.authenticator();
    let (token, start) = (issuer.token(&claims()), std::time::Instant::now());
    let refusal = |after_s| {
        let later = start + std::time::Duration::from_secs(after_s);
        authenticator.verify_at(&token, at(NOW_S), later).err()
    };
    assert_eq!(refusal(0), None);
    let others = std::fs::read(Issuer::new().jwks_file()).expect("another key set");
    std::fs::write(issuer.jwks_file(), others).expect("the key set replaced");
    assert_eq!(refusal(1), None, "not looked at again yet");
    assert_eq!(refusal(60), Some(TokenRefusal::Invalid), "the same key id, another key");
}

#[test]
fn another_issuers_key_under_our_key_id_is_refused() {
    let forged = Issuer::new().token(&claims());
    assert_eq!(refusal(&Issuer::new(), &forged), Some(TokenRefusal::Invalid));
}

#[test]
fn changed_claims_are_refused() {
    let issuer = Issuer::new();
    let token = issuer.token(&claims());
    let (head, rest) = token.split_once('.').expect("three parts");
    let (_, signature) = rest.split_once('.').expect("three parts");
    let other = encode(claims_with("sub", json!("sre")).to_string());
    assert_eq!(refusal(&issuer, &format!("{head}.{other}.{signature}")), Some(TokenRefusal::Invalid));
    assert_eq!(refusal(&issuer, &format!("{head}.{other}.")), Some(TokenRefusal::Invalid));
}

#[test]
fn none_is_refused_with_and_without_a_signature() {
    let issuer = Issuer::new();
    for algorithm in ["none", "None", "NONE"] {
        let token = issuer.sign(&json!({ "alg": algorithm, "kid": "ec" }), &claims());
        assert_eq!(refusal(&issuer, &token), Some(TokenRefusal::Malformed));
        let (message, _) = token.rsplit_once('.').expect("three parts");
        assert_eq!(refusal(&issuer, &format!("{message}.")), Some(TokenRefusal::Malformed));
    }
}

/// The classic: HMAC with the public key as the secret.
#[test]
fn a_public_key_is_no_secret() {
    let issuer = Issuer::new();
    let header = json!({ "alg": "HS256", "kid": "ec" });
    let message = format!("{}.{}", encode(header.to_string()), encode(claims().to_string()));
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, issuer.ec_public());
    let token = format!("{message}.{}", encode(ring::hmac::sign(&secret, message.as_bytes())));
    assert_eq!(refusal(&issuer, &token), Some(TokenRefusal::WrongAlgorithm));
}

#[rstest]
#[case::swapped(json!({ "alg": "RS256", "kid": "ec" }), TokenRefusal::WrongAlgorithm)]
#[case::swapped_key(json!({ "alg": "ES256", "kid": "ed" }), TokenRefusal::WrongAlgorithm)]
#[case::same_family(json!({ "alg": "RS512", "kid": "rsa" }), TokenRefusal::WrongAlgorithm)]
#[case::right_algorithm_other_key(json!({ "alg": "RS256", "kid": "rsa" }), TokenRefusal::Invalid)]
#[case::unknown_key(json!({ "alg": "ES256", "kid": "other" }), TokenRefusal::UnknownKey)]
#[case::no_key_id(json!({ "alg": "ES256" }), TokenRefusal::UnknownKey)]
#[case::key_inside(json!({ "alg": "ES256", "jwk": { "kty": "oct", "k": "AA" } }), TokenRefusal::UnknownKey)]
#[case::unknown_algorithm(json!({ "alg": "XS1", "kid": "ec" }), TokenRefusal::Malformed)]
#[case::critical_extension(json!({ "alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false }), TokenRefusal::Malformed)]
fn the_key_decides_never_the_token(#[case] header: Value, #[case] expected: TokenRefusal) {
    let issuer = Issuer::new();
    let token = issuer.sign(&header, &claims());
    assert_eq!(refusal(&issuer, &token), Some(expected));
}

#[rstest]
#[case::empty("")]
#[case::words("let me in")]
#[case::two_parts("e30.e30")]
#[case::not_json("YQ.YQ.YQ")]
fn what_is_no_token_is_malformed(#[case] token: &str) {
    assert_eq!(refusal(&Issuer::new(), token), Some(TokenRefusal::Malformed));
}

#[test]
fn the_development_issuer_needs_development() {
    let issuer = Issuer::new();
    assert!(matches!(issuer.open(DEVELOPMENT_ISSUER, false), Err(IdentityError::DevelopmentIssuer)));
    assert!(issuer.open(DEVELOPMENT_ISSUER, true).is_ok());
    assert!(matches!(issuer.open("", true), Err(IdentityError::Unnamed)));
    std::fs::remove_file(issuer.jwks_file()).expect("removed");
    assert!(matches!(issuer.open("https://issuer.test", false), Err(IdentityError::Keys(_))));
}
