//! How a stop-watch stands in JSON, and what is refused when it is read.

use serde::{Deserialize, Serialize};

use super::act::check_grants;
use super::kept::KeptDay;
use super::{DaysOver, Extension, MARKS_MAX, Mark, StopWatch, WatchRefusal, WatchState};
use crate::{CalendarRef, ClockKind, Limit};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    limit: Limit,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<Extension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calendar: Option<CalendarRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days_over: Option<DaysOver>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<KeptDay>,
    marks: Vec<Mark>,
}

impl TryFrom<Written> for StopWatch {
    type Error = WatchRefusal;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { limit, extensions, calendar, days_over, kept, marks } = written;
        check_grants(limit, &extensions)?;
        // Settling splits stretches, so a few more than were ever marked.
        if marks.len() > 2 * MARKS_MAX || extensions.len() > MARKS_MAX {
            return Err(WatchRefusal::TooMany);
        }
        if calendar.is_some() != (limit.clock() == ClockKind::Work) {
            return Err(WatchRefusal::Calendar);
        }
        if marks.first().is_none_or(|first| first.state != WatchState::Running) {
            return Err(WatchRefusal::NeverStarted);
        }
        if marks.windows(2).any(|pair| pair[1].at < pair[0].at) {
            return Err(WatchRefusal::Backwards);
        }
        if kept.as_ref().is_some_and(|kept| !kept.sound()) {
            return Err(WatchRefusal::Backwards);
        }
        Ok(Self { limit, extensions, calendar, days_over, kept, marks })
    }
}

impl From<StopWatch> for Written {
    fn from(StopWatch { limit, extensions, calendar, days_over, kept, marks }: StopWatch) -> Self {
        Self { limit, extensions, calendar, days_over, kept, marks }
    }
}
