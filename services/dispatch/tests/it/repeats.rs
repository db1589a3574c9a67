//! The same matter again after a close: a false closure, by the record of whoever closed.

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::{dispatch as said, triage};
use prost::Message;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

use crate::story::handle;
use crate::world::{Routed, STREET, World};

const WITHIN_S: u64 = 20;

impl World {
    async fn closed(&self) -> Uuid {
        let case_id = self.opened(&self.routed(STREET, "TRA-01")).await;
        handle(self, case_id, 1).await;
        let (status, case) = self.verify("verifier", case_id, "pass").await;
        assert_eq!((status, &case["phase"]), (StatusCode::OK, &json!("closed")));
        case_id
    }

    fn repeating(&self, earlier: Uuid) -> Routed {
        let mut routed = self.routed(STREET, "TRA-01");
        routed.payload.repeats = Some(triage::Repeat {
            case_id: earlier.to_string(),
            within_s: WITHIN_S,
            explanation_json: "{}".to_owned(),
        });
        routed
    }

    async fn falsely_closed(&self) -> Vec<said::CaseEvent> {
        let said = self.rig.said().await.into_iter();
        said.filter(|(envelope, _)| envelope.event_type == EventType::CaseFalselyClosed)
            .map(|(_, payload)| said::CaseEvent::decode(payload).unwrap())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_matter_soon_after_a_close_is_a_false_closure_once() {
    let world = World::start().await;
    let earlier = world.closed().await;
    world.pass(Duration::from_secs(WITHIN_S)).await;
    let again = world.repeating(earlier);
    let by = world.opened(&again).await;
    world.opened(&again).await;
    let events = world.falsely_closed().await;
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.repeated_by.clone(), event.after_s), (by.to_string(), WITHIN_S));
    let state = event.case.as_ref().unwrap();
    assert_eq!((state.case_id.clone(), state.phase.as_str()), (earlier.to_string(), "closed"));
    assert_eq!(state.falsely_closed, 1);
    assert!(event.told_bodies.contains(&"transport".to_owned()), "{:?}", event.told_bodies);
    assert!(
        event.told_bodies.iter().any(|body| body.starts_with("street-centre")),
        "{:?}",
        event.told_bodies
    );
    let case = world.case(earlier).await;
    assert_eq!((&case["phase"], &case["repeated_by"]), (&json!("closed"), &json!([by.to_string()])));
    // The new case has the duties.
    assert_eq!(world.case(by).await["orders"].as_array().unwrap().len(), 5);
    world.opened(&world.repeating(earlier)).await;
    assert_eq!(world.falsely_closed().await.len(), 2, "each case in which it comes again counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_long_ago_an_open_case_and_an_unknown_one_are_no_false_closure() {
    let world = World::start().await;
    let earlier = world.closed().await;
    world.pass(Duration::from_secs(WITHIN_S + 1)).await;
    world.opened(&world.repeating(earlier)).await;
    let open = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.opened(&world.repeating(open)).await;
    let opened = world.opened(&world.repeating(Uuid::from_u128(7))).await;
    assert_eq!(world.case(opened).await["phase"], "open", "the case itself is opened all the same");
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{open}:cancel");
    let (status, _, _) = world.post("street-centre", &path, &[], json!({})).await;
    assert_eq!(status, StatusCode::OK);
    world.opened(&world.repeating(open)).await;
    assert!(world.falsely_closed().await.is_empty(), "nobody closed it: it was called off");
}
