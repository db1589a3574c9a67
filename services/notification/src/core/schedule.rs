//! What follows an attempt: delivered, another attempt, or given up with a reason (reliability rule 7).

use jiff::{SignedDuration, Timestamp, Unit};

use super::outcome::Outcome;

/// Seconds before each attempt of a series, from the failure of the one before.
pub const SCHEDULE_S: [u64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
/// The longest `Retry-After` that is honoured.
const RETRY_AFTER_S_MAX: i64 = 24 * 3_600;
/// Pause before a delivery that was not sent is looked at again.
const NOT_SENT_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// An endpoint without success for this long is disabled.
pub const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The endpoint took it.
    Delivered,
    /// Again, not before this instant.
    Again(Timestamp),
    /// Given up; a person may replay it. Stable code.
    DeadLetter(&'static str),
}

/// Decides. `attempt` counts within the series, from 1; `jitter` is drawn by the caller; `divisor` shortens the
/// schedule in chaos runs and is 1 otherwise.
pub fn next(attempt: u32, outcome: &Outcome, now: Timestamp, jitter: u32, divisor: u32) -> Next {
    match outcome {
        _ if outcome.success() => Next::Delivered,
        _ if outcome.gone() => Next::DeadLetter("gone"),
        Outcome::UrlRefused => Next::DeadLetter("endpoint-not-allowed"),
        Outcome::NotSent => Next::Again(now + NOT_SENT_PAUSE),
        _ => match SCHEDULE_S.get(attempt as usize) {
            None => Next::DeadLetter("attempts-exhausted"),
            Some(seconds) => {
                let scheduled = spread(*seconds, jitter) / divisor.max(1) as i32;
                let asked = asked_for(outcome, now).unwrap_or(SignedDuration::ZERO);
                Next::Again(now + scheduled.max(asked))
            }
        },
    }
}

/// ±10 %.
fn spread(seconds: u64, jitter: u32) -> SignedDuration {
    let per_mille = 900 + u64::from(jitter % 201);
    SignedDuration::from_micros((seconds * 1_000 * per_mille) as i64)
}

/// How long the receiver asks to be left alone: seconds or an HTTP date (RFC 9110 §10.2.3).
fn asked_for(outcome: &Outcome, now: Timestamp) -> Option<SignedDuration> {
    let Outcome::Answered { retry_after: Some(text), .. } = outcome else { return None };
    let seconds = match text.trim().parse::<u32>() {
        Ok(seconds) => i64::from(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
            now.until((Unit::Second, until)).ok()?.get_seconds()
        }
    };
    Some(SignedDuration::from_secs(seconds.clamp(0, RETRY_AFTER_S_MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn answered(status: u16, retry_after: Option<&str>) -> Outcome {
        Outcome::Answered { status, retry_after: retry_after.map(str::to_owned) }
    }

    fn wait_s(attempt: u32, outcome: &Outcome) -> i64 {
        match next(attempt, outcome, now(), 100, 1) {
            Next::Again(at) => now().duration_until(at).as_secs(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_schedule_is_walked_and_then_given_up() {
        let waits: Vec<i64> = (1..8).map(|attempt| wait_s(attempt, &answered(500, None))).collect();
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert_eq!(next(8, &Outcome::TimedOut, now(), 0, 1), Next::DeadLetter("attempts-exhausted"));
    }

    #[test]
    fn the_receiver_has_a_say() {
        assert_eq!(next(1, &answered(204, None), now(), 0, 1), Next::Delivered);
        assert_eq!(next(1, &answered(410, None), now(), 0, 1), Next::DeadLetter("gone"));
        assert_eq!(wait_s(1, &answered(307, None)), 5);
        assert_eq!(wait_s(1, &answered(429, Some("120"))), 120);
        assert_eq!(wait_s(2, &answered(429, Some("1"))), 300, "never sooner than the schedule");
        assert_eq!(wait_s(1, &answered(503, Some("999999"))), RETRY_AFTER_S_MAX);
        assert_eq!(wait_s(1, &answered(503, Some("Mon, 23 Nov 2026 03:00:00 GMT"))), 3_600);
        assert_eq!(wait_s(1, &answered(503, Some("Mon, 23 Nov 2020 03:00:00 GMT"))), 5);
        assert_eq!(wait_s(1, &answered(503, Some("soon"))), 5);
        assert_eq!(next(1, &Outcome::UrlRefused, now(), 0, 1), Next::DeadLetter("endpoint-not-allowed"));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth_and_no_text_panics(jitter: u32, attempt in 1u32..8, text in "\\PC{0,40}") {
            let nominal_us = SCHEDULE_S[attempt as usize] as i64 * 1_000_000;
            let Next::Again(at) = next(attempt, &Outcome::TimedOut, now(), jitter, 1) else { panic!() };
            let waited_us = now().duration_until(at).as_micros() as i64;
            prop_assert!((nominal_us * 9 / 10..=nominal_us * 11 / 10).contains(&waited_us));
            let _ = next(attempt, &answered(503, Some(&text)), now(), jitter, 300);
        }
    }
}
