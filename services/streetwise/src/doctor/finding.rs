//! One thing looked at: what was found, and what to do next where it is not well.

use serde::Serialize;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Well,
    /// Somebody should look; nothing is promised that does not hold.
    Warning,
    /// Something promised does not hold.
    Failed,
    /// Not looked at, and why.
    Skipped,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name for programs.
    pub check: &'static str,
    /// For people.
    pub title: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub found: String,
    /// What to do next; empty where it is well.
    pub next: &'static str,
}

impl Finding {
    /// As it should be.
    pub fn well(check: &'static str, title: &'static str, found: impl Into<String>) -> Self {
        Self { check, title, state: State::Well, found: found.into(), next: "" }
    }

    /// The same, unless it is not.
    pub fn unless(self, not_well: bool, state: State, next: &'static str) -> Self {
        if not_well { Self { state, next, ..self } } else { self }
    }

    /// A list of what is wrong, of which the first few are told; nothing wrong is well.
    pub fn of_faults(
        check: &'static str,
        title: &'static str,
        faults: &[String],
        well: String,
        next: &'static str,
    ) -> Self {
        const TOLD: usize = 8;
        let mut told = faults.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
        if faults.len() > TOLD {
            told.push_str(&format!("; … {} more", faults.len() - TOLD));
        }
        let found = if faults.is_empty() { well } else { told };
        Self::well(check, title, found).unless(!faults.is_empty(), State::Failed, next)
    }

    /// It could not be looked at.
    pub fn unreachable(
        check: &'static str,
        title: &'static str,
        why: impl Into<anyhow::Error>,
        next: &'static str,
    ) -> Self {
        let found = format!("{:#}", why.into());
        Self { check, title, state: State::Failed, found, next }
    }
}
