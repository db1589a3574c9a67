//! A street's rules and its district's, as they count on a day, and what was tried of them for one matter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contract::document;
use contract::proto::intake::Place;
use ids::{BodyKey, BodyRef, Lane, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use routing::rules::{
    Circumstances, Conditions, Field, Layer, Moment, NumberField, Repetition, Rules, TextField, Tried,
    Written, rules_on,
};
use routing::{Facts, Seat};

use super::{Street, seat};
use crate::core::desk::Desk;
use crate::core::report::Assigned;

/// One matter, as far as rules may ask.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Code of its item.
    pub item: &'a str,
    /// The community of its place.
    pub community: Option<TenantId>,
    /// The grid cell of its place.
    pub grid: Option<&'a str>,
    /// Where it is: of the street's further layers it is found only where a rule asks.
    pub place: Option<&'a Place>,
    /// What of these layers held it, where that is known from before.
    pub layers: Option<&'a [String]>,
    /// The lane it came in.
    pub lane: Lane,
    /// In which role it was reported.
    pub reporter: &'a str,
    /// A rehearsal.
    pub drill: bool,
    /// The reporter's words.
    pub text: &'a str,
    /// Households it touches.
    pub households: u32,
    /// What a sensor read, in thousandths.
    pub reading_milli: Option<i64>,
    /// Who has to act, where a centre gave it from above.
    pub assigned: Option<&'a Assigned>,
    /// How often it has come before; nothing where nobody counted.
    pub repetition: Option<Repetition>,
    /// When it is decided.
    pub now: Timestamp,
}

/// The rules of one document, with those of the day that was last asked for compiled.
#[derive(Debug)]
pub(super) struct Daily {
    written: BTreeMap<String, Written>,
    /// Whether any of them, whenever it counts, asks how often a matter has come before.
    asks_repetition: bool,
    compiled: Mutex<Option<(Date, Arc<Rules>)>>,
}

impl Daily {
    /// Parses every condition, whenever it counts: here where time is, not when the first report comes.
    pub(super) fn of(rules: &document::Rules, conditions: &Conditions) -> Result<Self, String> {
        // The document's form and the machine's are one JSON; each side checks it strictly.
        let written = serde_json::to_value(rules).map_err(|error| error.to_string())?;
        let written: BTreeMap<String, Written> =
            serde_json::from_value(written).map_err(|error| format!("rules: {error}"))?;
        // One that is unsound is told with each plan it would have decided.
        let compiled = written.values().map(|rule| conditions.compiled(rule.when()).ok());
        let asks = |field: Field| matches!(field, Field::Number(NumberField::Repeats | NumberField::Voices));
        let asking = compiled.flatten().filter(|condition| condition.fields().iter().copied().any(asks));
        let asks_repetition = asking.count() > 0;
        Ok(Self { written, asks_repetition, compiled: Mutex::default() })
    }

    fn on(&self, day: Date, conditions: &Conditions) -> Arc<Rules> {
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, compiled)) = lock().as_ref().filter(|(of, _)| *of == day) {
            return compiled.clone();
        }
        // Without the lock: others go on with the day they ask for.
        let compiled = Arc::new(Rules::tolerant(rules_on(&self.written, day), conditions));
        *lock() = Some((day, compiled.clone()));
        compiled
    }
}

impl Street {
    /// The district's rules and the street's, as they count on a day.
    fn rules(&self, day: Date) -> [(Layer, Arc<Rules>); 2] {
        let conditions = &self.pack.conditions;
        let district = self.pack.rules.on(day, conditions);
        [(Layer::District, district), (Layer::Street, self.rules.on(day, conditions))]
    }

    /// Whether any rule could be about an item.
    pub(super) fn rules_concern(&self, item: &str, day: Date) -> bool {
        let written = !self.pack.rules.written.is_empty() || !self.rules.written.is_empty();
        written && self.rules(day).iter().any(|(_, rules)| rules.concern(item))
    }

    /// Whether rules about an item may ask how often it has come before.
    pub(crate) fn asks_repetition(&self, item: &str, day: Date) -> bool {
        (self.pack.rules.asks_repetition || self.rules.asks_repetition) && self.rules_concern(item, day)
    }

    /// What is known of a matter, and the rules that were tried for it.
    pub(crate) fn tried(&self, street: TenantId, matter: &Matter<'_>, day: Date) -> (Facts, Vec<Tried>) {
        let mut facts = Facts {
            street,
            community: matter.community,
            item: matter.item.to_owned(),
            lane: matter.lane,
            assigned: matter.assigned.map(|assigned| self.seated(assigned, day)),
            ladder: Vec::new(),
            circumstances: None,
        };
        if !self.rules_concern(matter.item, day) {
            return (facts, Vec::new());
        }
        let layers = self.rules(day);
        let ask = |field| layers.iter().any(|(_, rules)| rules.ask(matter.item, field));
        facts.circumstances = Some(self.circumstances(matter, day, &ask));
        let Some(event) = facts.event() else { return (facts, Vec::new()) };
        let pack = self.effective(day);
        let seated = |key: &BodyKey| -> Option<Seat> {
            pack.body_for(key, matter.item, matter.community).map(|body| seat(&pack, &body))
        };
        let tried =
            layers.iter().flat_map(|(layer, rules)| Tried::of(rules, *layer, &event, &seated)).collect();
        (facts, tried)
    }

    /// The bodies a centre named, those that are there on the day.
    fn seated(&self, assigned: &Assigned, day: Date) -> routing::Assigned {
        let pack = self.effective(day);
        let there = |body: &BodyRef| pack.body(body).is_some();
        let named = std::iter::once(&assigned.lead).chain(&assigned.assists);
        routing::Assigned {
            by: match assigned.by {
                Desk::Street => routing::Level::Street,
                Desk::District => routing::Level::District,
            },
            lead: there(&assigned.lead).then(|| seat(&pack, &assigned.lead)),
            assists: assigned
                .assists
                .iter()
                .filter(|body| there(body))
                .map(|body| seat(&pack, body))
                .collect(),
            unplaced: named.filter(|body| !there(body)).map(ToString::to_string).collect(),
        }
    }

    /// What of the further layers holds it: as it was known, else as the street is drawn.
    fn layers_of(&self, matter: &Matter<'_>, day: Date) -> Vec<String> {
        match (matter.layers, matter.place) {
            (Some(known), _) => known.to_vec(),
            (None, Some(place)) => self.layers_at(place, day),
            (None, None) => Vec::new(),
        }
    }

    fn circumstances(&self, matter: &Matter<'_>, day: Date, ask: &dyn Fn(Field) -> bool) -> Circumstances {
        let pack = self.effective(day);
        let time = matter.now.to_zoned(self.pack.zone.clone()).datetime();
        Circumstances {
            category: pack.item(matter.item).map_or_else(String::new, |item| item.category.clone()),
            grid: matter.grid.unwrap_or_default().to_owned(),
            layers: ask(Field::Layers).then(|| self.layers_of(matter, day)),
            reporter: matter.reporter.to_owned(),
            drill: matter.drill,
            text: if ask(Field::Text(TextField::Text)) { matter.text.to_owned() } else { String::new() },
            moment: Moment {
                month: time.month().unsigned_abs(),
                weekday: time.weekday().to_monday_one_offset().unsigned_abs(),
                minute: u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()),
                workday: pack.calendar().and_then(|calendar| calendar.worked(day)),
            },
            households: matter.households,
            reading_milli: matter.reading_milli,
            repetition: matter.repetition.filter(|_| self.asks_repetition(matter.item, day)),
        }
    }
}
