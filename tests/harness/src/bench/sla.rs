//! Clocks by themselves, on one core: due times of the shipped calendar, and what it takes to explain one.
//!
//! No servers. Starts are drawn at random within the published years, limits are the shipped items' kinds; every result is
//! summed up so that none is computed away, and a sample is held against its own segments before anything is printed.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use sla::{Calendar, ClockKind, Limit, StopWatch, Unit, due, due_at};

use super::Knobs;
use super::sheet::Sheet;

const SEED: u64 = 20_261_129;
/// So many different questions, asked round and round: more than fit the first cache.
const ASKED: usize = 65_536;
/// Checked before measuring.
const SAMPLE: usize = 2_000;
/// The table that the limit's searches go through: the frames of one year of two a day.
const SEARCHED: u32 = 500;

/// One limit from one start.
type Question = (Limit, Timestamp);

/// Runs it.
pub fn run(knobs: &Knobs) -> Result<Value> {
    let calendar = calendar()?;
    let mut random = StdRng::seed_from_u64(SEED);
    let hours = questions(
        &mut random,
        &[(ClockKind::Work, 120, Unit::Minute), (ClockKind::Work, 450, Unit::Minute)],
    )?;
    let days =
        questions(&mut random, &[(ClockKind::Work, 2, Unit::Workday), (ClockKind::Work, 10, Unit::Workday)])?;
    let mut all = hours.clone();
    all.extend(&days);
    all.truncate(ASKED * 2);
    for question in &all[..SAMPLE] {
        check(&calendar, *question)?;
    }
    let time = knobs.lasting(2);
    let mut sheet = Sheet::default();
    let asks =
        |questions: &[Question]| per_s(time, questions, |(limit, start)| due_us(&calendar, *limit, *start));
    sheet.put("due_per_s", asks(&all)?);
    sheet.put("due_minutes_per_s", asks(&hours)?);
    sheet.put("due_workdays_per_s", asks(&days)?);
    let watches = watches(&calendar, &all)?;
    sheet.put("watch_due_per_s", per_s(time, &watches, |watch| watch_us(&calendar, watch))?);
    let long: Vec<&StopWatch> = watches.iter().filter(|watch| watch.limit().amount() == 10).collect();
    let explained = per_s(time, &long, |watch| explained(&calendar, watch))?;
    sheet.put("explain_us", 1_000_000.0 / explained);
    let table: Vec<u32> = (0..SEARCHED).map(|frame| frame * 61).collect();
    let wanted: Vec<u32> = (0..ASKED).map(|_| random.random_range(0..SEARCHED * 61)).collect();
    let searched = |wanted: &u32| Ok(table.partition_point(|open| open <= wanted) as i64);
    sheet.put("limit_searches_per_s", per_s(time, &wanted, searched)?);
    Ok(sheet.finish(format!(
        "one thread, no servers, per second that it had a core; packs/default/calendar.yaml; {ASKED} random starts each (seed {SEED}) in 2024 and 2025 with \
         limits of 120 and 450 working minutes (due_minutes_), of 2 and 10 working days (due_workdays_), and of all four (due_); \
         each figure over {} s. watch_due: stop-watches of these, paused and resumed once. explain: a stop-watch of 10 working \
         days, paused once, unfolded with its Chinese and its English text. limit_searches: one binary search among \
         {SEARCHED} numbers, of which a count of working time needs two or three",
        time.as_secs()
    )))
}

fn calendar() -> Result<Calendar> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/default/calendar.yaml");
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    serde_saphyr::from_str(&text).context("reading the shipped calendar")
}

fn questions(random: &mut StdRng, kinds: &[(ClockKind, u32, Unit)]) -> Result<Vec<Question>> {
    let first: Timestamp = "2024-01-01T00:00:00+08:00".parse()?;
    let within_s = SignedDuration::from_hours(24 * 700).as_secs();
    let question = |index: usize| {
        let (clock, amount, unit) = kinds[index % kinds.len()];
        let start = first + SignedDuration::from_secs(random.random_range(0..within_s));
        Ok((Limit::new(clock, amount, unit)?, start))
    };
    (0..ASKED).map(question).collect()
}

/// Paused for a day after an hour.
fn watches(calendar: &Calendar, questions: &[Question]) -> Result<Vec<StopWatch>> {
    let watch = |(limit, start): &Question| {
        let mut watch = StopWatch::start(*limit, calendar, *start);
        watch.pause(*start + SignedDuration::from_hours(1))?;
        watch.resume(*start + SignedDuration::from_hours(25))?;
        Ok(watch)
    };
    questions.iter().map(watch).collect()
}

/// A due time is what its segments add up to.
fn check(calendar: &Calendar, (limit, start): Question) -> Result<()> {
    let whole = due(calendar, limit, start)?;
    ensure!(whole.at == due_at(calendar, limit, start)?, "two due times of {limit:?} from {start}");
    let counted: SignedDuration = whole.segments.iter().map(|segment| segment.length()).sum();
    let asked = match limit.unit() {
        Unit::Minute => SignedDuration::from_mins(limit.amount().into()),
        // The shipped frames are 7.5 hours a day.
        _ => SignedDuration::from_mins(i64::from(limit.amount()) * 450),
    };
    ensure!(counted == asked, "{limit:?} from {start} counted {counted:?}");
    Ok(())
}

fn due_us(calendar: &Calendar, limit: Limit, start: Timestamp) -> Result<i64> {
    Ok(due_at(calendar, limit, start)?.as_microsecond())
}

fn watch_us(calendar: &Calendar, watch: &StopWatch) -> Result<i64> {
    Ok(watch.due(calendar)?.context("it runs")?.as_microsecond())
}

fn explained(calendar: &Calendar, watch: &StopWatch) -> Result<i64> {
    let explanation = watch.explain(calendar, watch.since())?;
    Ok((explanation.text_zh().len() + explanation.text_en().len()) as i64)
}

/// How often a second of one core, asked one after the other for that long.
fn per_s<T>(time: Duration, questions: &[T], ask: impl Fn(&T) -> Result<i64>) -> Result<f64> {
    let (began, before) = (Instant::now(), on_cpu()?);
    let (mut asked, mut sum) = (0_u64, 0_i64);
    // The clock is read once for a thousand.
    for thousand in questions.chunks(1_000).cycle() {
        for question in thousand {
            sum = sum.wrapping_add(ask(black_box(question))?);
        }
        asked += thousand.len() as u64;
        if began.elapsed() >= time {
            break;
        }
    }
    black_box(sum);
    Ok(asked as f64 / (on_cpu()? - before).as_secs_f64())
}

/// How long this thread has had a core. Where others want it too, elapsed time would measure them.
fn on_cpu() -> Result<Duration> {
    let told =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("reading this thread's schedstat")?;
    let first = told.split_whitespace().next().context("an empty schedstat")?;
    Ok(Duration::from_nanos(first.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_an_answer_and_its_segments_add_up() {
        let calendar = calendar().unwrap();
        let mut random = StdRng::seed_from_u64(SEED);
        let kinds = [(ClockKind::Work, 450, Unit::Minute), (ClockKind::Work, 10, Unit::Workday)];
        let questions = questions(&mut random, &kinds).unwrap();
        for question in &questions[..200] {
            check(&calendar, *question).unwrap();
        }
        for watch in watches(&calendar, &questions[..200]).unwrap() {
            assert!(watch_us(&calendar, &watch).unwrap() > watch.since().as_microsecond());
            assert!(explained(&calendar, &watch).unwrap() > 0);
        }
    }
}
