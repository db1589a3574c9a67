//! Conservation (D32): whatever happens to a stop-watch, used and left are limit and extensions, and no minute on hold is
//! charged. Held against a count of single minutes that knows nothing of segments, intervals or sums.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sla::{Calendar, CalendarSpec, ClockKind, DayKind, DaySpec, Limit, StopWatch, Unit, WatchState};

use crate::official::{at, frame, spec};

/// Autumn 2026, with two holidays and two make-up days; minute 0 is a Tuesday's midnight.
const MINUTES: usize = 120 * 1_440;

/// Every start and act lies in the first weeks, so that what is due is due before the last minute counted.
const STARTS_BEFORE: usize = 14 * 1_440;

fn instant(minute: usize) -> Timestamp {
    at("2026-09-01 00:00") + SignedDuration::from_mins(i64::try_from(minute).unwrap())
}

/// Two publications of one calendar: other hours, and other days.
fn publications() -> [CalendarSpec; 2] {
    let mut days = spec().days;
    days.retain(|day| day.date != jiff::civil::date(2026, 9, 20));
    days.extend(
        ["2026-10-08", "2026-09-16"]
            .map(|date| DaySpec { date: date.parse().unwrap(), kind: DayKind::Holiday }),
    );
    let frames = vec![frame("08:00", "12:00"), frame("13:00", "17:30")];
    [spec(), CalendarSpec { version: 2, frames, days, ..spec() }]
}

/// Whether each minute is worked, read off the written calendar without the crate.
fn worked_minutes(spec: &CalendarSpec) -> Vec<bool> {
    let first = jiff::civil::date(2026, 9, 1).to_datetime(jiff::civil::Time::midnight());
    let worked = |minute: i64| {
        let local = first + jiff::Span::new().minutes(minute);
        let listed = spec.days.iter().find(|day| day.date == local.date()).map(|day| day.kind);
        let weekday = local.date().weekday().to_monday_one_offset() <= 5;
        let day = listed.map_or(weekday, |kind| kind == DayKind::MakeupWorkday);
        day && spec.frames.iter().any(|frame| (frame.start..frame.end).contains(&local.time()))
    };
    (0..MINUTES).map(|minute| worked(i64::try_from(minute).unwrap())).collect()
}

struct World {
    calendars: [Calendar; 2],
    worked: [Vec<bool>; 2],
}

impl World {
    fn new() -> Self {
        let specs = publications();
        let worked = specs.each_ref().map(worked_minutes);
        Self { calendars: specs.map(|spec| Calendar::compile(spec).unwrap()), worked }
    }
}

/// What is expected of the watch, minute by minute.
struct Tally {
    now: usize,
    state: WatchState,
    publication: usize,
    /// Whether each minute is worked to it: by the publication in force, but for what was left of the days on which one was
    /// adopted.
    worked: Vec<bool>,
    limit: Limit,
    more: Vec<Limit>,
    /// Working days that were over at the last publication, and the day up to which they were counted.
    over: usize,
    counted_to: usize,
    charged: usize,
    held: usize,
}

impl Tally {
    fn counts(&self, minute: usize) -> bool {
        self.limit.clock() == ClockKind::Clock || self.worked[minute]
    }

    fn pass(&mut self, minutes: usize) {
        for minute in self.now..self.now + minutes {
            let counted = usize::from(self.counts(minute));
            match self.state {
                WatchState::Running => self.charged += counted,
                WatchState::Paused | WatchState::Closed => self.held += counted,
            }
        }
        self.now += minutes;
    }

