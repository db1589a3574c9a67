//! `triage.case.routed`; `triage.case.rerouted`, a plan that was drawn anew; and `triage.case.merged` of what bodies have.
//!
//! The plan carries its policy complete; the one thing taken from the snapshot is the calendar. A plan made with
//! newer documents than ours is not waited for: a year published meanwhile is filled in when it arrives here. Two things
//! are, as long as our documents are older than the plan's: a calendar we have never heard of, and a street's own, whose
//! hours may be what moved.

use std::sync::Arc;

use contract::EventType;
use contract::document::own_calendar;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::ScopedTx;

use crate::core::merged::MergedCase;
use crate::core::routed::RoutedCase;
use crate::handle::open::{self, Command};
use crate::handle::{Room, hold, merge};

/// What triage says that is heard here.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// A case to open, or a plan to follow.
    Routed(Command),
    /// A case to call off: its voices are another one's.
    Merged(MergedCase),
}

/// Opens routed cases, follows plans that were drawn anew, and calls off cases that were merged.
#[derive(Debug, Clone)]
pub(crate) struct RoutedCases(pub Room);

impl RoutedCases {
    fn routed(&self, received: &Received) -> Result<Command, Refused> {
        let routed = RoutedCase::read(&received.envelope, &received.payload);
        let routed = routed.map_err(|fault| Refused::Poison(fault.to_string()))?;
        let view = self.0.house.snapshot.view();
        let street =
            view.street(routed.tenant).ok_or(Refused::NotYet("the street's documents are not here"))?;
        let own = own_calendar::id_of(routed.tenant) == routed.facts.calendar;
        if own && street.generation < routed.street_generation {
            return Err(Refused::NotYet("the street's own calendar is not here"));
        }
        match street.of.calendar(&routed.facts.calendar) {
            Some(calendar) => {
                let of_bodies = street.of.of_bodies().clone();
                Ok(Command { routed: Arc::new(routed), calendar, of_bodies })
            }
            None if street.pack_generation < routed.pack_generation => {
                Err(Refused::NotYet("the plan's calendar is not here"))
            }
            None => Err(Refused::Poison("the plan's calendar is unknown".to_owned())),
        }
    }
}

impl Apply for RoutedCases {
    type Item = Said;

    fn decode(&self, received: &Received) -> Result<Said, Refused> {
        if received.envelope.event_type != EventType::CaseMerged {
            return self.routed(received).map(Said::Routed);
        }
        let merged = MergedCase::read(&received.envelope, &received.payload);
        merged.map(Said::Merged).map_err(|fault| Refused::Poison(fault.to_string()))
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Said)>,
    ) -> Result<(), ApplyError> {
        let Some((first, _)) = fresh.first() else { return Ok(()) };
        // A consumer reads one lane.
        let consumer = format!("dispatch-triage-{}", first.envelope.lane);
        let (mut routed, mut merged) = (Vec::new(), Vec::new());
        for (_, said) in fresh {
            match said {
                Said::Routed(command) => routed.push(command),
                Said::Merged(case) => merged.push(case),
            }
        }
        hold::known(tx, &routed, &merged).await?;
        // A case is routed before it is merged, in one batch too.
        if !routed.is_empty() {
            open::open(&self.0, tx, now, routed, &consumer).await?;
        }
        merge::merge(&self.0, tx, now, merged, &consumer).await
    }
}
