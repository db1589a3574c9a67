//! The one place that touches the cipher: nonce, associated data, layout of the bytes.
//!
//! Layout: version (1 byte, now 1) ‖ nonce (12) ‖ ciphertext and tag (n + 16). Nonces are random: with 96 bits
//! a key may seal 2³² values before a repeat becomes likelier than 2⁻³² (NIST SP 800-38D §8.3); a street
//! writes some thousands a year.

use std::fmt;

use ids::TenantId;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const OVERHEAD_BYTES: usize = 1 + NONCE_LEN + TAG_BYTES;

/// What a key is used for; part of the associated data, so that a wrapped key is never taken for a field.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Field,
    WrappedKey,
}

/// Bytes that open only with the right key, tenant and context. May be stored and sent anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// Sealing failed: the system gave no randomness, or the plaintext is beyond 2³⁶ bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not seal")]
pub struct SealError;

/// Why sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short to be sealed bytes.
    #[error("sealed bytes are truncated")]
    Truncated,
    /// Written by a newer version of this code.
    #[error("unknown version of sealed bytes")]
    UnknownVersion,
    /// Wrong key, tenant or context, or changed bytes; which of them cannot be told.
    #[error("sealed bytes do not open with this key, tenant and context")]
    Refused,
}

impl Sealed {
    /// From storage or a message; checks version and length only.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, OpenError> {
        if bytes.len() < OVERHEAD_BYTES {
            return Err(OpenError::Truncated);
        }
        if bytes[0] != VERSION {
            return Err(OpenError::UnknownVersion);
        }
        Ok(Self(bytes))
    }

    /// For storage or a message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For storage or a message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

pub(crate) fn key(bytes: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes exactly 32 bytes");
    LessSafeKey::new(key)
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError)?;
    Ok(bytes)
}

pub(crate) fn seal(
    key: &LessSafeKey,
    purpose: Use,
    tenant: TenantId,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, SealError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let mut body = plaintext.to_vec();
    let aad = Aad::from(associated(purpose, tenant, context));
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
        .map_err(|_| SealError)?;
    let mut bytes = Vec::with_capacity(OVERHEAD_BYTES + plaintext.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&body);
    Ok(Sealed(bytes))
}

pub(crate) fn open(
    key: &LessSafeKey,
    purpose: Use,
    tenant: TenantId,
    context: &[u8],
    sealed: &Sealed,
) -> Result<Vec<u8>, OpenError> {
    let (nonce, body) = sealed.0[1..].split_at(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Truncated)?;
    let mut body = body.to_vec();
    let aad = Aad::from(associated(purpose, tenant, context));
    let length = key.open_in_place(nonce, aad, &mut body).map_err(|_| OpenError::Refused)?.len();
    body.truncate(length);
    Ok(body)
}

/// Fixed-width parts first, the one free part last: no two inputs share their bytes.
fn associated(purpose: Use, tenant: TenantId, context: &[u8]) -> Vec<u8> {
    let purpose = match purpose {
        Use::Field => 0,
        Use::WrappedKey => 1,
    };
    [&[VERSION, purpose][..], &tenant.as_i64().to_be_bytes(), context].concat()
}
