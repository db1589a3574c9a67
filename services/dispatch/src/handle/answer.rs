//! An answer to an idempotency key: given before, or made now and kept with the effect (D19).

use std::collections::BTreeMap;

use bootstrap::door::IfMatch;
use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};
use serde::Serialize;

use super::{Denied, Room};
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
    /// The versions the caller may have seen, if it insists.
    pub if_match: Option<IfMatch>,
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

    fn scope(&self) -> Scope {
        let Self { tenant, principal, route, key, .. } = self;
        Scope { tenant: *tenant, principal: principal.clone(), route: route.clone(), key: *key }
    }

    /// Whether the caller may have seen the present version.
    pub fn matches(&self, version: u64) -> bool {
        self.if_match.as_ref().is_none_or(|seen| seen.admits(version))
    }
}

/// The answer that an equal request was given before. Nothing is locked: what is decided at this moment is not found here, but
/// under the lock.
pub(crate) async fn given(room: &Room, request: &Request) -> Result<Option<Answer>, Denied> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([request.tenant])).await?;
    let answers = Answers::given(&mut tx, &[request]).await?;
    tx.commit().await?;
    answers.find(request)?.transpose()
}

/// The answers to the requests of a batch: those given before, and those it adds.
#[derive(Debug, Default)]
pub(super) struct Answers {
    known: BTreeMap<Scope, StoredAnswer>,
    added: Vec<Scope>,
}

impl Answers {
    /// What was answered before. Ask under the locks of what the requests change.
    pub async fn given(tx: &mut ScopedTx, requests: &[&Request]) -> Result<Self, pg::Error> {
        let scopes: Vec<Scope> = requests.iter().map(|request| request.scope()).collect();
        let known = answers::find(tx, &scopes).await?.into_iter().collect();
        Ok(Self { known, added: Vec::new() })
    }

    /// The answer given before, in another transaction or to an equal request of this batch.
    pub fn find(&self, request: &Request) -> Result<Option<Result<Answer, Denied>>, pg::Error> {
        let Some(stored) = self.known.get(&request.scope()) else { return Ok(None) };
        if stored.request_sha256 != request.request_sha256 {
            return Ok(Some(Err(Denied::KeyReused)));
        }
        let version =
            u64::try_from(stored.version).map_err(|_| pg::Error::impossible_row("answers.version"))?;
        Ok(Some(Ok(Answer { version, body: stored.body.clone() })))
    }

    /// An answer to be kept.
    pub fn add(&mut self, request: &Request, version: u64, body: Vec<u8>) -> Answer {
        let request_sha256 = request.request_sha256.to_vec();
        let stored = StoredAnswer { request_sha256, version: version as i64, body: body.clone() };
        self.known.insert(request.scope(), stored);
        self.added.push(request.scope());
        Answer { version, body }
    }

    /// Keeps what was added.
    pub async fn keep(&self, tx: &mut ScopedTx, now: Timestamp) -> Result<(), pg::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        let added: Vec<_> = self.added.iter().map(|scope| (scope, &self.known[scope])).collect();
        answers::keep(tx, &added, now).await
    }
}
