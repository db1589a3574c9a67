//! What is worked in one year, as sums from its beginning: any count within it is a binary search.
//!
//! Seconds from the year's first instant fit 32 bits, and frames begin and end at whole seconds, so a year of two frames a
//! day takes about 10 kB.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{instant, midnight};
use crate::{FrameSpec, Segment};

/// One year of one calendar.
#[derive(Debug)]
pub(crate) struct Table {
    /// The year's first instant in microseconds.
    base_us: i64,
    /// The first second of each day, and of the next year.
    midnights: Box<[u32]>,
    /// How many working days and frames come before each day; one more for the year's end.
    workdays_before: Box<[u16]>,
    frames_before: Box<[u32]>,
    /// Frames in order, none empty. The last may end in the next year.
    opens: Box<[u32]>,
    closes: Box<[u32]>,
    /// Working seconds before each frame, and in all.
    worked_before: Box<[u32]>,
}

impl Table {
    /// Lays out a year from the frames of its dates.
    pub(crate) fn new<'a>(
        zone: &TimeZone,
        year: i16,
        pattern: impl Fn(Date) -> Option<&'a [FrameSpec]>,
    ) -> Self {
        let first = date(year, 1, 1);
        let base = midnight(zone, first);
        let since = |second: i64| u32::try_from(second - base).expect("a year has fewer than 2^32 seconds");
        let (mut midnights, mut workdays_before, mut frames_before) = (vec![], vec![0_u16], vec![0_u32]);
        let (mut opens, mut closes, mut worked_before) = (vec![], vec![], vec![0_u32]);
        let (mut workdays, mut worked) = (0_u16, 0_u32);
        for day in first.series(jiff::Span::new().days(1)).take_while(|day| day.year() == year) {
            midnights.push(since(midnight(zone, day)));
            let frames = pattern(day);
            workdays += u16::from(frames.is_some());
            for frame in frames.unwrap_or_default() {
                let (open, close) = limits(zone, day, *frame);
                // The zone's clock may have jumped over all of it.
                if open < close {
                    opens.push(since(open));
                    closes.push(since(close));
                    worked += since(close) - since(open);
                    worked_before.push(worked);
                }
            }
            workdays_before.push(workdays);
            frames_before.push(u32::try_from(opens.len()).expect("a day has few frames"));
        }
        midnights.push(since(midnight(zone, date(year + 1, 1, 1))));
        Self {
            base_us: base * MICROS,
            midnights: midnights.into(),
            workdays_before: workdays_before.into(),
            frames_before: frames_before.into(),
            opens: opens.into(),
            closes: closes.into(),
            worked_before: worked_before.into(),
        }
    }

    /// Working microseconds of this year's frames before an instant.
    pub(crate) fn worked_until(&self, at: Timestamp) -> i64 {
        let at_us = self.since(at);
        let opened = self.opens.partition_point(|open| us(*open) <= at_us);
        match opened.checked_sub(1) {
            None => 0,
            Some(frame) => {
                us(self.worked_before[frame]) + at_us.min(us(self.closes[frame])) - us(self.opens[frame])
            }
        }
    }

    /// Working microseconds of all its frames.
    pub(crate) fn worked(&self) -> i64 {
        self.worked_before.last().copied().map_or(0, us)
    }

    /// The earliest instant with so much worked before it; more than nothing, and not more than all.
    pub(crate) fn when_worked(&self, target_us: i64) -> i64 {
        let frame = self.worked_before.partition_point(|before| us(*before) < target_us) - 1;
        self.base_us + us(self.opens[frame]) + target_us - us(self.worked_before[frame])
    }

    /// The day of the year that an instant lies on, from 0.
    pub(crate) fn day_of(&self, at: Timestamp) -> usize {
        let at_us = self.since(at);
        self.midnights.partition_point(|midnight| us(*midnight) <= at_us).saturating_sub(1)
    }

    /// Working days before that day of the year.
    pub(crate) fn workdays_before(&self, day: usize) -> u32 {
        u32::from(self.workdays_before[day])
    }

    /// Working days of the year.
    pub(crate) fn workdays(&self) -> u32 {
        self.workdays_before(self.workdays_before.len() - 1)
    }

    /// The n-th working day of the year, from 1 to all of them, as a day of the year.
    pub(crate) fn nth_workday(&self, n: u32) -> usize {
        self.workdays_before.partition_point(|before| u32::from(*before) < n) - 1
    }

    /// The end of a day's last frame; of a working day that the zone skipped, its beginning.
    pub(crate) fn close_of(&self, day: usize) -> i64 {
        let frames = self.frames_of(day);
        let second = frames.last().map_or(self.midnights[day], |frame| self.closes[frame]);
        self.base_us + us(second)
    }

    /// The first instant of the day after, in microseconds.
    pub(crate) fn day_end(&self, day: usize) -> i64 {
        self.base_us + us(self.midnights[day + 1])
    }

    /// Whether frames that begin on that day lie on both sides of a part of it.
    pub(crate) fn is_between_frames(&self, day: usize, part: Segment) -> bool {
        let mut frames = self.frames_of(day);
        let (first, last) = (frames.next(), frames.next_back());
        let (from, to) = (self.since(part.from), self.since(part.to));
        matches!((first, last), (Some(first), Some(last)) if us(self.closes[first]) <= from && to <= us(self.opens[last]))
    }

    /// The frames that begin on a day.
    fn frames_of(&self, day: usize) -> std::ops::Range<usize> {
        self.frames_before[day] as usize..self.frames_before[day + 1] as usize
    }

    /// The first frame that ends after an instant; as many as there are frames when none does.
    pub(crate) fn frame_after(&self, at: Timestamp) -> usize {
        let at_us = self.since(at);
        self.closes.partition_point(|close| us(*close) <= at_us)
    }

    /// The frame at that position.
    pub(crate) fn frame(&self, index: usize) -> Option<Segment> {
        let at = |seconds: u32| Timestamp::from_microsecond(self.base_us + us(seconds)).ok();
        Some(Segment { from: at(*self.opens.get(index)?)?, to: at(*self.closes.get(index)?)? })
    }

    /// Whether an instant is not behind the end of its last frame.
    pub(crate) fn reaches(&self, at: Timestamp) -> bool {
        self.closes.last().is_some_and(|close| self.since(at) <= us(*close))
    }

    fn since(&self, at: Timestamp) -> i64 {
        at.as_microsecond().saturating_sub(self.base_us)
    }
}

const MICROS: i64 = 1_000_000;

fn us(seconds: u32) -> i64 {
    i64::from(seconds) * MICROS
}

/// Opening and close of a date's frame in Unix seconds.
fn limits(zone: &TimeZone, day: Date, frame: FrameSpec) -> (i64, i64) {
    let held = "years 2000 to 2199 are within what a timestamp holds";
    let closes_on = if frame.over_midnight() { day.tomorrow().expect(held) } else { day };
    let at = |day, time| instant(zone, day, time).expect(held);
    (at(day, frame.start), at(closes_on, frame.end))
}

/// A stretch of time from microseconds.
pub(crate) fn micros(time: SignedDuration) -> Option<i64> {
    i64::try_from(time.as_micros()).ok()
}
