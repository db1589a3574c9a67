//! An answer to an idempotency key: given before, or made now and kept (D19).

use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use serde::Serialize;

use super::Denied;
use crate::store::answers::{self, Scope, StoredAnswer};

/// Which request this is.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub tenant: TenantId,
    /// The caller.
    pub principal: String,
    /// The path behind the street.
    pub route: String,
    pub key: IdempotencyKey,
    /// Of the body, in a form that does not depend on spelling.
    pub request_sha256: [u8; 32],
    /// The version the caller has seen, if it insists on it.
    pub if_match: Option<u64>,
}

/// What the door sends: bytes of JSON and the version for `ETag`.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub version: u64,
    pub body: Vec<u8>,
}

impl Request {
    /// The digest of a body.
    pub fn digest(body: &impl Serialize) -> [u8; 32] {
        let text = serde_json::to_vec(body).expect("a body that was read can be written");
        let digest = ring::digest::digest(&ring::digest::SHA256, &text);
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    fn scope(&self) -> Scope<'_> {
        Scope { tenant: self.tenant, principal: &self.principal, route: &self.route, key: self.key }
    }

    /// The answer given before. Asked under the case's lock, so two equal requests never both find none.
    pub async fn answered(&self, tx: &mut ScopedTx) -> Result<Option<Result<Answer, Denied>>, pg::Error> {
        let Some(stored) = answers::find(tx, &self.scope()).await? else { return Ok(None) };
        if stored.request_sha256 != self.request_sha256 {
            return Ok(Some(Err(Denied::KeyReused)));
        }
        let version =
            u64::try_from(stored.version).map_err(|_| pg::Error::impossible_row("answers.version"))?;
        Ok(Some(Ok(Answer { version, body: stored.body })))
    }

    /// Whether the caller has seen the present version.
    pub fn matches(&self, version: u64) -> bool {
        self.if_match.is_none_or(|seen| seen == version)
    }

    /// Keeps the answer with the effect.
    pub async fn keep(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        version: u64,
        view: &impl Serialize,
    ) -> Result<Answer, pg::Error> {
        let body =
            serde_json::to_vec(view).map_err(|error| pg::Error::broken("encoding an answer", error))?;
        let request_sha256 = self.request_sha256.to_vec();
        let stored = StoredAnswer { request_sha256, version: version as i64, body: body.clone() };
        answers::keep(tx, &self.scope(), &stored, now).await?;
        answers::forget_old(tx, &self.scope(), now).await?;
        Ok(Answer { version, body })
    }
}
