//! How long: `90m`, `2h`, `14d`.

use std::time::Duration;

use crate::failure::Failure;

/// A whole number and one unit; `argument` is named where it is neither.
pub fn read(argument: &str, text: &str) -> Result<Duration, Failure> {
    let usage =
        || Failure::Usage(format!("{argument} {text}：应如 90m、2h、14d / should be like 90m, 2h, 14d"));
    let unit = text.chars().next_back().ok_or_else(usage)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(usage()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| usage())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_and_a_unit() {
        assert_eq!(read("--since", "90m").unwrap(), Duration::from_secs(5_400));
        assert_eq!(read("--since", "14d").unwrap(), messaging::refill::LOOK_BACK_MAX);
        for wrong in ["", "d", "2", "2w", "-1h", "1.5h", "99999999999999999d", "2小"] {
            assert!(read("--since", wrong).is_err(), "{wrong}");
        }
    }
}
