//! `bench routing`: rules by themselves. Decisions with the event parsed each time, hot reloads, checks, past cases.
//!
//! No servers: the crate decides and the pages of past cases are in memory. One street's share of a made-up district: item and
//! place by turns, a quarter of the rules without a condition, ten that are about every item or every place. Every decision is
//! held against reading the rules from top to bottom before anything is measured.

mod made;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use routing::rules::check::{Effort, check};
use routing::rules::{Conditions, Found, Layer, Rules, Tried};
use serde_json::Value;

use self::made::{Parsed, events, past_cases, rules, seat, settings, world};
use super::Knobs;
use super::sheet::Sheet;

const SEED: u64 = 20_261_129;
/// More than fit the first cache.
const EVENTS: usize = 16_384;
const SAMPLE: usize = 500;
const MANY: usize = 10_000;
const RELOADS: usize = 20;
const PAST: usize = 20_000;

/// Runs it.
pub fn run(knobs: &Knobs) -> Result<Value> {
    let time = knobs.lasting(2);
    let events = events(SEED, EVENTS);
    let mut sheet = Sheet::default();
    for count in [100, MANY] {
        let table = compile(count)?;
        truthful(&table, count, &events)?;
        sheet.put(
            format!("decisions_per_s_{count}_rules"),
            per_s(time, &events, |text| decided(&table, text)),
        );
    }
    let table = compile(MANY)?;
    let parsed: Vec<Parsed<'_>> = events.iter().map(|text| parse(text)).collect::<Result<_>>()?;
    let typed = |event: &Parsed<'_>| u64::from(matches!(table.find(&event.event()), Found::Rule(_)));
    sheet.put("decisions_typed_per_s", per_s(time, &parsed, typed));
    sheet.put("plans_explained_per_s", per_s(time, &parsed, |event| explained(&table, event)));
    sheet.put(
        "limit_parse_per_s",
        per_s(time, &events, |text| parse(text).map_or(0, |event| event.item.len() as u64)),
    );
    reloads(&mut sheet, &events)?;
    let started = Instant::now();
    let findings = check(&table, Layer::District, &world(), &mut Effort::thorough(), |done| {
        if done % 2_500 == 0 {
            eprintln!("  {done} rules checked");
        }
    });
    sheet.put("check_10000_rules_s", started.elapsed().as_secs_f64());
    sheet.count("findings", findings.len() as u64);
    backtest(&mut sheet, &table)?;
    Ok(sheet.finish(format!(
        "one thread but for the reloads, no servers; {MANY} or 100 rules over 132 items and 80 places, a quarter without a \
         condition, ten about every item or every place, seed {SEED}; {EVENTS} events of JSON asked round and round for {} s, \
         parsed each time but in decisions_typed and plans_explained; plans_explained: with the explanation as it is stored, \
         written as JSON; reload: one condition of {MANY} changed, the table made anew and put in place of the old one, the \
         middle of {RELOADS}; stall: the longest decision of another thread meanwhile; compile_cold: every condition parsed; \
         backtest: {PAST} stored explanations read, planned again and compared; limit_parse: the events parsed and nothing else",
        time.as_secs()
    )))
}

fn compile(count: usize) -> Result<Rules> {
    Rules::compile(rules(count)).map_err(|unsound| anyhow::anyhow!("unsound rules: {unsound:?}"))
}

fn parse(text: &str) -> Result<Parsed<'_>> {
    serde_json::from_str(text).context("a made-up event")
}

fn decided(table: &Rules, text: &str) -> u64 {
    let Ok(event) = parse(text) else { return 0 };
    u64::from(matches!(table.find(&event.event()), Found::Rule(_)))
}

/// The table says what reading from top to bottom says.
fn truthful(table: &Rules, count: usize, events: &[String]) -> Result<()> {
    let single: Vec<Rules> = rules(count)
        .into_iter()
        .map(|rule| Rules::compile([rule]))
        .collect::<Result<_, _>>()
        .map_err(|_| anyhow::anyhow!("unsound"))?;
    let mut held = 0;
    for text in &events[..SAMPLE] {
        let event = parse(text)?;
        let key = |found: Found<'_>| match found {
            Found::Rule(rule) => Some(rule.key.clone()),
            _ => None,
        };
        let by_hand = single.iter().find_map(|rule| key(rule.find(&event.event())));
        ensure!(key(table.find(&event.event())) == by_hand, "the table and reading differ for {text}");
        held += usize::from(by_hand.is_some());
    }
    ensure!(held > SAMPLE / 20, "hardly any rule holds: {held} of {SAMPLE}");
    Ok(())
}

