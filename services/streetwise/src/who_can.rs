//! `streetwise who-can`: who could see a case, and why, as the console answers.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::WhoCan;
use crate::client::Client;
use crate::failure::Failure;
use crate::table;

const DOING: &str = "查询何人可见案件 / asking who could see the case";

#[derive(Debug, Deserialize)]
struct Readers {
    case_no: Option<String>,
    bodies: Vec<String>,
    readers: Vec<Reader>,
    more: usize,
    besides_zh: String,
    besides_en: String,
}

#[derive(Debug, Deserialize)]
struct Reader {
    subject: String,
    role_zh: String,
    role_en: String,
    sees: String,
    why_zh: String,
    why_en: String,
}

/// Runs the command.
pub async fn run(arguments: &WhoCan) -> Result<(), Failure> {
    let token = arguments.caller.token()?;
    let client = Client::new(arguments.console_url.as_str(), &token)?;
    let street = street(&arguments.case, arguments.street.as_deref())?;
    let path = format!("/console/v1/streets/{street}/cases/{}/readers", arguments.case);
    let answer: Value = client.get(DOING, &path).await?;
    if arguments.caller.json {
        println!("{answer:#}");
        return Ok(());
    }
    let next = "服务与本工具的版本可能不同 / the service may be of another version than this tool";
    let readers = serde_json::from_value(answer).map_err(|error| Failure::world(DOING, next, error))?;
    print!("{}", told(&readers));
    Ok(())
}

/// As told, or as the case's number says: its first nine digits are those of the street's code.
fn street(case: &str, told: Option<&str>) -> Result<String, Failure> {
    // They become parts of an address.
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let of_number = case.split_once('-').map(|(street, _)| street).filter(|street| street.len() == 9);
    let street = told.map(str::to_owned).or_else(|| of_number.map(|street| format!("{street}000")));
    match street.filter(|street| plain(street) && plain(case)) {
        Some(street) => Ok(street),
        None => Err(Failure::Usage(
            "请给出案件编号（如 990102001-261123-0042），或案件 id 与 --street / give the number of the case (such as \
             990102001-261123-0042), or its id and --street"
                .to_owned(),
        )),
    }
}

fn told(answer: &Readers) -> String {
    let head = ["主体 subject", "角色 role", "可见 sees", "原因 why"];
    let rows: Vec<Vec<String>> = answer.readers.iter().map(Reader::cells).collect();
    let number = answer.case_no.as_deref().unwrap_or("—");
    let mut text = format!("{number}  单位 / bodies: {}\n", answer.bodies.join(", "));
    text.push_str(&table::render(&head, &rows));
    if answer.more > 0 {
        text.push_str(&format!("  … 另有 {0} 项 / and {0} more\n", answer.more));
    }
    text.push_str(&format!("{}\n{}\n", answer.besides_zh, answer.besides_en));
    text
}

impl Reader {
    fn cells(&self) -> Vec<String> {
        let sees = if self.sees == "body" { "仅本单位工单 own orders" } else { "全案 the case" };
        vec![
            printable(&self.subject),
            format!("{} {}", self.role_zh, self.role_en),
            sees.to_owned(),
            printable(&format!("{} / {}", self.why_zh, self.why_en)),
        ]
    }
}

/// A subject is whatever an issuer says; nothing of it moves a cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_its_street_and_an_id_does_not() {
        let of = |case, told| street(case, told).ok();
        assert_eq!(of("990102001-261123-0042", None).as_deref(), Some("990102001000"));
        let id = "0190f1e2-0000-7000-8000-000000000001";
        assert_eq!(of(id, Some("990102001000")).as_deref(), Some("990102001000"));
        assert_eq!([of(id, None), of("../x", Some("990102001000")), of(id, Some("a/b"))], [None, None, None]);
    }

    #[test]
    fn an_answer_reads_as_a_table() {
        let answer = serde_json::json!({
            "case_no": "990102001-261123-0001", "bodies": ["traffic-police", "transport"], "more": 0,
            "besides_zh": "此外。", "besides_en": "Besides.",
            "readers": [{
                "subject": "tran\u{1b}sport", "role_zh": "承办单位人员", "role_en": "user of a body", "sees": "body",
                "why_zh": "甲", "why_en": "a",
            }],
        });
        let said = told(&serde_json::from_value(answer).unwrap());
        assert!(
            said.starts_with("990102001-261123-0001  单位 / bodies: traffic-police, transport\n"),
            "{said}"
        );
        let row = said.lines().nth(3).unwrap();
        let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
        assert_eq!(
            cells,
            ["tran\u{fffd}sport", "承办单位人员 user of a body", "仅本单位工单 own orders", "甲 / a"]
        );
        assert!(said.ends_with("此外。\nBesides.\n"), "{said}");
    }
}
