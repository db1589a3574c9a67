//! A street redrew its territory: its open cases are placed anew.

use std::sync::Arc;

use bootstrap::catch_up::CatchUp;
use futures_util::future::{BoxFuture, FutureExt};

use crate::handle::{Room, rehome};

/// Places by the present documents.
pub(crate) struct Redraws(pub Arc<Room>);

impl CatchUp for Redraws {
    const TASK: &'static str = "redrawn-territories";

    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>> {
        rehome::all(&self.0).boxed()
    }
}
