//! Why a stretch between two frames is not worked.

use jiff::civil::Weekday;

use super::{Counts, Reason, Stretch};
use crate::{Calendar, DayKind, Segment, SlaError};

/// Cuts a gap into its reasons. Days off take the evening before and the morning after with them: nobody wants to read that
/// a weekend has nights at its ends.
pub(super) fn unfold(calendar: &Calendar, gap: Segment, into: &mut Vec<Stretch>) -> Result<(), SlaError> {
    if gap.from >= gap.to {
        return Ok(());
    }
    let first = into.len();
    for piece in calendar.days_of(gap)? {
        let reason = reason(calendar, &piece);
        match into[first..].last_mut() {
            // The evening, or one more day of the same.
            Some(last) if last.counts == Counts::Nothing(Reason::Night) || last.counts == reason => {
                last.counts = reason;
                last.to = piece.part.to;
            }
            // The morning.
            Some(last) if reason == Counts::Nothing(Reason::Night) => last.to = piece.part.to,
            _ => into.push(Stretch { from: piece.part.from, to: piece.part.to, counts: reason }),
        }
    }
    Ok(())
}

/// The part of a gap that lies on one day.
pub(crate) struct DayPiece {
    /// Which day.
    pub(crate) date: jiff::civil::Date,
    /// The part.
    pub(crate) part: Segment,
    /// Whether that day is worked.
    pub(crate) worked: bool,
    /// Whether frames that begin on it lie before and behind the part.
    pub(crate) between_frames: bool,
}

fn reason(calendar: &Calendar, piece: &DayPiece) -> Counts {
    Counts::Nothing(match (calendar.exception(piece.date), piece.date.weekday()) {
        _ if piece.worked && piece.between_frames => return around_noon(calendar, piece.part),
        _ if piece.worked => Reason::Night,
        (Some(DayKind::Holiday), _) => Reason::Holiday(calendar.name_of(piece.date).cloned()),
        (_, Weekday::Saturday | Weekday::Sunday) => Reason::Weekend,
        _ => Reason::DayOff,
    })
}

/// A break within a day.
pub(super) fn around_noon(calendar: &Calendar, part: Segment) -> Counts {
    let hour = calendar.zone().to_datetime(part.from).hour();
    Counts::Nothing(if (11..14).contains(&hour) { Reason::Lunch } else { Reason::Break })
}
