//! `streetwise classifier examples`: what people have decided in a street, as lines to learn from.

use std::io::Write;

use serde::Deserialize;
use serde_json::json;

use crate::cli::ClassifierExamples;
use crate::client::Client;
use crate::failure::Failure;
use crate::token;

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
    let token = token::given(arguments.token.as_deref(), arguments.token_file.as_deref())?;
    let client = Client::new(arguments.triage_url.as_str(), &token)?;
    let street = street(&arguments.street)?;
    let doing = format!("读取 {street} 的标注样本 / reading labelled examples of {street}");
    let (mut after, mut count) = (String::new(), 0_usize);
    let mut out = std::io::stdout().lock();
    loop {
        let path = format!("/triage/v1/streets/{street}/examples?limit=200{after}");
        let page: Page = client.get(&doing, &path).await?;
        for Decided { text, label } in &page.examples {
            let line = json!({ "text": text, "label": label });
            writeln!(out, "{line}").map_err(|error| Failure::world(&doing, "", error))?;
        }
        count += page.examples.len();
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    eprintln!("{count} 条；下一步 / {count} examples; next: streetwise classifier train --data … --out …");
    Ok(())
}

fn street(code: &str) -> Result<&str, Failure> {
    if code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(code);
    }
    Err(Failure::Usage("街道代码应为 12 位数字 / the code of a street is 12 digits".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_becomes_part_of_an_address() {
        assert_eq!(street("990102001000").ok(), Some("990102001000"));
        assert!(["", "99010200100", "../0102001000", "九九〇一"].iter().all(|code| street(code).is_err()));
    }
}
