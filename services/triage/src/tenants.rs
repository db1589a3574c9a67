//! What triage needs of a street: its district's pack with the street's overrides, the keywords and descriptions of the items,
//! the words of mortal danger, the model its texts are judged by ([`learned`]), the time zone of its days, and where it lies
//! ([`places`]).
//!
//! Streets of a district share one compiled pack; a line of the list is resolved when a case needs it, and what was
//! made of it is kept for the next ([`drawn`]). Rules are compiled once a day ([`ruled`]).

pub mod drawn;
mod hinted;
pub mod learned;
pub mod places;
pub mod ruled;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use classify::{AlarmHit, AlarmScreen, Described, KeywordIndex, NearestItems};
use contract::document::{
    DistrictCore, DocumentBody, EffectivePack, Level, Name, Priority, ResolvedItem, ResolvedPolicy,
    RoutingMode, StreetCore, Territory, check_district, check_street, merge,
};
use contract::proto::intake::Place;
use ids::{BodyRef, Lane, TenantId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use routing::rules::Conditions;
use routing::{Entry, Seat, Settings};
use snapshot::{Learned, Project, StreetView};

use crate::core::amend::Standing;
use crate::core::desk::{self, Desk};
use crate::core::item::List;
use crate::core::opinion::Opinion;

pub use places::Placed;

/// A street to triage.
#[derive(Debug)]
pub struct Street {
    pack: Arc<Pack>,
    core: StreetCore,
    places: Option<Arc<places::Drawings>>,
    /// Made with the first plan of a day: what all plans of that day and this generation share.
    settings: Mutex<Option<(Date, Arc<Settings>)>>,
    plans: drawn::Plans,
    rules: ruled::Daily,
    /// Published for the street, or for its district.
    model: Option<Arc<learned::Model>>,
}

#[derive(Debug)]
struct Pack {
    core: DistrictCore,
    words: KeywordIndex,
    nearest: NearestItems,
    alarm: AlarmScreen,
    zone: TimeZone,
    rules: ruled::Daily,
    /// All packs' alike: streets of a generation take over what the one before has compiled.
    conditions: Arc<Conditions>,
}

/// One line of the responsibility list, ready for a plan.
#[derive(Debug)]
pub struct Line {
    /// Name of the item.
    pub name: Name,
    /// For the decision.
    pub entry: Entry,
    /// For the event: the limits in full.
    pub policy: ResolvedPolicy,
}

impl Street {
    /// Its list on a day, for finding items.
    pub fn list(&self, day: Date) -> DayList<'_> {
        DayList { street: self, pack: self.effective(day) }
    }

    /// Whether a text has a word of mortal danger.
    pub fn alarms(&self, text: &str) -> bool {
        self.pack.alarm.screen(text).is_some()
    }

    /// Its local day.
    pub fn day(&self, now: Timestamp) -> Date {
        now.to_zoned(self.pack.zone.clone()).date()
    }

    /// Whether the list has an item on a day.
    pub fn lists(&self, item: &str, day: Date) -> bool {
        self.effective(day).item(item).is_some()
    }

    /// Whether an item is of priority P1 on a day.
    pub fn mortal(&self, item: &str, day: Date) -> bool {
        self.effective(day).item(item).is_some_and(|item| item.priority == Priority::P1)
    }

    /// The name of an item, if the list has it, or had it once.
    pub fn item_name(&self, item: &str) -> Option<&Name> {
        self.pack.core.items.get(item).map(|item| &item.name)
    }

    /// The list's line for an item on a day, as this street sees it; without a community its bodies cannot be named.
    pub fn line(&self, item: &str, community: Option<TenantId>, day: Date) -> Option<Line> {
        let pack = self.effective(day);
        let resolved = pack.resolve(item, community)?;
        Some(Line { entry: entry(&pack, &resolved), name: resolved.name, policy: resolved.policy })
    }

    /// A policy by key on a day, in full.
    pub fn policy(&self, key: &str, day: Date) -> Option<ResolvedPolicy> {
        self.effective(day).policy_of(key)
    }

    /// The policy of what the catch-all body takes for want of a line.
    pub fn catch_all_policy(&self, day: Date) -> ResolvedPolicy {
        self.effective(day).catch_all().policy
    }

    /// How long after a close the same matter again counts as a false closure.
    pub fn false_closure(&self, day: Date) -> SignedDuration {
        SignedDuration::from_secs(self.effective(day).false_closure_s().cast_signed())
    }

    /// So many days back rules count what came before.
    pub fn repeat_days(&self) -> u16 {
        self.core.repeat_days
    }

    /// How long a plan waits for its review.
    pub fn plan_review(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.core.plan_review_minutes))
    }

    /// How long a report waits at the review desk.
    pub fn report_review(&self, lane: Lane) -> SignedDuration {
        let StreetCore { report_review_minutes: ordinary, urgent_review_minutes: urgent, .. } = self.core;
        let minutes = if lane == Lane::Urgent { urgent.min(ordinary) } else { ordinary };
        SignedDuration::from_mins(i64::from(minutes))
    }

    /// Whether its plans wait for a person.
    pub fn reviews_plans(&self) -> bool {
        self.core.routing_mode != RoutingMode::Auto
    }

    /// The centre whose desk it is: those of its level among the bodies that are always informed.
    pub fn centre(&self, desk: Desk, day: Date) -> Vec<String> {
        let pack = self.effective(day);
        let of_desk = |body: &BodyRef| match pack.body(body).map(|body| body.level) {
            Some(Level::District) => desk == Desk::District,
            _ => desk == Desk::Street,
        };
        pack.informs().iter().filter(|body| of_desk(body)).map(ToString::to_string).collect()
    }

    /// Who is told on a day that a report lies on a desk.
    pub fn told_of_report(&self, desk: Desk, lane: Lane, day: Date) -> Vec<String> {
        desk::told(desk, lane == Lane::Urgent, |desk| self.centre(desk, day).into_iter().next())
    }

    /// The level of a body of the street or its district on a day.
    pub fn level_of(&self, body: &BodyRef, day: Date) -> Option<routing::Level> {
        self.effective(day).body(body).map(|body| level(body.level))
    }

    /// What a body of the street or its district may be given on a day.
    pub fn standing_of(&self, body: &BodyRef, day: Date) -> Option<Standing> {
        let standing =
            |body: &contract::document::Body| Standing { level: level(body.level), may_lead: body.can_lead };
        self.effective(day).body(body).map(standing)
    }

    /// Who stands for each level at a place, the lowest first: told of an emergency, which passes them over.
    pub fn ladder(&self, community: Option<TenantId>, day: Date) -> Vec<Seat> {
        let pack = self.effective(day);
        pack.emergency_informs(community).iter().map(|body| seat(&pack, body)).collect()
    }

    /// Whether a report may join a case of it.
    pub fn joins(&self) -> bool {
        self.core.features.join_reports
    }

    /// Whether a report may join a case of it by its words alone.
    pub fn joins_by_words(&self) -> bool {
        self.core.features.join_reports && self.core.features.join_by_words
    }

    /// Whether it has ever said where it lies, or will.
    pub fn has_territory(&self) -> bool {
        self.places.is_some()
    }

    /// Whether it has said where it lies on a day.
    pub fn drawn(&self, day: Date) -> bool {
        self.places.as_ref().is_some_and(|places| places.on(day).is_some())
    }

    /// Where in the street a declared place lies on a day; nothing outside of it, or where it has drawn nothing.
    pub fn locate(&self, place: &Place, day: Date) -> Option<Placed> {
        places::locate(self.places.as_ref()?.on(day)?, place)
    }

    /// What of its further layers holds a declared place on a day.
    fn layers_at(&self, place: &Place, day: Date) -> Vec<String> {
        let drawn = self.places.as_ref().and_then(|places| places.on(day));
        drawn.map_or_else(Vec::new, |drawn| places::layers_at(drawn, place))
    }

    /// The same street with another core of its own, or of its district: as it would be, where it lies now.
    pub(crate) fn proposed(&self, street: TenantId, body: &DocumentBody) -> Result<Self, String> {
        let (district, core) = match body {
            DocumentBody::District(district) if district.code == self.core.district => {
                (&**district, &self.core)
            }
            DocumentBody::Street(core) if core.code == street => (&self.pack.core, &**core),
            _ => return Err("not a core of this street or its district".to_owned()),
        };
        // Made by whoever asks: nothing of it stays with what is in force.
        let faults = match body {
            DocumentBody::District(_) => check_district(district),
            _ => check_street(district, core),
        };
        match faults.first() {
            Some(fault) => Err(fault.to_string()),
            None => {
                let proposed = Packs::default().street(district, core, None)?;
                Ok(Self { places: self.places.clone(), ..proposed })
            }
        }
    }

    /// The calendar that working time is counted on.
    pub(crate) fn calendar(&self, day: Date) -> Result<sla::Calendar, String> {
        let spec = self.effective(day).calendar().ok_or("no calendar")?;
        // The document's form and the machine's are one JSON.
        let written = serde_json::to_value(&spec).map_err(|error| error.to_string())?;
        serde_json::from_value(written).map_err(|error| error.to_string())
    }

    /// The calendars of bodies that keep hours of their own on a day; one that does not compile counts as none.
    pub(crate) fn calendars_of_bodies(&self, day: Date) -> BTreeMap<BodyRef, sla::Calendar> {
        let pack = self.effective(day);
        let of_body = |body: &BodyRef| {
            let spec = pack.district.calendars.get(pack.calendar_of(body)?)?;
            serde_json::from_value(serde_json::to_value(spec).ok()?).ok()
        };
        pack.bodies().into_keys().filter_map(|body| Some((body.clone(), of_body(&body)?))).collect()
    }

    fn effective(&self, day: Date) -> EffectivePack<'_> {
        merge(&self.pack.core, &self.core).on(day)
    }
}

