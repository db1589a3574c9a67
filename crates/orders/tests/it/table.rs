//! Every phase against every command, as one table a role. `=` changes nothing; words with a hyphen are
//! refusal codes; the rest is the phase after.

use orders::{Act, Order, OrderCommand, Role, RoundVerdict, Stage};

use crate::fixtures::{Life, actor, command, plan, second, seconds};

const COLUMNS: [&str; 7] = ["see", "acknowledge", "arrive", "progress", "submit", "close", "cancel"];

fn carry_out(life: &mut Life, word: &str, others: &[Order]) -> String {
    let command = match Act::ALL.into_iter().find(|act| act.as_str() == word) {
        Some(act) => command(act, "li", others),
        None if word == "close" => {
            OrderCommand::CloseWithCase { actor: actor("wang"), verdict: RoundVerdict::Passed }
        }
        None => OrderCommand::Cancel { actor: actor("sun"), note: "not needed".to_owned() },
    };
    match life.does(command, second(1)) {
        Ok(events) if events == "=" => events,
        Ok(_) => life.order.phase.as_str().to_owned(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

/// One row: the order after the acts of `path`, and the answer to each command from there.
fn row(role: Role, stages: &[Stage], path: &str, others: &[Order]) -> String {
    let reach = || {
        let stages = stages.iter().map(|stage| seconds(*stage, 3_600, &[])).collect();
        let mut life = Life::of(plan(role, "transport", stages, vec![]));
        for word in path.split_whitespace() {
            carry_out(&mut life, word, others);
        }
        life
    };
    let answers = COLUMNS.map(|word| format!("{word}: {}", carry_out(&mut reach(), word, others)));
    format!("{} ({path}) | {}", reach().order.phase.as_str(), answers.join(" | "))
}

fn check(role: Role, stages: &[Stage], paths: &[&str], others: &[Order], expected: &str) {
    let rows: Vec<String> = paths.iter().map(|path| row(role, stages, path, others)).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(rows, expected, "as built:\n{}\n", rows.join("\n"));
}

#[test]
fn a_lead_whose_item_asks_for_a_visit() {
    let paths = [
        "",
        "see",
        "acknowledge",
        "acknowledge arrive",
        "acknowledge progress",
        "acknowledge arrive progress",
        "acknowledge arrive submit",
        "acknowledge arrive submit close",
    ];
    let stages = [Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve];
    check(Role::Lead, &stages, &paths, &[], LEAD);
}

#[test]
fn an_assistant_without_a_visit() {
    let paths = [
        "",
        "see",
        "acknowledge",
        "acknowledge arrive",
        "acknowledge progress",
        "acknowledge submit",
        "cancel",
    ];
    check(Role::Assist, &[Stage::Acknowledge, Stage::Resolve], &paths, &[], ASSISTANT);
}

#[test]
fn an_order_for_information() {
    check(Role::Inform, &[Stage::Acknowledge], &["", "see", "close", "see close", "cancel"], &[], INFORM);
}

#[test]
fn a_lead_waits_for_its_assistants() {
    let assistant = Life::of(plan(Role::Assist, "traffic-police", vec![], vec![])).order;
    let paths = ["acknowledge"];
    let others = [assistant.clone()];
    check(Role::Lead, &[], &paths, &others, LEAD_BEFORE_ITS_ASSISTANT);

    let of_another_round = Order { round: 2, ..assistant };
    let mut lead = Life::of(plan(Role::Lead, "transport", vec![], vec![]));
    carry_out(&mut lead, "acknowledge", &[]);
    assert_eq!(carry_out(&mut lead, "submit", &[of_another_round]), "submitted");
}

const LEAD: &str = "";
const ASSISTANT: &str = "";
const INFORM: &str = "";
const LEAD_BEFORE_ITS_ASSISTANT: &str = "";
