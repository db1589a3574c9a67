//! Leaving a command with the [`writer`], which has everything that came during one commit decided in the next (ADR 018,
//! ADR 052).

use writer::{Keep, Line};

use super::answer::Answer;
use super::command::Command;
use super::{Denied, Room, commands};

/// The writer of commands.
pub(crate) type Writer = writer::Writer<Command, Result<Answer, Denied>>;

/// Most commands that wait; what comes then is told to come again.
pub(crate) const WAITING_MAX: usize = 4_096;

impl Keep for Room {
    const KIND: &'static str = "commands";
    /// Each loads a case with its orders, some 10 KiB.
    const BATCH_MAX: usize = 128;
    type Request = Command;
    type Answer = Result<Answer, Denied>;

    async fn keep(&self, batch: &[&Command]) -> Result<Vec<Self::Answer>, pg::Error> {
        commands::all(self, batch).await
    }

    fn began(&self, requests: usize) {
        self.metrics.batch(requests);
    }

    fn turned_away(&self, _why: writer::Unkept) {
        self.metrics.turned_away();
    }
}

impl Room {
    /// Has one command decided, together with whatever else comes at the time.
    pub async fn submit(&self, command: Command) -> Result<Answer, Denied> {
        let line = Line { street: command.request.tenant, urgent: false };
        self.writer.submit(self, line, command).await.map_err(Denied::Unkept)?
    }
}
