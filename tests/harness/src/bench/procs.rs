//! CPU time and memory of everything this program started, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cluster::SERVICES;

/// Linux counts CPU time for `/proc` in hundredths of a second on every architecture (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// One process as `/proc/<id>/stat` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    /// Its own user and system time, in ticks.
    own: u64,
    /// That of children it has waited for.
    waited: u64,
}

/// CPU time so far: each service by its name, `postgres`, `nats`, and `driver`, which is this process.
pub fn cpu() -> BTreeMap<String, Duration> {
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for (_, part, stat) in parts() {
        // Backends of Postgres come and go; the postmaster has waited for those that are gone.
        let ticks = stat.own + if part == "postgres" { stat.waited } else { 0 };
        *times.entry(part).or_default() += TICK * ticks as u32;
    }
    times
}

/// CPU time between two looks, in milliseconds, by part.
pub fn spent_ms(
    before: &BTreeMap<String, Duration>,
    after: &BTreeMap<String, Duration>,
) -> BTreeMap<String, f64> {
    let since = |(part, time): (&String, &Duration)| {
        let earlier = before.get(part).copied().unwrap_or_default();
        (part.clone(), time.saturating_sub(earlier).as_secs_f64() * 1_000.0)
    };
    after.iter().map(since).collect()
}

/// Resident memory of each running service in MiB: its highest so far, or that of now.
pub fn services_rss_mib(highest: bool) -> BTreeMap<String, f64> {
    let field = if highest { "VmHWM:" } else { "VmRSS:" };
    let services = parts().into_iter().filter(|(_, part, _)| SERVICES.contains(&part.as_str()));
    services.filter_map(|(id, part, _)| Some((part, memory_mib(id, field)?))).collect()
}

/// Processes of ours whose name begins so.
pub fn processes_named(beginning: &str) -> Vec<u32> {
    let all = all();
    let named = all.iter().filter(|(id, stat)| stat.name.starts_with(beginning) && is_ours(&all, **id));
    named.map(|(id, _)| *id).collect()
}

/// The process of a service.
pub fn process_of(service: &str) -> Result<u32> {
    let found = parts().into_iter().find(|(_, part, _)| part == service);
    Ok(found.with_context(|| format!("{service} does not run"))?.0)
}

/// Own process and all descendants that are a part of the system, by part.
fn parts() -> Vec<(u32, String, Stat)> {
    let (all, own) = (all(), std::process::id());
    let mine = all.iter().filter(|(id, _)| is_ours(&all, **id));
    mine.filter_map(|(id, stat)| Some((*id, part_of(*id == own, &stat.name)?, stat.clone()))).collect()
}

/// Whether a process is this one or descends from it.
fn is_ours(all: &BTreeMap<u32, Stat>, mut id: u32) -> bool {
    let own = std::process::id();
    loop {
        match all.get(&id) {
            _ if id == own => return true,
            Some(stat) if stat.parent != 0 => id = stat.parent,
            _ => return false,
        }
    }
}

fn part_of(own: bool, name: &str) -> Option<String> {
    match name {
        _ if own => Some("driver".to_owned()),
        "postgres" => Some("postgres".to_owned()),
        "nats-server" => Some("nats".to_owned()),
        service if SERVICES.contains(&service) => Some(service.to_owned()),
        _ => None,
    }
}

fn all() -> BTreeMap<u32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| Some((id, parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))).collect()
}

/// A name may hold blanks and brackets, so the fields are counted from its last bracket.
fn parse(stat: &str) -> Option<Stat> {
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let own = number(11)? + number(12)?;
    Some(Stat { name, parent: number(1)? as u32, own, waited: number(13)? + number(14)? })
}

/// Resident memory of one process now.
pub fn rss_bytes(id: u32) -> Option<u64> {
    memory_mib(id, "VmRSS:").map(|mib| (mib * 1_024.0 * 1_024.0) as u64)
}

fn memory_mib(id: u32, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_stat_are_found_behind_a_name_with_brackets() {
        let line = "42 (a) b) S 7 42 42 0 -1 4194560 11 22 33 44 500 60 7 8 20 0 1 0 9 1000 10";
        let expected = Stat { name: "a) b".to_owned(), parent: 7, own: 560, waited: 15 };
        assert_eq!(parse(line), Some(expected));
    }

    #[test]
    fn this_process_is_the_driver() {
        assert!(cpu().contains_key("driver"));
        assert!(memory_mib(std::process::id(), "VmRSS:").is_some_and(|mib| mib > 0.0));
        let (before, after) = (BTreeMap::new(), BTreeMap::from([("nats".to_owned(), TICK * 3)]));
        assert_eq!(spent_ms(&before, &after), BTreeMap::from([("nats".to_owned(), 30.0)]));
    }
}
