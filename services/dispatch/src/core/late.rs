//! Whom a step of the chain tells of a late verification or ruling: the body that the policy names, and who is late where the step
//! tells them.
//!
//! No body holds these stages. A verifier is a person of the street, and rulings are a centre's, so who is late hears of it by the bodies
//! of its level that are informed of the case. Where none is, the step stands on the timeline. Who only works on the case, or only
//! looks on from another level, has no part in the lateness and is not told.

use ids::{BodyRef, TenantId};
use orders::{Case, Deciding, Measure, Stage};

/// Whom it tells, each once; `informed` are the bodies with an order for information.
pub(super) fn told(
    case: &Case,
    stage: Stage,
    (to, measure): (Option<&BodyRef>, Measure),
    informed: &[BodyRef],
) -> Vec<BodyRef> {
    let mut told: Vec<BodyRef> = to.cloned().into_iter().collect();
    // Who comes under supervision is told so, as the body that holds an order is.
    if to.is_none() || measure.supervises() {
        let late = case.late(stage);
        let theirs = informed.iter().filter(|body| is_of(body, late, case.tenant));
        let others: Vec<BodyRef> = theirs.filter(|body| !told.contains(body)).cloned().collect();
        told.extend(others);
    }
    told
}

fn is_of(body: &BodyRef, level: Deciding, street: TenantId) -> bool {
    match level {
        Deciding::Centre => body.at == Some(street),
        Deciding::District => body.at.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use orders::{CasePlan, ReturnGround, Role, RulingAsked, StagePlan};
    use uuid::Uuid;

    use super::*;

    const CENTRE: &str = "street-centre@990102001000";
    const DISTRICT: &str = "governance-centre";
    const COMMUNITY: &str = "community@990102001001";

    fn case(deciding: Option<Deciding>) -> Case {
        let terms = StagePlan::default_verification().unwrap().into();
        let (case_id, lead) = (Uuid::from_u128(1).into(), "transport".parse().unwrap());
        let plan =
            CasePlan { case_id, tenant: "990102001000".parse().unwrap(), lead, terms, plan_version: 0 };
        let (mut case, _) = Case::open(plan, None, "2026-11-23T02:00:00Z".parse().unwrap()).unwrap();
        case.asked = deciding.map(|deciding| RulingAsked {
            order_id: Uuid::from_u128(2).into(),
            body: "transport".parse().unwrap(),
            role: Role::Lead,
            nth: 1,
            ground: ReturnGround::NotOurDuty,
            proposed: "traffic-police".parse().unwrap(),
            by: "li".to_owned(),
            deciding,
        });
        case
    }

    fn check(deciding: Option<Deciding>, (to, measure): (Option<&str>, Measure), expected: &[&str]) {
        let stage = if deciding.is_some() { Stage::Adjudicate } else { Stage::Verify };
        let informed = [COMMUNITY, CENTRE, DISTRICT].map(|body| body.parse().unwrap());
        let to: Option<BodyRef> = to.map(|body| body.parse().unwrap());
        let told = told(&case(deciding), stage, (to.as_ref(), measure), &informed);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{deciding:?} {to:?} {measure:?}");
    }

    #[test]
    fn whom_a_step_names_and_who_is_late_where_it_tells_them() {
        use Deciding::{Centre, District};
        use Measure::{Notify, Raise, Supervise};
        check(None, (Some("street-office"), Notify), &["street-office"]);
        check(None, (None, Notify), &[CENTRE]);
        check(None, (Some(DISTRICT), Raise), &[DISTRICT, CENTRE]);
        check(None, (Some(CENTRE), Supervise), &[CENTRE]);
        check(Some(Centre), (None, Notify), &[CENTRE]);
        check(Some(District), (None, Notify), &[DISTRICT]);
        check(Some(District), (Some(DISTRICT), Raise), &[DISTRICT]);
    }

    #[test]
    fn where_nobody_of_its_level_is_informed_nobody_is_told() {
        let informed = [COMMUNITY, DISTRICT].map(|body| body.parse().unwrap());
        assert_eq!(told(&case(None), Stage::Verify, (None, Measure::Notify), &informed), []);
    }
}