/// The list of a street on a day.
pub struct DayList<'a> {
    street: &'a Street,
    pack: EffectivePack<'a>,
}

impl List for DayList<'_> {
    fn words(&self) -> &KeywordIndex {
        &self.street.pack.words
    }

    fn nearest(&self) -> &NearestItems {
        &self.street.pack.nearest
    }

    fn listed(&self, item: &str) -> Option<&Name> {
        self.pack.item(item).map(|item| &item.name)
    }

    fn mortal(&self, item: &str) -> bool {
        self.pack.item(item).is_some_and(|item| item.priority == Priority::P1)
    }

    fn alarm(&self, text: &str) -> Option<AlarmHit> {
        self.street.pack.alarm.screen(text)
    }

    fn opinion(&self, text: &str) -> Option<Opinion> {
        self.street.model.as_ref().map(|model| model.judge(text))
    }
}

/// What street and district have decided for all cases of a day, with the generations it was read from.
pub fn settings(view: &StreetView<Street>, day: Date) -> Arc<Settings> {
    let mut kept = view.of.settings.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some((of, settings)) if *of == day => settings.clone(),
        _ => kept.insert((day, Arc::new(decided(view, day)))).1.clone(),
    }
}

fn decided(view: &StreetView<Street>, day: Date) -> Settings {
    let pack = view.of.effective(day);
    let catch_all = pack.catch_all();
    Settings {
        catch_all: seat(&pack, &catch_all.body),
        catch_all_policy: catch_all.policy.key,
        catch_all_priority: priority(catch_all.priority),
        informs: pack.informs().iter().map(|body| seat(&pack, body)).collect(),
        routing_mode: match pack.street.routing_mode {
            RoutingMode::Auto => routing::RoutingMode::Auto,
            RoutingMode::StreetReview => routing::RoutingMode::StreetReview,
            RoutingMode::DistrictReview => routing::RoutingMode::DistrictReview,
        },
        pack_generation: view.pack_generation,
        street_generation: view.generation,
    }
}

