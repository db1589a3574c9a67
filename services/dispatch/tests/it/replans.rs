//! A newly published calendar and running clocks (重排): what is listed is what is moved, once, and nothing comes early.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::document::{DayException, DayKind, Document};
use contract::proto::dispatch as said;
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, at, path_of, seconds, stage};

const CENTRE: &str = "governance-centre";
/// The street's own: every case is on it, also where the street changes nothing.
const OFFICIAL: &str = "street-990102001000";
const CALENDARS: &str = "/dispatch/v1/streets/990102001000/calendars";

impl World {
    /// The district's calendar with one day more off, as its next publication and generation.
    pub async fn publish_day_off(&self, generation: u64, date: &str) {
        self.publish_days_off(generation, &[date]).await;
    }

    pub async fn publish_days_off(&self, generation: u64, dates: &[&str]) {
        let mut core = self.district.clone();
        let calendar = core.calendars.get_mut(&core.default_calendar).unwrap();
        calendar.version = generation;
        let off = |date: &&str| DayException { date: date.parse().unwrap(), kind: DayKind::Holiday };
        calendar.days.extend(dates.iter().map(off));
        calendar.days.sort_by_key(|day| day.date);
        self.rig.documents(&[Document::district(generation, core)]).await;
        self.rig.drain().await;
    }

    /// Every page of what would move, a few cases at a time.
    async fn would_move(&self, limit: u32) -> Vec<Value> {
        let (mut moves, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("{CALENDARS}:replan?calendar={OFFICIAL}&limit={limit}{after}");
            let (status, page) = self.get(CENTRE, &path).await;
            assert_eq!(status, StatusCode::OK, "{page:#}");
            moves.extend(page["moves"].as_array().unwrap().clone());
            match page["next"].as_str() {
                None => return moves,
                Some(next) => after = format!("&after={next}"),
            }
        }
    }

    async fn apply(&self, body: Value) -> (StatusCode, Value) {
        let (status, _, page) = self.post(CENTRE, &format!("{CALENDARS}:replan"), &[], body).await;
        (status, page)
    }

    /// Moves all of it, a few cases at a time.
    pub async fn moved(&self, version: u64, limit: u32) -> Vec<Value> {
        let (mut moves, mut after, mut left) = (Vec::new(), Value::Null, u64::MAX);
        loop {
            let body = json!({ "calendar": OFFICIAL, "version": version, "after": after, "limit": limit, "note": "调休" });
            let (status, page) = self.apply(body).await;
            assert_eq!(status, StatusCode::OK, "{page:#}");
            moves.extend(page["moves"].as_array().unwrap().clone());
            assert!(page["cases_left"].as_u64().unwrap() < left, "no progress");
            left = page["cases_left"].as_u64().unwrap();
            after = page["next"].clone();
            if after.is_null() {
                assert_eq!(left, 0);
                return moves;
            }
        }
    }

    async fn resolve_due(&self, case_id: Uuid, body: &str, role: &str) -> Value {
        stage(&self.order(case_id, 1, body, role).await, "resolve")["due_at"].clone()
    }

    async fn publications(&self) -> Vec<(i64, String, i64)> {
        sqlx::query_as(
            "SELECT tenant_id, id, version FROM dispatch.calendars ORDER BY tenant_id, id, version",
        )
        .fetch_all(self.rig.admin())
        .await
        .unwrap()
    }
}

