//! Every phase against every command, one table a role. A row begins with the acts that lead to the phase,
//! and the phase; then the answer to each command. `=` changes nothing, `x` is `invalid-transition`, words
//! with a hyphen are other refusal codes, and the rest is the phase after.

use std::sync::LazyLock;

use orders::{Act, LinkDeed, LinkDenial, Order, OrderCommand, ReturnGround, Role, RoundVerdict, Stage};
use sla::Calendar;
use uuid::Uuid;

use crate::fixtures::{Life, actor, calendar, command, plan, second, seconds};

static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| calendar(&[2026]));

const COLUMNS: [&str; 7] = ["see", "acknowledge", "arrive", "progress", "submit", "close", "cancel"];
const DIRECTED: [&str; 8] =
    ["urge", "supervise", "waive", "cancel", "return", "stays", "elsewhere", "cancel-with-case"];

fn carry_out(life: &mut Life, word: &str, others: &[Order]) -> String {
    let command = match Act::ALL.into_iter().find(|act| act.as_str() == word) {
        Some(act) => command(act, "li", (&*CALENDAR).into(), others),
        None if word == "close" => {
            OrderCommand::CloseWithCase { actor: actor("wang"), verdict: RoundVerdict::Passed }
        }
        None => directed(word),
    };
    match life.does(command, second(1)) {
        Ok(events) if events == "=" => events,
        Ok(_) => life.order.phase.as_str().to_owned(),
        Err(refusal) => refusal.code().replace("invalid-transition", "x"),
    }
}

/// What those who direct the work do; `return` is by the body, `stays` and `elsewhere` are the two ways to place it.
fn directed(word: &str) -> OrderCommand<'static> {
    let (actor, note) = (actor("sun"), "a word".to_owned());
    match word {
        "urge" => OrderCommand::Urge { actor, note },
        "supervise" => OrderCommand::Supervise { actor, note },
        "waive" => OrderCommand::Waive { actor, note },
        "cancel" => OrderCommand::Cancel { actor, note },
        "return" => {
            let (ground, proposed) = (ReturnGround::NotOurDuty, "bus-company".parse().unwrap());
            OrderCommand::Return { actor, ground, proposed, calendars: (&*CALENDAR).into(), note }
        }
        "stays" => OrderCommand::Place { actor, to: "transport".parse().unwrap(), note },
        "elsewhere" => OrderCommand::Place { actor, to: "bus-company".parse().unwrap(), note },
        "cancel-with-case" => OrderCommand::CancelWithCase { actor, note },
        "ask" => OrderCommand::Ask { actor, note },
        "issue" => linked(LinkDeed::Issue { until: second(100) }),
        "open" => linked(LinkDeed::Open),
        "revoke" => linked(LinkDeed::Revoke),
        "refuse" => linked(LinkDeed::Refuse { why: LinkDenial::Expired }),
        other => panic!("no command {other}"),
    }
}

fn linked(deed: LinkDeed) -> OrderCommand<'static> {
    OrderCommand::Link { actor: actor("sun"), link: Uuid::from_u128(9).into(), deed }
}

/// One row: the order after the acts of `path`, and the answer to each command from there.
fn row(role: Role, stages: &[Stage], columns: &[&str], path: &str, others: &[Order]) -> String {
    let reach = || {
        let stages = stages.iter().map(|stage| seconds(*stage, 3_600, &[])).collect();
        let mut life = Life::of(plan(role, "transport", stages, vec![]));
        for word in path.split_whitespace() {
            carry_out(&mut life, word, others);
        }
        life
    };
    let answers: Vec<String> = columns.iter().map(|word| carry_out(&mut reach(), word, others)).collect();
    format!("{path} : {} | {}", reach().order.phase.as_str(), answers.join(" | "))
}

/// Compares row by row, whatever the spacing.
fn check(role: Role, stages: &[Stage], others: &[Order], table: &str) {
    check_columns(role, stages, &COLUMNS, others, table);
}

fn check_columns(role: Role, stages: &[Stage], columns: &[&str], others: &[Order], table: &str) {
    let cells = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = table.lines().map(cells).filter(|line| !line.is_empty());
    let header = format!("after : phase | {}", columns.join(" | "));
    assert_eq!(lines.next(), Some(header));
    for expected in lines {
        let (path, _) = expected.split_once(':').unwrap();
        assert_eq!(cells(&row(role, stages, columns, path.trim(), others)), expected);
    }
}

#[test]
fn a_lead_whose_item_asks_for_a_visit() {
    let stages = [Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve];
    check(Role::Lead, &stages, &[], LEAD);
}