fn entry(pack: &EffectivePack<'_>, item: &ResolvedItem) -> Entry {
    Entry {
        item: item.code.clone(),
        level: level(item.level),
        lead: item.lead_placed.then(|| seat(pack, &item.lead)),
        assists: item.assists.iter().map(|body| seat(pack, body)).collect(),
        unplaced: item.unplaced.iter().map(ToString::to_string).collect(),
        policy: item.policy.key.clone(),
        priority: priority(item.priority),
    }
}

/// A body as the plan's reader knows it. One that no document describes (a catch-all key nobody has) sits at its
/// street and is called by its key.
fn seat(pack: &EffectivePack<'_>, body: &BodyRef) -> Seat {
    match pack.body(body) {
        Some(known) => Seat {
            body: body.clone(),
            level: level(known.level),
            zh: known.name.zh.clone(),
            en: known.name.en.clone(),
        },
        None => Seat {
            body: body.clone(),
            level: routing::Level::Street,
            zh: body.to_string(),
            en: body.to_string(),
        },
    }
}

const fn level(level: Level) -> routing::Level {
    match level {
        Level::Community => routing::Level::Community,
        Level::Street => routing::Level::Street,
        Level::District => routing::Level::District,
    }
}

const fn priority(priority: Priority) -> routing::Priority {
    match priority {
        Priority::P1 => routing::Priority::P1,
        Priority::P2 => routing::Priority::P2,
        Priority::P3 => routing::Priority::P3,
        Priority::P4 => routing::Priority::P4,
    }
}

