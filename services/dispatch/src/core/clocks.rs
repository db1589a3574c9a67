//! The calendars that the clocks of one case count on: the case's own, and those of bodies that keep hours of their own.
//!
//! An order counts on the calendar of its body from the start and stays on it, whatever the documents say later: which one it
//! is stands in its stages. A limit that counts around the clock needs none.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::BodyRef;
use orders::{Order, Publications, StageState, Starts};
use sla::{Calendar, CalendarRef};

/// A calendar's publication in force, and the earlier ones that clocks still run on.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub present: Arc<Calendar>,
    pub earlier: Vec<Arc<Calendar>>,
}

impl Published {
    fn publications(&self) -> Publications<'_> {
        Publications::new(&self.present, &self.earlier)
    }
}

/// Those of one case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks<'a> {
    case: &'a Published,
    by_id: &'a BTreeMap<String, Published>,
    of_bodies: &'a BTreeMap<BodyRef, Arc<Calendar>>,
}

impl<'a> Clocks<'a> {
    /// Nothing where the case's own is not among them.
    pub fn new(
        case: &str,
        by_id: &'a BTreeMap<String, Published>,
        of_bodies: &'a BTreeMap<BodyRef, Arc<Calendar>>,
    ) -> Option<Self> {
        Some(Self { case: by_id.get(case)?, by_id, of_bodies })
    }

    /// What verification and rulings count on.
    pub fn of_case(&self) -> Publications<'a> {
        self.case.publications()
    }

    /// The one of this id, if a clock of the case may count on it.
    pub fn of_id(&self, id: &str) -> Option<Publications<'a>> {
        self.by_id.get(id).map(Published::publications)
    }

    /// What the clocks of an order count on.
    pub fn of_order(&self, order: &Order) -> Publications<'a> {
        self.counted_on(order.stages.iter().find_map(StageState::counted_on))
    }

    /// What an order counts on that is given other limits: one that counted around the clock begins on its body's hours.
    pub fn of_limits(&self, order: &Order) -> Publications<'a> {
        match order.stages.iter().find_map(StageState::counted_on) {
            Some(reference) => self.counted_on(Some(reference)),
            None => {
                let own = self.of_bodies.get(&order.body).and_then(|own| self.by_id.get(&own.reference().id));
                own.unwrap_or(self.case).publications()
            }
        }
    }

    /// What one clock counts on: that of a case whose plan was drawn anew may count on another calendar than the case's.
    pub fn of_clock(&self, stage: &StageState) -> Publications<'a> {
        self.counted_on(stage.counted_on())
    }

    fn counted_on(&self, counted_on: Option<&CalendarRef>) -> Publications<'a> {
        let known = counted_on.and_then(|reference| self.by_id.get(&reference.id));
        known.unwrap_or(self.case).publications()
    }

    /// What a new order of a body begins to count on.
    pub fn of_body(&self, body: &BodyRef) -> &'a Calendar {
        let own = self.of_bodies.get(body).and_then(|own| self.by_id.get(&own.reference().id));
        &own.unwrap_or(self.case).present
    }
}

/// Starts of new orders, each on the calendar of its body. Kept for a batch, it counts equal starts once.
#[derive(Debug, Default)]
pub(crate) struct Openings<'a>(BTreeMap<*const Calendar, Starts<'a>>);

impl<'a> Openings<'a> {
    /// Those on this calendar.
    pub fn on(&mut self, calendar: &'a Calendar) -> &mut Starts<'a> {
        // Cases of one street count on the same calendar in memory.
        self.0.entry(std::ptr::from_ref(calendar)).or_insert_with(|| Starts::new(calendar))
    }
}

/// The calendars a case is opened with: its own, and its bodies'.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hours<'a> {
    pub case: &'a Calendar,
    pub of_bodies: &'a BTreeMap<BodyRef, Arc<Calendar>>,
}

impl<'a> Hours<'a> {
    /// What an order of a body counts on.
    pub fn of_body(&self, body: &BodyRef) -> &'a Calendar {
        self.of_bodies.get(body).map_or(self.case, |own| own)
    }
}