const LEAD: &str = "
after                               : phase        | see  | acknowledge  | arrive  | progress    | submit         | close     | cancel
                                    : dispatched   | seen | acknowledged | x       | x           | x              | duty-open | lead-required
see                                 : seen         | =    | acknowledged | x       | x           | x              | duty-open | lead-required
acknowledge                         : acknowledged | =    | =            | on_site | in_progress | visit-required | duty-open | lead-required
acknowledge arrive                  : on_site      | =    | =            | =       | in_progress | submitted      | duty-open | lead-required
acknowledge progress                : in_progress  | =    | =            | on_site | in_progress | visit-required | duty-open | lead-required
acknowledge arrive progress         : in_progress  | =    | =            | =       | in_progress | submitted      | duty-open | lead-required
acknowledge arrive submit           : submitted    | =    | =            | =       | x           | =              | done      | lead-required
acknowledge arrive submit close     : done         | =    | =            | =       | x           | =              | =         | =
";

#[test]
fn an_assistant_without_a_visit() {
    check(Role::Assist, &[Stage::Acknowledge, Stage::Resolve], &[], ASSISTANT);
}

const ASSISTANT: &str = "
after                    : phase        | see  | acknowledge  | arrive  | progress    | submit    | close     | cancel
                         : dispatched   | seen | acknowledged | x       | x           | x         | duty-open | cancelled
see                      : seen         | =    | acknowledged | x       | x           | x         | duty-open | cancelled
acknowledge              : acknowledged | =    | =            | on_site | in_progress | submitted | duty-open | cancelled
acknowledge arrive       : on_site      | =    | =            | =       | in_progress | submitted | duty-open | cancelled
acknowledge progress     : in_progress  | =    | =            | on_site | in_progress | submitted | duty-open | cancelled
acknowledge submit       : submitted    | =    | =            | x       | x           | =         | done      | x
acknowledge submit close : done         | =    | =            | x       | x           | =         | =         | =
cancel                   : cancelled    | x    | x            | x       | x           | x         | =         | =
";

#[test]
fn an_order_for_information() {
    check(Role::Inform, &[Stage::Acknowledge], &[], INFORM);
}

const INFORM: &str = "
after     : phase      | see  | acknowledge | arrive      | progress    | submit      | close | cancel
          : dispatched | seen | inform-only | inform-only | inform-only | inform-only | done  | cancelled
see       : seen       | =    | inform-only | inform-only | inform-only | inform-only | done  | cancelled
see close : done       | =    | inform-only | inform-only | inform-only | inform-only | =     | =
close     : done       | x    | inform-only | inform-only | inform-only | inform-only | =     | =
cancel    : cancelled  | x    | inform-only | inform-only | inform-only | inform-only | =     | =
";

#[test]
fn a_lead_waits_for_its_assistants() {
    let assistant = Life::of(plan(Role::Assist, "traffic-police", vec![], vec![])).order;
    check(Role::Lead, &[], std::slice::from_ref(&assistant), LEAD_BEFORE_ITS_ASSISTANT);

    let of_another_round = Order { round: 2, ..assistant };
    let mut lead = Life::of(plan(Role::Lead, "transport", vec![], vec![]));
    carry_out(&mut lead, "acknowledge", &[]);
    assert_eq!(carry_out(&mut lead, "submit", &[of_another_round]), "submitted");
}

const LEAD_BEFORE_ITS_ASSISTANT: &str = "
after       : phase        | see | acknowledge | arrive  | progress    | submit          | close     | cancel
acknowledge : acknowledged | =   | =           | on_site | in_progress | assistants-open | duty-open | lead-required
";

#[test]
fn what_is_done_with_a_leads_order() {
    check_columns(Role::Lead, &[Stage::Resolve], &DIRECTED, &[], DIRECTED_LEAD);
}

const DIRECTED_LEAD: &str = "
after                     : phase        | urge         | supervise    | waive         | cancel        | return            | stays        | elsewhere   | cancel-with-case
                          : dispatched   | dispatched   | dispatched   | lead-required | lead-required | dispatched        | own-body     | transferred | cancelled
acknowledge supervise     : acknowledged | acknowledged | =            | lead-required | lead-required | acknowledged      | own-body     | transferred | cancelled
acknowledge return        : acknowledged | acknowledged | acknowledged | lead-required | lead-required | return-pending    | acknowledged | returned    | cancelled
acknowledge return stays  : acknowledged | acknowledged | acknowledged | lead-required | lead-required | returns-exhausted | own-body     | transferred | cancelled
acknowledge submit        : submitted    | x            | x            | lead-required | lead-required | x                 | x            | x           | cancelled
return elsewhere          : returned     | x            | x            | lead-required | =             | x                 | x            | x           | =
elsewhere                 : transferred  | x            | x            | lead-required | =             | x                 | x            | x           | =
cancel-with-case          : cancelled    | x            | x            | lead-required | =             | x                 | x            | x           | =
";

