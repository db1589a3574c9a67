//! From the door to the webhooks: the highest rate that holds, and what a report costs at half of it.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::Knobs;
use crate::bench::procs;
use crate::bench::reads;
use crate::bench::reports::Shape;
use crate::bench::search::Search;
use crate::bench::sheet::Sheet;
use crate::bench::statements;
use crate::bench::step::{Step, step};
use crate::bench::world::World;
use crate::cluster::SERVICES;
use crate::hops;

/// Nothing on two cores reaches this.
const PER_S_MAX: f64 = 40_000.0;
/// Steps of the search at most.
const STEPS_MAX: u32 = 14;

pub(super) async fn measure(knobs: &Knobs, shape: Shape) -> Result<Sheet> {
    let world = world(knobs).await?;
    let (lasting, streets) = (knobs.lasting(15), world.cluster.streets);
    eprintln!("searching the highest rate of {} that holds", shape.item);
    let mut search = Search::new(f64::from(knobs.per_s.unwrap_or(100)), PER_S_MAX, STEPS_MAX);
    let (mut accepted, mut unknown) = (0, 0);
    while let Some(per_s) = search.next() {
        let step = step(&world, shape, 1..=streets, per_s, lasting).await?;
        step.say();
        accepted += step.driven.accepted();
        unknown += step.driven.unknown();
        search.tell(step.held());
    }
    let per_s = search.held();
    ensure!(per_s > 0.0, "no rate held; {}; begin lower with --per-s", world.last_words("notification"));
    let mut sheet = Sheet::default();
    sheet.put("end_to_end_per_s", per_s);
    let lasting = lasting.max(Duration::from_secs(15));
    let half = measured(&world, shape, per_s / 2.0, lasting, &mut sheet).await?;
    sheet.said("end_to_end_held_at_half", half.held());
    sheet.count("verified_webhooks", world.conclude().await?);
    world.nothing_lost(accepted + half.driven.accepted(), unknown + half.driven.unknown()).await?;
    Ok(sheet)
}

/// One rate on a district of its own, measured after a warm-up (`times`: of the warm-up, of the measured load).
pub(in crate::bench) async fn at_rate(
    knobs: &Knobs,
    shape: Shape,
    per_s: f64,
    times: (Duration, Duration),
) -> Result<Sheet> {
    let world = world(knobs).await?;
    let warm_up = step(&world, shape, 1..=world.cluster.streets, per_s, times.0).await?;
    warm_up.say();
    let mut sheet = Sheet::default();
    let load = measured(&world, shape, per_s, times.1, &mut sheet).await?;
    sheet.said("end_to_end_held", load.held());
    sheet.count("verified_webhooks", world.conclude().await?);
    let [accepted, unknown] = [warm_up, load]
        .iter()
        .fold([0, 0], |[a, u], step| [a + step.driven.accepted(), u + step.driven.unknown()]);
    world.nothing_lost(accepted, unknown).await?;
    Ok(sheet)
}

async fn world(knobs: &Knobs) -> Result<World> {
    let streets = knobs.streets.unwrap_or(20);
    if knobs.statements { World::start_counting(streets).await } else { World::start(streets).await }
}

/// A measured load: latencies, hops, CPU time and memory.
async fn measured(
    world: &World,
    shape: Shape,
    per_s: f64,
    lasting: Duration,
    sheet: &mut Sheet,
) -> Result<Step> {
    let admin = &world.cluster.admin;
    let read_before = reads::of(admin).await?;
    let commits_before = reads::commits(admin).await?;
    statements::forget(admin).await?;
    let (since, before) = (hops::now(&world.cluster).await?, procs::cpu());
    let step = step(world, shape, 1..=world.cluster.streets, per_s, lasting).await?;
    let (spent, reports) = (procs::spent_ms(&before, &procs::cpu()), step.driven.accepted() as f64);
    step.say();
    let read = reads::per_report(&read_before, &reads::of(admin).await?, reports);
    eprintln!("  rows read per report: {}", read.join(", "));
    statements::say(admin, reports).await?;
    sheet
        .put("postgres_commits_per_report", (reads::commits(admin).await? - commits_before) as f64 / reports);
    sheet.put("end_to_end_at_per_s", per_s);
    sheet.put("end_to_end_p50_ms", step.end_to_end_ms(50.0));
    sheet.put("end_to_end_p99_ms", step.end_to_end_ms(99.0));
    sheet.put("end_to_end_accept_p50_ms", step.driven.accept_ms(50.0));
    sheet.put("end_to_end_accept_p99_ms", step.driven.accept_ms(99.0));
    let hops = hops::measure_since(&world.cluster, &since).await?;
    for hop in ["report_to_case", "case_to_order", "report_to_order", "order_to_attempt"] {
        for percentile in ["p50_ms", "p99_ms"] {
            let key = format!("{hop}_{percentile}");
            sheet.put(key.clone(), hops[&key].as_f64().unwrap_or_default());
        }
    }
    let services: f64 = SERVICES.iter().filter_map(|service| spent.get(*service)).sum();
    sheet.put("cpu_ms_per_report", services / reports);
    for (part, ms) in &spent {
        sheet.put(format!("{part}_cpu_ms_per_report"), ms / reports);
    }
    let memory = procs::services_rss_mib(true);
    sheet.put("rss_mib_max", memory.values().copied().fold(0.0, f64::max));
    for (service, mib) in memory {
        sheet.put(format!("{service}_rss_mib_max"), mib);
    }
    Ok(step)
}
