//! The responsibility list (责任清单) over time: what a line of it says on a day.
//!
//! A line changes from a day on; earlier days keep what they had, so a case is planned by the list of its own day. Pure.

use ids::BodyKey;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::check::{Faults, Problem};
use super::core::Body;
use super::item::Item;

/// What a line says from a day on; absent fields stay as they were written without a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyChange {
    /// The first day.
    pub from: Date,
    /// Who leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<BodyKey>,
    /// Who assists; an empty list means nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assists: Option<Vec<BodyKey>>,
    /// Key of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The change that counts on a day: the latest that has begun. Without a day none does.
pub(super) fn in_force(changes: &[DutyChange], on: Option<Date>) -> Option<&DutyChange> {
    let on = on?;
    changes.iter().rev().find(|change| change.from <= on)
}

/// Who leads, who assists and under which policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duty<'a> {
    pub lead: &'a BodyKey,
    pub assists: &'a [BodyKey],
    pub policy: Option<&'a String>,
}

impl<'a> Duty<'a> {
    /// As the list says it without a day.
    pub(super) fn of(item: &'a Item) -> Self {
        Self { lead: &item.lead, assists: &item.assists, policy: item.policy.as_ref() }
    }

    /// With some of it replaced.
    pub(super) fn with(
        self,
        lead: Option<&'a BodyKey>,
        assists: Option<&'a Vec<BodyKey>>,
        policy: Option<&'a String>,
    ) -> Self {
        Self {
            lead: lead.unwrap_or(self.lead),
            assists: assists.map_or(self.assists, Vec::as_slice),
            policy: policy.or(self.policy),
        }
    }

    /// As it stands after a change.
    pub(super) fn changed(self, change: Option<&'a DutyChange>) -> Self {
        match change {
            Some(change) => self.with(change.lead.as_ref(), change.assists.as_ref(), change.policy.as_ref()),
            None => self,
        }
    }
}

/// What is wrong with the changes of a line at `path`: the order of their days, and a lead that cannot be.
pub(super) fn check<'b>(
    faults: &mut Faults,
    path: &str,
    item: &Item,
    changes: &[DutyChange],
    body: impl Fn(&BodyKey) -> Option<&'b Body>,
) {
    let sorted = changes.is_sorted_by(|a, b| a.from < b.from);
    faults.unless(sorted, format!("{path}.changes"), || Problem::DaysOutOfOrder);
    for (position, change) in changes.iter().enumerate() {
        let Some(lead) = &change.lead else { continue };
        let path = format!("{path}.changes.{position}.lead");
        match body(lead) {
            None => faults.add(path, Problem::UnknownBody(lead.clone())),
            Some(found) => {
                faults.unless(found.can_lead, &path, || Problem::CannotLead(lead.clone()));
                faults.unless(found.level == item.level, &path, || Problem::LevelDiffers);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_change_that_has_begun_counts() {
        let change =
            |from: &str| DutyChange { from: from.parse().unwrap(), lead: None, assists: None, policy: None };
        let changes = [change("2026-03-01"), change("2026-09-01")];
        let on = |day: &str| in_force(&changes, day.parse().ok()).map(|change| change.from.to_string());
        for (day, expected) in [
            ("2026-02-28", None),
            ("2026-03-01", Some("2026-03-01")),
            ("2026-08-31", Some("2026-03-01")),
            ("2026-09-01", Some("2026-09-01")),
        ] {
            assert_eq!(on(day).as_deref(), expected, "{day}");
        }
        assert_eq!(in_force(&changes, None), None);
    }
}
