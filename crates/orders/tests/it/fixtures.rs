//! Small things every test needs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orders::{
    Act, Actor, ChainAction, ChainStep, Decision, Milestone, Order, OrderCommand, OrderEvent, OrderPlan,
    PairPlan, Publications, Refusal, Role, Stage, StagePlan,
};
use sla::{Calendar, CalendarSpec, ClockKind, DayKind, DaySpec, FrameSpec, Limit, PerMille, Unit};
use uuid::Uuid;

/// Office hours; 1 January off; published for these years.
pub fn calendar(years: &[i16]) -> Calendar {
    let frame =
        |start: &str, end: &str| FrameSpec { start: start.parse().unwrap(), end: end.parse().unwrap() };
    let new_year = |year: &i16| DaySpec { date: jiff::civil::date(*year, 1, 1), kind: DayKind::Holiday };
    Calendar::compile(CalendarSpec {
        id: "cn-office".to_owned(),
        version: years.len() as u64,
        zone: "Asia/Shanghai".to_owned(),
        frames: vec![frame("09:00", "12:30"), frame("14:00", "18:00")],
        years: years.to_vec(),
        days: years.iter().map(new_year).collect(),
    })
    .unwrap()
}

fn newest(published: &[Arc<Calendar>]) -> &Calendar {
    published.iter().max_by_key(|calendar| calendar.reference().version).unwrap()
}

/// [`calendar`] as the next publication: no version comes twice.
pub fn republished(years: &[i16], published: &[Arc<Calendar>]) -> Calendar {
    let mut spec = CalendarSpec::from(calendar(years));
    spec.version = newest(published).reference().version + 1;
    Calendar::compile(spec).unwrap()
}

/// The next publication of the office's calendar: longer hours, shorter hours with a day off and a make-up Saturday, or
/// the first hours with all years up to 2029.
pub fn reformed(nth: usize, published: &[Arc<Calendar>]) -> Calendar {
    let newest = newest(published);
    let mut spec = CalendarSpec::from(newest.clone());
    spec.version += 1;
    let frames = [
        &[("08:00", "12:00"), ("13:00", "20:00")][..],
        &[("10:00", "12:00")],
        &[("09:00", "12:30"), ("14:00", "18:00")],
    ];
    let frame =
        |(start, end): &(&str, &str)| FrameSpec { start: start.parse().unwrap(), end: end.parse().unwrap() };
    spec.frames = frames[nth % 3].iter().map(frame).collect();
    let day = |month, day, kind| DaySpec { date: jiff::civil::date(2026, month, day), kind };
    let own =
        [day(11, 24, DayKind::Holiday), day(11, 28, DayKind::MakeupWorkday), day(12, 30, DayKind::Holiday)];
    spec.days.retain(|day| !own.contains(day));
    match nth % 3 {
        1 => spec.days.extend(own),
        2 => spec.years.extend(2027..=2029),
        _ => {}
    }
    spec.years.sort_unstable();
    spec.years.dedup();
    spec.days.sort_by_key(|day| day.date);
    Calendar::compile(spec).unwrap()
}

/// The office's local time.
pub fn at(local: &str) -> Timestamp {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    local.in_tz("Asia/Shanghai").unwrap().timestamp()
}

/// Seconds after the start of most tests, a Monday at ten.
pub fn second(seconds: i64) -> Timestamp {
    at("2026-11-23 10:00") + SignedDuration::from_secs(seconds)
}

pub fn actor(principal: &str) -> Actor {
    Actor { principal: principal.to_owned(), body: None }
}

pub fn stage(stage: Stage, clock: ClockKind, amount: u32, unit: Unit, warn: &[u16]) -> StagePlan {
    let warn = warn.iter().map(|fraction| PerMille::new(*fraction).unwrap()).collect();
    StagePlan { stage, limit: Limit::new(clock, amount, unit).unwrap(), warn }
}

/// A stage on the 24-hour clock.
pub fn seconds(kind: Stage, limit_s: u32, warn: &[u16]) -> StagePlan {
    stage(kind, ClockKind::Clock, limit_s, Unit::Second, warn)
}

