//! What a service is given to work with, and who may come in.

use std::sync::Arc;

use access::{Action, BodyScope, Denied, Principal, Resource};
use ids::{BodyRef, TenantId};
use messaging::Outbox;
use pg::{GuardedClock, Minter, Pool, TenantScope};
use snapshot::Snapshot;

use crate::config::Env;
use crate::door::Problem;
use crate::identity::Identity;

/// The tools of one service. Cloning shares them.
#[derive(Debug)]
pub struct House<S> {
    /// Transactions of role `<service>`.
    pub pool: Pool,
    /// The way out.
    pub outbox: Outbox,
    /// The database's time; "not available" while it is in doubt (D29).
    pub clock: Arc<GuardedClock>,
    /// Ids.
    pub minter: Minter,
    /// Tenant documents, compiled.
    pub snapshot: Snapshot<S>,
    /// Core NATS, for live hints only.
    pub nats: async_nats::Client,
    /// The environment, for the service's own knobs.
    pub env: Arc<Env>,
    /// `STREETWISE_ENVIRONMENT` is `development`.
    pub development: bool,
    /// Makes the service's instruments.
    pub metrics: telemetry::Metrics,
}

impl<S> Clone for House<S> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            outbox: self.outbox.clone(),
            clock: self.clock.clone(),
            minter: self.minter.clone(),
            snapshot: self.snapshot.clone(),
            nats: self.nats.clone(),
            env: self.env.clone(),
            development: self.development,
            metrics: self.metrics.clone(),
        }
    }
}

/// A caller that may do what it asked for.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Who, with its grants.
    pub principal: Principal,
    /// The tenant in the path.
    pub tenant: TenantId,
    /// Its district (itself for a district).
    pub district: TenantId,
    /// Which rows of the tenant (D8): every query of a door takes it.
    pub bodies: BodyScope,
}

impl Admitted {
    /// The transaction scope of a write or a read of this one tenant.
    pub fn scope(&self) -> TenantScope {
        TenantScope::of_principal([self.tenant])
    }
}

impl<S> House<S> {
    /// What this process's runners of wake-ups share.
    pub fn wakeups(&self) -> wakeups::Base {
        let (pool, clock) = (self.pool.clone(), self.clock.clone());
        wakeups::Base { pool, clock, metrics: self.metrics.clone() }
    }
}

impl<S: Send + Sync + 'static> House<S> {
    /// May the caller do this in the tenant of the path? A tenant that is unknown and one the caller has nothing
    /// to do with look the same: 404. A known one without the right role: 403.
    pub fn admit(&self, who: &Identity, action: Action, tenant: TenantId) -> Result<Admitted, Problem> {
        self.admit_to(who, action, tenant, None)
    }

    /// The same for a row held by a body.
    pub fn admit_to(
        &self,
        who: &Identity,
        action: Action,
        tenant: TenantId,
        body: Option<BodyRef>,
    ) -> Result<Admitted, Problem> {
        let view = self.snapshot.view();
        let district = view
            .district_of(tenant)
            .or_else(|| view.district(tenant).map(|_| tenant))
            .ok_or_else(Problem::not_found)?;
        let principal = view.membership().principal(&who.subject);
        let resource = Resource { tenant, district, body };
        match principal.may(action, &resource) {
            Ok(bodies) => Ok(Admitted { principal, tenant, district, bodies }),
            Err(Denied::NotFound) => Err(Problem::not_found()),
            Err(Denied::Forbidden) => Err(Problem::forbidden()),
        }
    }

    /// After a commit: the relay looks. Runners learn from the transaction itself what it armed.
    pub fn committed(&self) {
        self.outbox.wake();
    }
}

/// What the door answers when the database failed: nothing of the cause.
pub fn database_problem(error: &pg::Error) -> Problem {
    match error.kind() {
        pg::Kind::Unavailable | pg::Kind::RanIntoAnother => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "request refused: database is not available"
            );
            Problem::unavailable(2)
        }
        pg::Kind::Data | pg::Kind::Broken => {
            tracing::error!(error = error as &dyn std::error::Error, "request failed");
            Problem::internal()
        }
    }
}

impl From<pg::Error> for Problem {
    fn from(error: pg::Error) -> Self {
        database_problem(&error)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        database_problem(&error.into())
    }
}
