//! Standard Webhooks signatures, written from the receiver's side and apart from the sender's code, so that one
//! mistake cannot hide in both.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a request's signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// One of its signatures was made with one of the endpoint's secrets over exactly these bytes.
    Valid,
    /// All headers are there and no signature fits.
    Wrong,
    /// A header is missing or unreadable.
    Missing,
    /// The endpoint has no secret here, so nothing can be said.
    Unchecked,
}

/// Judges a request: `secrets` are raw bytes (what follows `whsec_`, decoded).
pub fn verify(secrets: &[Vec<u8>], headers: &HeaderMap, body: &[u8]) -> Signature {
    if secrets.is_empty() {
        return Signature::Unchecked;
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let named = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let (Some(id), Some(timestamp), Some(signatures)) = named else { return Signature::Missing };
    let signed = signed_bytes(id, timestamp, body);
    let given = signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let fits = |tag: &Vec<u8>| secrets.iter().any(|secret| hmac::verify(&key(secret), &signed, tag).is_ok());
    if given.into_iter().any(|tag| fits(&tag)) { Signature::Valid } else { Signature::Wrong }
}

/// The `webhook-signature` of a request, for tests that play the sender.
pub fn sign(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&key(secret), &signed_bytes(id, timestamp, body));
    format!("v1,{}", STANDARD.encode(tag))
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

fn signed_bytes(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}