/// A named pair; its stage says the name, and the limit.
pub fn pair(plan: StagePlan, from: Milestone, to: Milestone) -> PairPlan {
    PairPlan { plan, from, to, zh: "自定环节".to_owned(), en: "named pair".to_owned() }
}

/// The stage of this name.
pub fn named(name: &str) -> Stage {
    Stage::Pair(name.parse().unwrap())
}

pub fn step(after_s: u32, body: &str) -> ChainStep {
    ChainStep { after_s, action: ChainAction::NotifyBody(body.parse().unwrap()) }
}

pub fn plan(role: Role, body: &str, stages: Vec<StagePlan>, chain: Vec<ChainStep>) -> OrderPlan {
    let number = body.bytes().fold(7, |sum: u128, byte| sum * 31 + u128::from(byte));
    OrderPlan {
        order_id: Uuid::from_u128(number).into(),
        tenant: "990102001000".parse().unwrap(),
        case_id: Uuid::from_u128(1).into(),
        round: 1,
        body: body.parse().unwrap(),
        role,
        stages,
        pairs: vec![],
        chain,
        follows: None,
        summoned: false,
    }
}

/// An order at second 0 and what follows it.
pub struct Life {
    pub order: Order,
    pub events: Vec<OrderEvent>,
}

impl Life {
    pub fn new(stages: Vec<StagePlan>, chain: Vec<ChainStep>) -> Self {
        Self::of(plan(Role::Lead, "transport", stages, chain))
    }

    pub fn of(plan: OrderPlan) -> Self {
        Self::since(plan, &calendar(&[2026]), second(0))
    }

    pub fn since(plan: OrderPlan, calendar: &Calendar, now: Timestamp) -> Self {
        let (order, events) = Order::dispatch(plan, calendar, None, now).unwrap();
        Self { order, events }
    }

    /// Carries a command out and answers the names of its events, e.g. `breached:see seen`.
    pub fn does(&mut self, command: OrderCommand<'_>, now: Timestamp) -> Result<String, Refusal> {
        match self.order.decide(command, now)? {
            Decision::Unchanged => Ok("=".to_owned()),
            Decision::Changed { state, events } => {
                let names = events.iter().map(name).collect::<Vec<_>>().join(" ");
                self.order = state;
                self.events.extend(events);
                Ok(names)
            }
        }
    }

    pub fn acts(&mut self, act: Act, now: Timestamp) -> Result<String, Refusal> {
        let calendar = calendar(&[2026]);
        self.does(command(act, "li", (&calendar).into(), &[]), now)
    }

    pub fn ticks(&mut self, now: Timestamp) -> String {
        self.does(OrderCommand::Tick, now).unwrap()
    }
}

fn name(event: &OrderEvent) -> String {
    use orders::{OrderEventKind, StageEvent};
    match &event.kind {
        OrderEventKind::Stage(StageEvent::Warned { stage, per_mille }) => {
            format!("warned:{}:{}", stage.as_str(), per_mille.get())
        }
        OrderEventKind::Stage(StageEvent::Escalated { stage, step, to, .. }) => {
            let to = to.as_ref().map_or("whoever is late".to_owned(), ToString::to_string);
            format!("escalated:{}:{step}:{to}", stage.as_str())
        }
        OrderEventKind::Stage(StageEvent::CalendarAwaited { stage, awaited }) => {
            format!("calendar_awaited:{}:{}", stage.as_str(), awaited.year)
        }
        OrderEventKind::Stage(event) => format!("{}:{}", event.name(), event.stage().as_str()),
        kind => kind.name().to_owned(),
    }
}

pub fn command<'a>(
    act: Act,
    principal: &str,
    calendars: Publications<'a>,
    orders: &'a [Order],
) -> OrderCommand<'a> {
    let (actor, note) = (actor(principal), "a note".to_owned());
    match act {
        Act::See => OrderCommand::See { actor, calendars },
        Act::Acknowledge => OrderCommand::Acknowledge { actor, calendars },
        Act::Arrive => OrderCommand::Arrive { actor, calendars },
        Act::Progress => OrderCommand::Progress { actor, calendars, note },
        Act::Submit => OrderCommand::Submit { actor, calendars, note, orders },
    }
}
