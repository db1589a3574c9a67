//! `triage.case.routed` and `triage.case.rerouted`: a plan, and one that was drawn anew.
//!
//! The plan carries its policy complete; the one thing taken from the snapshot is the calendar. A plan made with
//! newer documents than ours is not waited for: a year published meanwhile is filled in when it arrives here. Two things
//! are, as long as our documents are older than the plan's: a calendar we have never heard of, and a street's own, whose
//! hours may be what moved.

use std::sync::Arc;

use contract::document::own_calendar;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::ScopedTx;

use crate::core::routed::RoutedCase;
use crate::handle::Room;
use crate::handle::open::{self, Command};

/// Opens routed cases, and follows plans that were drawn anew.
#[derive(Debug, Clone)]
pub(crate) struct RoutedCases(pub Room);

impl Apply for RoutedCases {
    type Item = Command;

    fn decode(&self, received: &Received) -> Result<Command, Refused> {
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

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Command)>,
    ) -> Result<(), ApplyError> {
        let Some((first, _)) = fresh.first() else { return Ok(()) };
        // A consumer reads one lane.
        let consumer = format!("dispatch-triage-{}", first.envelope.lane);
        let commands = fresh.into_iter().map(|(_, command)| command).collect();
        open::open(&self.0, tx, now, commands, &consumer).await
    }
}
