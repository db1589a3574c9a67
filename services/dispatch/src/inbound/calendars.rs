//! A published calendar year: awaiting stages are filled (D31).

use bootstrap::catch_up::CatchUp;
use futures_util::future::{BoxFuture, FutureExt};

use crate::handle::{Room, fill};

/// Fills what the present documents let it fill.
#[derive(Debug)]
pub(crate) struct Publications(pub Room);

impl CatchUp for Publications {
    const TASK: &'static str = "awaiting-calendars";

    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>> {
        fill::all(&self.0).boxed()
    }
}
