//! A street with hours and days of its own: its orders count on them, its neighbours' do not.

use contract::document::{CalendarChange, DayException, DayKind, Document, Frame, own_calendar};
use contract::proto::triage::CasePlan;

use crate::world::{FAST_STREET, STREET, World, stage};

fn frame(start: &str, end: &str) -> Frame {
    Frame { start: start.to_owned(), end: end.to_owned() }
}

/// Eight to noon and one to eight; the seventh of December off.
fn change() -> CalendarChange {
    let day = DayException { date: "2026-12-07".parse().unwrap(), kind: DayKind::Holiday };
    CalendarChange { frames: vec![frame("08:00", "12:00"), frame("13:00", "20:00")], days: vec![day] }
}

/// What the three come to on these hours.
const OWN: [&str; 3] = ["2026-11-23T04:00:00Z", "2026-11-23T10:30:00Z", "2026-12-08T12:00:00Z"];

impl World {
    /// Due times of acknowledge, on site and resolve of a new bus line case.
    async fn due_times(&self, street: &str) -> [String; 3] {
        let case_id = self.opened(&self.routed(street, "TRA-01")).await;
        self.due_times_of(street, case_id).await.expect("opened")
    }

    /// Nothing while the case is not there.
    async fn due_times_of(&self, street: &str, case_id: uuid::Uuid) -> Option<[String; 3]> {
        let path = format!("/dispatch/v1/streets/{street}/cases/{case_id}");
        let (status, case) = self.get("governance-centre", &path).await;
        if status == 404 {
            return None;
        }
        assert_eq!(status, 200, "{case:#}");
        let orders = case["orders"].as_array().unwrap();
        let lead = orders.iter().find(|order| order["role"] == "lead").unwrap();
        let due = |name| stage(lead, name)["due_at"].as_str().unwrap().to_owned();
        Some(["acknowledge", "on_site", "resolve"].map(due))
    }

    /// The demo's documents of generation 2, the street with hours of its own.
    async fn own_hours(&self) {
        let mut documents = testkit::demo::documents(2);
        for document in &mut documents {
            if let contract::document::DocumentBody::Street(core) = &mut document.body
                && core.code.to_string() == STREET
            {
                core.calendar = Some(change());
                core.calendar_since = 2;
            }
        }
        let documents: Vec<Document> = documents;
        self.rig.documents(&documents).await;
    }
}

#[tokio::test]
async fn due_times_count_on_the_street_s_own_hours_and_days() {
    let world = World::start().await;
    world.own_hours().await;
    assert_eq!(world.due_times(STREET).await, OWN);
    let other = world.due_times(FAST_STREET).await;
    assert_eq!(other, ["2026-11-23T04:00:00Z", "2026-11-24T02:00:00Z", "2026-12-07T10:00:00Z"]);
}

/// Triage knew the new hours already, dispatch did not: due times are set once, so the plan waits.
#[tokio::test]
async fn a_plan_by_hours_that_are_not_here_yet_waits_for_them() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    let plan: &mut CasePlan = routed.plan();
    plan.street_generation = 2;
    let case_id = world.opened(&routed).await;
    assert_eq!(world.due_times_of(STREET, case_id).await, None);
    world.own_hours().await;
    let due = testkit::wait::until(std::time::Duration::from_secs(30), async || {
        world.rig.drain().await;
        world.due_times_of(STREET, case_id).await
    });
    assert_eq!(due.await.expect("it came back"), OWN);
}

/// A case opened on an own calendar still finds one when its street has taken its changes back.
#[tokio::test]
async fn a_street_always_has_a_calendar_of_its_own_id() {
    let world = World::start().await;
    let own = world.due_times(STREET).await;
    assert_eq!(own, ["2026-11-23T04:00:00Z", "2026-11-24T02:00:00Z", "2026-12-07T10:00:00Z"]);
}

/// A street that changes its hours for the first time publishes a calendar: its running orders were on its own before, and can be
/// moved to it.
#[tokio::test]
async fn a_change_of_hours_is_a_publication_of_its_own() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    let own = own_calendar::id_of(STREET.parse().unwrap());
    assert_eq!(routed.plan().policy.as_ref().unwrap().calendar, own);
    let case_id = world.opened(&routed).await;
    world.own_hours().await;
    world.rig.drain().await;
    let path = format!("/dispatch/v1/streets/{STREET}/calendars:replan");
    let (_, listed) = world.get("governance-centre", &format!("{path}?calendar={own}")).await;
    assert_eq!(listed["version"], 20_001, "{listed:#}");
    let body = serde_json::json!({ "calendar": own, "version": 20_001 });
    let (status, _, moved) = world.post("governance-centre", &path, &[], body).await;
    assert_eq!((status.as_u16(), &moved["moves"]), (200, &listed["moves"]));
    // The rest of the Monday counts as it was promised, until six; the evening and what follows by the new hours.
    let moved = [OWN[0], "2026-11-23T11:00:00Z", OWN[2]];
    assert_eq!(world.due_times_of(STREET, case_id).await.expect("opened"), moved);
}