#[test]
fn what_is_done_with_an_assistants_order() {
    check_columns(Role::Assist, &[], &DIRECTED, &[], DIRECTED_ASSISTANT);
}

const DIRECTED_ASSISTANT: &str = "
after              : phase      | urge       | supervise  | waive          | cancel         | return         | stays      | elsewhere   | cancel-with-case
                   : dispatched | dispatched | dispatched | waived         | cancelled      | dispatched     | own-body   | transferred | cancelled
return             : dispatched | dispatched | dispatched | return-pending | return-pending | return-pending | dispatched | returned    | cancelled
acknowledge submit : submitted  | x          | x          | x              | x              | x              | x          | x           | cancelled
waive              : waived     | x          | x          | =              | =              | x              | x          | x           | =
";

#[test]
fn an_order_for_information_is_nobodys_duty() {
    check_columns(Role::Inform, &[], &DIRECTED, &[], DIRECTED_INFORM);
}

const DIRECTED_INFORM: &str = "
after : phase      | urge        | supervise   | waive       | cancel    | return      | stays       | elsewhere   | cancel-with-case
      : dispatched | inform-only | inform-only | inform-only | cancelled | inform-only | inform-only | inform-only | cancelled
";

#[test]
fn a_return_is_ruled_on_before_its_order_is_submitted() {
    let columns = ["submit"];
    let table = "
after                    : phase        | submit
acknowledge return       : acknowledged | return-pending
acknowledge return stays : acknowledged | submitted
";
    check_columns(Role::Lead, &[], &columns, &[], table);
}

/// A link and a question leave the phase as it is, and what has ended has none; that one was tried is noted all the same.
#[test]
fn what_comes_by_a_link() {
    let columns = ["issue", "open", "revoke", "ask", "refuse"];
    let table = "
after                                   : phase        | issue        | open         | revoke       | ask          | refuse
                                        : dispatched   | dispatched   | dispatched   | dispatched   | dispatched   | dispatched
issue open                              : dispatched   | dispatched   | dispatched   | dispatched   | dispatched   | dispatched
see                                     : seen         | seen         | seen         | seen         | seen         | seen
acknowledge ask                         : acknowledged | acknowledged | acknowledged | acknowledged | acknowledged | acknowledged
acknowledge submit                      : submitted    | submitted    | submitted    | submitted    | submitted    | submitted
acknowledge submit close                : done         | x            | x            | x            | x            | done
acknowledge issue waive                 : waived       | x            | x            | x            | x            | waived
";
    check_columns(Role::Assist, &[], &columns, &[], table);
    let table = "
after : phase      | issue      | open       | revoke     | ask          | refuse
      : dispatched | dispatched | dispatched | dispatched | inform-only  | dispatched
";
    check_columns(Role::Inform, &[], &columns, &[], table);
}

#[test]
fn opening_by_a_link_meets_nothing_and_who_gave_it_out_handles() {
    let stages = vec![seconds(Stage::See, 3_600, &[]), seconds(Stage::Acknowledge, 3_600, &[])];
    let mut life = Life::of(plan(Role::Lead, "transport", stages, vec![]));
    life.does(linked(LinkDeed::Issue { until: second(100) }), second(1)).unwrap();
    life.does(linked(LinkDeed::Open), second(2)).unwrap();
    assert!(life.order.acts.is_empty(), "opened is not seen");
    assert!(life.order.stages.iter().all(|stage| stage.met_at.is_none()));
    assert_eq!(life.order.handlers, ["sun".to_owned()].into());

    // Of what is only for information nobody is a handler, and of what was submitted nobody becomes one.
    let mut informed = Life::of(plan(Role::Inform, "street-centre", vec![], vec![]));
    informed.does(linked(LinkDeed::Issue { until: second(100) }), second(1)).unwrap();
    assert!(informed.order.handlers.is_empty());
    let mut done = Life::of(plan(Role::Assist, "bus-company", vec![], vec![]));
    for act in [Act::Acknowledge, Act::Submit] {
        done.acts(act, second(1)).unwrap();
    }
    done.does(linked(LinkDeed::Issue { until: second(100) }), second(2)).unwrap();
    assert!(!done.order.handlers.contains("sun"));
}
