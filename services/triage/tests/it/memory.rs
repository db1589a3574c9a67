//! What dispatch says changes what may be joined, and nothing else (D10).

use bytes::Bytes;
use contract::proto::dispatch::{CaseEvent, CaseState};
use contract::proto::to_wire;
use contract::proto::triage::CaseSplit;
use contract::{Envelope, EventType};
use ids::{EventId, Lane};
use prost::Message;
use rstest::rstest;
use uuid::Uuid;

use crate::desk::{Desk, STREET, Said, Sent, TRACE, report};

impl Desk {
    pub async fn dispatch_says(&self, event_type: EventType, case_id: &str, version: u64) {
        self.dispatch_answers(event_type, case_id, version, 0).await;
    }

    /// The same about a plan: the one that triage said at its version `plan_version` of the case.
    pub async fn dispatch_answers(
        &self,
        event_type: EventType,
        case_id: &str,
        version: u64,
        plan_version: u64,
    ) {
        self.dispatch_writes(event_type, case_id, version, plan_version).await;
        self.rig.drain().await;
    }

    /// Said, and on its way.
    async fn dispatch_writes(&self, event_type: EventType, case_id: &str, version: u64, plan_version: u64) {
        let now = self.rig.clock.now();
        let envelope = Envelope {
            id: EventId(Uuid::from_u128(9_000 + u128::from(version))),
            event_type,
            time: now,
            tenant: STREET.parse().unwrap(),
            lane: Lane::Normal,
            aggregate_id: case_id.parse().unwrap(),
            version,
            traceparent: TRACE.to_owned(),
            drill: false,
        };
        let case = CaseState {
            case_id: case_id.to_owned(),
            street: STREET.to_owned(),
            version,
            ..CaseState::default()
        };
        let at = Some(to_wire(now));
        let message = CaseEvent { case: Some(case), at, plan_version, ..CaseEvent::default() };
        self.rig.publish(&envelope, Bytes::from(message.encode_to_vec())).await;
    }

    /// Dispatch ends a case at one time, and triage hears of it at a later one.
    async fn ends(&self, event_type: EventType, case_id: &str, version: u64, at: &str, heard_at: &str) {
        self.rig.clock.set(at.parse().unwrap());
        self.dispatch_writes(event_type, case_id, version, 0).await;
        self.rig.clock.set(heard_at.parse().unwrap());
        self.rig.drain().await;
    }

    async fn only_case(&self) -> String {
        self.opened().await[0].case.as_ref().unwrap().case_id.clone()
    }
}

#[tokio::test]
async fn a_closed_case_takes_no_more_voices_and_a_reopened_one_does() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.only_case().await;
    let said = desk.said().await;
    desk.dispatch_says(EventType::CaseClosed, &case_id, 4).await;
    assert_eq!(desk.said().await, said, "nothing is said because of it");
    let beside = Sent { lat: 29.5648, ..report(2, "TRA-01", "改线") };
    desk.hear(&[beside]).await;
    let apart: [&[u128]; 2] = [&[1], &[2]];
    assert_eq!(desk.cases(STREET).await, apart);
    // Both are within reach of the first one's place; it is the nearer, as soon as it is open again.
    desk.hear(&[report(3, "TRA-01", "改线")]).await;
    desk.dispatch_says(EventType::CaseReopened, &case_id, 5).await;
    desk.hear(&[report(4, "TRA-01", "改线")]).await;
    let joined: [&[u128]; 2] = [&[1, 4], &[2, 3]];
    assert_eq!(desk.cases(STREET).await, joined);
}

