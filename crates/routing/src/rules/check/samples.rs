//! Made-up events on either side of every constant.

use std::collections::BTreeSet;

use ids::{Lane, TenantId};

use super::super::condition::{Condition, Constant, ConstantValue};
use super::super::event::{Event, Field, Flag, Moment, NumberField, TextField};
use super::super::rule::Rule;
use super::World;

/// Most events made for one question; beyond, only some of all combinations are.
pub(super) const COMBINATIONS_MAX: u128 = 50_000;
/// Fields that values are combined of.
const FIELDS: usize = 16;
/// Texts searched for, and features of layers, that are combined with each other.
const PARTS_MAX: usize = 6;
/// A street nobody has, for events that must lie somewhere.
const SOMEWHERE: i64 = 990_199_999_000;

/// The values each field takes.
pub(super) struct Samples {
    items: Vec<(String, String)>,
    places: Vec<(TenantId, Option<TenantId>)>,
    minutes: Vec<u16>,
    months: Vec<u8>,
    weekdays: Vec<u8>,
    workdays: Vec<bool>,
    households: Vec<u32>,
    readings: Vec<Option<i64>>,
    drills: Vec<bool>,
    lanes: Vec<Lane>,
    reporters: Vec<String>,
    grids: Vec<String>,
    /// What holds the place, of the street's further layers.
    layers: Vec<Vec<String>>,
    /// There are more sets of them than are made.
    more_layers: bool,
    texts: Vec<String>,
    repeats: Vec<u32>,
    voices: Vec<u32>,
}

impl Samples {
    /// Events that one rule is about, on either side of the constants of some conditions, of the items and places that some rules
    /// name and of others that none does.
    pub(super) fn of(rule: &Rule, rules: &[&Rule], conditions: &[&Condition], world: &World) -> Self {
        let mut samples = Self::over(rules, conditions, world);
        let item = |item: &String| rule.items.is_empty() || rule.items.contains(item);
        samples.items.retain(|(code, _)| item(code));
        let here = |(street, community): &(TenantId, Option<TenantId>)| {
            rule.places.is_empty()
                || rule.places.iter().any(|place| place == street || Some(*place) == *community)
        };
        samples.places.retain(here);
        samples
    }

    /// Events that either of two rules is about, and others.
    pub(super) fn of_both(one: &Rule, other: &Rule, conditions: &[&Condition], world: &World) -> Self {
        Self::over(&[one, other], conditions, world)
    }

    fn over(rules: &[&Rule], conditions: &[&Condition], world: &World) -> Self {
        let asks = |field: Field| conditions.iter().any(|condition| condition.fields().contains(&field));
        let constants: BTreeSet<&Constant> =
            conditions.iter().flat_map(|condition| condition.constants()).collect();
        let constants = Constants(constants);
        let flag = |flag: Flag| if asks(Field::Flag(flag)) { vec![false, true] } else { vec![false] };
        Self {
            items: items(rules, &constants, world),
            places: places(rules, &constants, world),
            minutes: constants.minutes(),
            months: constants.small(NumberField::Month),
            weekdays: constants.small(NumberField::Weekday),
            workdays: flag(Flag::Workday),
            households: constants.counts(NumberField::Households),
            readings: constants.readings(asks(Field::Flag(Flag::HasReading))),
            drills: flag(Flag::Drill),
            lanes: if asks(Field::Text(TextField::Lane)) { Lane::ALL.to_vec() } else { vec![Lane::Normal] },
            reporters: constants.texts(TextField::Reporter, "resident"),
            grids: constants.texts(TextField::Grid, ""),
            layers: subsets(&constants.features()),
            more_layers: constants.features().len() > PARTS_MAX,
            texts: constants.searched(),
            repeats: constants.counts(NumberField::Repeats),
            voices: constants.counts(NumberField::Voices),
        }
    }

