//! The token of a link: which link of which tenant, its end, and a nonce, signed (HMAC-SHA-256). A forged one is refused
//! before anything is asked of the database, in constant time; what a true one may do, the link's row says.
//!
//! `swl_` and base64url of: version (1 byte), tenant (8), link (16), end in seconds (8), nonce (16), tag (32).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{IdempotencyKey, LinkId, TenantId};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::hmac;
use uuid::Uuid;

const PREFIX: &str = "swl_";
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const SIGNED_BYTES: usize = 1 + 8 + 16 + 8 + 16;
const TAG_BYTES: usize = 32;
/// So that a tag of one use is none of another.
const TOKEN_USE: &[u8] = b"streetwise link token 1";
const NONCE_USE: &[u8] = b"streetwise link nonce 1";

/// The keys: the first signs; the second, if there is one, is the one before, and its tokens hold until their end.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Vec<hmac::Key>);

/// What a token says of its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claims {
    pub tenant: TenantId,
    pub link: LinkId,
    /// Whole seconds.
    pub expires_at: Timestamp,
}

/// A token whose signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub claims: Claims,
    /// What the link's row keeps of it.
    pub sha256: [u8; 32],
}

impl Keys {
    /// One key, or two: the new one first. `None` for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let whole = matches!(bytes.len() / KEY_BYTES, 1 | 2) && bytes.len().is_multiple_of(KEY_BYTES);
        let keys = bytes.chunks(KEY_BYTES).map(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        whole.then(|| Self(keys.collect()))
    }

    /// The token of a new link and its hash. The nonce follows from the request's key, so that a repeated request gets the
    /// token again that nobody keeps.
    pub fn issue(&self, claims: Claims, asked: IdempotencyKey) -> (String, [u8; 32]) {
        write(&self.0[0], claims, asked)
    }

    /// The token that was issued with this hash; `None` once its key is gone.
    pub fn again(&self, claims: Claims, asked: IdempotencyKey, sha256: &[u8; 32]) -> Option<String> {
        let written = self.0.iter().map(|key| write(key, claims, asked));
        written.into_iter().find(|(_, hash)| hash == sha256).map(|(text, _)| text)
    }

    /// Reads a token; `None` for whatever we did not sign.
    pub fn read(&self, text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (signed, tag) = bytes.split_at_checked(SIGNED_BYTES).filter(|(_, tag)| tag.len() == TAG_BYTES)?;
        let message = [TOKEN_USE, signed].concat();
        let genuine = self.0.iter().any(|key| hmac::verify(key, &message, tag).is_ok());
        let claims = genuine.then(|| claims_of(signed)).flatten()?;
        Some(Token { claims, sha256: hash(&bytes) })
    }
}

/// What a text says of itself, whoever signed it: nothing to be believed, only to be asked about.
pub(crate) fn claimed(text: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let (signed, _) = bytes.split_at_checked(SIGNED_BYTES).filter(|(_, tag)| tag.len() == TAG_BYTES)?;
    claims_of(signed)
}

fn write(key: &hmac::Key, claims: Claims, asked: IdempotencyKey) -> (String, [u8; 32]) {
    let mut signed = vec![VERSION];
    signed.extend(claims.tenant.as_i64().to_be_bytes());
    signed.extend(claims.link.as_uuid().as_bytes());
    signed.extend(claims.expires_at.as_second().to_be_bytes());
    let nonce = hmac::sign(key, &[NONCE_USE, &signed, asked.0.as_bytes()].concat());
    signed.extend(&nonce.as_ref()[..16]);
    let tag = hmac::sign(key, &[TOKEN_USE, &signed].concat());
    let bytes = [&signed, tag.as_ref()].concat();
    (format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes)), hash(&bytes))
}

fn claims_of(signed: &[u8]) -> Option<Claims> {
    let (version, rest) = signed.split_first()?;
    let (tenant, rest) = rest.split_first_chunk::<8>()?;
    let (link, rest) = rest.split_first_chunk::<16>()?;
    let (expires, _) = rest.split_first_chunk::<8>()?;
    (*version == VERSION).then_some(())?;
    Some(Claims {
        tenant: TenantId::from_i64(i64::from_be_bytes(*tenant)).ok()?,
        link: Uuid::from_bytes(*link).into(),
        expires_at: Timestamp::from_second(i64::from_be_bytes(*expires)).ok()?,
    })
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            tenant: "990102001000".parse().unwrap(),
            link: Uuid::from_u128(7).into(),
            expires_at: "2026-11-26T10:00:00+08:00".parse().unwrap(),
        }
    }

    fn asked(key: u128) -> IdempotencyKey {
        IdempotencyKey(Uuid::from_u128(key))
    }

    fn keys(bytes: &[u8]) -> Keys {
        Keys::from_bytes(bytes).unwrap()
    }

    #[test]
    fn what_was_signed_reads_back_and_a_repeated_request_gets_it_again() {
        let keys = keys(&[1; 32]);
        let (text, sha256) = keys.issue(claims(), asked(1));
        assert_eq!(keys.read(&text), Some(Token { claims: claims(), sha256 }));
        assert_eq!(keys.again(claims(), asked(1), &sha256), Some(text.clone()));
        assert_eq!(keys.again(claims(), asked(2), &sha256), None);
        assert_ne!(keys.issue(claims(), asked(2)).0, text);
    }

    #[test]
    fn no_bit_of_it_may_be_another() {
        let keys = keys(&[1; 32]);
        let (text, _) = keys.issue(claims(), asked(1));
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.read(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(forged))), None, "bit {bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(keys.read(&text[..cut]), None);
        }
        for other in [format!("{text}A"), format!("{text}="), text.replace(PREFIX, "swk_"), String::new()] {
            assert_eq!(keys.read(&other), None, "{other}");
        }
    }

    #[test]
    fn two_keys_for_as_long_as_one_takes_the_place_of_the_other() {
        let (old, new) = ([1; 32], [2; 32]);
        let (text, sha256) = keys(&old).issue(claims(), asked(1));
        let both = keys(&[new, old].concat());
        assert!(both.read(&text).is_some());
        assert_eq!(both.again(claims(), asked(1), &sha256), Some(text.clone()));
        let (newer, _) = both.issue(claims(), asked(1));
        assert!(keys(&new).read(&newer).is_some() && keys(&old).read(&newer).is_none());
        assert_eq!(keys(&new).read(&text), None, "the key before is gone");
        assert_eq!(claimed(&text), Some(claims()), "what it says is read all the same");
        assert_eq!(claimed(&text[..text.len() - 1]), None);
        assert_eq!(keys(&new).again(claims(), asked(1), &sha256), None);
    }
}