fn explained(table: &Rules, event: &Parsed<'_>) -> u64 {
    let facts = event.facts();
    let tried = Tried::of(table, Layer::District, &event.event(), &seat);
    let (plan, explanation) = routing::plan(&facts, Some(&made::entry(event.item)), &settings(), &tried);
    let text = serde_json::to_string(&explanation).map_or(0, |text| text.len() as u64);
    text + plan.assists.len() as u64
}

/// A thread decides while the table is replaced beneath it.
fn reloads(sheet: &mut Sheet, events: &[String]) -> Result<()> {
    let started = Instant::now();
    let conditions = Conditions::default();
    let first = Rules::tolerant(rules(MANY), &conditions);
    sheet.put("compile_cold_10000_rules_ms", started.elapsed().as_secs_f64() * 1_000.0);
    let shared = Arc::new(RwLock::new(Arc::new(first)));
    let stop = Arc::new(AtomicBool::new(false));
    let deciding = {
        let (shared, stop, events) = (shared.clone(), stop.clone(), events.to_vec());
        std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            for text in events.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let started = Instant::now();
                let Ok(table) = shared.read().map(|table| table.clone()) else { break };
                black_box(decided(&table, text));
                longest = longest.max(started.elapsed());
            }
            longest
        })
    };
    let mut took_ms = Vec::new();
    for round in 0..RELOADS {
        let mut changed = rules(MANY);
        changed[round].when = format!("households >= {}", 9_000 + round);
        let started = Instant::now();
        let table = Arc::new(Rules::tolerant(changed, &conditions));
        let replaced = shared.write().map(|mut shared| std::mem::replace(&mut *shared, table));
        took_ms.push(started.elapsed().as_secs_f64() * 1_000.0);
        // Whoever replaces a table takes it apart, once the decision that still reads it is done.
        while replaced.as_ref().is_ok_and(|old| Arc::strong_count(old) > 1) {
            std::thread::yield_now();
        }
    }
    stop.store(true, Ordering::Relaxed);
    let longest = deciding.join().map_err(|_| anyhow::anyhow!("the deciding thread failed"))?;
    took_ms.sort_by(f64::total_cmp);
    sheet.put("reload_10000_rules_ms", took_ms[RELOADS / 2]);
    sheet.put("reload_stall_ms_max", longest.as_secs_f64() * 1_000.0);
    Ok(())
}

fn backtest(sheet: &mut Sheet, table: &Rules) -> Result<()> {
    let past = past_cases(table, SEED, PAST)?;
    let started = Instant::now();
    let mut differing = 0_u64;
    for stored in &past {
        let stored: routing::Explanation = serde_json::from_slice(stored)?;
        let facts = &stored.inputs.facts;
        let event = facts.event().context("a past case keeps its circumstances")?;
        let tried = Tried::of(table, Layer::District, &event, &seat);
        let (plan, _) = routing::plan(facts, stored.inputs.entry.as_ref(), &stored.inputs.settings, &tried);
        differing += u64::from(plan != stored.plan);
    }
    sheet.put("backtest_cases_per_s", past.len() as f64 / started.elapsed().as_secs_f64());
    ensure!(
        differing == 0,
        "{differing} of {} past cases differ under the rules they were decided by",
        past.len()
    );
    Ok(())
}

/// How often per second, asked round and round for some time.
fn per_s<T>(time: Duration, asked: &[T], answer: impl Fn(&T) -> u64) -> f64 {
    let (started, mut count, mut sum) = (Instant::now(), 0_u64, 0_u64);
    while started.elapsed() < time {
        for one in asked {
            sum = sum.wrapping_add(answer(one));
        }
        count += asked.len() as u64;
    }
    black_box(sum);
    count as f64 / started.elapsed().as_secs_f64()
}
