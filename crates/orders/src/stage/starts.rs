//! Starting stages on one calendar. Orders that go out together under one policy have the same due times: each is
//! counted once.

use jiff::Timestamp;
use sla::{Calendar, SlaError};

use super::{StageDue, StagePlan, StageState};

/// Remembered due times; beyond that each is counted again. Looked through one by one, so it stays small.
const KNOWN_MAX: usize = 64;

/// A calendar, and what was counted on it so far.
#[derive(Debug)]
pub struct Starts<'a> {
    calendar: &'a Calendar,
    known: Vec<(StagePlan, Timestamp, StageDue)>,
}

impl<'a> Starts<'a> {
    /// Nothing counted yet.
    pub fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, known: Vec::new() }
    }

    /// Starts a stage. Refused only when the limit leaves the range of time.
    pub(crate) fn start(&mut self, plan: StagePlan, at: Timestamp) -> Result<StageState, SlaError> {
        let found = self.known.iter().find(|(known, from, _)| *from == at && *known == plan);
        let due = match found {
            Some((_, _, due)) => due.clone(),
            None => {
                let due = StageDue::compute(&plan, self.calendar, at)?;
                if self.known.len() < KNOWN_MAX {
                    self.known.push((plan.clone(), at, due.clone()));
                }
                due
            }
        };
        Ok(StageState::open_with(plan, at, due))
    }
}
