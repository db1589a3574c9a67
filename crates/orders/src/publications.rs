//! The publications of one calendar that the clocks of a case know.
//!
//! A clock counts on the publication it started on until somebody has it go over to a newer one. So whoever touches a clock
//! needs both: the past is counted on the old one, what follows on the one in force.

use std::sync::Arc;

use sla::{Calendar, CalendarRef};

/// The publication in force, and those that clocks may still run on.
#[derive(Debug, Clone, Copy)]
pub struct Publications<'a> {
    present: &'a Calendar,
    earlier: &'a [Arc<Calendar>],
}

impl<'a> Publications<'a> {
    /// `earlier` in any order; those of other calendars are passed over.
    pub const fn new(present: &'a Calendar, earlier: &'a [Arc<Calendar>]) -> Self {
        Self { present, earlier }
    }

    /// The one in force.
    pub const fn present(&self) -> &'a Calendar {
        self.present
    }

    /// The one that a clock counts on, or the oldest after it that is at hand: what was published before anybody kept
    /// publications is not. Around the clock none is needed.
    pub(crate) fn of(&self, reference: Option<&CalendarRef>) -> &'a Calendar {
        let Some(reference) = reference else { return self.present };
        let earlier = self.earlier.iter().map(|calendar| &**calendar);
        let all = earlier.chain([self.present]).filter(|calendar| {
            let other = calendar.reference();
            other.id == reference.id && other.version >= reference.version
        });
        all.min_by_key(|calendar| calendar.reference().version).unwrap_or(self.present)
    }

    /// The one to count on from now on, for a clock that is on `old`. Versions only rise: a caller whose documents are behind
    /// takes no clock back.
    pub(crate) fn after(&self, old: &'a Calendar) -> &'a Calendar {
        if old.reference().version > self.present.reference().version { old } else { self.present }
    }
}

/// Nothing was published before.
impl<'a> From<&'a Calendar> for Publications<'a> {
    fn from(present: &'a Calendar) -> Self {
        Self { present, earlier: &[] }
    }
}
