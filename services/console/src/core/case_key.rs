//! What a case is asked for by: its id, or the number that people see.
//!
//! A number holds the local day on which its case was opened, and an id the instant: so the case of a number is looked for
//! among the ids of that day, by their own index.

use std::ops::Range;
use std::str::FromStr;

use ids::CaseId;
use jiff::civil::Date;
use jiff::{SignedDuration, tz::TimeZone};
use serde::Deserialize;
use uuid::Uuid;

/// The widest that local time is from that of UTC, either way.
const OFFSET_MAX: SignedDuration = SignedDuration::from_hours(14);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An id or a number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum CaseKey {
    Id(CaseId),
    Number(CaseNumber),
}

/// A number as it was written, and between which ids its case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaseNumber {
    pub text: String,
    pub ids: Range<Uuid>,
}

/// Neither an id nor a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither id nor number of a case")]
pub(crate) struct UnknownKey;

impl TryFrom<String> for CaseKey {
    type Error = UnknownKey;
    fn try_from(text: String) -> Result<Self, UnknownKey> {
        if let Ok(id) = text.parse::<Uuid>() {
            return Ok(Self::Id(CaseId(id)));
        }
        text.parse().map(Self::Number)
    }
}

impl FromStr for CaseNumber {
    type Err = UnknownKey;
    fn from_str(text: &str) -> Result<Self, UnknownKey> {
        let mut parts = text.split('-');
        let (Some(street), Some(day), Some(count), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UnknownKey);
        };
        // A drill's count is marked.
        let count = count.strip_prefix('D').unwrap_or(count);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if street.len() != 9
            || day.len() != 6
            || !(4..=10).contains(&count.len())
            || ![street, day, count].into_iter().all(digits)
        {
            return Err(UnknownKey);
        }
        let two = |at: usize| day[at..at + 2].parse::<i8>().map_err(|_| UnknownKey);
        let date = Date::new(2000 + i16::from(two(0)?), two(2)?, two(4)?).map_err(|_| UnknownKey)?;
        Ok(Self { text: text.to_owned(), ids: ids_of(date)? })
    }
}

/// Every id minted while it is this day somewhere.
fn ids_of(date: Date) -> Result<Range<Uuid>, UnknownKey> {
    let midnight = date.to_zoned(TimeZone::UTC).map_err(|_| UnknownKey)?.timestamp();
    let first = |at: jiff::Timestamp| Uuid::from_u128(u128::from(at.as_millisecond().unsigned_abs()) << 80);
    Ok(first(midnight - OFFSET_MAX)..first(midnight + DAY + OFFSET_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<CaseKey, UnknownKey> {
        text.to_owned().try_into()
    }

    #[test]
    fn an_id_of_the_day_is_between_the_bounds_of_its_number() {
        let Ok(CaseKey::Number(number)) = key("990102001-261123-0042") else { panic!("a number") };
        let minted = |at: &str| ids::mint(at.parse().unwrap(), [7; 10]);
        // Midnight in Shanghai, and a moment before the next one.
        for at in ["2026-11-22T16:00:00Z", "2026-11-23T15:59:59.999Z"] {
            assert!(number.ids.contains(&minted(at)), "{at}");
        }
        for at in ["2026-11-22T09:59:59Z", "2026-11-24T14:00:00Z"] {
            assert!(!number.ids.contains(&minted(at)), "{at}");
        }
    }

    #[test]
    fn a_drill_s_number_is_one() {
        let Ok(CaseKey::Number(drill)) = key("990102001-261123-D0042") else { panic!("a number") };
        assert_eq!(drill.text, "990102001-261123-D0042");
        assert_eq!(key("990102001-261123-DD042"), Err(UnknownKey));
    }

    #[test]
    fn other_texts_are_neither() {
        let id = "0190f1e2-0000-7000-8000-000000000001";
        assert!(matches!(key(id), Ok(CaseKey::Id(_))));
        for text in [
            "",
            "306",
            "990102001-261323-0042",
            "990102001-260230-0042",
            "990102001-261123-42",
            "990102001-261123-0042-1",
            "99010200x-261123-0042",
            "990102001-２６1123-0042",
            "990102001--0042",
        ] {
            assert_eq!(key(text), Err(UnknownKey), "{text}");
        }
    }
}
