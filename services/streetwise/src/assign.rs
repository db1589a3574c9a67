//! `streetwise assign`: a centre gives one matter to many streets (上级交办). Each street answers for itself: one that refuses
//! keeps no other from getting it. Interrupted, it is run again with the same key: nothing is given twice.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::{Assign, There};
use crate::client::{Client, fresh_key};
use crate::failure::{Failure, Refusal};
use crate::table;

const DOING: &str = "交办 / giving a matter";

#[derive(Debug, Deserialize, Serialize)]
struct Receipt {
    report_id: String,
    tracking_code: String,
}

/// What one street answered.
#[derive(Debug, Serialize)]
struct Outcome {
    street: String,
    #[serde(flatten)]
    receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Runs the command.
pub async fn run(arguments: &Assign) -> Result<(), Failure> {
    let token = arguments.caller.token()?;
    let client = Client::new(arguments.intake_url.as_str(), &token)?;
    let key = arguments.key.unwrap_or_else(fresh_key);
    eprintln!("幂等键，中断后用它重做 / key, to run it again with: --key {key}");
    let (mut outcomes, mut last) = (Vec::new(), None);
    for there in &arguments.to {
        let path = format!("/intake/v1/streets/{}/reports", there.street);
        let given = client.post_again::<Receipt>(DOING, &path, key, &body(arguments, there)).await;
        let street = there.street.to_string();
        let outcome = match given {
            Ok(receipt) => Outcome { street, receipt: Some(receipt), refused: None },
            Err(Failure::Refused { doing, refusal }) => {
                let refused = Some(reason(&refusal));
                last = Some(Failure::Refused { doing, refusal });
                Outcome { street, receipt: None, refused }
            }
            Err(other) => return Err(other),
        };
        if !arguments.caller.json {
            eprintln!("{} {}", if outcome.refused.is_none() { "✓" } else { "✗" }, outcome.street);
        }
        outcomes.push(outcome);
    }
    println!("{}", told(&outcomes, arguments.caller.json));
    last.map_or(Ok(()), Err)
}

/// A street's own body is written with nothing behind the @.
fn in_street(body: &str, there: &There) -> String {
    if body.ends_with('@') { format!("{body}{}", there.street) } else { body.to_owned() }
}

fn body(arguments: &Assign, there: &There) -> Value {
    let assists: Vec<String> = arguments.assists.iter().map(|body| in_street(body, there)).collect();
    json!({
        "text": arguments.text,
        "item": arguments.item,
        "place": { "lon": there.lon, "lat": there.lat, "datum": arguments.datum },
        "assigned": { "lead": in_street(&arguments.lead, there), "assists": assists },
    })
}

/// The first thing wrong, else what the refusal is called.
fn reason(refusal: &Refusal) -> String {
    let first = refusal.errors.first();
    first.map_or_else(|| refusal.title.clone(), |fault| format!("{} {}", fault.pointer, fault.detail))
}

fn told(outcomes: &[Outcome], as_json: bool) -> String {
    if as_json {
        return format!("{:#}", json!({ "streets": outcomes }));
    }
    let head = ["街道 street", "上报 report", "查询码 tracking code", "拒绝原因 why not"];
    let cells = |outcome: &Outcome| {
        let receipt = |of: fn(&Receipt) -> &String| {
            outcome.receipt.as_ref().map_or("—".to_owned(), |r| of(r).clone())
        };
        let refused = outcome.refused.clone().unwrap_or_default();
        vec![outcome.street.clone(), receipt(|r| &r.report_id), receipt(|r| &r.tracking_code), refused]
    };
    table::render(&head, &outcomes.iter().map(cells).collect::<Vec<_>>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> There {
        "990102001000=106.5512,29.5628".parse().unwrap()
    }

    #[test]
    fn a_place_is_a_street_with_degrees() {
        assert_eq!(
            (there().street.to_string().as_str(), there().lon, there().lat),
            ("990102001000", 106.5512, 29.5628)
        );
        for wrong in ["990102001000", "990102001000=1", "99=1,2", "990102001000=a,2"] {
            assert!(wrong.parse::<There>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_street_has_a_body_of_its_own_behind_the_at() {
        assert_eq!(in_street("street-safety@", &there()), "street-safety@990102001000");
        assert_eq!(in_street("transport", &there()), "transport");
    }

    #[test]
    fn each_street_answers_for_itself() {
        let receipt = Receipt { report_id: "r".to_owned(), tracking_code: "c".to_owned() };
        let outcomes = [
            Outcome { street: "990102001000".to_owned(), receipt: Some(receipt), refused: None },
            Outcome {
                street: "990102002000".to_owned(),
                receipt: None,
                refused: Some("不得下派".to_owned()),
            },
        ];
        let said = told(&outcomes, false);
        assert!(said.lines().nth(2).is_some_and(|row| row.starts_with("990102001000")), "{said}");
        assert!(said.ends_with("不得下派"), "{said}");
        let machine: Value = serde_json::from_str(&told(&outcomes, true)).unwrap();
        assert_eq!(machine["streets"][0]["tracking_code"], "c");
        assert_eq!(machine["streets"][1]["refused"], "不得下派");
        assert!(machine["streets"][1].get("report_id").is_none());
    }
}
