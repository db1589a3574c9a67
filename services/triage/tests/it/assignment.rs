//! A matter that a centre gives from above (上级交办, D33): who acts is what the centre said, explained; it joins nothing.

use contract::document::RoutingMode;
use contract::proto::intake::Assignment;
use contract::proto::triage::{CaseRouted, Role};
use routing::Explanation;

use crate::desk::{Desk, Said, Sent, report};

const SAFETY: &str = "street-safety@990102001000";
const COMMUNITY: &str = "community@990102001005";

fn given(n: u128, by: &str, item: &'static str, lead: &str, assists: &[&str]) -> Sent {
    let assists = assists.iter().map(|body| (*body).to_owned()).collect();
    let assigned = Some(Assignment { by: by.to_owned(), lead: lead.to_owned(), assists });
    Sent { assigned, ..report(n, item, "请对辖区小场所用火用电开展一次排查") }
}

fn working(routed: &CaseRouted) -> Vec<String> {
    let orders = routed.plan.as_ref().unwrap().orders.iter();
    let working = orders.filter(|order| order.role() != Role::Inform);
    working.map(|order| order.body.clone()).collect()
}

fn explanation(routed: &CaseRouted) -> Explanation {
    serde_json::from_str(&routed.plan.as_ref().unwrap().explanation_json).unwrap()
}

#[tokio::test]
async fn those_act_whom_the_centre_names_and_the_explanation_says_so() {
    let desk = Desk::open().await;
    desk.hear(&[given(1, "district", "SAF-10", SAFETY, &[COMMUNITY])]).await;
    let [(envelope, routed)] = &desk.routed().await[..] else { panic!("one plan") };
    assert_eq!(working(routed), [SAFETY, COMMUNITY]);
    let said = explanation(routed);
    assert_eq!(said.method, "assignment");
    let step = said.steps.iter().find(|step| step.rule == "assigned.lead").unwrap();
    assert!(
        step.zh.starts_with("区级交办：由") && step.en.starts_with("given by the district centre: "),
        "{step:?}"
    );
    assert_eq!(routing::recompute(&said), said, "made again from what is stored");
    let source: String = sqlx::query_scalar("SELECT reporter FROM triage.cases WHERE case_id = $1")
        .bind(envelope.aggregate_id)
        .fetch_one(desk.rig.admin())
        .await
        .unwrap();
    assert_eq!(source, "assignment");
}

/// Two that were given stand apart, and apart from what was there before; who reports later is a voice of one of them.
#[tokio::test]
async fn it_joins_nothing_but_is_joined() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "SAF-10", "小餐馆乱拉电线")]).await;
    let other = "street-enforcement@990102001000";
    desk.hear(&[given(2, "district", "SAF-10", SAFETY, &[]), given(3, "street", "SAF-10", other, &[])]).await;
    assert_eq!(desk.cases(crate::desk::STREET).await, [vec![1], vec![2], vec![3]]);
    desk.hear(&[report(4, "SAF-10", "小餐馆乱拉电线")]).await;
    let cases = desk.cases(crate::desk::STREET).await;
    assert_eq!((cases.len(), cases.iter().filter(|case| case.contains(&4)).count()), (3, 1), "{cases:?}");
}

/// The documents may have changed on the way: nothing is lost, and nothing is pushed down.
#[tokio::test]
async fn what_cannot_be_given_so_any_more_goes_where_the_list_says() {
    let desk = Desk::open().await;
    let gone = given(1, "district", "SAF-10", "nobody@990102001000", &[]);
    desk.hear(&[gone, Sent { lon: 106.7, ..given(2, "district", "TRA-01", SAFETY, &[]) }]).await;
    let mut routed = desk.routed().await;
    routed.sort_by_key(|(_, routed)| routed.case.as_ref().unwrap().item.clone());
    let [(_, gone), (_, reserved)] = &routed[..] else { panic!("two plans") };
    assert_eq!(working(gone)[0], SAFETY, "the list's own lead");
    assert!(explanation(gone).steps.iter().any(|step| step.rule == "assigned.unplaced"));
    assert_eq!(working(reserved)[0], "transport");
    assert!(explanation(reserved).steps.iter().any(|step| step.rule == "assigned.reserved"));
}

/// A centre has decided when it gives: its own review is behind it, one above it is not.
#[tokio::test]
async fn a_plan_waits_only_for_a_desk_above_the_one_that_gave_it() {
    for (mode, by, waits) in [
        (RoutingMode::StreetReview, "street", false),
        (RoutingMode::StreetReview, "district", false),
        (RoutingMode::DistrictReview, "street", true),
        (RoutingMode::DistrictReview, "district", false),
    ] {
        let desk = Desk::reviewing(mode).await;
        desk.hear(&[given(1, by, "SAF-10", SAFETY, &[])]).await;
        let waiting = desk.said().await.iter().any(|(_, said)| matches!(said, Said::PlanReview(_)));
        assert_eq!((waiting, desk.routed().await.len()), (waits, usize::from(!waits)), "{mode:?} {by}");
    }
}