/// Compiles packs, one per district: a thousand streets need not hold a thousand automata.
#[derive(Debug, Default)]
pub struct Packs {
    made: Mutex<BTreeMap<TenantId, Arc<Pack>>>,
    places: places::Compiler,
    conditions: Arc<Conditions>,
    models: learned::Models,
}

impl Project for Packs {
    type Street = Street;
    const TERRITORY: bool = true;
    const CLASSIFIER: bool = true;

    fn street(
        &self,
        district: &DistrictCore,
        street: &StreetCore,
        territory: Option<&Arc<Territory>>,
    ) -> Result<Street, String> {
        let places = territory.map(|territory| self.places.compile(territory)).transpose()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.get(&district.code).filter(|pack| pack.core == *district);
        let pack = match known {
            Some(pack) => pack.clone(),
            None => Arc::new(compile(district, self.conditions.clone())?),
        };
        made.insert(district.code, pack.clone());
        let rules = ruled::Daily::of(&street.rules, &self.conditions)?;
        Ok(Street {
            pack,
            core: street.clone(),
            places,
            settings: Mutex::default(),
            plans: drawn::Plans::default(),
            rules,
            model: None,
        })
    }

    fn learned(&self, street: &mut Street, learned: &Learned) -> Result<(), String> {
        let (model, sound) = self.models.of(learned);
        street.model = model;
        sound
    }
}

fn compile(district: &DistrictCore, conditions: Arc<Conditions>) -> Result<Pack, String> {
    let items = district.items.iter();
    let words = items.map(|(code, item)| (code.as_str(), item.keywords.iter().map(String::as_str)));
    let words = KeywordIndex::build(words).map_err(|error| error.to_string())?;
    let alarms = district.alarm_words.iter();
    let alarms = alarms.map(|(word, items)| (word.as_str(), items.iter().map(String::as_str)));
    let alarm = AlarmScreen::build(alarms).map_err(|error| error.to_string())?;
    let zone = TimeZone::get(&district.time_zone).map_err(|error| error.to_string())?;
    let rules = ruled::Daily::of(&district.rules, &conditions)?;
    Ok(Pack { core: district.clone(), words, nearest: nearest(district), alarm, zone, rules, conditions })
}

fn nearest(district: &DistrictCore) -> NearestItems {
    let phrases = district.items.values().map(|item| {
        let words = item.keywords.iter().chain(&item.similar).chain([&item.example]);
        words.map(String::as_str).collect::<Vec<_>>()
    });
    let phrases: Vec<Vec<&str>> = phrases.collect();
    let items = district.items.iter().zip(&phrases);
    NearestItems::build(items.map(|((code, item), phrases)| Described { code, name: &item.name.zh, phrases }))
}
