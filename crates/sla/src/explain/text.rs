//! An explanation in words, one stretch a line. Times are local to the calendar.

use std::fmt::{self, Write};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::{Counts, Explanation, Outlook, Reason, Stretch};
use crate::{ClockKind, Unit};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Zh,
    En,
}

use Language::{En, Zh};

impl Explanation {
    /// In Chinese: first what was used, then each stretch.
    pub fn text_zh(&self) -> String {
        self.text(Zh)
    }

    /// The same in English.
    pub fn text_en(&self) -> String {
        self.text(En)
    }

    fn text(&self, language: Language) -> String {
        let mut text = String::with_capacity(64 * (self.stretches.len() + 2));
        // Writing into a string cannot fail.
        let _infallible = self.write(&mut text, language);
        text
    }

    fn write(&self, out: &mut String, language: Language) -> fmt::Result {
        self.headline(out, language)?;
        for stretch in &self.stretches {
            out.push('\n');
            self.stretch(out, stretch, language)?;
        }
        Ok(())
    }

    /// “at 14:20, 3 h 10 of 8 h were used”.
    fn headline(&self, out: &mut String, language: Language) -> fmt::Result {
        self.limit(out, language)?;
        moment(out, self.local(self.at))?;
        out.push_str(if language == Zh { " 已用 " } else { ": " });
        duration(out, self.used, language)?;
        if let Some(allowance) = self.allowance {
            out.push_str(if language == Zh { "，共 " } else { " of " });
            duration(out, allowance, language)?;
        }
        out.push_str(if language == Zh { "；" } else { " used; " });
        match (self.outlook, language) {
            (Outlook::Due(due_at), _) => {
                out.push_str(if language == Zh { "到期 " } else { "due " });
                moment(out, self.local(due_at))
            }
            (Outlook::OnHold, Zh) => out.write_str("暂停计时"),
            (Outlook::OnHold, En) => out.write_str("on hold"),
            (Outlook::AwaitingCalendar(year), Zh) => write!(out, "等待{year}年日历"),
            (Outlook::AwaitingCalendar(year), En) => write!(out, "awaiting calendar {year}"),
        }
    }

    fn limit(&self, out: &mut String, language: Language) -> fmt::Result {
        let clock = match (self.limit.clock(), self.limit.unit(), language) {
            (_, Unit::Workday, _) => "",
            (ClockKind::Clock, _, Zh) => "（自然时）",
            (ClockKind::Clock, _, En) => " (around the clock)",
            (ClockKind::Work, _, Zh) => "（工作时）",
            (ClockKind::Work, _, En) => " (working time)",
        };
        let unit = match (self.limit.unit(), language) {
            (Unit::Second, Zh) => "秒",
            (Unit::Second, En) => "s",
            (Unit::Minute, Zh) => "分钟",
            (Unit::Minute, En) => "min",
            (Unit::Hour, Zh) => "小时",
            (Unit::Hour, En) => "h",
            (Unit::Workday, Zh) => "个工作日",
            (Unit::Workday, En) => "working days",
        };
        let amount = self.limit.amount();
        match language {
            Zh => write!(out, "时限 {amount} {unit}{clock}；"),
            En => write!(out, "limit {amount} {unit}{clock}; "),
        }
    }

    fn stretch(&self, out: &mut String, stretch: &Stretch, language: Language) -> fmt::Result {
        let (from, to) = (self.local(stretch.from), self.local(stretch.to));
        moment(out, from)?;
        out.push('–');
        if from.date() == to.date() {
            time(out, to)?
        } else {
            moment(out, to)?
        }
        out.push(' ');
        let counted = match &stretch.counts {
            Counts::All => stretch.to.duration_since(stretch.from),
            Counts::Settled(us) => SignedDuration::from_micros(*us),
            Counts::Nothing(reason) => {
                out.push_str(if language == Zh { "不计：" } else { "not counted: " });
                out.push_str(reason.text(language));
                return Ok(());
            }
        };
        out.push_str(if language == Zh { "计入 " } else { "counted " });
        duration(out, counted, language)
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }
}

impl Reason {
    /// In Chinese.
    pub fn text_zh(&self) -> &str {
        self.text(Zh)
    }

    /// In English.
    pub fn text_en(&self) -> &str {
        self.text(En)
    }

    fn text(&self, language: Language) -> &str {
        let (zh, en) = match self {
            Reason::Lunch => ("午休", "lunch break"),
            Reason::Break => ("间歇", "break"),
            Reason::Night => ("下班时间", "outside working hours"),
            Reason::Weekend => ("周末", "weekend"),
            Reason::DayOff => ("休息日", "day off"),
            Reason::Holiday(None) => ("节假日", "holiday"),
            Reason::Holiday(Some(name)) => (name.zh.as_str(), name.en.as_str()),
            Reason::Paused => ("挂起", "paused"),
            Reason::Closed => ("已结", "closed"),
        };
        if language == Zh { zh } else { en }
    }
}

fn moment(out: &mut String, at: DateTime) -> fmt::Result {
    write!(out, "{:04}-{:02}-{:02} ", at.year(), at.month(), at.day())?;
    time(out, at)
}

/// Seconds only where there are some.
fn time(out: &mut String, at: DateTime) -> fmt::Result {
    write!(out, "{:02}:{:02}", at.hour(), at.minute())?;
    if at.second() == 0 { Ok(()) } else { write!(out, ":{:02}", at.second()) }
}

/// `3 小时 10 分`, `3 h 10 min`: hours are not folded into days, which are of different lengths here.
fn duration(out: &mut String, time: SignedDuration, language: Language) -> fmt::Result {
    let [hour, minute, second] =
        if language == Zh { [" 小时", " 分", " 秒"] } else { [" h", " min", " s"] };
    let seconds = time.as_secs();
    let parts = [(seconds / 3_600, hour), (seconds / 60 % 60, minute), (seconds % 60, second)];
    let mut written = false;
    for (amount, unit) in parts.into_iter().filter(|(amount, _)| *amount != 0) {
        out.push_str(if written { " " } else { "" });
        write!(out, "{amount}{unit}")?;
        written = true;
    }
    if written { Ok(()) } else { write!(out, "0{minute}") }
}
