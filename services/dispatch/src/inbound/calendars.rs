//! Published calendars: each is archived, and stages that awaited a year of it are filled (D31). Clocks that run stay as they
//! are until somebody has looked at what would move ([`crate::handle::replan`]).

use bootstrap::catch_up::CatchUp;
use futures_util::future::{BoxFuture, FutureExt};

use crate::handle::{Room, calendars, fill};

/// Archives what the present documents publish, and fills what they let it fill.
#[derive(Debug)]
pub(crate) struct Publications(pub Room);

impl CatchUp for Publications {
    const TASK: &'static str = "awaiting-calendars";

    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>> {
        async { Ok(calendars::archive(&self.0).await? + fill::all(&self.0).await?) }.boxed()
    }
}
