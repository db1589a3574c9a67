//! A rota as iCalendar (RFC 5545), for the calendars people already look at.
//!
//! Instants are UTC, so no time zone has to travel. A turn keeps its UID whatever crew it gets: a calendar that reads
//! again moves its entries instead of doubling them.

use std::fmt::Write;

use contract::document::Name;
use ids::TenantId;
use jiff::{Timestamp, Zoned};

use super::Turn;

/// Most bytes of a line, without its end (RFC 5545 §3.1).
const LINE_BYTES_MAX: usize = 75;

/// What the turns are of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar<'a> {
    pub tenant: TenantId,
    pub key: &'a str,
    pub name: &'a Name,
    /// Rises with each change.
    pub generation: u64,
    /// When that generation was applied.
    pub applied_at: Timestamp,
}

/// The calendar with an entry for each turn that has a crew.
pub(crate) fn calendar(of: Calendar<'_>, turns: &[Turn]) -> String {
    let mut text = String::new();
    for line in
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Streetwise//Duty rotas//EN", "CALSCALE:GREGORIAN"]
    {
        fold(&mut text, line);
    }
    fold(&mut text, &format!("X-WR-CALNAME:{}", titled(of.name)));
    for turn in turns.iter().filter(|turn| !turn.crew.is_empty()) {
        event(&mut text, of, turn);
    }
    fold(&mut text, "END:VCALENDAR");
    text
}

fn event(text: &mut String, of: Calendar<'_>, turn: &Turn) {
    let Turn { day, shift, crew, .. } = turn;
    let people = escaped(&crew.join(", "));
    fold(text, "BEGIN:VEVENT");
    fold(text, &format!("UID:{day}.{shift}.{}.{}@streetwise", of.key, of.tenant));
    fold(text, &format!("SEQUENCE:{}", of.generation));
    fold(text, &format!("DTSTAMP:{}", utc(of.applied_at)));
    fold(text, &format!("DTSTART:{}", utc_of(&turn.starts_at)));
    fold(text, &format!("DTEND:{}", utc_of(&turn.ends_at)));
    fold(text, &format!("SUMMARY:{} {shift}: {people}", titled(of.name)));
    fold(text, &format!("CATEGORIES:{}", escaped(shift)));
    fold(text, "END:VEVENT");
}

fn titled(name: &Name) -> String {
    escaped(&format!("{} / {}", name.zh, name.en))
}

fn utc_of(at: &Zoned) -> String {
    utc(at.timestamp())
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT of RFC 5545 §3.3.11. Other controls cannot stand in one.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line in pieces of at most 75 bytes, none of which divides a character.
fn fold(text: &mut String, line: &str) {
    let mut rest = line;
    let mut room = LINE_BYTES_MAX;
    while rest.len() > room {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(room));
        let _ = write!(text, "{piece}\r\n ");
        // The blank that begins a further piece counts.
        (rest, room) = (more, LINE_BYTES_MAX - 1);
    }
    let _ = write!(text, "{rest}\r\n");
}