    fn sizes(&self) -> [usize; FIELDS] {
        [
            self.items.len(),
            self.places.len(),
            self.minutes.len(),
            self.months.len(),
            self.weekdays.len(),
            self.workdays.len(),
            self.households.len(),
            self.readings.len(),
            self.drills.len(),
            self.lanes.len(),
            self.reporters.len(),
            self.grids.len(),
            self.layers.len(),
            self.texts.len(),
            self.repeats.len(),
            self.voices.len(),
        ]
    }

    fn combinations(&self) -> u128 {
        self.sizes().into_iter().fold(1, |all, size| all.saturating_mul(size as u128))
    }

    /// Whether [`Samples::each`] goes through all there are.
    pub(super) fn exhaustive(&self) -> bool {
        self.combinations() <= COMBINATIONS_MAX && !self.more_layers
    }

    /// Goes through the events until told to stop.
    pub(super) fn each(&self, mut more: impl FnMut(&Event<'_>) -> bool) {
        let (sizes, combinations) = (self.sizes(), self.combinations());
        let stride = stride(&sizes, combinations);
        let mut number = 0;
        for _ in 0..combinations.min(COMBINATIONS_MAX) {
            let mut rest = number;
            let at = sizes.map(|size| {
                let value = rest % size as u128;
                rest /= size as u128;
                value as usize
            });
            if !more(&self.event(&at)) {
                return;
            }
            number = (number + stride) % combinations;
        }
    }

    fn event(&self, at: &[usize; FIELDS]) -> Event<'_> {
        let [
            item,
            place,
            minute,
            month,
            weekday,
            workday,
            households,
            reading,
            drill,
            lane,
            reporter,
            grid,
            layers,
            text,
            repeats,
            voices,
        ] = *at;
        let repeats = self.repeats[repeats];
        Event {
            item: &self.items[item].0,
            category: &self.items[item].1,
            street: self.places[place].0,
            community: self.places[place].1,
            grid: &self.grids[grid],
            layers: &self.layers[layers],
            reporter: &self.reporters[reporter],
            lane: self.lanes[lane],
            drill: self.drills[drill],
            text: &self.texts[text],
            moment: Moment {
                month: self.months[month],
                weekday: self.weekdays[weekday],
                minute: self.minutes[minute],
                workday: Some(self.workdays[workday]),
            },
            households: self.households[households],
            reading_milli: self.readings[reading],
            repeats,
            // Each earlier case had a reporter, and so has this one.
            voices: self.voices[voices].max(repeats + 1),
        }
    }
}

/// From one combination to the next. All of them in turn where there is time; else some two thirds of them on, by a number that
/// shares no divisor with any field's count: so each field takes all its values, and no combination comes twice.
fn stride(sizes: &[usize], combinations: u128) -> u128 {
    if combinations <= COMBINATIONS_MAX {
        return 1;
    }
    let coprime = |stride: &u128| sizes.iter().all(|size| gcd(*stride, *size as u128) == 1);
    (combinations / 1_000 * 618 + 1..).find(coprime).unwrap_or(1)
}

