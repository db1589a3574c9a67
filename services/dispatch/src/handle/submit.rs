//! Leaving a command with the [`writer`], which has everything that came during one commit decided in the next (ADR 018,
//! ADR 052).

use std::sync::Arc;

use writer::{Keep, Line};

use super::answer::Answer;
use super::command::Command;
use super::{Denied, Room, commands};

/// The writer of commands.
pub(crate) type Writer = writer::Writer<Arc<Command>, Result<Answer, Denied>>;

/// Most commands that wait, about a second's work: what waited longer would be decided for callers that were told 503.
pub(crate) const WAITING_MAX: usize = 1_024;

impl Keep for Room {
    const KIND: &'static str = "commands";
    /// Each loads a case with its orders, some 10 KiB.
    const BATCH_MAX: usize = 128;
    type Request = Arc<Command>;
    type Answer = Result<Answer, Denied>;

    async fn keep(&self, batch: &[&Arc<Command>]) -> Result<Vec<Self::Answer>, pg::Error> {
        let commands: Vec<&Command> = batch.iter().map(|command| &***command).collect();
        commands::all(self, &commands).await
    }

    fn began(&self, requests: usize) {
        self.metrics.batch(requests);
    }

    fn turned_away(&self, _why: writer::Unkept) {
        self.metrics.turned_away();
    }
}

impl Room {
    /// Has one command decided, together with whatever else comes at the time. One whose case somebody else holds waits
    /// for it in a transaction of its own: a batch never waits for a case, so nobody waits for another's.
    pub async fn submit(&self, command: Command) -> Result<Answer, Denied> {
        let line = Line { street: command.request.tenant, urgent: false };
        let command = Arc::new(command);
        match self.writer.submit(self, line, command.clone()).await.map_err(Denied::Unkept)? {
            Err(Denied::Held) => commands::alone(self, &command).await,
            decided => decided,
        }
    }
}
