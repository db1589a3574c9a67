//! Who is calling: bearer tokens (JWT) of an OIDC issuer, checked against its published keys.
//!
//! The key decides the algorithm, never the token: ES256, EdDSA and RS256, one per key. `none`, HMAC and a token
//! that names another algorithm than its key's are refused. Issuer, audience, expiry and start are checked with
//! 30 s of leeway. What a caller may do is not in the token: see `access`.
//!
//! A bearer token that begins with `swk_` is no JWT but the key of a system or a device: see [`api_key`].
//!
//! Expiry is compared with this machine's wall clock. It is the one place that reads it: the window of a token is
//! a matter of security between us and the issuer, not a time of the domain (D29). [`Authenticator::verify`]
//! itself takes `now`.

pub mod api_key;
mod keys;
mod seen;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use contract::document::{KEY_SUBJECT, LINK_SUBJECT};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use crate::door::Problem;
use api_key::KeyRing;
use keys::{Key, KeyFile, Keys};
use seen::Seen;

pub use keys::KeysError;

/// The issuer of `streetwise dev-identity`; anyone may have its key (D54).
pub const DEVELOPMENT_ISSUER: &str = "streetwise-dev";

/// How far the issuer's clock and ours may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Where tokens come from.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// `STREETWISE_JWKS_FILE`: the issuer's public keys. Read again when it changes, at most every 5 s.
    pub jwks_file: PathBuf,
    /// `STREETWISE_JWT_ISSUER`: the only `iss` taken.
    pub issuer: String,
    /// `STREETWISE_JWT_AUDIENCE`: must be among `aud`.
    pub audience: String,
    /// Whether `STREETWISE_ENVIRONMENT` is `development`.
    pub development: bool,
}

/// Why there is no authenticator. The process does not start.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Production would accept tokens anybody can make.
    #[error("the issuer {DEVELOPMENT_ISSUER} is refused outside development")]
    DevelopmentIssuer,
    /// An empty issuer or audience would match nothing, or everything.
    #[error("issuer and audience must be named")]
    Unnamed,
    /// No usable keys.
    #[error("could not load the issuer's keys")]
    Keys(#[from] KeysError),
}

/// Why a token is refused. For the log; the caller is only told that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// No token in the request, or not exactly one bearer token.
    #[error("no bearer token")]
    Missing,
    /// Not a JWT we can read, `none` and unknown algorithms included.
    #[error("malformed token")]
    Malformed,
    /// No key of that id, or no id.
    #[error("unknown key")]
    UnknownKey,
    /// The token names another algorithm than its key's.
    #[error("algorithm does not match the key")]
    WrongAlgorithm,
    /// Signature, issuer or audience do not hold, or a claim is missing.
    #[error("signature, issuer or audience does not hold")]
    Invalid,
    /// Over.
    #[error("expired")]
    Expired,
    /// Not begun.
    #[error("not yet valid")]
    NotYetValid,
}

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `sub` of the token: the name People documents use, and the actor in the journal.
    pub subject: String,
    /// `exp` of the token. What goes on for longer than a request ends at it, leeway not added.
    pub expires_at: Timestamp,
}

/// Checks tokens. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Inner>, Option<KeyRing>);

#[derive(Debug)]
struct Inner {
    issuer: String,
    audience: String,
    keys: KeyFile,
    seen: Seen,
}

/// What a signature proves; holds whatever the time.
#[derive(Debug, Clone, Deserialize)]
struct Claims {
    /// One text: the library would also take a list with the right issuer in it.
    iss: String,
    sub: String,
    /// NumericDate: seconds, possibly with a fraction (RFC 7519 §2).
    exp: f64,
    nbf: Option<f64>,
}

impl Authenticator {
    /// Reads the keys once; later faults of the file keep the last good ones.
    pub fn open(settings: IdentitySettings) -> Result<Self, IdentityError> {
        let IdentitySettings { jwks_file, issuer, audience, development } = settings;
        if issuer.is_empty() || audience.is_empty() {
            return Err(IdentityError::Unnamed);
        }
        if issuer == DEVELOPMENT_ISSUER && !development {
            return Err(IdentityError::DevelopmentIssuer);
        }
        let keys = KeyFile::open(jwks_file, Instant::now())?;
        Ok(Self(Arc::new(Inner { issuer, audience, keys, seen: Seen::default() }), None))
    }