const fn gcd(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Every set of the features; where they are too many each alone, all, and none.
fn subsets(features: &[String]) -> Vec<Vec<String>> {
    if features.len() > PARTS_MAX {
        let alone = features.iter().map(|one| vec![one.clone()]);
        return alone.chain([Vec::new(), features.to_vec()]).collect();
    }
    let chosen = |set: usize| {
        let features = features.iter().enumerate().filter(|(position, _)| set >> position & 1 == 1);
        features.map(|(_, one)| one.clone()).collect()
    };
    (0..1_usize << features.len()).map(chosen).collect()
}

/// Every item that is named, and of every category in play, and of one more, an item that nobody names.
fn items(rules: &[&Rule], constants: &Constants<'_>, world: &World) -> Vec<(String, String)> {
    let named: BTreeSet<String> =
        rules.iter().flat_map(|rule| rule.items.clone()).chain(constants.said(TextField::Item)).collect();
    let mut items: Vec<(String, String)> = named.iter().map(|item| listed(item, world)).collect();
    let asked = constants.said(TextField::Category);
    let mut categories: BTreeSet<String> =
        items.iter().map(|(_, category)| category.clone()).chain(asked).collect();
    let mut another = "OTHER".to_owned();
    while categories.contains(&another) {
        another.push('X');
    }
    let unnamed =
        world.items.values().map(|item| item.category.clone()).find(|one| !categories.contains(one));
    categories.insert(unnamed.unwrap_or(another));
    for category in categories {
        let of = |(code, item): &(&String, &super::ListedItem)| {
            item.category == category && !named.contains(*code)
        };
        let known = world.items.iter().find(of).map(|(code, _)| code.clone());
        let made_up =
            (1..).map(|number| format!("{category}-{number:02}")).find(|code| !named.contains(code));
        items.extend(known.or(made_up).map(|code| (code, category.clone())));
    }
    items
}

/// Every place that is named, and in each street one that nobody names; and a street that nobody names.
fn places(rules: &[&Rule], constants: &Constants<'_>, world: &World) -> Vec<(TenantId, Option<TenantId>)> {
    let codes = [TextField::Street, TextField::Community].into_iter().flat_map(|field| constants.said(field));
    let codes = codes.filter_map(|code| code.parse::<TenantId>().ok());
    let named: BTreeSet<TenantId> = rules.iter().flat_map(|rule| rule.places.clone()).chain(codes).collect();
    let street_of = |place: &TenantId| TenantId::from_i64(place.as_i64() / 1_000 * 1_000).ok();
    let mut streets: BTreeSet<TenantId> = named.iter().filter_map(street_of).collect();
    streets.insert(world.street.unwrap_or_else(somewhere));
    let mut places = BTreeSet::new();
    for street in streets {
        places.insert((street, None));
        let known = world.communities.iter().copied().filter(|_| world.street == Some(street));
        let made_up = (1..1_000).rev().filter_map(|last| TenantId::from_i64(street.as_i64() + last).ok());
        let unnamed = known.chain(made_up).find(|code| !named.contains(code));
        let within =
            named.iter().copied().filter(|place| street_of(place) == Some(street) && *place != street);
        places.extend(within.chain(unnamed).map(|community| (street, Some(community))));
    }
    places.into_iter().collect()
}

fn listed(code: &str, world: &World) -> (String, String) {
    let category = world.items.get(code).map(|item| item.category.clone());
    (code.to_owned(), category.unwrap_or_else(|| code.split('-').next().unwrap_or_default().to_owned()))
}

fn somewhere() -> TenantId {
    TenantId::from_i64(SOMEWHERE).expect("twelve digits")
}

/// What fields are compared with.
struct Constants<'a>(BTreeSet<&'a Constant>);

