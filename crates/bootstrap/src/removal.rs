//! A removed tenant (注销) leaves this service: rows in bounded batches, what the service keeps beside them, messages
//! that are still on their way. The same in every service.
//!
//! What is to be done stands in rows of `removals`, so a process that dies in the middle is followed by any replica, and
//! doing it twice is harmless. Nothing here says when a tenant is removed: its tombstone does, by the directory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use access::{Action, Resource};
use axum::extract::State;
use axum::{Json, Router};
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use messaging::{Removals, Standing};
use pg::Pool;
use serde::Serialize;
use snapshot::Snapshot;
use snapshot::removal::{self, Open, Removal};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::door::accept::json_only;
use crate::door::{Path, Problem};
use crate::house::House;
use crate::identity::{Bearer, Identity};
use crate::part::Part;

/// Rows of one transaction: a fraction of a second's work, so that the neighbours notice nothing.
const ROWS_MAX: i32 = 2_000;
/// How soon new documents are noticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a removal that is not done is looked at.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often one that is done, for what was under way when its tombstone came.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How often whatever was missed.
const IDLE_EVERY: Duration = Duration::from_secs(60);
/// What is said within this time of the tombstone may be of the removed tenant: by who had not heard of it yet.
const LATE: SignedDuration = SignedDuration::from_secs(10);

/// What a service keeps of a tenant beside its rows: keys in memory, counts in Redis.
pub trait Forget: Send + Sync + 'static {
    /// Forgets it. Called by every replica and more than once.
    fn forget(&self, tenant: TenantId)
    -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>>;
}

/// The moving part.
pub(crate) struct Removing {
    pub pool: Pool,
    /// Revision of the documents in memory.
    pub revision: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Who was ever removed, with the generation; also who was onboarded again since.
    pub removed: Box<dyn Fn() -> BTreeMap<TenantId, u64> + Send + Sync>,
    pub forgets: Vec<Box<dyn Forget>>,
    /// What this process has forgotten already.
    pub forgotten: Mutex<BTreeMap<TenantId, u64>>,
}

impl Removing {
    /// One look at all removals; returns how many rows went, and when to look again at the latest. One that fails holds
    /// up no other.
    async fn look(&self) -> Result<(usize, Duration), pg::Error> {
        let (mut gone, mut again, mut failed) = (0, IDLE_EVERY, None);
        self.forget_news().await;
        for open in removal::open(&self.pool).await? {
            again = again.min(if open.done { SWEEP_EVERY } else { AGAIN_AFTER });
            match self.empty(open).await {
                Ok(rows) => gone += rows,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok((gone, again)), Err)
    }

    /// Forgets whom this process has not forgotten yet. A process that was held up finds the street gone and its code in
    /// use again, and must not go on with the keys of before.
    async fn forget_news(&self) {
        let mut forgotten = self.forgotten.lock().await;
        for (tenant, generation) in (self.removed)() {
            if forgotten.get(&tenant) != Some(&generation) && self.forget(tenant).await {
                forgotten.insert(tenant, generation);
            }
        }
    }

    /// Whether all of it is forgotten.
    async fn forget(&self, tenant: TenantId) -> bool {
        for forget in &self.forgets {
            if let Err(error) = forget.forget(tenant).await {
                tracing::warn!(%tenant, error = &*error as &dyn std::error::Error, "a removed tenant is forgotten later");
                return false;
            }
        }
        true
    }

    /// Rows first, and of those the data keys: while Redis is away the contacts are unreadable all the same.
    async fn empty(&self, Open { tenant, done }: Open) -> Result<usize, pg::Error> {
        let mut gone = 0;
        loop {
            match removal::remove_rows(&self.pool, tenant, ROWS_MAX).await? {
                None => return Ok(gone),
                Some(0) => break,
                Some(rows) => gone += rows as usize,
            }
        }
        if !self.forget(tenant).await {
            return Ok(gone);
        }
        if !done && removal::end(&self.pool, tenant).await? {
            tracing::info!(%tenant, "nothing is left of a removed tenant");
        }
        Ok(gone)
    }

    async fn watch(self, shutdown: CancellationToken) {
        let (mut seen, mut next) = (None, Instant::now());
        while !shutdown.is_cancelled() {
            let revision = (self.revision)();
            if seen != Some(revision) || Instant::now() >= next {
                match self.look().await {
                    Ok((_, again)) => (seen, next) = (Some(revision), Instant::now() + again),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "what is left of removed tenants goes later");
                        next = Instant::now() + AGAIN_AFTER;
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }
}

impl Part for Removing {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        self.watch(shutdown).boxed()
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        async { self.look().await.map(|(gone, _)| gone).map_err(|error| format!("{error:?}")) }.boxed()
    }
}

/// Who is removed, by the documents in memory.
pub(crate) struct ByView<S> {
    pub snapshot: Snapshot<S>,
    pub pool: Pool,
}

impl<S: Send + Sync + 'static> Removals for ByView<S> {
    fn standing(&self, tenant: TenantId, said_at: Option<Timestamp>) -> Standing {
        let Some(removed) = self.snapshot.view().removed(tenant) else { return Standing::Present };
        match said_at {
            Some(said_at) if said_at > removed.begun_at + LATE => Standing::NotYet,
            _ => Standing::Removed,
        }
    }

    fn dropped(&self, tenant: TenantId, messages: usize) -> BoxFuture<'_, Result<(), pg::Error>> {
        removal::dropped(&self.pool, tenant, messages).boxed()
    }
}

