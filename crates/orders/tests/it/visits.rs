//! Joint visits: who may be named, when, and that a signature is counted once.

use jiff::Timestamp;
use orders::{Act, Case, CaseCommand, CasePlan, Decision, Order, Refusal, Role, Stage};
use uuid::Uuid;

use crate::fixtures::{Life, actor, plan, second, seconds};

struct Matter {
    case: Case,
    orders: Vec<Order>,
}

fn matter() -> Matter {
    let terms = seconds(Stage::Verify, 3_600, &[]).into();
    let plans = [(Role::Lead, "transport"), (Role::Assist, "bus-company"), (Role::Inform, "street-centre")];
    let orders: Vec<Order> =
        plans.into_iter().map(|(role, body)| Life::of(plan(role, body, vec![], vec![])).order).collect();
    let lead = &orders[0];
    let case = CasePlan {
        case_id: lead.case_id,
        tenant: lead.tenant,
        lead: lead.body.clone(),
        terms,
        plan_version: 0,
    };
    Matter { case: Case::open(case, None, second(0)).unwrap().0, orders }
}

impl Matter {
    fn decide(&mut self, command: CaseCommand<'_>, now: Timestamp) -> Result<Vec<&'static str>, Refusal> {
        match self.case.decide(command, now)? {
            Decision::Changed { state, events } => {
                let mut folded = self.case.clone();
                for event in &events {
                    folded = Case::evolve(Some(folded), event).unwrap();
                }
                assert_eq!(folded, state, "the case is the fold of its events");
                self.case = state;
                Ok(events.iter().map(|event| event.kind.name()).collect())
            }
            Decision::Unchanged => Ok(vec![]),
        }
    }

    fn record(&mut self, lead: usize, others: &[usize], visited: i64) -> Result<Vec<&'static str>, Refusal> {
        let orders = self.orders.clone();
        let others: Vec<_> = others.iter().map(|n| orders[*n].id).collect();
        let (actor, visit, note) = (actor("li"), Uuid::from_u128(7).into(), "there".to_owned());
        let (visited_at, lead) = (second(visited), orders[lead].id);
        let record = CaseCommand::RecordVisit {
            actor,
            visit,
            visited_at,
            lead,
            others: &others,
            orders: &orders,
            note,
        };
        self.decide(record, second(100))
    }

    fn sign(&mut self, order: usize) -> Result<Vec<&'static str>, Refusal> {
        let order = self.orders[order].clone();
        let (actor, visit, note) = (actor("zhao"), Uuid::from_u128(7).into(), String::new());
        self.decide(CaseCommand::SignVisit { actor, visit, order: &order, note }, second(200))
    }
}

#[test]
fn only_the_lead_records_and_only_open_duties_are_named() {
    for (lead, others, visited, refusal) in [
        (1, vec![0], 50, Refusal::LeadRecords),
        (0, vec![0], 50, Refusal::NotOfVisit),
        (0, vec![2], 50, Refusal::NotOfVisit),
        (0, vec![], 50, Refusal::VisitBounds),
        (0, vec![1], -1, Refusal::VisitTime),
        (0, vec![1], 101, Refusal::VisitTime),
    ] {
        assert_eq!(matter().record(lead, &others, visited), Err(refusal), "{lead} {others:?} {visited}");
    }
    for visited in [0, 50, 100] {
        assert_eq!(matter().record(0, &[1], visited), Ok(vec!["visit_recorded"]), "{visited}");
    }
}

#[test]
fn a_signature_counts_once_and_for_who_was_named() {
    let mut matter = matter();
    assert_eq!(matter.sign(1), Err(Refusal::NotOfVisit), "nothing is recorded yet");
    matter.record(0, &[1], 50).unwrap();
    assert_eq!(matter.sign(0), Err(Refusal::NotOfVisit), "the lead recorded it");
    assert_eq!(matter.sign(1), Ok(vec!["visit_signed"]));
    assert_eq!(matter.sign(1), Ok(vec![]), "twice is once");
    let visit = &matter.case.visits[0];
    assert_eq!(visit.signatures[&matter.orders[1].id].signed_at, Some(second(200)));
    assert_eq!((visit.visited_at, visit.recorded_at), (second(50), second(100)));
    let text = serde_json::to_string(&matter.case).unwrap();
    assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), matter.case);
}

#[test]
fn being_there_is_an_arrival_once_and_then_news() {
    let mut life = Life::of(plan(Role::Assist, "bus-company", vec![], vec![]));
    assert_eq!(life.order.act_of_visit(), Act::Arrive);
    for act in [Act::Acknowledge, Act::Arrive] {
        life.acts(act, second(1)).unwrap();
    }
    assert_eq!(life.order.act_of_visit(), Act::Progress);
}