    /// Takes the keys of systems and devices, too.
    #[must_use]
    pub fn with_key_ring(self, ring: KeyRing) -> Self {
        Self(self.0, Some(ring))
    }

    /// Who the token speaks for at `now`. A token that was verified before is only looked at for its time.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenRefusal> {
        self.verify_at(token, now, Instant::now())
    }

    /// The same with the monotonic time `at`, which decides when the key file is looked at again: at most every 5 s,
    /// so a key that was taken out of it is refused 5 s later, for tokens that were verified before, too.
    pub fn verify_at(&self, token: &str, now: Timestamp, at: Instant) -> Result<Identity, TokenRefusal> {
        if token.starts_with(api_key::PREFIX) {
            return self.1.as_ref().ok_or(TokenRefusal::UnknownKey)?.verify(token, now);
        }
        let keys = self.0.keys.current(at);
        let name = seen::name_of(token);
        let claims = match self.0.seen.claims(&name, keys.generation) {
            Some(claims) => claims,
            None => {
                let claims = self.proven(token, &keys)?;
                self.0.seen.remember(name, keys.generation, &claims);
                claims
            }
        };
        within(&claims, now)?;
        Ok(Identity { expires_at: claims.expires_at(), subject: claims.sub })
    }

    /// What the token says, if one of the keys signed it.
    fn proven(&self, token: &str, keys: &Keys) -> Result<Claims, TokenRefusal> {
        let header = decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
        // An extension that must be understood, and is not (RFC 7515 §4.1.11).
        if header.crit.is_some() {
            return Err(TokenRefusal::Malformed);
        }
        let key = header.kid.and_then(|id| keys.by_id.get(&id)).ok_or(TokenRefusal::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenRefusal::WrongAlgorithm);
        }
        self.signed_claims(token, key)
    }

    /// The caller of a request with these headers (or this gRPC metadata), or 401.
    pub fn of_headers(&self, headers: &HeaderMap) -> Result<Identity, Problem> {
        let verified = token(headers).and_then(|token| self.verify(token, wall_clock()));
        verified.map_err(|reason| {
            tracing::info!(%reason, "token refused");
            Problem::unauthenticated()
        })
    }

    fn signed_claims(&self, token: &str, key: &Key) -> Result<Claims, TokenRefusal> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_audience(&[&self.0.audience]);
        // Its clock is not ours to choose: `within` checks both against `now`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let token = decode::<Claims>(token, &key.decoding, &validation).map_err(|_| TokenRefusal::Invalid)?;
        let claims = token.claims;
        // An issuer must not name anybody what the holders of keys and links are called.
        let reserved = [KEY_SUBJECT, LINK_SUBJECT].iter().any(|prefix| claims.sub.starts_with(prefix));
        let named = !claims.sub.is_empty() && !reserved;
        let holds = claims.iss == self.0.issuer && named;
        if holds { Ok(claims) } else { Err(TokenRefusal::Invalid) }
    }
}

impl Claims {
    /// To the second below; a number of seconds beyond what a timestamp holds is its end.
    fn expires_at(&self) -> Timestamp {
        Timestamp::from_second(self.exp.floor() as i64).unwrap_or(Timestamp::MAX)
    }
}

fn within(claims: &Claims, now: Timestamp) -> Result<(), TokenRefusal> {
    let (now_s, leeway_s) = (now.as_duration().as_secs_f64(), LEEWAY.as_secs_f64());
    if now_s >= claims.exp + leeway_s {
        return Err(TokenRefusal::Expired);
    }
    match claims.nbf {
        Some(begin) if now_s < begin - leeway_s => Err(TokenRefusal::NotYetValid),
        _ => Ok(()),
    }
}

/// Extractor: the caller, or 401. [`crate::listen::front`] provides the [`Authenticator`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer(pub Identity);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(authenticator) = parts.extensions.get::<Authenticator>() else {
            tracing::error!("a route asks for a caller outside of listen::front");
            return Err(Problem::internal());
        };
        authenticator.of_headers(&parts.headers).map(Self)
    }
}

fn token(headers: &HeaderMap) -> Result<&str, TokenRefusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return Err(TokenRefusal::Missing) };
    let (scheme, token) =
        only.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenRefusal::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenRefusal::Missing) }
}

#[expect(clippy::disallowed_methods, reason = "a token's expiry is a security window, not a domain time")]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
