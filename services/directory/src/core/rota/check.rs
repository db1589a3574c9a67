//! Whether somebody is always on duty, and nobody in somebody else's place: refused at apply, with the exact hours.
//!
//! Who is there repeats with the rotation, but for the days that are written down: first and last days, overrides,
//! swaps, people who come and go. So one rotation after each of those is looked at, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::duty::{Post, Rota};
use ids::BodyKey;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::super::fault::Fault;
use super::{Roster, Turn, time};

/// Most duty days of one rotation.
pub(super) const CYCLE_DAYS_MAX: i64 = 3_660;
/// Most duty days looked at: a rotation of a year, changed by hand a dozen times.
const DAYS_MAX: usize = 10_000;
/// Most gaps, and most overlaps, told of one rota.
const TOLD_MAX: usize = 5;

/// Everything wrong with the posts and rotas of a tenant, but for whose bodies they are.
pub(in super::super) fn check(
    posts: &BTreeMap<String, Post>,
    rotas: &BTreeMap<String, Rota>,
    zone: Option<&TimeZone>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (key, post) in posts {
        check_post(&mut faults, key, post);
    }
    for (key, rota) in rotas {
        let before = faults.len();
        let post = posts.get(&rota.post);
        check_form(&mut faults, key, rota, post);
        // Hours are counted where all the words are sound.
        if let (true, Some(post), Some(zone)) = (faults.len() == before, post, zone) {
            check_hours(&mut faults, key, rota, post, zone);
        }
    }
    faults
}

fn check_post(faults: &mut Vec<Fault>, key: &str, post: &Post) {
    if key.parse::<BodyKey>().is_err() {
        faults.push(Fault::people(&["posts", key], "identifier-invalid", NO_SLUG));
    }
    for (at, person) in post.people.iter().enumerate() {
        let at = at.to_string();
        if !person.validity.possible() {
            let detail = "离岗日早于到岗日 / the last day comes before the first";
            faults.push(Fault::people(&["posts", key, "people", &at, "until"], "empty-validity", detail));
        }
        if person.subject.trim().is_empty() {
            let detail = "人员标识不得为空 / a subject must not be empty";
            faults.push(Fault::people(&["posts", key, "people", &at, "subject"], "empty-word", detail));
        }
    }
}

const NO_SLUG: &str =
    "键须为 1 至 64 个小写字母、数字或连字符 / a key is 1 to 64 of a-z, 0-9 and -, starting with a letter";

/// Keys, times, days and people.
fn check_form(faults: &mut Vec<Fault>, key: &str, rota: &Rota, post: Option<&Post>) {
    let mut told = Told { faults, key };
    if key.parse::<BodyKey>().is_err() {
        told.add(&[], "identifier-invalid", NO_SLUG);
    }
    if post.is_none() {
        told.add(&["post"], "unknown-post", "没有该岗位 / no post has this key");
    }
    if time(&rota.handover).is_none() {
        told.add(&["handover"], "bad-time", BAD_TIME);
    }
    if !(1..=366).contains(&rota.period_days) {
        told.add(&["period_days"], "out-of-range", "须在 1 至 366 之间 / must be 1 to 366");
    }
    if rota.ends.is_some_and(|ends| ends < rota.starts) {
        told.add(&["ends"], "empty-validity", "终止日早于起始日 / the last day comes before the first");
    }
    check_shifts(&mut told, rota, post);
    for (at, cover) in rota.covers.iter().enumerate() {
        let at = at.to_string();
        for (field, text) in [("start", &cover.start), ("end", &cover.end)] {
            if time(text).is_none() {
                told.add(&["covers", &at, field], "bad-time", BAD_TIME);
            }
        }
    }
    check_overrides(&mut told, rota, post);
    check_swaps(&mut told, rota);
}

const BAD_TIME: &str = "须为 HH:MM / must be HH:MM";
const UNKNOWN_SHIFT: &str = "没有该班次 / no shift has this key";
const OUTSIDE: &str = "不在值班表的起止日之内 / not one of the rota's duty days";

struct Told<'a> {
    faults: &'a mut Vec<Fault>,
    key: &'a str,
}

