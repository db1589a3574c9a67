//! The case's own clocks (核查、裁定): the verification of each round and one of each return, and what they were at a moment that has
//! passed. What turns them is a calendar alone: nobody holds or extends them.

use ids::{CaseId, OrderId, TenantId};
use jiff::Timestamp;
use orders::{Case, StageState};
use serde::{Deserialize, Serialize};

use super::past::{NoMoment, known_at, turned};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CaseClock {
    pub round: u32,
    /// The order whose return waits for its ruling, or waited; none of a verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    pub stage: StageState,
}

/// The clocks of a case until something turned one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastCaseClocks {
    pub tenant: TenantId,
    pub case_id: CaseId,
    /// The last version of the case with which they stood so.
    pub version: u64,
    /// When they were turned.
    pub until: Timestamp,
    pub clocks: Vec<CaseClock>,
}

/// All of a case, in the order in which they began.
pub(crate) fn of_case(case: &Case) -> Vec<CaseClock> {
    let verify = case.verify.iter();
    let verify =
        verify.map(|(round, stage)| CaseClock { round: *round, order_id: None, stage: stage.clone() });
    let rulings = case.adjudications.iter().map(|(order_id, returned)| CaseClock {
        round: returned.round,
        order_id: Some(*order_id),
        stage: returned.clock.clone(),
    });
    let mut all: Vec<CaseClock> = rulings.chain(verify).collect();
    all.sort_by_key(|clock| (clock.stage.started_at, clock.round));
    all
}

impl PastCaseClocks {
    /// The case as it was before an event, where that turned one of its clocks.
    pub fn turned(before: &Case, after: &Case, until: Timestamp) -> Option<Self> {
        let of =
            |case: &Case| case.verify.values().chain(clocks_of_returns(case)).cloned().collect::<Vec<_>>();
        // A clock that begins takes no other's place: both lists are in the order of rounds and orders.
        let (before_of, after_of) = (of(before), of(after));
        if before_of.len() != after_of.len() || !turned(&before_of, &after_of) {
            return None;
        }
        let Case { tenant, id: case_id, version, .. } = *before;
        Some(Self { tenant, case_id, version, until, clocks: of_case(before) })
    }
}

fn clocks_of_returns(case: &Case) -> impl Iterator<Item = &StageState> {
    case.adjudications.values().map(|returned| &returned.clock)
}

/// Puts clocks of a case back to what they were.
pub(crate) fn put_back(case: &mut Case, clocks: &[CaseClock]) {
    for CaseClock { round, order_id, stage } in clocks {
        let place = match order_id {
            None => case.verify.get_mut(round),
            Some(order_id) => case.adjudications.get_mut(order_id).map(|returned| &mut returned.clock),
        };
        if let Some(clock) = place {
            clock.clone_from(stage);
        }
    }
}

/// Those that had begun at a moment, as they were known, from what they were when one was turned next, or are.
pub(crate) fn clocks_at(clocks: Vec<CaseClock>, at: Timestamp) -> Result<Vec<CaseClock>, NoMoment> {
    let begun = clocks.into_iter().filter(|clock| clock.stage.started_at <= at);
    let (of, stages): (Vec<_>, Vec<_>) =
        begun.map(|clock| ((clock.round, clock.order_id), clock.stage)).unzip();
    let known = known_at(stages, at)?;
    let clock = |((round, order_id), stage)| CaseClock { round, order_id, stage };
    Ok(of.into_iter().zip(known).map(clock).collect())
}
