//! Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`. Source: the Standard Webhooks
//! specification, "Signature scheme".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use uuid::Uuid;

/// A secret that was followed by another one signs for so long beside it, so that a receiver has time to change.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// Secrets that sign at one time at most.
pub const SIGNING_MAX: usize = 4;

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

    fn sign(&self, id: Uuid, timestamp_s: i64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.key);
        signing.update(format!("{id}.{timestamp_s}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

/// What an endpoint's webhooks are signed with: its newest secret, and those it followed less than a day ago.
pub struct Signer {
    newest: Secret,
    followed: Vec<Secret>,
}

impl Signer {
    /// With the newest alone, or beside others.
    pub fn new(newest: Secret, followed: Vec<Secret>) -> Self {
        Self { newest, followed }
    }

    /// The one that a receiver is to have.
    pub fn newest(&self) -> &Secret {
        &self.newest
    }

    /// The `webhook-signature` of one attempt: one signature for each secret, separated by spaces, as Standard Webhooks have it.
    pub fn sign(&self, id: Uuid, timestamp_s: i64, body: &[u8]) -> String {
        let secrets = std::iter::once(&self.newest).chain(&self.followed);
        secrets.map(|secret| secret.sign(id, timestamp_s, body)).collect::<Vec<_>>().join(" ")
    }
}

/// How many of an endpoint's secrets sign now, by when they were made, the newest first: a secret signs until a day after the next
/// one was made.
pub fn signing(made_at: &[Timestamp], now: Timestamp) -> usize {
    let followed_at = made_at.iter().take(made_at.len().saturating_sub(1));
    let followed = followed_at.take_while(|next_made_at| now < **next_made_at + OVERLAP).count();
    (made_at.len().min(1) + followed).min(SIGNING_MAX)
}

/// Until when each of the secrets that sign beside one made `now` does so, by when they were made, the newest first: the end of the
/// oldest of them.
pub fn others_sign_until(made_at: &[Timestamp], now: Timestamp) -> Timestamp {
    let beside = signing(made_at, now).min(SIGNING_MAX - 1);
    let followed_at = if beside > 1 { made_at[beside - 2] } else { now };
    followed_at + OVERLAP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_signs_for_a_day_beside_the_one_that_follows_it() {
        let at = |hours: i64| Timestamp::from_second(1_780_000_000 + hours * 3_600).unwrap();
        assert_eq!(signing(&[], at(0)), 0);
        assert_eq!(signing(&[at(0)], at(9_000)), 1, "one that nothing followed signs for ever");
        let made_at = [at(30), at(20), at(0)];
        for (hours, signs) in [(30, 3), (43, 3), (44, 2), (53, 2), (54, 1), (9_000, 1)] {
            assert_eq!(signing(&made_at, at(hours)), signs, "after {hours} hours");
        }
        let within_a_day = [at(5), at(4), at(3), at(2), at(1), at(0)];
        assert_eq!(signing(&within_a_day, at(6)), SIGNING_MAX, "the oldest make room");
    }

    #[test]
    fn what_is_promised_of_the_others_is_the_end_of_the_oldest() {
        let at = |hours: i64| Timestamp::from_second(1_780_000_000 + hours * 3_600).unwrap();
        assert_eq!(others_sign_until(&[at(0)], at(90)), at(90 + 24));
        assert_eq!(
            others_sign_until(&[at(70), at(0)], at(90)),
            at(70 + 24),
            "the first ends before the second"
        );
        assert_eq!(others_sign_until(&[at(60), at(0)], at(90)), at(90 + 24), "the first has ended already");
        let full = [at(89), at(88), at(87), at(0)];
        assert_eq!(
            others_sign_until(&full, at(90)),
            at(88 + 24),
            "one makes room: of four, three are beside it"
        );
    }

    /// Both sides of a change are served: who has the old secret and who has the new one.
    #[test]
    fn a_receiver_verifies_with_either_secret() {
        let secret = |first: u8| Secret::new((first..first + 32).collect());
        let signer = Signer::new(secret(40), vec![secret(0)]);
        let given = signer.sign(Uuid::from_u128(7), 1_795_400_000, b"{}");
        let of = |secret: Secret| {
            testkit::sink::sign(secret.as_bytes(), &Uuid::from_u128(7).to_string(), "1795400000", b"{}")
        };
        assert_eq!(given, format!("{} {}", of(secret(40)), of(secret(0))));
    }

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
