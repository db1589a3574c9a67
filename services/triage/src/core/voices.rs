//! When bodies are told how many voices a case has (D36): not at each, or a storm of reports is a storm of
//! messages.

/// Whether the bodies are told at this voice: 2, 5, 10, 20, 50, 100, ….
pub fn told_at(voice: u32) -> bool {
    let mut leading = voice;
    while leading != 0 && leading.is_multiple_of(10) {
        leading /= 10;
    }
    voice >= 2 && matches!(leading, 1 | 2 | 5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_thresholds() {
        let told: Vec<u32> = (0..=1_000).filter(|voice| told_at(*voice)).collect();
        assert_eq!(told, [2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
    }

    proptest! {
        #[test]
        fn each_threshold_has_one_ten_times_as_high(voice in 2u32..400_000_000) {
            prop_assert_eq!(told_at(voice), told_at(voice * 10));
        }

        /// The reader of the last message never misses more than 1.5 times as many voices as it told of.
        #[test]
        fn between_two_thresholds_voices_grow_by_at_most_half_and_double(voice in 2u32..400_000_000) {
            let least = (voice / 5 * 2).max(2);
            let passed = [1u64, 2, 5].iter().flat_map(|lead| (0..10).map(move |zeros| lead * 10u64.pow(zeros)));
            let last = passed.filter(|t| *t >= 2 && *t <= u64::from(voice)).max().unwrap();
            prop_assert!(last >= u64::from(least), "{} {}", last, least);
            prop_assert!(told_at(last as u32));
        }
    }
}
