//! `streetwise route explain`: the plan of an exported case, made again and held against the record (D37).
//!
//! Needs the export alone: no service, no database. The record holds what the plan was made from; the same version of this
//! program gives the same bytes, another one the same decision.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ExitCode;

use routing::{Explanation, recompute};
use serde_json::Value;

use crate::cli::{Route, RouteExplain};
use crate::failure::Failure;
use crate::street::{print_json, safe};
use crate::token;

/// Where an export has triage's cases.
const CASES: &str = "triage/cases.jsonl";
/// Where it has what stood before cases were re-routed.
const REROUTES: &str = "triage/reroutes.jsonl";
/// The exit code where the record is not what comes out.
const DIFFERS: u8 = 4;

/// Runs the command.
pub fn run(command: &Route) -> Result<ExitCode, Failure> {
    let Route::Explain(arguments) = command;
    let (bytes, review) = stored(arguments)?;
    let doing = format!("读取 {} 的说明 / reading the explanation of {0}", arguments.case);
    let explanation: Explanation =
        serde_json::from_slice(&bytes).map_err(|error| Failure::world(&doing, OTHER_VERSION, error))?;
    let again = recompute(&explanation);
    let changed = review.as_ref().filter(|review| review["outcome"] == "changed");
    match (arguments.json, &review) {
        (true, None) => print_json(&again),
        (true, Some(review)) => {
            let mut made = serde_json::to_value(&again).expect("our own values are JSON");
            made["plan_review"] = review.clone();
            print_json(&made);
        }
        (false, _) => print!("{}{}", told(&arguments.case, &again), reviewed(review.as_ref())),
    }
    if changed.is_some() {
        eprintln!(
            "! 派出的方案经审核调整，见上；以下所言为拟定的方案 / what went out was changed by the review, see above; what follows is of the plan as drawn"
        );
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

/// An explanation as it was stored, and what a review made of the plan.
type Stored = (Vec<u8>, Option<Value>);

/// The explanation of the case, or one of those before it was re-routed.
fn stored(arguments: &RouteExplain) -> Result<Stored, Failure> {
    let (case, file) = (&arguments.case, arguments.export.join(CASES));
    let found = rows(&file, |row| row["case_no"].as_str() == Some(case))?.pop();
    let missing = || format!("{} 中没有案件 {case} / no case {case} in {0}", file.display());
    let row = found.ok_or_else(|| Failure::Usage(missing()))?;
    match arguments.before {
        None => explanation(arguments, &row, ("plan_explanation", "plan_review")),
        Some(nth) => earlier(arguments, &row, nth),
    }
}

/// The one before it was re-routed the nth last time: rows of a case stand in the order in which they were made.
fn earlier(arguments: &RouteExplain, case: &Value, nth: u32) -> Result<Stored, Failure> {
    let of_case = |row: &Value| row["case_id"].is_string() && row["case_id"] == case["case_id"];
    let rerouted = rows(&arguments.export.join(REROUTES), of_case)?;
    let Some(row) = rerouted.iter().rev().nth(nth as usize - 1) else {
        let (case, times) = (&arguments.case, rerouted.len());
        let text = format!("{case} 重新派单 {times} 次 / {case} was re-routed {times} times");
        return Err(Failure::Usage(text));
    };
    explanation(arguments, row, ("plan_explanation_before", "plan_review_before"))
}

/// Rows of a file of an export.
fn rows(file: &Path, wanted: impl Fn(&Value) -> bool) -> Result<Vec<Value>, Failure> {
    let lines = BufReader::new(File::open(file).map_err(|error| token::unreadable(file, error))?).lines();
    let mut found = Vec::new();
    for line in lines {
        let line = line.map_err(|error| token::unreadable(file, error))?;
        let row: Value = serde_json::from_str(&line).map_err(|error| {
            Failure::world(format!("读取 / reading {}", file.display()), OTHER_VERSION, error)
        })?;
        found.extend(wanted(&row).then_some(row));
    }
    Ok(found)
}

fn explanation(
    arguments: &RouteExplain,
    row: &Value,
    (column, review): (&str, &str),
) -> Result<Stored, Failure> {
    let doing = format!("读取 {} 的说明 / reading the explanation of {0}", arguments.case);
    let no_bytes = |column: &str| anyhow::anyhow!("{column} is no bytea");
    let kept = bytes(row[column].as_str().unwrap_or_default())
        .ok_or_else(|| Failure::world(&doing, OTHER_VERSION, no_bytes(column)))?;
    // Nobody had to look at most plans.
    let Some(text) = row[review].as_str() else { return Ok((kept, None)) };
    let text = bytes(text).ok_or_else(|| Failure::world(&doing, OTHER_VERSION, no_bytes(review)))?;
    let review =
        serde_json::from_slice(&text).map_err(|error| Failure::world(&doing, OTHER_VERSION, error))?;
    Ok((kept, Some(review)))
}

/// What its review made of it, beside what was drawn.
fn reviewed(review: Option<&Value>) -> String {
    let Some(review) = review else { return String::new() };
    let field = |name: &str| safe(review[name].as_str().unwrap_or_default());
    let mut text = format!("审核 review   {} / {}\n", field("zh"), field("en"));
    if !field("note").is_empty() {
        text.push_str(&format!("    {}\n", field("note")));
    }
    if review["outcome"] == "changed" {
        let duties = |of: &str| {
            let assists = review[of]["assists"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let lead = review[of]["lead"].as_str().unwrap_or_default().to_owned();
            (safe(&lead), safe(&assists.collect::<Vec<_>>().join(", ")))
        };
        let ((lead, assists), (drawn_lead, drawn_assists)) = (duties("decided"), duties("drawn"));
        text.push_str("派出的方案 as it went out:\n");
        text.push_str(&format!("  主办 lead     {lead}（拟定 drawn: {drawn_lead}）\n"));
        text.push_str(&format!("  协办 assists  {assists}（拟定 drawn: {drawn_assists}）\n"));
    }
    text
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
    use ids::Lane;
    use routing::rules::{Circumstances, Layer, Moment, Repetition, Rule, Rules, Then, Tried};
    use routing::{Entry, Facts, Level, Priority, RoutingMode, Seat, Settings, plan};
    use serde_json::json;

    use super::*;

    const CASE: &str = "990102001-261123-0042";

    fn seat(body: &str, level: Level) -> Seat {
        Seat { body: body.parse().unwrap(), level, zh: body.to_owned(), en: body.to_owned() }
    }

    /// A plan as triage keeps it: with rules that held, and what they were asked of.
    fn explanation() -> Explanation {
        let moment = Moment { month: 11, weekday: 1, minute: 600, workday: Some(true) };
        let facts = Facts {
            street: "990102001000".parse().unwrap(),
            community: "990102001003".parse().ok(),
            item: "SAF-02".to_owned(),
            assigned: None,
            lane: Lane::Normal,
            ladder: vec![seat("community@990102001003", Level::Community)],
            circumstances: Some(Circumstances {
                category: "SAF".to_owned(),
                grid: String::new(),
                layers: None,
                reporter: "resident".to_owned(),
                drill: false,
                text: String::new(),
                moment,
                households: 12,
                reading_milli: None,
                repetition: Some(Repetition { cases: 3, voices: 8, days: 30 }),
            }),
        };
        let entry = Entry {
            item: "SAF-02".to_owned(),
            level: Level::District,
            lead: Some(seat("gas", Level::District)),
            assists: Vec::new(),
            unplaced: Vec::new(),
            policy: "item".to_owned(),
            priority: Priority::P1,
        };
        let centre = seat("street-centre@990102001000", Level::Street);
        let settings = Settings {
            catch_all: centre.clone(),
            catch_all_policy: "catch-all".to_owned(),
            catch_all_priority: Priority::P3,
            informs: vec![centre],
            routing_mode: RoutingMode::Auto,
            pack_generation: 7,
            street_generation: 3,
        };
        let rule = Rule {
            key: "often".to_owned(),
            zh: "屡次".to_owned(),
            en: "often".to_owned(),
            order: 0,
            items: Vec::new(),
            places: Vec::new(),
            when: "repeats >= 3 && households / 4 == 3".to_owned(),
            shadow: false,
            then: Then { also_assist: vec!["fire".parse().unwrap()], ..Then::default() },
        };
        let rules = Rules::compile([rule]).unwrap();
        let by_key = |key: &ids::BodyKey| Some(seat(key.as_str(), Level::District));
        let tried = Tried::of(&rules, Layer::District, &facts.event().unwrap(), &by_key);
        plan(&facts, Some(&entry), &settings, &tried).1
    }

    /// What the command says of an export in which a case has this explanation.
    fn explained(kept: &[u8], case: &str) -> Result<String, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let triage = folder.path().join("triage");
        std::fs::create_dir_all(&triage).unwrap();
        let digits: String = kept.iter().map(|byte| format!("{byte:02x}")).collect();
        let other = json!({ "case_no": "990102001-261123-0001", "plan_explanation": "\\x" });
        let row = json!({ "case_no": CASE, "plan_explanation": format!("\\x{digits}") });
        std::fs::write(triage.join("cases.jsonl"), format!("{other}\n{row}\n")).unwrap();
        let (case, export) = (case.to_owned(), folder.path().to_owned());
        let arguments = RouteExplain { case, export, before: None, json: false };
        run(&Route::Explain(arguments)).map(|code| format!("{code:?}"))
    }

    /// What stood before a case was re-routed is found by how often that was since.
    #[test]
    fn the_plans_before_are_read_from_the_same_export() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("triage")).unwrap();
        let row = json!({ "case_no": CASE, "case_id": "a", "plan_explanation": "\\x03" });
        std::fs::write(folder.path().join(CASES), format!("{row}\n")).unwrap();
        let before = |case_id: &str, digits: &str| json!({ "case_id": case_id, "plan_explanation_before": format!("\\x{digits}") });
        let rows = [before("a", "01"), before("a", "02"), before("b", "09")];
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(folder.path().join(REROUTES), lines).unwrap();
        let read = |before| {
            let (case, export) = (CASE.to_owned(), folder.path().to_owned());
            stored(&RouteExplain { case, export, before, json: false }).ok().map(|(kept, _)| kept)
        };
        assert_eq!(
            [None, Some(1), Some(2), Some(3)].map(read),
            [Some(vec![3]), Some(vec![2]), Some(vec![1]), None]
        );
    }

    /// From the decision through the export and back: the same bytes; and what was changed on the way is found.
    #[test]
    fn what_was_exported_is_made_again_byte_for_byte() {
        let kept = explanation();
        let bytes = serde_json::to_vec(&kept).unwrap();
        assert_eq!(serde_json::to_vec(&recompute(&kept)).unwrap(), bytes);
        let fine = format!("{:?}", ExitCode::SUCCESS);
        assert_eq!(explained(&bytes, CASE).unwrap(), fine);
        let text = told(CASE, &kept);
        for expected in ["主办 lead     gas", "协办 assists  fire", "community@990102001003", "P1  district"]
        {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        // In other words it is the same decision; with another lead it is not.
        let mut reworded = kept.clone();
        reworded.steps[0].zh.push('。');
        assert_eq!(explained(&serde_json::to_vec(&reworded).unwrap(), CASE).unwrap(), fine);
        let mut forged = kept.clone();
        forged.plan.lead = "fire".parse().unwrap();
        let differs = format!("{:?}", ExitCode::from(DIFFERS));
        assert_eq!(explained(&serde_json::to_vec(&forged).unwrap(), CASE).unwrap(), differs);
        assert!(explained(&bytes, "990102001-261123-0043").is_err(), "no such case");
        assert!(explained(b"{}", CASE).is_err(), "of another version");
    }

    /// What went out is told beside what was drawn.
    #[test]
    fn a_plan_that_its_review_changed_is_shown_as_it_went_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("triage")).unwrap();
        let hex = |text: String| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let duties = |lead: &str| json!({ "lead": lead, "assists": ["fire"] });
        let review = json!({
            "outcome": "changed", "drawn": duties("gas"), "decided": duties("urban-mgmt"), "note": "已与燃气公司核实",
            "zh": "街道审核后调整派单方案", "en": "changed by the street's review",
        });
        let row = json!({
            "case_no": CASE, "plan_explanation": "\\x7b7d", "plan_review": format!("\\x{}", hex(review.to_string())),
        });
        std::fs::write(folder.path().join(CASES), format!("{row}\n")).unwrap();
        let (case, export) = (CASE.to_owned(), folder.path().to_owned());
        let (_, kept) = stored(&RouteExplain { case, export, before: None, json: false }).unwrap();
        assert_eq!(kept.as_ref(), Some(&review));
        let text = reviewed(kept.as_ref());
        for expected in
            ["审核 review   街道审核后", "主办 lead     urban-mgmt（拟定 drawn: gas）", "已与燃气公司核实"]
        {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert_eq!(reviewed(None), "");
        let approved = json!({ "outcome": "approved", "zh": "街道审核通过", "en": "approved", "note": "" });
        assert!(!reviewed(Some(&approved)).contains("as it went out"));
    }

    #[test]
    fn bytes_are_read_as_postgres_writes_them() {
        assert_eq!(bytes("\\x7b7d").as_deref(), Some(&b"{}"[..]));
        assert_eq!(bytes("\\x"), Some(Vec::new()));
        for wrong in ["", "7b7d", "\\x7", "\\xzz", "\\x界"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
