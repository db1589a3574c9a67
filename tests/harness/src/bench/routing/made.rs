//! A made-up district: its rules, its events, its past.

use std::collections::BTreeMap;

use anyhow::Result;
use ids::{BodyKey, Lane, TenantId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use routing::rules::check::{ListedItem, World};
use routing::rules::{Circumstances, Event, Layer, Moment, Rule, Rules, Then, Tried};
use routing::{Entry, Facts, Level, Priority, RoutingMode, Seat, Settings};
use serde::Deserialize;

const ITEMS: usize = 132;
const PLACES: usize = 80;
const TEXTS: [&str; 4] = [
    "306路公交改道以后我们小区的老人买菜看病都要多走两站路，请帮忙反映一下，谢谢",
    "家里停水三天了，物业电话一直没有人接，楼上楼下都是一样的情况",
    "楼下烧烤店半夜还在营业，油烟和噪音太大，孩子没法睡觉",
    "路口井盖松动，晚上经过的车子压上去很响，担心有人掉下去",
];

/// An event as it comes in.
#[derive(Debug, Deserialize)]
pub(super) struct Parsed<'a> {
    pub item: &'a str,
    pub category: &'a str,
    street: i64,
    community: i64,
    grid: &'a str,
    reporter: &'a str,
    urgent: bool,
    text: &'a str,
    month: u8,
    weekday: u8,
    minute: u16,
    workday: bool,
    households: u32,
}

impl Parsed<'_> {
    pub(super) fn event(&self) -> Event<'_> {
        Event {
            item: self.item,
            category: self.category,
            street: code(self.street),
            community: Some(code(self.community)),
            grid: self.grid,
            layers: &[],
            reporter: self.reporter,
            lane: if self.urgent { Lane::Urgent } else { Lane::Normal },
            drill: false,
            text: self.text,
            moment: self.moment(),
            households: self.households,
            reading_milli: None,
            repeats: 0,
            voices: 1,
        }
    }

    fn moment(&self) -> Moment {
        let (month, weekday, minute) = (self.month, self.weekday, self.minute);
        Moment { month, weekday, minute, workday: Some(self.workday) }
    }

    pub(super) fn facts(&self) -> Facts {
        let event = self.event();
        Facts {
            street: event.street,
            community: event.community,
            item: self.item.to_owned(),
            lane: event.lane,
            assigned: None,
            ladder: Vec::new(),
            circumstances: Some(Circumstances {
                category: self.category.to_owned(),
                grid: self.grid.to_owned(),
                layers: None,
                reporter: self.reporter.to_owned(),
                drill: false,
                text: self.text.to_owned(),
                moment: event.moment,
                households: self.households,
                reading_milli: None,
                repetition: None,
            }),
        }
    }
}

fn code(number: i64) -> TenantId {
    TenantId::from_i64(number).expect("twelve digits")
}

fn item(number: usize) -> String {
    format!("C{:02}-{:02}", number % 15, number)
}

/// Streets and communities by turns.
fn place(number: usize) -> i64 {
    let street = 990_101_001_000 + (number as i64 / 8) * 1_000;
    if number.is_multiple_of(8) { street } else { street + number as i64 % 8 }
}

/// Rules by turns over items and places; the last ten are about every item or every place.
pub(super) fn rules(count: usize) -> Vec<Rule> {
    let rule = |number: usize| {
        let wide = number + 10 >= count;
        let items = if wide && number.is_multiple_of(2) { Vec::new() } else { vec![item(number % ITEMS)] };
        let places = if wide { Vec::new() } else { vec![code(place(number / ITEMS % PLACES))] };
        let policy = Some(format!("policy-{}", number % 7));
        let then = Then { also_assist: vec![key(number % 40)], policy, ..Then::default() };
        let (zh, en) = (format!("规则{number}"), format!("rule {number}"));
        Rule {
            key: format!("r{number}"),
            zh,
            en,
            order: 0,
            items,
            places,
            when: when(number, wide),
            shadow: false,
            then,
        }
    };
    (0..count).map(rule).collect()
}

