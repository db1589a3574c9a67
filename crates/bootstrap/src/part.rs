//! The moving parts of a service: relay, consumers, runners. In a process they run; in a test they are drained
//! until empty.

use futures_util::future::BoxFuture;
use messaging::{Apply, Consumer, Relay};
use tokio_util::sync::CancellationToken;
use wakeups::{Fire, Runner};

/// Something that takes work by itself.
pub trait Part: Send + Sync {
    /// Runs until shutdown.
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()>;

    /// Does all that is there now; returns how much that was.
    fn drain(&self) -> BoxFuture<'_, Result<usize, String>>;
}

impl<A: Apply> Part for Consumer<A> {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin((*self).run(shutdown))
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { Consumer::drain(self).await.map_err(|error| error.to_string()) })
    }
}

impl<F: Fire> Part for Runner<F> {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin((*self).run(shutdown))
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { Runner::drain(self).await.map_err(|error| format!("{error:?}")) })
    }
}

impl Part for Relay {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin((*self).run(shutdown))
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { Relay::drain(self).await.map_err(|error| format!("{error:?}")) })
    }
}
