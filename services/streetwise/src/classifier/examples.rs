//! `streetwise classifier examples`: what people have decided in a street, as lines to learn from.

use std::io::Write;

use classify::linear::Example;
use serde::Deserialize;
use serde_json::json;

use crate::cli::ClassifierExamples;
use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Deserialize)]
struct Page {
    examples: Vec<Decided>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Decided {
    text: String,
    label: String,
}

/// Runs the command: one JSON object a line, as `train` and `eval` read them.
pub async fn run(arguments: &ClassifierExamples) -> Result<(), Failure> {
    let token = arguments.bearer.token()?;
    let client = Client::new(arguments.triage_url.as_str(), &token)?;
    let doing = doing(&arguments.street);
    let examples = decided(&client, &arguments.street).await?;
    let mut out = std::io::stdout().lock();
    for Example { detail, label, .. } in &examples {
        let line = json!({ "text": detail, "label": label });
        writeln!(out, "{line}").map_err(|error| Failure::world(&doing, "", error))?;
    }
    let count = examples.len();
    eprintln!("{count} 条；下一步 / {count} examples; next: streetwise classifier train --data … --out …");
    Ok(())
}

/// Everything people have decided in a street, the first decided first.
pub async fn decided(client: &Client, street: &str) -> Result<Vec<Example>, Failure> {
    let (street, doing) = (code(street)?, doing(street));
    let (mut after, mut examples) = (String::new(), Vec::new());
    loop {
        let path = format!("/triage/v1/streets/{street}/examples?limit=200{after}");
        let page: Page = client.get(&doing, &path).await?;
        let example = |Decided { text, label }| Example { subject: String::new(), detail: text, label };
        examples.extend(page.examples.into_iter().map(example));
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(examples),
        }
    }
}

fn doing(street: &str) -> String {
    format!("读取 {street} 的标注样本 / reading labelled examples of {street}")
}

/// It becomes part of an address.
pub fn code(code: &str) -> Result<&str, Failure> {
    if code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(code);
    }
    Err(Failure::Usage("代码应为 12 位数字 / a code is 12 digits".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_becomes_part_of_an_address() {
        assert_eq!(code("990102001000").ok(), Some("990102001000"));
        assert!(["", "99010200100", "../0102001000", "九九〇一"].iter().all(|other| code(other).is_err()));
    }
}
