//! Tokens that were verified before: a signature costs a tenth of a millisecond, a hash a thousandth of that.
//!
//! Remembered is what the signature proved (claims), never that the token is good now: start and expiry are looked
//! at each time, and everything is forgotten when the issuer's keys change. So a revoked key is refused as soon as
//! the key file is seen to have changed, as without this.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ring::digest::{SHA256, digest};

use super::Claims;

/// Tokens remembered at most, about 20 MB. Beyond, all are forgotten: a rare burst of verifications costs less than
/// keeping an order of use.
const TOKENS_MAX: usize = 65_536;

/// Claims by the SHA-256 of their token, all verified with the keys of one generation.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Tokens>);

#[derive(Debug, Default)]
struct Tokens {
    generation: u64,
    claims: HashMap<[u8; 32], Claims>,
}

/// The name a token is remembered by. The token itself is not kept: it is a secret.
pub(super) fn name_of(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

impl Seen {
    /// What a token of this name said when it was verified with the keys of this generation.
    pub(super) fn claims(&self, name: &[u8; 32], generation: u64) -> Option<Claims> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.generation == generation { tokens.claims.get(name).cloned() } else { None }
    }

    /// Remembers a verified token. One verified with older keys than are known here is not.
    pub(super) fn remember(&self, name: [u8; 32], generation: u64, claims: &Claims) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generation < tokens.generation {
            return;
        }
        if generation > tokens.generation || tokens.claims.len() >= TOKENS_MAX {
            *tokens = Tokens { generation, ..Tokens::default() };
        }
        tokens.claims.insert(name, claims.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(subject: &str) -> Claims {
        Claims { iss: "issuer".to_owned(), sub: subject.to_owned(), exp: 1.0, nbf: None }
    }

    fn subject(seen: &Seen, token: &str, generation: u64) -> Option<String> {
        seen.claims(&name_of(token), generation).map(|claims| claims.sub)
    }

    #[test]
    fn other_keys_forget_everything_and_older_ones_remember_nothing() {
        let seen = Seen::default();
        seen.remember(name_of("a"), 1, &claims("anna"));
        assert_eq!(subject(&seen, "a", 1).as_deref(), Some("anna"));
        assert_eq!(subject(&seen, "b", 1), None);
        assert_eq!(subject(&seen, "a", 2), None, "the keys moved on");
        seen.remember(name_of("b"), 2, &claims("bo"));
        seen.remember(name_of("a"), 1, &claims("anna"));
        assert_eq!((subject(&seen, "a", 1), subject(&seen, "a", 2)), (None, None));
        assert_eq!(subject(&seen, "b", 2).as_deref(), Some("bo"));
    }

    #[test]
    fn no_more_than_its_bound_is_remembered() {
        let seen = Seen::default();
        for n in 0..=TOKENS_MAX {
            seen.remember(name_of(&n.to_string()), 1, &claims("anna"));
        }
        assert_eq!(seen.0.lock().unwrap().claims.len(), 1);
        assert_eq!(subject(&seen, &TOKENS_MAX.to_string(), 1).as_deref(), Some("anna"));
    }
}
