//! Reading a rota: what the newest documents of its tenant say, in one transaction.

use bootstrap::House;
use contract::document::duty::{Post, Rota};
use contract::document::{Document, DocumentBody, Part};
use ids::TenantId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use pg::{ScopedTx, TenantScope};

use crate::core::Roster;
use crate::store;

/// A rota with all that it is read by.
#[derive(Debug)]
pub(crate) struct Duty {
    pub key: String,
    pub rota: Rota,
    pub post: Post,
    pub zone: TimeZone,
    pub generation: i64,
    /// When that generation was applied.
    pub applied_at: Timestamp,
}

/// The rota, and the time it was read at.
#[derive(Debug)]
pub(crate) struct Known {
    pub duty: Duty,
    pub now: Timestamp,
}

impl Duty {
    /// `None` for a rota that is not there. `district` is the tenant's, or the tenant itself.
    pub(crate) async fn read(
        house: &House<()>,
        tenant: TenantId,
        district: TenantId,
        key: String,
    ) -> Result<Option<Known>, pg::Error> {
        let mut tx = house.pool.begin(TenantScope::of_principal([tenant]).with_district([district])).await?;
        let now = house.clock.now(&mut tx).await?;
        let found = found(&mut tx, tenant, district, key).await?;
        tx.commit().await?;
        Ok(found.map(|duty| Known { duty, now }))
    }

    /// Its turns.
    pub(crate) fn roster(&self) -> Result<Roster<'_>, pg::Error> {
        let broken = || pg::Error::broken("reading a rota", "it was applied and cannot be read");
        Roster::read(&self.rota, &self.post, self.zone.clone()).ok_or_else(broken)
    }
}

async fn found(
    tx: &mut ScopedTx,
    tenant: TenantId,
    district: TenantId,
    key: String,
) -> Result<Option<Duty>, pg::Error> {
    let Some(stored) = store::documents::one(tx, tenant, Part::People).await? else { return Ok(None) };
    let DocumentBody::People(mut people) = decoded(&stored.body)?.body else { return Ok(None) };
    let Some(rota) = people.rotas.remove(&key) else { return Ok(None) };
    let Some(post) = people.posts.remove(&rota.post) else { return Ok(None) };
    let Some(core) = store::documents::one(tx, district, Part::Core).await? else { return Ok(None) };
    let DocumentBody::District(core) = decoded(&core.body)?.body else { return Ok(None) };
    let zone =
        TimeZone::get(&core.time_zone).map_err(|error| pg::Error::broken("reading a time zone", error))?;
    let newest = store::manifests::history(tx, tenant, i64::MAX, 1).await?;
    let applied_at = newest.first().map_or(Timestamp::UNIX_EPOCH, |entry| entry.at.to_jiff());
    Ok(Some(Duty { key, rota, post, zone, generation: stored.generation, applied_at }))
}

fn decoded(bytes: &[u8]) -> Result<Document, pg::Error> {
    Document::decode(bytes).map_err(|error| pg::Error::broken("a document of ours does not read back", error))
}