/// Dispatch had closed it, and triage had not heard: nobody works there any more.
#[rstest]
#[case::closed(EventType::CaseClosed, true)]
#[case::called_off(EventType::CaseCancelled, false)]
#[tokio::test]
async fn who_joined_what_was_over_gets_a_case_of_their_own_as_soon_as_that_is_heard(
    #[case] end: EventType,
    #[case] repeats: bool,
) {
    let desk = Desk::open().await;
    desk.rig.clock.set("2026-11-23T01:50:00Z".parse().unwrap());
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    desk.rig.clock.set("2026-11-23T02:00:00Z".parse().unwrap());
    desk.hear(&[report(2, "TRA-01", "改线"), report(3, "TRA-01", "又改线")]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
    let over = desk.only_case().await;
    desk.ends(end, &over, 4, "2026-11-23T01:55:00Z", "2026-11-23T02:00:05Z").await;
    let apart: [&[u128]; 3] = [&[1], &[2], &[3]];
    assert_eq!(desk.cases(STREET).await, apart);
    let routed = desk.routed().await;
    assert_eq!(routed.len(), 3, "each has orders of its own");
    let named = routed[1..].iter().map(|(_, routed)| routed.repeats.as_ref().map(|repeat| &repeat.case_id));
    assert!(named.clone().all(|case_id| case_id == repeats.then_some(&over)), "{:?}", Vec::from_iter(named));
    let left: Vec<_> = desk.said().await.into_iter().filter_map(|(_, said)| split(said)).collect();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|left| left.case.as_ref().unwrap().case_id == over), "{left:?}");
    assert!(left[0].note.starts_with("结案后上报"), "{left:?}");
    // Heard again, and reopened and closed once more: they have a case.
    let said = desk.said().await;
    desk.ends(end, &over, 4, "2026-11-23T01:55:00Z", "2026-11-23T02:00:06Z").await;
    desk.ends(EventType::CaseReopened, &over, 5, "2026-11-23T02:00:07Z", "2026-11-23T02:00:07Z").await;
    desk.ends(end, &over, 6, "2026-11-23T02:00:08Z", "2026-11-23T02:00:08Z").await;
    assert_eq!((desk.cases(STREET).await, desk.said().await), (apart.map(<[u128]>::to_vec).to_vec(), said));
}

fn split(said: Said) -> Option<CaseSplit> {
    match said {
        Said::Split(split) => Some(split),
        _ => None,
    }
}

/// Whoever verified the result did so after it was said.
#[tokio::test]
async fn what_was_said_before_the_close_stays_though_it_joined_after() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    desk.rig.clock.set("2026-11-23T02:00:02Z".parse().unwrap());
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    let (over, said) = (desk.only_case().await, desk.said().await);
    desk.ends(EventType::CaseClosed, &over, 4, "2026-11-23T02:00:01Z", "2026-11-23T02:00:05Z").await;
    assert_eq!((desk.cases(STREET).await, desk.said().await), (vec![vec![1, 2]], said));
}

/// Triage names the closed case; what that means is dispatch's to say.
#[tokio::test]
async fn a_report_of_what_was_closed_names_the_closed_case() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let closed = desk.only_case().await;
    desk.dispatch_says(EventType::CaseClosed, &closed, 4).await;
    let far = Sent { lat: 29.7, ..report(3, "TRA-01", "改线") };
    desk.hear(&[report(2, "TRA-01", "改线"), far, report(4, "TRA-03", "改线")]).await;
    let routed = desk.routed().await;
    let repeats: Vec<_> = routed.iter().map(|(_, routed)| routed.repeats.clone()).collect();
    let [None, Some(repeat), None, None] = &repeats[..] else { panic!("{repeats:?}") };
    assert_eq!((repeat.case_id.as_str(), repeat.within_s), (closed.as_str(), 7 * 24 * 3_600 + 60));
    assert!(repeat.explanation_json.contains("item-place-closed"), "{}", repeat.explanation_json);
}

#[tokio::test]
async fn what_was_called_off_was_closed_by_nobody() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.only_case().await;
    desk.dispatch_says(EventType::CaseCancelled, &case_id, 4).await;
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    assert!(desk.routed().await.iter().all(|(_, routed)| routed.repeats.is_none()));
}

#[tokio::test]
async fn the_highest_version_counts_in_whatever_order_it_comes() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let case_id = desk.only_case().await;
    desk.dispatch_says(EventType::CaseReopened, &case_id, 5).await;
    desk.dispatch_says(EventType::CaseClosed, &case_id, 4).await;
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2]], "it is open: version 5 says so");
}

#[tokio::test]
async fn news_of_an_unknown_case_is_passed_over() {
    let desk = Desk::open().await;
    desk.dispatch_says(EventType::CaseClosed, &Uuid::from_u128(7).to_string(), 4).await;
    assert_eq!((desk.count("cases").await, desk.count("parked").await), (0, 0));
    assert!(desk.said().await.is_empty());
}
