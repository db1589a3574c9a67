//! `streetwise case`: a case as dispatch has it, for verifiers and for those who direct, through dispatch's door.

mod told;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::{Case, CaseAct, CaseClocks, CaseRulings, CaseShow, CaseVisit, CaseWhistle, OrderDoor, Word};
use crate::failure::Failure;
use crate::order::{Seat, Wanted, moment, noted};
use crate::street::{advised, print_json};

const LOOKING: &str = "查看案件 / looking at a case";
const ACTING: &str = "办理案件 / acting on a case";

/// Runs the command.
pub async fn run(command: &Case) -> Result<(), Failure> {
    match command {
        Case::Show(arguments) => show(arguments).await,
        Case::Clocks(arguments) => clocks(arguments).await,
        Case::Verify(act) => verified(act, "claim").await,
        Case::Close(act) => verified(act, "pass").await,
        Case::Reopen(act) => verified(act, "fail").await,
        Case::Cancel(CaseAct { case, word, door }) => {
            acted(door, word, *case, &format!("cases/{case}:cancel"), json!({})).await
        }
        Case::Whistle(arguments) => whistle(arguments).await,
        Case::Visit(arguments) => visit(arguments).await,
        Case::Rulings(arguments) => rulings(arguments).await,
    }
}

async fn verified(CaseAct { case, word, door }: &CaseAct, result: &str) -> Result<(), Failure> {
    acted(door, word, *case, &format!("cases/{case}:verify"), json!({ "result": result })).await
}

async fn whistle(arguments: &CaseWhistle) -> Result<(), Failure> {
    let CaseWhistle { case, bodies, within_minutes, word, door } = arguments;
    let bodies: Vec<String> = bodies.iter().map(ToString::to_string).collect();
    let body = json!({ "bodies": bodies, "within_minutes": within_minutes });
    acted(door, word, *case, &format!("cases/{case}:whistle"), body).await
}

async fn visit(arguments: &CaseVisit) -> Result<(), Failure> {
    let CaseVisit { case, at, orders, word, door } = arguments;
    acted(door, word, *case, &format!("cases/{case}/visits"), json!({ "visited_at": at, "orders": orders }))
        .await
}

async fn acted(door: &OrderDoor, word: &Word, case: Uuid, target: &str, body: Value) -> Result<(), Failure> {
    let seat = Seat::of(door)?.insisting(word);
    let answer = seat.acted(ACTING, target, &noted(body, word)).await;
    let answer = answer.map_err(|failure| {
        let next = again(&seat, &failure, case);
        advised(failure, &next)
    })?;
    match seat.json {
        true => print_json(&answer),
        false => print!("{}", told::done(&answer, seat.street)?),
    }
    Ok(())
}

/// What is not there is looked for among orders, what has changed is looked at again.
fn again(seat: &Seat, failure: &Failure, case: Uuid) -> String {
    match failure {
        Failure::Refused { refusal, .. } if refusal.status == 412 => {
            format!("streetwise case show {case} --street {}", seat.street)
        }
        _ => seat.listed(),
    }
}

async fn show(arguments: &CaseShow) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let id = match arguments.case.parse::<Uuid>() {
        Ok(id) => id.to_string(),
        Err(_) => of_number(&seat, &arguments.case).await?,
    };
    let case = seat.get(LOOKING, &format!("cases/{id}")).await;
    let case = case.map_err(|failure| advised(failure, &seat.listed()))?;
    match seat.json {
        true => print_json(&case),
        false => print!("{}", told::whole(&case, seat.street)?),
    }
    Ok(())
}

/// The id of a case with this number, by the orders that the caller sees.
async fn of_number(seat: &Seat, number: &str) -> Result<String, Failure> {
    let wanted = Wanted { case_no: Some(number), limit: 1, ..Wanted::default() };
    let (orders, _) = seat.orders(&wanted).await?;
    let found = orders.first().and_then(|order| order["case_id"].as_str());
    found.map(str::to_owned).ok_or_else(|| {
        let why = anyhow::anyhow!(
            "没有编号为 {number} 的案件，或无权查看 / no case has the number {number}, or you may not see it"
        );
        Failure::world(LOOKING, seat.listed(), why)
    })
}

async fn clocks(arguments: &CaseClocks) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let clocks = seat.get(LOOKING, &format!("cases/{}/clocks{}", arguments.case, moment(arguments.at))).await;
    let clocks = clocks.map_err(|failure| advised(failure, &seat.listed()))?;
    seat.tell(&clocks, crate::order::told::clocks);
    Ok(())
}

async fn rulings(arguments: &CaseRulings) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let query = format!("rulings?waiting={}&limit={}", arguments.waiting, arguments.limit);
    let page = seat.get(LOOKING, &query).await?;
    match seat.json {
        true => print_json(&page),
        false => print!("{}", told::rulings(&page, arguments.waiting, seat.street)?),
    }
    Ok(())
}
