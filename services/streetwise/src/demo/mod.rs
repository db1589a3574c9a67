//! `streetwise demo bus-306`: the whole story on a running system, through the doors everybody uses, as the
//! personas, in under a minute.
//!
//! Two streets at once. In the first, two people report the rerouted bus line, one case with two voices gets its
//! orders, the bodies act, a verifier closes it and the reporter sees it closed. In the second an order is left
//! alone until it is warned of, breached and escalated. Every wait is for a level with a deadline; whatever was not
//! seen is listed at the end. Places are drawn anew each time, so an earlier run's case is not joined.
//!
//! Deliberately not here: assertions about what nobody can see through a door.

mod checklist;
mod doors;
mod endpoints;
mod first_street;
mod place;
mod second_street;
mod stage;
pub mod storm;
mod timeline;
mod wait;

use std::sync::OnceLock;

use crate::cli::Bus306;
use crate::client::Client;
use crate::failure::Failure;

pub use checklist::{Checklist, Step};
pub use endpoints::Endpoints;

use doors::Doors;

/// Why a story ended early.
#[derive(Debug)]
enum Stopped {
    /// A step did not come within its time.
    NotSeen(Step),
    /// A door refused, or could not be reached.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Runs the command.
pub async fn run(arguments: &Bus306) -> Result<(), Failure> {
    let endpoints = Endpoints::read(&arguments.endpoints)?;
    let doors = Doors::new(Client::new("", "")?, endpoints);
    let checklist = Checklist::default();
    println!("▸ 公交306路改道 / bus line 306 is rerouted");
    let cases = [const { OnceLock::new() }; 2];
    let (first, second) = tokio::join!(
        first_street::play(&doors, &checklist, &cases[0]),
        second_street::play(&doors, &checklist, &cases[1]),
    );
    for (street, case) in cases.iter().filter_map(OnceLock::get) {
        let entries = doors.timeline(street, case.case_id).await.unwrap_or_default();
        println!("\n▸ {} 事件全程 / timeline\n{}", case.case_no, timeline::render(&entries));
        let orders = doors.orders(street, case.case_id).await.unwrap_or_default();
        println!("▸ {} 时限 / limits\n{}", case.case_no, stage::render(&orders));
    }
    println!("▸ 步骤 / steps\n{}", checklist.render());
    let mut missing: Vec<&str> = checklist.missing().iter().map(|step| step.words().1).collect();
    for stopped in [first.err(), second.err()].into_iter().flatten() {
        match stopped {
            Stopped::Failed(failure) => return Err(failure),
            Stopped::NotSeen(step) if missing.is_empty() => missing.push(step.words().1),
            Stopped::NotSeen(_) => {}
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::StepsMissing(missing)) }
}
