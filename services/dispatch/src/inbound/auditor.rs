//! The auditor (design §6): walks over everything open, a little a second, and rests between two walks.

use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::core::auditor::Suspicions;
use crate::handle::{Room, auditor};
use crate::store::Key;

/// Between two looks of a walk: fifty cases a second are two hundred thousand in an hour, for a few hundredths of a core.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two walks, and before the first: runners that were just started have had their time.
const REST: Duration = Duration::from_secs(120);
/// How long one look may take; a connection that died unheard is not waited on for ever.
const LOOK_WITHIN: Duration = Duration::from_secs(15);

/// The part that looks. Every replica has one: they write nothing, and one that stands still hides nothing.
pub(crate) struct Auditor(pub Room);

impl Auditor {
    async fn walk(self, shutdown: CancellationToken) {
        let (mut after, mut pause): (Option<Key>, _) = (None, REST);
        let mut suspicions = Suspicions::default();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            match pg::within(LOOK_WITHIN, auditor::look(&self.0, after, &mut suspicions)).await {
                Ok(look) => {
                    after = look.last;
                    pause = if after.is_some() { LOOK_EVERY } else { REST };
                    if after.is_none() {
                        suspicions.walked();
                    }
                }
                // By a time in doubt nobody is late.
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the auditor looks again later"
                    );
                    pause = REST;
                }
            }
        }
    }

    async fn once(&self) -> Result<usize, String> {
        let (mut after, mut differences) = (None, Vec::new());
        let mut suspicions = Suspicions::default();
        loop {
            let look = match auditor::look(&self.0, after, &mut suspicions).await {
                Err(error) if error.clock_held().is_some() => return Ok(0),
                look => look.map_err(|error| format!("{error:?}"))?,
            };
            differences.extend(look.differences);
            after = look.last;
            if after.is_none() {
                break;
            }
        }
        match &differences[..] {
            [] => Ok(0),
            some => Err(format!("the auditor finds what nobody meant: {some:?}")),
        }
    }
}

impl Part for Auditor {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.walk(shutdown))
    }

    /// A whole walk. Every test of this service that drains is held against the journal so.
    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(self.once())
    }
}
