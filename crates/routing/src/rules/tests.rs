//! Rules: two ways of evaluating agree, the table agrees with reading from top to bottom, faults take nothing away.

mod checking;
mod conditions;
mod deciding;

use ids::{Lane, TenantId};
use proptest::prelude::*;

use super::{Event, Moment, Rule, Then};

fn tenant(code: &str) -> TenantId {
    code.parse().unwrap()
}

/// An ordinary event of a working morning.
fn event() -> Event<'static> {
    Event {
        item: "TRA-01",
        category: "TRA",
        street: tenant("990102001000"),
        community: Some(tenant("990102001003")),
        grid: "G-7",
        layers: &[],
        reporter: "resident",
        lane: Lane::Normal,
        drill: false,
        text: "306路改道，三千户出行不便",
        moment: Moment { month: 5, weekday: 3, minute: 600, workday: Some(true) },
        households: 3_000,
        reading_milli: None,
        repeats: 0,
        voices: 1,
    }
}

fn rule(key: &str, items: &[&str], when: &str) -> Rule {
    Rule {
        key: key.to_owned(),
        zh: format!("规则{key}"),
        en: format!("rule {key}"),
        order: 0,
        items: items.iter().map(|item| (*item).to_owned()).collect(),
        places: Vec::new(),
        when: when.to_owned(),
        shadow: false,
        then: Then { policy: Some(key.to_owned()), ..Then::default() },
    }
}

/// Everything a condition may ask about, drawn from few enough values to meet each other.
#[derive(Debug, Clone)]
struct Matter {
    item: &'static str,
    community: Option<TenantId>,
    layers: Vec<String>,
    reporter: &'static str,
    lane: Lane,
    drill: bool,
    text: String,
    moment: Moment,
    households: u32,
    reading_milli: Option<i64>,
    repeats: u32,
    /// Reports beyond one for each case.
    more_voices: u32,
}

impl Matter {
    fn event(&self) -> Event<'_> {
        Event {
            item: self.item,
            category: self.item.split('-').next().unwrap(),
            community: self.community,
            layers: &self.layers,
            reporter: self.reporter,
            lane: self.lane,
            drill: self.drill,
            text: &self.text,
            moment: self.moment,
            households: self.households,
            reading_milli: self.reading_milli,
            repeats: self.repeats,
            voices: self.repeats + 1 + self.more_voices,
            ..event()
        }
    }
}

prop_compose! {
    fn matters()(
        item in prop::sample::select(vec!["TRA-01", "TRA-02", "FAC-03", "IOT-01"]),
        community in prop::option::of(prop::sample::select(vec![tenant("990102001003"), tenant("990102001004")])),
        layers in prop::sample::subsequence(vec!["fire-zone/1", "police-beat/B-1", "police-beat/B-2"], 0..=3),
        reporter in prop::sample::select(vec!["resident", "grid-worker"]),
        lane in prop::sample::select(Lane::ALL.to_vec()),
        drill: bool,
        text in "[306路改道停水 ]{0,6}",
        (month, weekday, minute, workday) in (1_u8..=12, 1_u8..=7, 0_u16..1440, any::<bool>()),
        households in 0_u32..6,
        reading_milli in prop::option::of(-3_i64..4),
        (repeats, more_voices) in (0_u32..4, 0_u32..4),
    ) -> Matter {
        let moment = Moment { month, weekday, minute, workday: Some(workday) };
        let layers = layers.into_iter().map(str::to_owned).collect();
        Matter { item, community, layers, reporter, lane, drill, text, moment, households, reading_milli, repeats, more_voices }
    }
}

/// A condition of comparisons, and sometimes arithmetic, which only the interpreter does.
fn conditions(arithmetic: bool) -> BoxedStrategy<String> {
    let numbers =
        vec!["month", "weekday", "hour", "minute", "households", "reading_milli", "repeats", "voices"];
    let numbers = prop::sample::select(numbers);
    let order = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let number = (numbers.clone(), order.clone(), -2_i64..30)
        .prop_map(|(field, order, n)| format!("{field} {order} {n}"));
    let turned =
        (numbers.clone(), order, 0_i64..30).prop_map(|(field, order, n)| format!("{n} {order} {field}"));
    let among = (numbers, prop::collection::vec(0_i64..24, 0..4)).prop_map(|(field, list)| {
        format!("{field} in [{}]", list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    });
    let mut texts = vec![
        "item == 'TRA-01'",
        "item in ['TRA-02', 'IOT-01']",
        "category != 'TRA'",
        "community == '990102001003'",
        "community == ''",
        "community in ['990102001004', '', 'nowhere']",
        "street == '990102001000'",
        "street != 'nowhere'",
        "reporter == 'grid-worker'",
        "lane == 'urgent'",
        "grid == 'G-7'",
        "'police-beat/B-1' in layers",
        "!('fire-zone/1' in layers)",
        "text.contains('改道')",
        "text.startsWith('3')",
        "text.endsWith('水')",
        "text.matches('306.*停')",
        "text.matches('^$')",
        "workday",
        "drill == false",
        "has_reading != true",
        "true",
    ];
    // A pattern beside arithmetic is refused.
    texts.retain(|text| !arithmetic || !text.contains("matches"));
    let texts = prop::sample::select(texts);
    let atoms = prop_oneof![number, turned, among, texts.prop_map(str::to_owned)];
    let atoms = if arithmetic {
        let sums = (0_i64..9, 1_i64..5)
            .prop_map(|(a, b)| format!("households * {b} + hour > {a} || size(text) % {b} == 0"));
        prop_oneof![3 => atoms, 1 => sums].boxed()
    } else {
        atoms.boxed()
    };
    atoms
        .prop_recursive(4, 16, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
        .boxed()
}

fn few_items() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["TRA-01", "TRA-02", "IOT-01"]), 0..3)
}

fn few_places() -> impl Strategy<Value = Vec<&'static str>> {
    let places = vec!["990102001000", "990102002000", "990102001003", "990102001004"];
    prop::collection::vec(prop::sample::select(places), 0..3)
}
