//! `streetwise doctor`: is this installation as it was meant to be? Looks, changes nothing, and says what to do next.
//!
//! Versions, schemas, durability, roles and policies in the database; streams, consumers and syncing at the broker; clocks,
//! what waits, versions of services, certificates. Where one thing cannot be reached the others are looked at all the same.
//! Not here: what services measure (alerts).

mod broker;
mod certificates;
mod database;
mod doors;
pub mod finding;

use serde::Serialize;

use crate::cli::Doctor;
use crate::failure::Failure;
use crate::{table, wall_clock};
pub(crate) use database::services;
use finding::{Finding, State};

#[derive(Debug, Serialize)]
struct Told<'a> {
    failed: usize,
    findings: &'a [Finding],
}

/// Runs the command. Something that failed makes the command fail; a warning does not.
pub async fn run(arguments: &Doctor) -> Result<(), Failure> {
    let findings = examine(arguments).await;
    let failed = findings.iter().filter(|finding| finding.state == State::Failed).count();
    if arguments.json {
        let told = serde_json::to_string_pretty(&Told { failed, findings: &findings });
        println!("{}", told.map_err(|error| Failure::world("输出 / printing", "", error))?);
    } else {
        print!("{}", rendered(&findings));
    }
    if failed == 0 { Ok(()) } else { Err(Failure::NotWell(failed)) }
}

/// Everything, in the order it is told.
pub async fn examine(arguments: &Doctor) -> Vec<Finding> {
    let mut findings = vec![Finding::well("version", "本工具 this tool", env!("CARGO_PKG_VERSION"))];
    findings.extend(database::look(&arguments.admin_url).await);
    findings.extend(broker::look(arguments).await);
    findings.extend(doors::look(&arguments.services).await);
    let now_s = wall_clock::now().as_second();
    findings.extend(arguments.certificates.iter().flat_map(|file| certificates::look(file, now_s)));
    findings
}

fn rendered(findings: &[Finding]) -> String {
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| vec![mark(finding.state).to_owned(), finding.title.to_owned(), finding.found.clone()])
        .collect();
    let mut text = table::render(&["", "项目 check", "所见 found"], &rows);
    for finding in findings.iter().filter(|finding| !finding.next.is_empty()) {
        text.push_str(&format!(
            "{} {}: {}\n  → {}\n",
            mark(finding.state),
            finding.title,
            finding.found,
            finding.next
        ));
    }
    text
}

fn mark(state: State) -> &'static str {
    match state {
        State::Well => "✓",
        State::Warning => "!",
        State::Failed => "✗",
        State::Skipped => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_well_is_told_once_more_with_what_to_do() {
        let well = Finding::well("version", "本工具 this tool", "0.1.0");
        let ill = Finding::well("clock", "时钟 clock", "off").unless(true, State::Warning, "看钟 / look");
        let text = rendered(&[well, ill]);
        assert!(text.contains("✓  本工具 this tool"), "{text}");
        assert!(text.ends_with("! 时钟 clock: off\n  → 看钟 / look\n"), "{text}");
    }
}
