//! Where a due time comes from: every stretch between start and due, counted or not, and why not.
//!
//! For any moment, also one that has passed: what is explained is the stop-watch as it stood then, so that an old due time
//! can be told apart from one that a later pause or extension moved. The stretches follow one another without a gap and
//! what is counted adds up to what was used.

mod gap;
mod text;

pub(crate) use gap::DayPiece;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    Calendar, ClockKind, DayName, Interval, Limit, Segment, SlaError, StopWatch, WatchState, to_micros,
};

/// A stop-watch unfolded at a moment. [`Explanation::text_zh`] and [`Explanation::text_en`] tell it to people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The moment.
    pub at: Timestamp,
    /// The limit it had.
    pub limit: Limit,
    /// Limit and extensions as time on its clock; `None` while that needs a year that is not published.
    #[serde(serialize_with = "seconds")]
    pub allowance: Option<SignedDuration>,
    /// What was used of it by then.
    #[serde(serialize_with = "some_seconds")]
    pub used: SignedDuration,
    /// What was expected then.
    pub outlook: Outlook,
    /// From the start to the due time, or to the moment when nothing is due.
    pub stretches: Vec<Stretch>,
    #[serde(skip)]
    zone: TimeZone,
}

/// What a stop-watch leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// The last instant that is in time.
    Due(Timestamp),
    /// Nothing is due until it goes on.
    OnHold,
    /// It reaches into that year, whose days off are not published (D31).
    AwaitingCalendar(i16),
}

/// One stretch of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// First instant.
    pub from: Timestamp,
    /// The instant behind the last.
    pub to: Timestamp,
    /// Whether it counts.
    pub counts: Counts,
}

/// Whether a stretch counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// All of it.
    All,
    /// So much of it in microseconds, as settled on the calendar of its time.
    Settled(i64),
    /// Nothing.
    Nothing(Reason),
}

/// Why time does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// 午休: between two frames of a day, around noon.
    Lunch,
    /// 间歇: between two frames of a day at another time.
    Break,
    /// 下班时间: from the last frame of a day to the first of the next.
    Night,
    /// 周末, with the evening before and the morning after.
    Weekend,
    /// 休息日: another weekday that the calendar does not work.
    DayOff,
    /// 节假日, by name where the calendar knows it.
    Holiday(Option<DayName>),
    /// 挂起.
    Paused,
    /// 已结.
    Closed,
}

impl StopWatch {
    /// Unfolds it as it stood at a moment. An error when the calendar does not reach from its start to that moment.
    pub fn explain(&self, calendar: &Calendar, at: Timestamp) -> Result<Explanation, SlaError> {
        let at = to_micros(at);
        let then = self.as_of(at);
        let outlook = then.outlook(calendar)?;
        let until = match outlook {
            Outlook::Due(due_at) => due_at,
            Outlook::OnHold | Outlook::AwaitingCalendar(_) => at.max(then.started_at()),
        };
        let mut stretches = Vec::new();
        for (interval, settled_us) in then.settled_intervals() {
            then.unfold(calendar, interval, settled_us, until, &mut stretches)?;
        }
        let allowance = match then.allowance(calendar) {
            Ok(allowance) => Some(allowance),
            Err(SlaError::CalendarUnpublished { .. }) => None,
            Err(other) => return Err(other),
        };
        let used = then.used(calendar, at)?;
        Ok(Explanation {
            at,
            limit: then.limit(),
            allowance,
            used,
            outlook,
            stretches,
            zone: calendar.zone().clone(),
        })
    }

    /// What it leads to on this calendar.
    pub fn outlook(&self, calendar: &Calendar) -> Result<Outlook, SlaError> {
        match self.due(calendar) {
            Ok(Some(due_at)) => Ok(Outlook::Due(due_at)),
            Ok(None) => Ok(Outlook::OnHold),
            Err(SlaError::CalendarUnpublished { year }) => Ok(Outlook::AwaitingCalendar(year)),
            Err(other) => Err(other),
        }
    }

    fn unfold(
        &self,
        calendar: &Calendar,
        interval: Interval,
        settled_us: Option<i64>,
        until: Timestamp,
        into: &mut Vec<Stretch>,
    ) -> Result<(), SlaError> {
        let (from, to) = (interval.from, interval.to.map_or(until, |to| to.min(until)));
        if from >= to {
            return Ok(());
        }
        let mut whole = |counts| into.push(Stretch { from, to, counts });
        match (interval.state, self.limit().clock(), settled_us) {
            (WatchState::Paused, ..) => whole(Counts::Nothing(Reason::Paused)),
            (WatchState::Closed, ..) => whole(Counts::Nothing(Reason::Closed)),
            (WatchState::Running, ClockKind::Clock, _) => whole(Counts::All),
            (WatchState::Running, ClockKind::Work, Some(settled_us)) if interval.to == Some(to) => {
                whole(Counts::Settled(settled_us));
            }
            (WatchState::Running, ClockKind::Work, _) => {
                self.unfold_frames(calendar, Segment { from, to }, into)?
            }
        }
        Ok(())
    }

    /// Counted frames, and what lies between them.
    fn unfold_frames(
        &self,
        calendar: &Calendar,
        window: Segment,
        into: &mut Vec<Stretch>,
    ) -> Result<(), SlaError> {
        let mut at = window.from;
        for frame in self.frames(calendar, window)? {
            let gap = Segment { from: at, to: frame.from };
            match self.keeps(gap) {
                // Between frames that were kept: other hours are published, and it is still their break.
                true => {
                    into.push(Stretch { from: gap.from, to: gap.to, counts: gap::around_noon(calendar, gap) })
                }
                false => gap::unfold(calendar, gap, into)?,
            }
            into.push(Stretch { from: frame.from, to: frame.to, counts: Counts::All });
            at = frame.to;
        }
        gap::unfold(calendar, Segment { from: at, to: window.to }, into)
    }
}

fn seconds<S: serde::Serializer>(time: &Option<SignedDuration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs()).serialize(to)
}

fn some_seconds<S: serde::Serializer>(time: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    time.as_secs().serialize(to)
}
