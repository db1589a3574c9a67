//! `streetwise route explain`: the plan of an exported case, made again and held against the record (D37).
//!
//! Needs the export alone: no service, no database. The record holds what the plan was made from; the same version of this
//! program gives the same bytes, another one the same decision.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::ExitCode;

use routing::{Explanation, recompute};
use serde_json::Value;

use crate::cli::{Route, RouteExplain};
use crate::failure::Failure;
use crate::street::{print_json, safe};
use crate::token;

/// Where an export has triage's cases.
const CASES: &str = "triage/cases.jsonl";
/// The exit code where the record is not what comes out.
const DIFFERS: u8 = 4;

/// Runs the command.
pub fn run(command: &Route) -> Result<ExitCode, Failure> {
    let Route::Explain(arguments) = command;
    let bytes = stored(arguments)?;
    let doing = format!("读取 {} 的说明 / reading the explanation of {0}", arguments.case);
    let explanation: Explanation =
        serde_json::from_slice(&bytes).map_err(|error| Failure::world(&doing, OTHER_VERSION, error))?;
    let again = recompute(&explanation);
    if arguments.json {
        print_json(&again);
    } else {
        print!("{}", told(&arguments.case, &again));
    }
    let same_bytes = serde_json::to_vec(&again).is_ok_and(|made| made == bytes);
    match (same_bytes, again.plan == explanation.plan) {
        (true, _) => eprintln!("✓ 重算与记录逐字节相同 / made again, byte for byte the record"),
        (false, true) => {
            eprintln!("✓ 结论相同，说明文字因版本而异 / the same decision; the words are another version's")
        }
        (false, false) => {
            eprintln!(
                "✗ 重算结论与记录不符，请保留导出文件并核查审计流水 / another decision than the record's: keep the export and verify the audit trail"
            );
            return Ok(ExitCode::from(DIFFERS));
        }
    }
    Ok(ExitCode::SUCCESS)
}

const OTHER_VERSION: &str =
    "导出与本工具的版本可能不同 / the export may be of another version than this tool";

/// The explanation of the case, as it was stored.
fn stored(arguments: &RouteExplain) -> Result<Vec<u8>, Failure> {
    let file = arguments.export.join(CASES);
    let lines = BufReader::new(File::open(&file).map_err(|error| token::unreadable(&file, error))?).lines();
    for line in lines {
        let line = line.map_err(|error| token::unreadable(&file, error))?;
        let row: Value = serde_json::from_str(&line).map_err(|error| {
            Failure::world(format!("读取 / reading {}", file.display()), OTHER_VERSION, error)
        })?;
        if row["case_no"].as_str() == Some(&arguments.case) {
            let text = row["plan_explanation"].as_str().unwrap_or_default();
            return bytes(text).ok_or_else(|| {
                let doing = format!("读取 {} 的说明 / reading the explanation of {0}", arguments.case);
                Failure::world(doing, OTHER_VERSION, anyhow::anyhow!("plan_explanation is no bytea"))
            });
        }
    }
    let (case, file) = (&arguments.case, file.display());
    Err(Failure::Usage(format!("{file} 中没有案件 {case} / no case {case} in {file}")))
}

/// As Postgres writes bytes in JSON: `\x` and hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?;
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len() % 2 == 1 { None } else { digits.as_bytes().chunks(2).map(pair).collect() }
}

fn told(case: &str, explanation: &Explanation) -> String {
    let plan = &explanation.plan;
    let names =
        |bodies: &[ids::BodyRef]| bodies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "{}  {}  区第 {} 代 pack generation {}，街道第 {} 代 street generation {}\n",
        safe(case),
        safe(&explanation.inputs.facts.item),
        plan.pack_generation,
        plan.pack_generation,
        plan.street_generation,
        plan.street_generation
    );
    text.push_str(&format!("主办 lead     {}\n", plan.lead));
    text.push_str(&format!("协办 assists  {}\n", names(&plan.assists)));
    text.push_str(&format!("抄送 informs  {}\n", names(&plan.informs)));
    text.push_str(&format!(
        "时限 policy   {}  {}  {}\n",
        safe(&plan.policy),
        plan.priority.as_str(),
        plan.level.as_str()
    ));
    for (number, step) in (1..).zip(&explanation.steps) {
        text.push_str(&format!("{number:>2}. {}\n    {}\n", safe(&step.zh), safe(&step.en)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_postgres_writes_them() {
        assert_eq!(bytes("\\x7b7d").as_deref(), Some(&b"{}"[..]));
        assert_eq!(bytes("\\x"), Some(Vec::new()));
        for wrong in ["", "7b7d", "\\x7", "\\xzz", "\\x界"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
