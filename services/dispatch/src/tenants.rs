//! What dispatch takes from a tenant's documents: its district's working calendars and its own, compiled, and which
//! bodies there are to give an order to.
//!
//! Limits and chains are looked up by nobody but who adopts the policy in force: a routed case carries its policy complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::{
    Body, DistrictCore, Level, ResolvedPolicy, StreetCore, Territory, merge, own_calendar,
};
use ids::BodyRef;
use jiff::Timestamp;
use sla::Calendar;
use snapshot::Project;

/// Compiles streets for dispatch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calendars;

/// A street as dispatch sees it.
#[derive(Debug)]
pub struct Street {
    calendars: BTreeMap<String, Arc<Calendar>>,
    published: Vec<(String, i16)>,
    bodies: BTreeMap<BodyRef, Standing>,
    of_bodies: BodyHours,
    core: StreetCore,
}

/// What a body may be given, and may do.
#[derive(Debug, Clone, Copy)]
struct Standing {
    may_lead: bool,
    community: bool,
}

/// The kind of body (性质) that a community (社区) itself is; a property company of the same level is an enterprise.
const COMMUNITY: &str = "community";

/// The calendar of each body that keeps hours of its own.
pub type BodyHours = Arc<BTreeMap<BodyRef, Arc<Calendar>>>;

impl Street {
    /// A working calendar by its id.
    pub fn calendar(&self, id: &str) -> Option<Arc<Calendar>> {
        self.calendars.get(id).cloned()
    }

    /// Every working calendar, in order of their ids.
    pub fn calendars(&self) -> impl Iterator<Item = &Arc<Calendar>> {
        self.calendars.values()
    }

    /// The calendars of bodies that keep hours of their own.
    pub fn of_bodies(&self) -> &BodyHours {
        &self.of_bodies
    }

    /// Whether it is a body of the street or its district.
    pub fn knows(&self, body: &BodyRef) -> bool {
        self.bodies.contains_key(body)
    }

    /// Whether it is one of them that may lead; the others only assist.
    pub fn may_lead(&self, body: &BodyRef) -> bool {
        self.bodies.get(body).is_some_and(|of| of.may_lead)
    }

    /// Whether it is a community (社区) of the street.
    pub fn is_community(&self, body: &BodyRef) -> bool {
        self.bodies.get(body).is_some_and(|of| of.community)
    }

    /// What the list of its district and its own changes say now of a policy by its key, or of the item where there is no such key any
    /// more. For the explicit act only: a routed case carries its policy complete.
    pub fn policy(
        &self,
        district: &DistrictCore,
        key: &str,
        item: &str,
        now: Timestamp,
    ) -> Option<ResolvedPolicy> {
        let today = now.in_tz(&district.time_zone).ok()?.date();
        merge(district, &self.core).on(today).policy_in_force(key, item)
    }

    /// Each published year of each calendar.
    pub fn published(&self) -> &[(String, i16)] {
        &self.published
    }
}

impl Project for Calendars {
    type Street = Street;

    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<Street, String> {
        let own = district.calendars.get(&district.default_calendar);
        let own = own.map(|base| own_calendar::of(street, base));
        let specs: Vec<_> = district.calendars.values().chain(&own).collect();
        let compiled = specs.iter().map(|spec| Ok((spec.id.clone(), Arc::new(compile(spec)?))));
        let calendars = compiled.collect::<Result<BTreeMap<String, Arc<Calendar>>, String>>()?;
        let years = specs.iter().flat_map(|spec| spec.years.iter().map(|year| (spec.id.clone(), *year)));
        let bodies = merge(district, street).bodies();
        let own = bodies.iter().filter_map(|(body, known)| {
            let calendar = calendars.get(known.calendar.as_deref()?)?;
            Some((body.clone(), calendar.clone()))
        });
        let of_bodies = Arc::new(own.collect());
        let published = years.collect();
        let community = |known: &Body| known.level == Level::Community && known.kind == COMMUNITY;
        let standing = |known: &Body| Standing { may_lead: known.can_lead, community: community(known) };
        let bodies = bodies.into_iter().map(|(body, known)| (body, standing(known))).collect();
        Ok(Street { calendars, published, bodies, of_bodies, core: street.clone() })
    }
}

/// The document's form and the machine's are one JSON; each side checks it strictly.
fn compile(spec: &contract::document::CalendarSpec) -> Result<Calendar, String> {
    let written = serde_json::to_value(spec).map_err(|error| error.to_string())?;
    serde_json::from_value(written).map_err(|error| format!("calendar {}: {error}", spec.id))
}