impl Told<'_> {
    fn add(&mut self, below: &[&str], code: &'static str, detail: &str) {
        let parts: Vec<&str> = ["rotas", self.key].into_iter().chain(below.iter().copied()).collect();
        self.faults.push(Fault::people(&parts, code, detail));
    }

    /// Subjects who are not on the post at all.
    fn people(&mut self, below: &[&str], crew: &[String], post: Option<&Post>) {
        let Some(post) = post else { return };
        for (at, subject) in crew.iter().enumerate() {
            if !post.people.iter().any(|person| person.subject == *subject) {
                let at = at.to_string();
                let parts: Vec<&str> = below.iter().copied().chain([at.as_str()]).collect();
                self.add(
                    &parts,
                    "unknown-person",
                    "该人员不在此岗位上 / nobody of this name serves on the post",
                );
            }
        }
    }
}

fn check_shifts(told: &mut Told<'_>, rota: &Rota, post: Option<&Post>) {
    if rota.shifts.is_empty() {
        told.add(&["shifts"], "empty-rota", "至少须有一个班次 / there must be a shift");
    }
    for (key, shift) in &rota.shifts {
        if key.parse::<BodyKey>().is_err() {
            told.add(&["shifts", key], "identifier-invalid", NO_SLUG);
        }
        for (field, text) in [("start", &shift.start), ("end", &shift.end)] {
            if time(text).is_none() {
                told.add(&["shifts", key, field], "bad-time", BAD_TIME);
            }
        }
        if shift.crews.is_empty() || shift.crews.iter().any(Vec::is_empty) {
            told.add(&["shifts", key, "crews"], "empty-rota", "班组不得为空 / a crew must not be empty");
        }
        let days = i64::from(rota.period_days).saturating_mul(shift.crews.len() as i64);
        if days > CYCLE_DAYS_MAX {
            told.add(
                &["shifts", key, "crews"],
                "rota-too-long",
                "轮换一周超过十年 / one rotation takes more than ten years",
            );
        }
        for (at, crew) in shift.crews.iter().enumerate() {
            told.people(&["shifts", key, "crews", &at.to_string()], crew, post);
        }
    }
}

fn check_overrides(told: &mut Told<'_>, rota: &Rota, post: Option<&Post>) {
    let all = rota.overrides.iter().enumerate();
    for (position, instead) in all.clone() {
        let at = position.to_string();
        if !rota.shifts.contains_key(&instead.shift) {
            told.add(&["overrides", &at, "shift"], "unknown-shift", UNKNOWN_SHIFT);
        }
        if instead.until < instead.from {
            told.add(
                &["overrides", &at, "until"],
                "empty-validity",
                "终止日早于起始日 / the last day comes before the first",
            );
        }
        if !inside(rota, instead.from) || !inside(rota, instead.until) {
            told.add(&["overrides", &at], "rota-day", OUTSIDE);
        }
        let earlier = all.clone().take(position).find(|(_, other)| {
            other.shift == instead.shift && other.from <= instead.until && instead.from <= other.until
        });
        if let Some((_, other)) = earlier {
            let (from, until) = (other.from.max(instead.from), other.until.min(instead.until));
            let detail =
                format!("{from} 至 {until} 已有另一调班 / another override holds from {from} to {until}");
            told.add(&["overrides", &at], "rota-overlap", &detail);
        }
        told.people(&["overrides", &at, "crew"], &instead.crew, post);
    }
}

fn check_swaps(told: &mut Told<'_>, rota: &Rota) {
    let mut seen = BTreeSet::new();
    for (at, swap) in rota.swaps.iter().enumerate() {
        let at = at.to_string();
        if !rota.shifts.contains_key(&swap.shift) {
            told.add(&["swaps", &at, "shift"], "unknown-shift", UNKNOWN_SHIFT);
        }
        if !inside(rota, swap.day) || !inside(rota, swap.with) {
            told.add(&["swaps", &at], "rota-day", OUTSIDE);
        }
        for day in [swap.day, swap.with] {
            if !seen.insert((&swap.shift, day)) {
                let detail = format!("{day} 已换班 / {day} has changed places already");
                told.add(&["swaps", &at], "rota-swap", &detail);
            }
        }
    }
}

fn inside(rota: &Rota, day: Date) -> bool {
    rota.starts <= day && rota.ends.is_none_or(|ends| day <= ends)
}

