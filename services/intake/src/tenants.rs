//! What intake needs of a street: which words and items may not wait, how much it may send, whom it hears.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use classify::AlarmScreen;
use contract::document::{DistrictCore, Priority, Quotas, StreetCore, Territory, merge};
use ids::TenantId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use snapshot::Project;

use crate::core::assign::{self, Assigned};
use crate::core::quota::Rate;

/// A street to intake.
#[derive(Debug)]
pub struct Street {
    /// Shared by the streets of a district.
    pub screen: Arc<Screen>,
    /// What its manifest says it may send.
    pub quota: Option<Rate>,
    /// Whether residents may report without a contact.
    pub anonymous_reports: bool,
    core: StreetCore,
}

impl Street {
    /// Whether a matter may be given so on the day of `now`.
    pub fn assignable(
        &self,
        item: Option<&str>,
        assigned: &Assigned,
        now: Timestamp,
    ) -> Result<(), assign::Fault> {
        let day = now.to_zoned(self.screen.zone.clone()).date();
        assign::check(&merge(&self.screen.core, &self.core).on(day), item, assigned)
    }
}

/// What streets of a district share: its alarm words, its items of priority P1, its document.
#[derive(Debug)]
pub struct Screen {
    /// Finds words of mortal danger.
    pub alarm: AlarmScreen,
    /// Codes of the items whose reports are urgent (D51).
    pub urgent_items: BTreeSet<String>,
    zone: TimeZone,
    core: DistrictCore,
}

/// Compiles screens, one per district: a thousand streets need not hold a thousand automata.
#[derive(Debug, Default)]
pub struct Screens {
    made: Mutex<BTreeMap<TenantId, Arc<Screen>>>,
}

impl Project for Screens {
    type Street = Street;

    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<Street, String> {
        Ok(Street {
            screen: self.screen(district)?,
            quota: street.quotas.map(rate),
            anonymous_reports: street.features.anonymous_reports,
            core: street.clone(),
        })
    }
}

fn rate(quotas: Quotas) -> Rate {
    let derived = Rate::of(quotas.reports_per_minute);
    Rate { burst: quotas.burst.unwrap_or(derived.burst).max(1), ..derived }
}

impl Screens {
    fn screen(&self, district: &DistrictCore) -> Result<Arc<Screen>, String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(screen) = made.get(&district.code)
            && screen.core == *district
        {
            return Ok(screen.clone());
        }
        let words = district.alarm_words.iter();
        let words = words.map(|(word, items)| (word.as_str(), items.iter().map(String::as_str)));
        let alarm = AlarmScreen::build(words).map_err(|error| error.to_string())?;
        let zone = TimeZone::get(&district.time_zone).map_err(|error| error.to_string())?;
        let (urgent_items, core) = (urgent_items(district), district.clone());
        let screen = Arc::new(Screen { alarm, urgent_items, zone, core });
        made.insert(district.code, screen.clone());
        Ok(screen)
    }
}

fn urgent_items(district: &DistrictCore) -> BTreeSet<String> {
    let urgent = district.items.iter().filter(|(_, item)| item.priority == Priority::P1);
    urgent.map(|(code, _)| code.clone()).collect()
}
