//! Made-up reports of a street: matters with their places and words, and what different people say of them.

use anyhow::{Context, Result};
use contract::document::{Document, DocumentBody};
use contract::proto::intake::{Datum, Place, ReportAccepted};
use ids::{Lane, TenantId};
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use triage::core::report::Report;
use triage::handle::Submission;
use uuid::Uuid;

/// Items the matters are of.
pub const ITEMS: usize = 40;
/// Reports of the month.
pub const REPORTS: usize = 600;
/// Matters of the month.
pub const MATTERS: usize = 150;
const STREET: &str = "990102001000";
/// Some 3 km either way.
const SIDE_DEGREES: f64 = 0.027;
/// 20 days.
const MONTH_MIN: i64 = 20 * 24 * 60;
const ROADS: [&str; 12] = [
    "滨江路",
    "解放路",
    "桂花园路",
    "新华街",
    "人民路",
    "建设路",
    "长江路",
    "和平街",
    "学府路",
    "车站路",
    "中心街",
    "南桥路",
];
/// What people add that says nothing.
const FILLERS: [&str; 8] = [
    "请尽快处理",
    "好几天了没人管",
    "麻烦派人来看看",
    "影响居民生活",
    "老人小孩很不方便",
    "之前也反映过",
    "希望重视",
    "谢谢",
];

/// How a report among many open cases ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It names its item, at the place of an open case.
    ByItem,
    /// It names none, its words decide none, and they are nearly those of an open case near by.
    ByWords,
    /// It is news.
    Opens,
}

impl Kind {
    /// By turns.
    pub const ALL: [Kind; 3] = [Kind::ByItem, Kind::ByWords, Kind::Opens];

    /// In keys of figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::ByItem => "by_item",
            Kind::ByWords => "by_words",
            Kind::Opens => "opens",
        }
    }
}

struct Item {
    code: String,
    phrases: Vec<String>,
}

/// Who makes them up.
pub struct Matters {
    random: StdRng,
    items: Vec<Item>,
    reports: u128,
}

impl Matters {
    /// Of the items of a pack that have most to say.
    pub fn new(seed: u64, documents: &[Document]) -> Result<Self> {
        let district = documents.iter().find_map(|document| match &document.body {
            DocumentBody::District(core) => Some(core),
            _ => None,
        });
        let district = district.context("a district among the documents")?;
        let mut items: Vec<Item> = district
            .items
            .iter()
            .map(|(code, item)| Item {
                code: code.clone(),
                phrases: item.similar.iter().chain([&item.example]).cloned().collect(),
            })
            .collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.phrases.len()));
        items.truncate(ITEMS);
        Ok(Self { random: StdRng::seed_from_u64(seed), items, reports: 0 })
    }

    /// A report that opens a case anywhere in the street.
    pub fn opening(&mut self) -> Submission {
        let item = self.random.random_range(0..self.items.len());
        let text = self.nonsense();
        let (lon, lat) = self.anywhere();
        let code = self.items[item].code.clone();
        self.submission(&code, &text, lon, lat)
    }

    /// One that ends in a way, with one of those that stand.
    pub fn among(&mut self, kind: Kind, standing: &[Submission]) -> Submission {
        if kind == Kind::Opens {
            // Far outside of all others, of no item's words.
            let text = self.nonsense();
            let code = self.items[0].code.clone();
            // Each 600 m from the one before.
            let north = 29.8 + self.reports as f64 * 0.006 % 50.0;
            return self.submission(&code, &text, 106.55, north);
        }
        let one = standing.choose(&mut self.random).expect("cases stand");
        let (lon, lat) = (one.report.place.lon, one.report.place.lat);
        let (code, text) = (one.report.given.clone().unwrap_or_default(), one.report.text.clone());
        match kind {
            Kind::ByItem => {
                let other = self.nonsense();
                self.submission(&code, &other, lon, lat)
            }
            _ => self.submission("", &format!("{text}。又来"), lon, lat),
        }
    }

    /// The reports of a month in the order of their times, each with its matter.
    pub fn month(&mut self) -> Vec<(u32, Timestamp, Submission)> {
        let first: Timestamp = "2026-11-02T00:00:00Z".parse().expect("an instant");
        let mut told = Vec::new();
        for matter in 0..MATTERS as u32 {
            let item = self.random.random_range(0..self.items.len());
            let (lon, lat) = self.anywhere();
            let road = *ROADS.choose(&mut self.random).expect("roads");
            let begins = self.random.random_range(0..MONTH_MIN);
            // Few matters have many voices.
            let voices = (REPORTS / MATTERS) as f64 * -self.random.random_range(0.02..1.0_f64).ln();
            let mut words: Option<String> = None;
            for _ in 0..voices.round().max(1.0) as usize {
                let at = first + SignedDuration::from_mins(begins + self.random.random_range(0..3 * 24 * 60));
                let text = match &words {
                    Some(words) if self.random.random_bool(0.33) => self.forwarded(words),
                    _ => self.said(item, road),
                };
                words.get_or_insert_with(|| text.clone());
                let (east, north) = (self.near(), self.near());
                let code =
                    if self.random.random_bool(0.33) { self.items[item].code.clone() } else { String::new() };
                told.push((matter, at, self.submission(&code, &text, lon + east, lat + north)));
            }
        }
        told.sort_by_key(|(_, at, report)| (*at, report.report.report_id));
        told.truncate(REPORTS);
        told
    }

    fn said(&mut self, item: usize, road: &str) -> String {
        let phrase = self.items[item].phrases.choose(&mut self.random).expect("an item has an example");
        let filler = FILLERS.choose(&mut self.random).expect("fillers");
        let phrase = phrase.clone();
        let typed: String = phrase.chars().filter(|_| self.random.random_bool(0.96)).collect();
        format!("{road}{typed}，{filler}")
    }

    fn forwarded(&mut self, words: &str) -> String {
        let filler = FILLERS.choose(&mut self.random).expect("fillers");
        format!("{words}。{filler}")
    }

    /// Within some 120 m, mostly.
    fn near(&mut self) -> f64 {
        let steps: f64 = (0..4).map(|_| self.random.random_range(-0.000_6..0.000_6)).sum();
        steps / 1.2
    }

    fn anywhere(&mut self) -> (f64, f64) {
        let mut side = || self.random.random_range(0.0..SIDE_DEGREES);
        (106.54 + side(), 29.55 + side())
    }

    /// Words without a keyword of any item: rare characters.
    fn nonsense(&mut self) -> String {
        (0..40).map(|_| char::from_u32(0x9F00 + self.random.random_range(0..0xA0)).unwrap_or('齐')).collect()
    }

    fn submission(&mut self, item: &str, text: &str, lon: f64, lat: f64) -> Submission {
        self.reports += 1;
        let tenant: TenantId = STREET.parse().expect("a street");
        let message = ReportAccepted {
            report_id: Uuid::from_u128(self.reports).to_string(),
            street: STREET.to_owned(),
            source: "resident".to_owned(),
            item: item.to_owned(),
            text: text.to_owned(),
            place: Some(Place { lon, lat, datum: Datum::Wgs84.into(), address: String::new() }),
            tracking_sha256: vec![1; 32].into(),
            ..ReportAccepted::default()
        };
        Submission {
            report: Report::read(&message.encode_to_vec().into(), tenant).expect("a sound report"),
            decided: None,
            lane: Lane::Normal,
            drill: false,
            actor: "bench".to_owned(),
            traceparent: String::new(),
        }
    }
}