    /// The days that are over by now on the publication that ends.
    fn publish(&mut self, world: &World) {
        for day in self.counted_to + 1..=self.now / 1_440 {
            let minutes = &self.worked[day * 1_440..(day + 1) * 1_440];
            match minutes.iter().rposition(|worked| *worked) {
                Some(last) if day * 1_440 + last < self.now => {
                    self.over += 1;
                    self.counted_to = day;
                }
                None if day < self.now / 1_440 => self.counted_to = day,
                Some(_) | None => break,
            }
        }
        self.publication = 1 - self.publication;
        let today = self.now / 1_440 * 1_440..(self.now / 1_440 + 1) * 1_440;
        let mut published = world.worked[self.publication].clone();
        let close =
            self.worked[today.clone()].iter().rposition(|worked| *worked).map(|last| today.start + last + 1);
        // A day that was none and is worked now, but over by its new hours, is no day of the limit: nobody could have worked it.
        let over = published[today.clone()].iter().rposition(|worked| *worked);
        if close.is_none() && over.is_some_and(|last| today.start + last < self.now) {
            self.counted_to = self.counted_to.max(self.now / 1_440);
        }
        // A day that is off now is off at once; of another the rest stays as it was.
        if let Some(close) = close.filter(|close| *close > self.now && published[today].contains(&true)) {
            published[self.now..close].copy_from_slice(&self.worked[self.now..close]);
        }
        self.worked = published;
    }

    /// Hours and minutes as they are; days by walking to the end of the last of them on the calendar in force, on top of
    /// what was counted until now.
    fn allowance(&self) -> usize {
        let all = || [self.limit].into_iter().chain(self.more.iter().copied());
        let minutes = |limit: Limit| match limit.unit() {
            Unit::Minute => limit.amount() as usize,
            Unit::Hour => limit.amount() as usize * 60,
            Unit::Second | Unit::Workday => 0,
        };
        let time: usize = all().map(minutes).sum();
        let days: usize = all().filter(|l| l.unit() == Unit::Workday).map(|l| l.amount() as usize).sum();
        if days == 0 {
            return time;
        }
        let worked = &self.worked;
        let is_worked = |day: &usize| worked[day * 1_440..(day + 1) * 1_440].contains(&true);
        let last = (self.counted_to + 1..).filter(is_worked).nth(days - self.over - 1).unwrap();
        assert!(self.now < last * 1_440, "the case is made so that its last day lies ahead");
        let ahead = worked[self.now..(last + 1) * 1_440].iter().filter(|worked| **worked).count();
        self.charged + self.held + ahead + time
    }

    /// The minute at whose end everything is used, if nothing holds it.
    fn due(&self) -> usize {
        let left = self.allowance() - self.charged;
        let counted = (self.now..).filter(|minute| self.counts(*minute));
        counted.take(left).last().unwrap() + 1
    }
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Hold,
    Close,
    GoOn,
    Extend(u32),
    Publish,
    Policy(u32),
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let deed = prop_oneof![
        3 => Just(Deed::Hold),
        1 => Just(Deed::Close),
        4 => Just(Deed::GoOn),
        1 => (1u32..4).prop_map(Deed::Extend),
        2 => Just(Deed::Publish),
        1 => (0u32..5).prop_map(Deed::Policy),
    ];
    prop::collection::vec((0usize..1_000, deed), 1..14)
}

/// Limits whose end lies behind all deeds: the law is about time that is left, and days that are to come.
fn limits() -> impl Strategy<Value = Limit> {
    let limit = |clock, unit| move |amount| Limit::new(clock, amount, unit).unwrap();
    prop_oneof![
        (15_000u32..20_000).prop_map(limit(ClockKind::Clock, Unit::Minute)),
        (100u32..200).prop_map(limit(ClockKind::Work, Unit::Hour)),
        (12u32..20).prop_map(limit(ClockKind::Work, Unit::Workday)),
    ]
}