type District = dyn Fn(&Identity, TenantId, Option<&Removal>) -> Result<bool, Problem> + Send + Sync;

struct Desk {
    pool: Pool,
    /// Whether the tenant is here, for a caller who may ask.
    present: Box<District>,
}

/// The route `/{service}/v1/removals/{code}` and its description.
pub(crate) fn routes<S: Send + Sync + 'static>(service: &'static str, house: &House<S>) -> (Router, OpenApi) {
    let snapshot = house.snapshot.clone();
    let present = Box::new(move |who: &Identity, tenant: TenantId, removal: Option<&Removal>| {
        let view = snapshot.view();
        let here = view.district_of(tenant);
        let district = here.or(removal.map(|removal| removal.district)).ok_or_else(Problem::not_found)?;
        let principal = view.membership().principal(&who.subject);
        principal.may(Action::RemovalRead, &Resource::of(tenant, district))?;
        Ok(here.is_some())
    });
    let desk = Desk { pool: house.pool.clone(), present };
    let doors = OpenApiRouter::new().routes(routes!(removal_of));
    let under = OpenApiRouter::new().nest(&format!("/{service}"), doors);
    let (routes, openapi) = under.with_state(Arc::new(desk)).split_for_parts();
    (json_only(routes), openapi)
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RemovalState {
    /// 在册：未注销，或注销后重新登记
    Present,
    /// 注销中
    Removing,
    /// 已注销：本服务不再有其数据
    Removed,
}

/// What one service says about the removal of a street; of one that was never removed only that it is present.
#[derive(Debug, Serialize, ToSchema)]
struct RemovalView {
    /// The street's code.
    tenant: String,
    /// How far it is.
    state: RemovalState,
    /// Of the newest tombstone; 0 where there was none.
    generation: u64,
    /// When this service heard of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    begun_at: Option<Timestamp>,
    /// When its data key was destroyed; absent where there was none.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_destroyed_at: Option<Timestamp>,
    /// Rows removed so far.
    rows_removed: u64,
    /// Deliveries of its messages dropped so far.
    messages_dropped: u64,
    /// When nothing was left; absent while at work.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<Timestamp>,
}

impl RemovalView {
    fn of(tenant: TenantId, present: bool, removal: Option<Removal>) -> Self {
        let done_at = removal.as_ref().and_then(|removal| removal.done_at);
        Self {
            tenant: tenant.to_string(),
            state: match (present, done_at) {
                (true, _) => RemovalState::Present,
                (false, None) => RemovalState::Removing,
                (false, Some(_)) => RemovalState::Removed,
            },
            generation: removal.as_ref().map_or(0, |removal| removal.generation),
            begun_at: removal.as_ref().map(|removal| removal.begun_at),
            key_destroyed_at: removal.as_ref().and_then(|removal| removal.key_destroyed_at),
            rows_removed: removal.as_ref().map_or(0, |removal| removal.rows_removed),
            messages_dropped: removal.as_ref().map_or(0, |removal| removal.messages_dropped),
            done_at,
        }
    }
}

/// How far this service is with removing a street (注销进度); counts and times only.
#[utoipa::path(get, path = "/v1/removals/{code}", tag = "removals",
    params(("code" = String, Path, description = "12 位代码 / 12 digits")),
    responses((status = 200, body = RemovalView), Problem))]
async fn removal_of(
    State(desk): State<Arc<Desk>>,
    Bearer(who): Bearer,
    Path(tenant): Path<TenantId>,
) -> Result<Json<RemovalView>, Problem> {
    let removal = removal::of(&desk.pool, tenant).await?;
    let present = (desk.present)(&who, tenant, removal.as_ref())?;
    Ok(Json(RemovalView::of(tenant, present, removal)))
}
