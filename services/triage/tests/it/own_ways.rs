//! What a district and a street decide about themselves, seen in what becomes of a report: who takes a body's place, and
//! whether reports join.

use contract::document::{DocumentBody, Features, Succession, Successor};
use contract::proto::triage::Role;

use crate::desk::{Desk, STREET, Sent, report};

async fn desk(change: impl Fn(&mut DocumentBody)) -> Desk {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    documents.iter_mut().for_each(|document| change(&mut document.body));
    desk.rig.documents(&documents).await;
    desk
}

fn heir(body: &str, items: &[&str]) -> Successor {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    Successor { body: body.parse().unwrap(), items }
}

/// The roles of a body in the newest case, and those of its lead.
async fn newest(desk: &Desk) -> Vec<(String, Role)> {
    let plan = desk.routed().await.pop().unwrap().1.plan.unwrap();
    plan.orders.iter().map(|order| (order.body.clone(), order.role())).collect()
}

#[tokio::test]
async fn new_cases_go_to_the_successor_from_its_day_on() {
    let desk = desk(|body| {
        if let DocumentBody::District(core) = body {
            let to = vec![heir("urban-mgmt", &[]), heir("housing-construction", &["TRA-01"])];
            for key in ["urban-mgmt", "housing-construction"] {
                assert!(core.bodies.contains_key(&key.parse().unwrap()), "{key}");
            }
            let succession = Succession { from: "2026-12-01".parse().unwrap(), to };
            core.successors.insert("transport".parse().unwrap(), succession);
        }
    })
    .await;
    let lead = |body: &str| (body.to_owned(), Role::Lead);
    desk.rig.clock.set("2026-11-30T15:59:59Z".parse().unwrap());
    desk.hear(&[report(1, "TRA-01", "")]).await;
    assert_eq!(newest(&desk).await[0], lead("transport"));
    desk.rig.clock.set("2026-11-30T16:00:00Z".parse().unwrap());
    desk.hear(&[Sent { lat: 29.59, ..report(2, "TRA-01", "") }]).await;
    let orders = newest(&desk).await;
    assert_eq!(orders[0], lead("housing-construction"));
    assert!(orders.iter().all(|(body, _)| body != "transport"), "{orders:?}");
    desk.rig.clock.set("2026-11-30T16:00:01Z".parse().unwrap());
    desk.hear(&[report(3, "TRA-09", "")]).await;
    assert_eq!(newest(&desk).await[0], lead("urban-mgmt"), "another item of the same body");
}

#[tokio::test]
async fn a_street_may_keep_its_reports_apart() {
    let apart = desk(|body| match body {
        DocumentBody::Street(core) if core.code.to_string() == STREET => {
            core.features = Features { join_reports: false, ..Features::default() };
        }
        _ => {}
    })
    .await;
    apart.hear(&[report(1, "TRA-01", ""), report(2, "TRA-01", "")]).await;
    apart.hear(&[report(3, "TRA-01", "")]).await;
    assert_eq!(apart.cases(STREET).await, [[1], [2], [3]]);
    let together = Desk::open().await;
    together.hear(&[report(1, "TRA-01", ""), report(2, "TRA-01", ""), report(3, "TRA-01", "")]).await;
    assert_eq!(together.cases(STREET).await, [[1, 2, 3]]);
}
