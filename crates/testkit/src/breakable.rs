//! A server that a test takes away and gives back: what the durable Postgres, the broker and Redis have in common.

use std::sync::{Mutex, PoisonError};

use crate::guardian::{self, Guarded};

/// A running server, or the place of one that was killed.
pub(crate) struct Breakable {
    name: &'static str,
    server: Mutex<Option<Guarded>>,
}

impl Breakable {
    /// A server that runs; `name` is for failures.
    pub fn new(name: &'static str, server: Guarded) -> Self {
        Self { name, server: Mutex::new(Some(server)) }
    }

    /// `kill -9` of the server and all its children at once, as a power cut; returns when they are gone.
    pub async fn kill(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let family = server.map(Guarded::kill).unwrap_or_default();
        assert!(guardian::gone(&family).await, "a killed {} process is still there", self.name);
    }

    /// Freezes the server and its children: connections stay open and nothing answers.
    pub async fn pause(&self) {
        let family = self.with_server(Guarded::freeze);
        assert!(guardian::stopped(&family).await, "a frozen {} process still runs", self.name);
    }

    /// Ends [`Breakable::pause`].
    pub fn resume(&self) {
        self.with_server(Guarded::thaw);
    }

    /// Asks the server to read its settings again; returns before it has.
    pub fn hang_up(&self) {
        self.with_server(Guarded::hang_up);
    }

    /// Another takes the place of one that was killed.
    pub fn replace(&self, server: Guarded) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    fn with_server<T>(&self, act: impl FnOnce(&Guarded) -> T) -> T {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        act(server.as_ref().expect("a killed server is restarted before it is paused or resumed"))
    }
}