fn when(number: usize, wide: bool) -> String {
    let size = 10 * (1 + number % 300);
    match number % 4 {
        _ if wide => format!("households >= {} && !workday", 4_000 + number % 100),
        0 => String::new(),
        1 => format!("households >= {size}"),
        2 => format!("(hour >= 18 || hour < 8) && households < {size}"),
        _ => format!(
            "workday && reporter != 'device' && text.contains('{}')",
            ["公交", "停水", "油烟", "井盖"][number / 4 % 4]
        ),
    }
}

/// Events as JSON, as they come in.
pub(super) fn events(seed: u64, count: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| event(&mut random)).collect()
}

fn event(random: &mut StdRng) -> String {
    let item = item(random.random_range(0..ITEMS));
    let number = random.random_range(0..PLACES);
    let street = 990_101_001_000 + (number as i64 / 8) * 1_000;
    let community = street + 1 + random.random_range(0..7);
    let category = item.split('-').next().unwrap_or_default().to_owned();
    let reporter = ["resident", "grid-worker", "device"][random.random_range(0..3)];
    let text = TEXTS[random.random_range(0..TEXTS.len())];
    let (urgent, workday) = (random.random_bool(0.05), random.random_bool(0.7));
    let (month, weekday) = (random.random_range(1..=12), random.random_range(1..=7));
    let (minute, households) = (random.random_range(0..1_440), random.random_range(0..5_000));
    format!(
        "{{\"item\":\"{item}\",\"category\":\"{category}\",\"street\":{street},\"community\":{community},\"grid\":\"{community}001\",\
         \"reporter\":\"{reporter}\",\"urgent\":{urgent},\"text\":\"{text}\",\"month\":{month},\"weekday\":{weekday},\
         \"minute\":{minute},\"workday\":{workday},\"households\":{households}}}"
    )
}

fn key(number: usize) -> BodyKey {
    format!("body-{number}").parse().expect("a key")
}

pub(super) fn seat(key: &BodyKey) -> Option<Seat> {
    let body = key.as_str().parse().ok()?;
    Some(Seat { body, level: Level::District, zh: "某单位".to_owned(), en: "some body".to_owned() })
}

pub(super) fn entry(item: &str) -> Entry {
    let body = |number| seat(&key(number)).expect("a seat");
    Entry {
        item: item.to_owned(),
        level: Level::District,
        lead: Some(body(41)),
        assists: vec![body(42), body(43)],
        unplaced: Vec::new(),
        policy: "item".to_owned(),
        priority: Priority::P3,
    }
}

pub(super) fn settings() -> Settings {
    let body = |number| seat(&key(number)).expect("a seat");
    Settings {
        catch_all: body(44),
        catch_all_policy: "catch-all".to_owned(),
        catch_all_priority: Priority::P3,
        informs: vec![body(44), body(45)],
        routing_mode: RoutingMode::Auto,
        pack_generation: 1,
        street_generation: 1,
    }
}

pub(super) fn world() -> World {
    let listed = |number: usize| {
        let category = item(number).split('-').next().unwrap_or_default().to_owned();
        (item(number), ListedItem { category, lead: key(41), day_and_night: false })
    };
    let items: BTreeMap<_, _> = (0..ITEMS).map(listed).collect();
    World { items, ..World::default() }
}

/// Explanations as they are stored.
pub(super) fn past_cases(table: &Rules, seed: u64, count: usize) -> Result<Vec<Vec<u8>>> {
    let past = |text: &String| {
        let parsed: Parsed<'_> = serde_json::from_str(text)?;
        let tried = Tried::of(table, Layer::District, &parsed.event(), &seat);
        let (_, explanation) = routing::plan(&parsed.facts(), Some(&entry(parsed.item)), &settings(), &tried);
        Ok(serde_json::to_vec(&explanation)?)
    };
    events(seed + 1, count).iter().map(past).collect()
}
