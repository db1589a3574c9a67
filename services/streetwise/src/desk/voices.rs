//! What those said who are in a case: read before one of them is taken out (`split`).

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{LOOKING, Seat};
use crate::cli::DeskVoices;
use crate::failure::Failure;
use crate::street::{advised, print_json, read, safe};
use crate::table;

#[derive(Deserialize)]
struct Page {
    voices: Vec<Value>,
    next: Option<u32>,
}

/// One of them.
#[derive(Debug, Deserialize)]
struct Voice {
    report_id: String,
    voice: u32,
    joined_at: String,
    report: Option<Report>,
}

#[derive(Debug, Deserialize)]
struct Report {
    text: String,
    item: Option<String>,
    source: String,
}

/// Lists them all.
pub(super) async fn list(arguments: &DeskVoices) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let voices = seat.voices(arguments.case).await.map_err(|failure| advised(failure, &seat.listed()))?;
    if seat.json {
        print_json(&json!({ "street": seat.street, "case_id": arguments.case, "voices": voices }));
        return Ok(());
    }
    let voices: Vec<Voice> = voices.iter().map(|voice| read(LOOKING, voice)).collect::<Result<_, _>>()?;
    print!("{}", told(&voices));
    Ok(())
}

impl Seat {
    async fn voices(&self, case: Uuid) -> Result<Vec<Value>, Failure> {
        let (mut voices, mut after) = (Vec::new(), 0);
        loop {
            let path = self.path(&format!("cases/{case}/voices?limit=200&after={after}"));
            let page: Page = self.client.get(LOOKING, &path).await?;
            voices.extend(page.voices);
            match page.next {
                Some(next) => after = next,
                None => return Ok(voices),
            }
        }
    }
}

/// Words whole, since what tells two matters apart may stand at their end.
fn told(voices: &[Voice]) -> String {
    let head = ["诉求 voice", "上报 report", "时间 since", "来源 source", "事项 item", "原文 words"];
    let row = |voice: &Voice| {
        let report = voice.report.as_ref();
        let word = |of: fn(&Report) -> &str| report.map_or_else(|| "–".to_owned(), |report| safe(of(report)));
        vec![
            voice.voice.to_string(),
            voice.report_id.clone(),
            voice.joined_at.clone(),
            word(|report| &report.source),
            word(|report| report.item.as_deref().unwrap_or("–")),
            word(|report| &report.text),
        ]
    };
    table::render(&head, &voices.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_whole_and_safe() {
        let page: Page = serde_json::from_value(json!({ "voices": [
            { "report_id": "a", "voice": 1, "joined_at": "2026-11-23T02:00:00Z",
              "report": { "text": "改线\u{1b}[2J，老人多走两站路", "source": "resident", "place": {} } },
            { "report_id": "b", "voice": 3, "joined_at": "2026-11-23T02:00:01Z" },
        ] }))
        .unwrap();
        assert_eq!(page.next, None);
        let voices: Vec<Voice> = page.voices.iter().map(|voice| read(LOOKING, voice).unwrap()).collect();
        let told = told(&voices);
        assert!(told.contains("老人多走两站路") && !told.contains('\u{1b}'), "{told}");
        let last = told.lines().last().unwrap();
        assert!(last.contains('3') && last.contains('–'), "{told}");
    }
}