impl Constants<'_> {
    fn of(&self, field: NumberField) -> impl Iterator<Item = i64> {
        self.0.iter().filter_map(move |constant| match (constant.field, &constant.value) {
            (Field::Number(of), ConstantValue::Number(number)) if of == field => Some(*number),
            _ => None,
        })
    }

    fn said(&self, field: TextField) -> Vec<String> {
        self.texts_of(Field::Text(field))
    }

    /// Features of layers, sorted.
    fn features(&self) -> Vec<String> {
        self.texts_of(Field::Layers)
    }

    fn texts_of(&self, field: Field) -> Vec<String> {
        let said = self.0.iter().filter_map(|constant| match &constant.value {
            ConstantValue::Text(text) if constant.field == field => Some(text.clone()),
            _ => None,
        });
        said.collect()
    }

    /// Each constant with its neighbours, within the field's bounds; the least value where there is none.
    fn numbers(&self, field: NumberField) -> Vec<i64> {
        let (least, greatest) = field.bounds();
        let mut values: BTreeSet<i64> = self
            .of(field)
            .flat_map(|number| [number.saturating_sub(1), number, number.saturating_add(1)])
            .filter(|number| (least..=greatest).contains(number))
            .collect();
        values.insert(if field == NumberField::ReadingMilli { 0 } else { least });
        values.into_iter().collect()
    }

    fn small(&self, field: NumberField) -> Vec<u8> {
        self.numbers(field).into_iter().filter_map(|number| u8::try_from(number).ok()).collect()
    }

    fn counts(&self, field: NumberField) -> Vec<u32> {
        self.numbers(field).into_iter().filter_map(|number| u32::try_from(number).ok()).collect()
    }

    /// Minutes of the day on either side of every hour and minute named.
    fn minutes(&self) -> Vec<u16> {
        let hours = self.numbers(NumberField::Hour).into_iter().flat_map(|hour| [hour * 60, hour * 60 + 59]);
        let all: BTreeSet<i64> = hours.chain(self.numbers(NumberField::Minute)).collect();
        all.into_iter().filter_map(|minute| u16::try_from(minute).ok()).collect()
    }

    fn readings(&self, asked: bool) -> Vec<Option<i64>> {
        let numbers = self.numbers(NumberField::ReadingMilli);
        if !asked && numbers.len() == 1 {
            return vec![None];
        }
        [None].into_iter().chain(numbers.into_iter().map(Some)).collect()
    }

    /// Each constant, and something else.
    fn texts(&self, field: TextField, else_: &str) -> Vec<String> {
        let mut said = self.said(field);
        let mut other = else_.to_owned();
        while said.contains(&other) {
            other.push('x');
        }
        said.push(other);
        said
    }

    /// Texts with and without each part searched for; a pattern stands for itself.
    fn searched(&self) -> Vec<String> {
        let parts = self.said(TextField::Text);
        let mut other = "\u{2026}".to_owned();
        while parts.contains(&other) {
            other.push('\u{2026}');
        }
        if parts.len() > PARTS_MAX {
            let one = parts.concat();
            return parts.into_iter().chain([String::new(), one, other]).collect();
        }
        let chosen = |set: usize| {
            let parts = parts.iter().enumerate().filter(|(position, _)| set >> position & 1 == 1);
            parts.map(|(_, part)| part.as_str()).collect::<Vec<_>>().join("，")
        };
        (0..1_usize << parts.len())
            .map(chosen)
            .chain([other].into_iter().filter(|_| !parts.is_empty()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three items and 167,400 combinations: by every third one, two of the items would never be tried.
    #[test]
    fn of_too_many_combinations_every_value_of_every_field_is_tried_and_none_twice() {
        let rule = |when: &str| Rule {
            key: "wide".to_owned(),
            zh: String::new(),
            en: String::new(),
            order: 0,
            items: ["TRA-01", "TRA-02", "TRA-03"].map(str::to_owned).to_vec(),
            places: Vec::new(),
            when: when.to_owned(),
            shadow: false,
            then: super::super::Then::default(),
        };
        let when = "month in [2, 4, 6, 8] && weekday in [2, 4] && hour in [3, 9, 15, 21] && households in [5, 20, 80] && repeats == 4";
        let (rule, condition) = (rule(when), Condition::compile(when).unwrap());
        let samples = Samples::of(&rule, &[&rule], &[&condition], &World::default());
        let sizes = samples.sizes();
        assert!(sizes[0] == 3 && !samples.exhaustive(), "{sizes:?}");
        let mut seen = BTreeSet::new();
        let (mut items, mut months, mut households) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        samples.each(|event| {
            items.insert(event.item.to_owned());
            months.insert(event.moment.month);
            households.insert(event.households);
            seen.insert(format!("{event:?}"))
        });
        assert_eq!(seen.len() as u128, COMBINATIONS_MAX);
        assert_eq!((items.len(), months.len()), (3, samples.months.len()));
        assert_eq!(households.len(), samples.households.len());
    }

    #[test]
    fn a_stride_shares_no_divisor_with_any_count() {
        for sizes in
            [&[3, 54, 1_033][..], &[2, 3, 5, 7, 11, 13, 17, 19], &[3, 2, 62, 450], &[usize::MAX, 3, 9]]
        {
            let all = sizes.iter().fold(1, |all: u128, size| all.saturating_mul(*size as u128));
            let stride = stride(sizes, all);
            assert!(stride < all && sizes.iter().all(|size| gcd(stride, *size as u128) == 1), "{sizes:?}");
        }
        assert_eq!(stride(&[3, 4], 12), 1);
    }
}
