//! Made-up events as findings show them.

use ids::{Lane, TenantId};
use serde::Serialize;

use super::super::event::{Event, Moment};
use super::World;

/// Three in the morning: nobody is at work who has no night duty.
const SMALL_HOURS: u16 = 180;

/// A made-up event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its item.
    pub item: String,
    /// Its street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<TenantId>,
    /// Its community.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community: Option<TenantId>,
    /// What of the street's further layers holds its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// When.
    pub moment: Moment,
    /// Who reported it.
    pub reporter: String,
    /// The lane.
    pub lane: &'static str,
    /// Households it touches.
    pub households: u32,
    /// What a sensor read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading_milli: Option<i64>,
    /// Earlier cases of the item at the place.
    #[serde(skip_serializing_if = "zero")]
    pub repeats: u32,
    /// Reports in them and in the one that opens.
    #[serde(skip_serializing_if = "one")]
    pub voices: u32,
    /// The words.
    pub text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn one(count: &u32) -> bool {
    *count == 1
}

impl Example {
    pub(super) fn of(event: &Event<'_>, world: &World) -> Self {
        Self {
            item: event.item.to_owned(),
            street: world.street.or(Some(event.street)),
            community: event.community,
            layers: event.layers.to_vec(),
            moment: event.moment,
            reporter: event.reporter.to_owned(),
            lane: event.lane.as_str(),
            households: event.households,
            reading_milli: event.reading_milli,
            repeats: event.repeats,
            voices: event.voices,
            text: event.text.to_owned(),
        }
    }

    /// An ordinary one of an item, in the small hours of a Sunday.
    pub(super) fn at_night(item: &str, world: &World) -> Self {
        Self {
            item: item.to_owned(),
            street: world.street,
            community: None,
            layers: Vec::new(),
            moment: Moment { month: 1, weekday: 7, minute: SMALL_HOURS, workday: Some(false) },
            reporter: "resident".to_owned(),
            lane: Lane::Normal.as_str(),
            households: 0,
            reading_milli: None,
            repeats: 0,
            voices: 1,
            text: String::new(),
        }
    }
}