/// Does it to both; what is refused in this state is done to neither.
fn enact(watch: &mut StopWatch, tally: &mut Tally, world: &World, deed: Deed) {
    let now = instant(tally.now);
    match (deed, tally.state) {
        (Deed::Hold, WatchState::Running) => {
            watch.pause(now).unwrap();
            tally.state = WatchState::Paused;
        }
        (Deed::Close, WatchState::Running | WatchState::Paused) => {
            watch.close(now).unwrap();
            tally.state = WatchState::Closed;
        }
        (Deed::GoOn, WatchState::Paused) => watch.resume(now).unwrap(),
        (Deed::GoOn, WatchState::Closed) => watch.reopen(now).unwrap(),
        (Deed::Extend(amount), _) => {
            let unit = if tally.limit.unit() == Unit::Workday { Unit::Workday } else { Unit::Hour };
            let more = Limit::new(tally.limit.clock(), amount, unit).unwrap();
            watch.extend(more, now).unwrap();
            tally.more.push(more);
        }
        (Deed::Publish, _) => {
            let old = &world.calendars[tally.publication];
            tally.publish(world);
            watch.move_to(old, &world.calendars[tally.publication], now).unwrap();
        }
        (Deed::Policy(more), _) => {
            let limit = tally.limit;
            tally.limit = Limit::new(limit.clock(), limit.amount() + more, limit.unit()).unwrap();
            watch.change_limit(tally.limit, &world.calendars[tally.publication]).unwrap();
        }
        _ => {}
    }
    if matches!(deed, Deed::GoOn) {
        tally.state = WatchState::Running;
    }
}

thread_local! {
    static WORLD: World = World::new();
}

proptest! {
    #[test]
    fn used_and_left_are_limit_and_extensions(start in 0..STARTS_BEFORE, limit in limits(), deeds in deeds()) {
        WORLD.with(|world| conserves(world, start, limit, &deeds))?;
    }
}

/// A holiday by one publication, worked from nine to six by the next one, which came into force at six.
#[test]
fn a_day_that_became_one_at_its_close_is_no_day_of_the_limit() {
    let days = Limit::new(ClockKind::Work, 12, Unit::Workday).unwrap();
    for after in [855, 856, 900] {
        let deeds = [
            (921, Deed::Hold),
            (542, Deed::Hold),
            (793, Deed::Publish),
            (943, Deed::Hold),
            (after, Deed::Publish),
        ];
        WORLD.with(|world| conserves(world, 18_626, days, &deeds)).unwrap();
    }
}

fn conserves(
    world: &World,
    start: usize,
    limit: Limit,
    deeds: &[(usize, Deed)],
) -> Result<(), TestCaseError> {
    let state = WatchState::Running;
    let mut tally = Tally {
        now: start,
        state,
        publication: 0,
        worked: world.worked[0].clone(),
        limit,
        more: vec![],
        over: 0,
        counted_to: start / 1_440,
        charged: 0,
        held: 0,
    };
    let mut watch = StopWatch::start(limit, &world.calendars[0], instant(start));
    for &(wait, deed) in deeds {
        tally.pass(wait);
        enact(&mut watch, &mut tally, world, deed);
        agrees(world, &watch, &tally)?;
    }
    let text = serde_json::to_string(&watch).unwrap();
    prop_assert_eq!(serde_json::from_str::<StopWatch>(&text).unwrap(), watch);
    Ok(())
}

/// The watch says what the minutes say.
fn agrees(world: &World, watch: &StopWatch, tally: &Tally) -> Result<(), TestCaseError> {
    let (calendar, now) = (&world.calendars[tally.publication], instant(tally.now));
    let minutes = |count: usize| SignedDuration::from_mins(i64::try_from(count).unwrap());
    let used = watch.used(calendar, now).unwrap();
    prop_assert_eq!(used, minutes(tally.charged));
    prop_assert_eq!(watch.held(calendar, now).unwrap(), minutes(tally.held));
    let allowance = minutes(tally.allowance());
    prop_assert_eq!(used + watch.remaining(calendar, now).unwrap(), allowance);
    prop_assert_eq!(watch.allowance(calendar).unwrap(), allowance);
    let due = (tally.state == WatchState::Running).then(|| instant(tally.due()));
    prop_assert_eq!(watch.due(calendar).unwrap(), due);
    Ok(())
}
