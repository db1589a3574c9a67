//! Standard Webhooks from the receiver's side: HMAC-SHA256 over `id.timestamp.body`, any of several signatures, a
//! timestamp within five minutes. Source: the Standard Webhooks specification, "Verifying webhook authenticity".

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;

const TOLERANCE_S: u64 = 300;

/// Whether one of the secrets signed exactly these bytes a moment ago.
pub fn holds(secrets: &[Vec<u8>], headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let named = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let (Some(id), Some(timestamp), Some(signatures)) = named else { return false };
    let recent = timestamp.parse::<i64>().is_ok_and(|sent| sent.abs_diff(now.as_second()) <= TOLERANCE_S);
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let tags = || signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let fits = |secret: &Vec<u8>| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        tags().any(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    recent && secrets.iter().any(fits)
}