fn check_hours(faults: &mut Vec<Fault>, key: &str, rota: &Rota, post: &Post, zone: &TimeZone) {
    let Some(roster) = Roster::read(rota, post, zone.clone()) else { return };
    let days = days(&roster);
    let mut told = Told { faults, key };
    if days.len() > DAYS_MAX {
        let detail =
            format!("须核对的天数超过 {DAYS_MAX} / more than {DAYS_MAX} days would have to be looked at");
        return told.add(&[], "rota-too-long", &detail);
    }
    let found = Hours::of(&roster, &days);
    for (from, until) in found.gaps.iter().take(TOLD_MAX) {
        let detail = format!(
            "{} 至 {} 无人值守 / nobody is on duty from {} to {}",
            local(from),
            local(until),
            local(from),
            local(until)
        );
        told.add(&[], "rota-gap", &detail);
    }
    for (from, until) in found.overlaps.iter().take(TOLD_MAX) {
        let detail = format!(
            "{} 至 {} 班次重叠 / shifts overlap from {} to {}",
            local(from),
            local(until),
            local(from),
            local(until)
        );
        told.add(&[], "rota-overlap", &detail);
    }
}

/// With the offset: in the night the clocks change an hour is there twice.
fn local(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

/// One rotation after each day that is written down, within the rota's own days.
fn days(roster: &Roster<'_>) -> BTreeSet<Date> {
    let rota = roster.rota;
    let mut marks = vec![rota.starts];
    marks.extend(rota.ends);
    marks.extend(rota.overrides.iter().flat_map(|instead| [instead.from, instead.until]));
    marks.extend(rota.swaps.iter().flat_map(|swap| [swap.day, swap.with]));
    marks.extend(roster.post.people.iter().flat_map(|person| person.validity.turns()));
    let mut days = BTreeSet::new();
    for mark in marks {
        let from = mark.yesterday().unwrap_or(mark);
        let until = mark.saturating_add((roster.cycle() + 1).days());
        days.extend(from.series(1.day()).take_while(|day| *day <= until).filter(|day| inside(rota, *day)));
        if days.len() > DAYS_MAX {
            break;
        }
    }
    days
}

/// Stretches of time in order, those that touch as one.
#[derive(Default)]
struct Hours {
    gaps: Vec<(Zoned, Zoned)>,
    overlaps: Vec<(Zoned, Zoned)>,
}

impl Hours {
    fn of(roster: &Roster<'_>, days: &BTreeSet<Date>) -> Self {
        let mut found = Self::default();
        for day in days {
            let turns = manned(roster, *day);
            for pair in turns.windows(2) {
                if pair[1].starts_at < pair[0].ends_at && pair[1].day == *day {
                    let until = pair[0].ends_at.clone().min(pair[1].ends_at.clone());
                    push(&mut found.overlaps, pair[1].starts_at.clone(), until);
                }
            }
            for (from, until) in required(roster, *day) {
                found.uncovered(&turns, from, until);
            }
        }
        found
    }

    fn uncovered(&mut self, turns: &[Turn], mut from: Zoned, until: Zoned) {
        for turn in turns {
            if turn.starts_at > from && from < until {
                push(&mut self.gaps, from.clone(), turn.starts_at.clone().min(until.clone()));
            }
            from = from.max(turn.ends_at.clone());
        }
        if from < until {
            push(&mut self.gaps, from, until);
        }
    }
}

fn push(stretches: &mut Vec<(Zoned, Zoned)>, from: Zoned, until: Zoned) {
    match stretches.last_mut() {
        Some(last) if last.1 >= from => last.1 = last.1.clone().max(until),
        _ => stretches.push((from, until)),
    }
}

/// Turns with somebody there, of a duty day and its neighbours.
fn manned(roster: &Roster<'_>, day: Date) -> Vec<Turn> {
    let neighbour = |found: Result<Date, jiff::Error>| found.unwrap_or(day);
    let mut turns = roster.turns(neighbour(day.yesterday()), neighbour(day.tomorrow()));
    turns.retain(|turn| !turn.crew.is_empty());
    turns
}

/// When somebody must be there on a duty day.
fn required(roster: &Roster<'_>, day: Date) -> Vec<(Zoned, Zoned)> {
    let covers = roster.rota.covers.iter();
    let covers = covers.filter_map(|frame| roster.span(day, time(&frame.start)?, time(&frame.end)?));
    let covers: Vec<_> = covers.collect();
    if covers.is_empty() {
        return roster.span(day, roster.handover, roster.handover).into_iter().collect();
    }
    covers
}
