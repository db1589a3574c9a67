//! The answer to a command that was not refused, and what is wrong with a history that does not fold.

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<State, Event> {
    /// Nothing: it was done before, or there was nothing to do. Answer with the state as loaded.
    Unchanged,
    /// These events, one version each, and the state after the last. Store all or nothing.
    Changed {
        /// The fold of the state before and the events.
        state: State,
        /// At least one.
        events: Vec<Event>,
    },
}

impl<State, Event> Decision<State, Event> {
    pub(crate) fn of(state: State, events: Vec<Event>) -> Self {
        if events.is_empty() { Self::Unchanged } else { Self::Changed { state, events } }
    }

    /// The state after, given the one before, and the events: for callers that treat both alike.
    pub fn or_unchanged(self, before: State) -> (State, Vec<Event>) {
        match self {
            Self::Unchanged => (before, Vec::new()),
            Self::Changed { state, events } => (state, events),
        }
    }
}

/// A list of events that is nobody's history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHistory {
    /// The first event issues the order or opens the case, and only the first.
    #[error("a history begins with exactly one first event")]
    Beginning,
    /// A gap or a repetition.
    #[error("expected version {expected}, found {found}")]
    Version {
        /// The next version.
        expected: u64,
        /// The event's version.
        found: u64,
    },
}
