//! Open cases near a place, as triage tells them to whoever is about to report.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::ReportAbout;
use crate::client::Client;
use crate::failure::Failure;
use crate::street::read;

/// What is being done.
pub(super) const LOOKING: &str = "查看附近案件 / looking at cases near by";

/// An open case near by.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub case_no: String,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    pub distance_m: u64,
    pub voices: u32,
    pub opened_at: String,
    pub phase: String,
    /// It is of the item asked for, or of one that the words suggest. An older triage does not say.
    #[serde(default)]
    pub suggested: bool,
}

/// What is near by.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Near {
    pub cases: Vec<Case>,
    /// The words speak of mortal danger.
    #[serde(default)]
    alarm: bool,
}

impl Near {
    /// Cases that may be the very matter.
    pub fn suggested(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.suggested)
    }

    /// Whether a report waits for its reporter to look: never where somebody is in danger, nor for what only lies near.
    pub fn holds_back(&self) -> bool {
        !self.alarm && self.suggested().next().is_some()
    }
}

/// Triage's own answer.
pub(super) async fn asked(
    client: &Client,
    about: &ReportAbout,
    text: Option<&str>,
) -> Result<Value, Failure> {
    let path = format!("/triage/v1/streets/{}/cases:near", about.street);
    client.post(LOOKING, &path, &form(about, text)).await
}

/// The same understood.
pub(super) fn understood(answer: &Value) -> Result<Near, Failure> {
    read(LOOKING, answer)
}

/// What both doors take: the place, and what is known of the matter.
pub(super) fn form(about: &ReportAbout, text: Option<&str>) -> Value {
    let mut form = json!({ "place": { "lon": about.lon, "lat": about.lat, "datum": about.datum } });
    for (name, value) in [("item", about.item.as_deref()), ("text", text)] {
        if let Some(value) = value {
            form[name] = value.into();
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_seems_to_be_the_matter_holds_a_report_back_and_danger_never_waits() {
        let case = |suggested: Option<bool>| {
            let mut case = json!({ "case_no": "n", "item": "i", "item_zh": "z", "item_en": "e", "distance_m": 3,
                "voices": 1, "opened_at": "T", "phase": "open" });
            if let Some(suggested) = suggested {
                case["suggested"] = suggested.into();
            }
            case
        };
        let holds = |answer: Value| understood(&answer).unwrap().holds_back();
        assert!(holds(json!({ "cases": [case(Some(false)), case(Some(true))], "alarm": false })));
        assert!(!holds(json!({ "cases": [case(Some(false))], "alarm": false })), "it only lies near");
        assert!(!holds(json!({ "cases": [case(Some(true))], "alarm": true })), "somebody is in danger");
        assert!(!holds(json!({ "cases": [case(None)] })), "an older triage says neither");
    }
}
