//! What a bench prints: one JSON object whose keys name their units.

use serde_json::{Map, Value};

/// The endings a figure's key may have.
const UNITS: [&str; 10] =
    ["_us", "_ms", "_s", "_per_s", "_per_s_max", "_mib", "_mib_max", "_per_report", "_ms_max", "_count"];
/// Figures that have none, or have it in the middle: under the names they were asked for.
const PARTS: [&str; 15] = [
    "macro_f1",
    "accuracy",
    "accuracy_top80",
    "ece",
    "b_cubed_f",
    "b_cubed_precision",
    "b_cubed_recall",
    "join_ms_4000_open",
    "armed",
    "early",
    "missed",
    "doubled",
    "bytes_per_timer",
    "decisions_per_s_100_rules",
    "decisions_per_s_10000_rules",
];

/// Figures in the making.
#[derive(Debug, Default)]
pub struct Sheet(Map<String, Value>);

impl Sheet {
    /// Adds a figure. Its key names its unit; three digits behind the point are kept.
    pub fn put(&mut self, key: impl Into<String>, figure: f64) {
        let key = key.into();
        debug_assert!(names_its_unit(&key), "{key} names no unit");
        self.0.insert(key, ((figure * 1_000.0).round() / 1_000.0).into());
    }

    /// Adds how many of something there were, as `<key>_count`.
    pub fn count(&mut self, key: &str, count: u64) {
        self.0.insert(format!("{key}_count"), count.into());
    }

    /// Adds whether something is so.
    pub fn said(&mut self, key: &str, is_so: bool) {
        self.0.insert(key.to_owned(), is_so.into());
    }

    /// Adds all figures of another sheet, with a prefix.
    pub fn all(&mut self, prefix: &str, other: Sheet) {
        self.0.extend(other.0.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
    }

    /// The object, with how it was measured.
    pub fn finish(mut self, method: impl Into<String>) -> Value {
        self.0.insert("method".to_owned(), Value::String(method.into()));
        Value::Object(self.0)
    }
}

/// Whether a key ends in a unit, or is known to have none.
pub fn names_its_unit(key: &str) -> bool {
    PARTS.contains(&key) || UNITS.iter().any(|unit| key.ends_with(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_flat_rounded_and_says_how() {
        let mut inner = Sheet::default();
        inner.put("accept_p99_ms", 1.23456);
        let mut sheet = Sheet::default();
        sheet.put("accepted_per_s_max", 10.0);
        sheet.count("lost", 0);
        sheet.said("held_at_half", true);
        sheet.all("fanout_", inner);
        let expected = serde_json::json!({
            "accepted_per_s_max": 10.0, "lost_count": 0, "fanout_accept_p99_ms": 1.235, "held_at_half": true,
            "method": "by hand",
        });
        assert_eq!(sheet.finish("by hand"), expected);
    }

    #[test]
    fn a_key_without_a_unit_is_noticed() {
        for key in [
            "relay_per_s",
            "predict_us",
            "explain_us",
            "ece",
            "rss_mib_max",
            "intake_ready_ms",
            "cpu_ms_per_report",
            "lost_count",
        ] {
            assert!(names_its_unit(key), "{key}");
        }
        for key in ["relay", "latency", "rss_max", "per_second"] {
            assert!(!names_its_unit(key), "{key}");
        }
    }
}
