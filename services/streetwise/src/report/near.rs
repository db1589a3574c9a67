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
}

#[derive(Debug, Deserialize)]
struct Near {
    cases: Vec<Case>,
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

/// The cases in it.
pub(super) fn read_cases(answer: &Value) -> Result<Vec<Case>, Failure> {
    Ok(read::<Near>(LOOKING, answer)?.cases)
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