/// What a move says of the past, without what is new.
fn told(moves: &[Value]) -> Vec<(&str, &str, &str)> {
    let text = |moved: &'_ Value, field: &str| moved[field].as_str().unwrap_or("-").to_owned().leak() as &str;
    moves
        .iter()
        .map(|moved| (text(moved, "stage"), text(moved, "due_before"), text(moved, "due_after")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_is_what_is_moved_and_once() {
    let world = World::start().await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(world.opened(&world.routed(STREET, "TRA-01")).await);
    }
    // Another street's stays as it is.
    let other = world.opened(&world.routed(FAST_STREET, "TRA-01")).await;
    assert!(world.would_move(50).await.is_empty(), "nothing is new");
    let quiet = world.said().await.len();

    world.publish_day_off(2, "2026-12-02").await;
    assert_eq!(world.said().await.len(), quiet, "a publication alone moves nothing that runs");
    assert_eq!(world.resolve_due(cases[0], "transport", "lead").await, "2026-12-07T10:00:00Z");
    let listed = world.would_move(2).await;
    // Lead and two assistants of three cases; acknowledging and arriving are over long before.
    let day = ("resolve", "2026-12-07T10:00:00Z", "2026-12-08T10:00:00Z");
    assert_eq!(told(&listed), [day; 9]);
    assert_eq!(listed[0]["why_zh"], "2026-12-02 改为休息");
    assert_eq!(listed[0]["why_en"], "2026-12-02 is off now");
    assert_eq!(listed[0]["case_no"], world.order(cases[0], 1, "transport", "lead").await["case_no"]);
    assert_eq!(world.said().await.len(), quiet, "looking moves nothing");

    let moved = world.moved(2, 2).await;
    assert_eq!(moved, listed);
    assert_eq!(world.count_said(EventType::OrderReplanned).await, 9);
    let event = world.order_event(EventType::OrderReplanned).await;
    assert_eq!((event.actor.unwrap().subject.as_str(), event.note.as_str()), (CENTRE, "调休"));
    let [clock] = &event.moves[..] else { panic!("{:?}", event.moves) };
    assert_eq!((clock.stage.as_str(), clock.why_zh.as_str()), ("resolve", "2026-12-02 改为休息"));
    for case_id in &cases {
        assert_eq!(world.resolve_due(*case_id, "transport", "lead").await, "2026-12-08T10:00:00Z");
    }
    let rows =
        "SELECT count(*) FROM dispatch.stages WHERE stage = 'resolve' AND due_at = '2026-12-08T10:00:00Z'";
    assert_eq!(world.scalar::<i64>(rows).await, 9);

    // Twice moves nothing, and what is new counts on the new calendar from the start.
    assert!(world.would_move(50).await.is_empty());
    assert!(world.moved(2, 100).await.is_empty());
    assert_eq!(world.count_said(EventType::OrderReplanned).await, 9);
    let fresh = world.opened(&world.routed(STREET, "TRA-01")).await;
    assert_eq!(world.resolve_due(fresh, "transport", "lead").await, "2026-12-08T10:00:00Z");
    assert!(world.would_move(50).await.is_empty());
    let (_, neighbour) =
        world.get(CENTRE, &format!("/dispatch/v1/streets/{FAST_STREET}/cases/{other}")).await;
    let lead = neighbour["orders"].as_array().unwrap().iter().find(|order| order["role"] == "lead").unwrap();
    assert_eq!(stage(lead, "resolve")["due_at"], "2026-12-07T10:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_early_after_a_move() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-07T09:59:40Z"));
    let mut routed = world.routed(STREET, "TRA-01");
    // Forty working seconds from twenty to six: half of them tomorrow.
    let limit = contract::proto::triage::StageLimit {
        clock: contract::proto::triage::Clock::Work.into(),
        ..seconds("resolve", 40)
    };
    routed.plan().policy.as_mut().unwrap().stages = vec![limit];
    let case_id = world.opened(&routed).await;
    assert_eq!(world.resolve_due(case_id, "transport", "lead").await, "2026-12-08T01:00:20Z");
    world.publish_day_off(2, "2026-12-08").await;
    assert_eq!(told(&world.moved(2, 100).await).len(), 3);
    assert_eq!(world.resolve_due(case_id, "transport", "lead").await, "2026-12-09T01:00:20Z");
    let armed =
        "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order' AND due_at < '2026-12-09T00:00:00Z'";
    assert_eq!(world.scalar::<i64>(armed).await, 0);

    // The old due time passes, and the last microsecond before the new one.
    world.rig.clock.set(at("2026-12-08T01:00:21Z"));
    world.rig.drain().await;
    world.rig.clock.set(at("2026-12-09T01:00:19.999999Z"));
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 0);
    world.rig.clock.advance(Duration::from_micros(1));
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 3);
    assert!(world.would_move(50).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_keys_get_equal_answers_and_move_once() {
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    world.publish_day_off(2, "2026-12-02").await;
    let key = [("idempotency-key", "5f3c6c1e-0000-4000-8000-0000000000c1")];
    let body = json!({ "calendar": OFFICIAL, "version": 2 });
    let path = format!("{CALENDARS}:replan");
    let ask = || world.post(CENTRE, &path, &key, body.clone());
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!((first.0, second.0), (StatusCode::OK, StatusCode::OK), "{} {}", first.2, second.2);
    assert_eq!(first.2, second.2);
    assert_eq!(first.2["moves"].as_array().unwrap().len(), 3);
    assert_eq!(ask().await.2, first.2);
    assert_eq!(world.count_said(EventType::OrderReplanned).await, 3);
    let other = json!({ "calendar": OFFICIAL, "version": 2, "note": "别的" });
    let (status, _, problem) = world.post(CENTRE, &path, &key, other).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("idempotency-key-reused")));
    // Fresh keys at the same time: each case is moved by one of them.
    world.publish_days_off(3, &["2026-12-02", "2026-12-03"]).await;
    let body = json!({ "calendar": OFFICIAL, "version": 3 });
    let both = tokio::join!(world.apply(body.clone()), world.apply(body));
    let moved = |page: &Value| page["moves"].as_array().unwrap().len();
    assert_eq!(moved(&both.0.1) + moved(&both.1.1), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_and_what_is_refused() {
    let world = World::start().await;
    let looking = format!("{CALENDARS}:replan?calendar={OFFICIAL}");
    for (who, status) in [(CENTRE, 200), ("street-centre", 403), ("transport", 403), ("stranger", 404)] {
        assert_eq!(world.get(who, CALENDARS).await.0.as_u16(), status, "{who}");
        assert_eq!(world.get(who, &looking).await.0.as_u16(), status, "{who}");
        let body = json!({ "calendar": OFFICIAL, "version": 1 });
        assert_eq!(
            world.post(who, &format!("{CALENDARS}:replan"), &[], body).await.0.as_u16(),
            status,
            "{who}"
        );
    }
    let (_, known) = world.get(CENTRE, CALENDARS).await;
    let own = format!("street-{STREET}");
    let ids: Vec<&str> =
        known["calendars"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cn-official", own.as_str()]);
    assert_eq!(known["calendars"][0]["years"], json!([2024, 2025, 2026]));
    assert_eq!(
        world.get(CENTRE, &format!("{CALENDARS}:replan")).await.1["errors"][0]["pointer"],
        "/calendar"
    );
    let (status, unknown) = world.get(CENTRE, &format!("{CALENDARS}:replan?calendar=moon")).await;
    assert_eq!((status.as_u16(), &unknown["errors"][0]["code"]), (422, &json!("unknown-calendar")));
    assert_eq!(world.get(CENTRE, &format!("{looking}&limit=0")).await.0.as_u16(), 422);
    // What was looked at is not in force any more.
    world.publish_day_off(2, "2026-12-02").await;
    let (status, problem) = world.apply(json!({ "calendar": OFFICIAL, "version": 1 })).await;
    assert_eq!(
        (status.as_u16(), &problem["code"], &problem["detail"]),
        (409, &json!("other-publication"), &json!("2"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verification_and_a_ruling_move_with_their_case() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-01T02:00:00Z"));
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.role() == contract::proto::triage::Role::Lead);
    routed.plan().policy.as_mut().unwrap().stages = vec![];
    let submitted = world.opened(&routed).await;
    let lead = world.order(submitted, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    assert_eq!(world.act("transport", &lead, "submit").await.1, "submitted");
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.role() == contract::proto::triage::Role::Lead);
    routed.plan().policy.as_mut().unwrap().stages = vec![];
    let returned = world.opened(&routed).await;
    let lead = world.order(returned, 1, "transport", "lead").await;
    let body = json!({ "ground": "not_our_duty", "to": "traffic-police" });
    let (status, _, _) = world.post("transport", &format!("{}:return", path_of(&lead)), &[], body).await;
    assert_eq!(status, StatusCode::OK);

    world.publish_day_off(2, "2026-12-02").await;
    let moved = world.moved(2, 100).await;
    let stages: Vec<_> = told(&moved);
    // Two working days to verify, one to rule, and a day off between.
    assert_eq!(
        stages,
        [
            ("verify", "2026-12-03T10:00:00Z", "2026-12-04T10:00:00Z"),
            ("adjudicate", "2026-12-02T10:00:00Z", "2026-12-03T10:00:00Z"),
        ]
    );
    assert_eq!(moved[0]["order_id"], Value::Null);
    assert_eq!(world.case(submitted).await["verifications"][0]["due_at"], "2026-12-04T10:00:00Z");
    assert_eq!(world.case(returned).await["adjudication"]["due_at"], "2026-12-03T10:00:00Z");
    let events = world.rig.said().await.into_iter();
    let events: Vec<said::CaseEvent> = events
        .filter(|(envelope, _)| envelope.event_type == EventType::CaseReplanned)
        .map(|(_, payload)| said::CaseEvent::decode(payload).unwrap())
        .collect();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.moves.len() == 1));
}

/// It was so that an extension after a change of hours counted the past by the new hours.
#[tokio::test(flavor = "multi_thread")]
async fn more_time_after_a_publication_counts_the_past_as_it_was() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    let limit = contract::proto::triage::StageLimit {
        clock: contract::proto::triage::Clock::Work.into(),
        ..seconds("resolve", 8 * 3_600)
    };
    routed.plan().policy.as_mut().unwrap().stages = vec![limit];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    world.rig.clock.advance(Duration::from_secs(300));
    // It is worked from two in the afternoon only, from tomorrow on: the rest of today counts as it was promised.
    let mut core = world.district.clone();
    let calendar = core.calendars.get_mut(&core.default_calendar).unwrap();
    calendar.version = 2;
    calendar.frames.retain(|frame| frame.start == "14:00");
    world.rig.documents(&[Document::district(2, core)]).await;
    world.rig.drain().await;
    let body = json!({ "amount": 5, "unit": "minute" });
    let (status, _, answer) = world.post("transport", &format!("{}:extend", path_of(&lead)), &[], body).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    assert_eq!(world.act("street-centre", &lead, "grant").await.0, StatusCode::OK);
    // Five of 485 minutes are used, 385 are left of today: the other 95 count from two on.
    assert_eq!(world.resolve_due(case_id, "transport", "lead").await, "2026-11-24T07:35:00Z");
    // What was extended has gone over; the assistants have not.
    let moved = world.moved(2, 100).await;
    let bodies: Vec<_> = moved.iter().map(|moved| moved["body"].as_str().unwrap()).collect();
    assert_eq!(bodies.len(), 2, "{moved:#?}");
    assert!(!bodies.contains(&"transport"));
    assert_eq!(world.resolve_due(case_id, "traffic-police", "assist").await, "2026-11-24T07:30:00Z");
}

/// A case counts on nothing that is not archived, and what was archived stays.
#[tokio::test(flavor = "multi_thread")]
async fn publications_are_kept_when_they_come_and_when_they_are_used() {
    let world = World::without_documents().await;
    assert!(world.publications().await.is_empty());
    world.keep_documents().await;
    world.rig.drain().await;
    let kept = world.publications().await;
    let of = |street: &str, id: &str, version: i64| (street.parse().unwrap(), id.to_owned(), version);
    let first: Vec<_> = [STREET, FAST_STREET]
        .into_iter()
        .flat_map(|street| [of(street, "cn-official", 1), of(street, &format!("street-{street}"), 1)])
        .collect();
    assert_eq!(kept, first);
    world.publish_day_off(2, "2026-12-02").await;
    assert_eq!(world.publications().await.len(), 8);
    // Whoever counts before that keeps it itself.
    let other = World::start().await;
    let case_id = other.opened(&other.routed(STREET, "TRA-01")).await;
    let unkept = "SELECT count(*) FROM dispatch.stages s JOIN dispatch.cases c ON c.tenant_id = s.tenant_id AND c.id = s.case_id
        WHERE s.calendar IS NOT NULL AND NOT EXISTS (SELECT FROM dispatch.calendars p
            WHERE p.tenant_id = s.tenant_id AND p.id = s.calendar)";
    assert_eq!(other.scalar::<i64>(unkept).await, 0, "{case_id}");
}

/// An awaited year is filled in as before; what it fills in needs no move.
#[tokio::test(flavor = "multi_thread")]
async fn an_awaited_year_is_filled_in_and_the_rest_is_moved() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-18T02:00:00Z"));
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderCalendarFilled).await, 3);
    assert_eq!(world.resolve_due(case_id, "transport", "lead").await, "2027-01-04T10:00:00Z");
    assert!(world.would_move(50).await.is_empty());
    // Monday is off after all.
    world.publish_day_off(3, "2026-12-28").await;
    // That publication has no 2027, which is awaited again until somebody publishes both.
    let moved = world.moved(3, 100).await;
    assert_eq!(moved.len(), 3);
    assert_eq!((&moved[0]["due_after"], &moved[0]["awaiting_year"]), (&Value::Null, &json!(2027)));
    assert_eq!(world.count_said(EventType::OrderCalendarAwaited).await, 6);
    let awaited = "SELECT count(*) FROM dispatch.stages WHERE stage = 'resolve' AND awaiting_year = 2027";
    assert_eq!(world.scalar::<i64>(awaited).await, 3);
}
