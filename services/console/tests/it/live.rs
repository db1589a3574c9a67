//! Live streams: a reader that comes back with its cursor misses nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use bootstrap::assemble::assemble;
use bootstrap::identity::Authenticator;
use bootstrap::{Settings, listen};
use console::Console;
use contract::EventType;
use futures_util::StreamExt;
use pg::Minter;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::world::{OTHER_STREET, STREET, Story, World};

/// Until when something must have come; nothing waits that long unless it is broken.
const WITHIN: Duration = Duration::from_secs(30);

/// One server-sent event; one that leaves the cursor where it is has the id 0.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: i64,
    name: String,
    data: Value,
}

/// A reader of one stream.
struct Reader {
    body: BodyDataStream,
    text: String,
    events: VecDeque<Event>,
}

async fn answer(
    world: &World,
    subject: &str,
    street: &str,
    query: &str,
    last: Option<i64>,
) -> axum::response::Response {
    let mut request = Request::get(format!("/console/v1/streets/{street}/live{query}"))
        .header("authorization", format!("Bearer {}", world.rig.token(subject)));
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    world.rig.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

impl Reader {
    async fn open(world: &World, subject: &str, query: &str, last: Option<i64>) -> Self {
        Self::of(answer(world, subject, STREET, query, last).await)
    }

    fn of(answer: axum::response::Response) -> Self {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body().into_data_stream(), text: String::new(), events: VecDeque::new() }
    }

    async fn next(&mut self) -> Event {
        while self.events.is_empty() {
            let chunk = tokio::time::timeout(WITHIN, self.body.next()).await.expect("something comes");
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                self.events.extend(read(block));
                self.text = rest.to_owned();
            }
        }
        self.events.pop_front().unwrap()
    }

    /// Reads to the end of the stream.
    async fn ends(mut self) {
        while let Some(chunk) = tokio::time::timeout(WITHIN, self.body.next()).await.expect("it ends") {
            chunk.unwrap();
        }
    }

    async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.next().await);
        }
        events
    }
}

fn read(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = serde_json::from_str(field("data:")?).unwrap();
    let id = field("id:").map_or(0, |id| id.parse().unwrap());
    Some(Event { id, name: field("event:")?.to_owned(), data })
}

fn ids(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_back_misses_nothing() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.accepted(1), story.opened(1), story.routed()]).await;

    let mut reader = Reader::open(&world, "street-centre", "?after=0", None).await;
    let ready = reader.next().await;
    assert_eq!((ready.name.as_str(), ready.id), ("ready", 0));
    let seen = reader.take(2).await;
    assert_eq!(ids(&seen), [1, 2]);
    assert_eq!(seen[0].data["type"], json!("intake.report.accepted"));
    drop(reader);

    // Somebody else's street does not move ours.
    world.hear(&Story::new(OTHER_STREET, 2).whole()).await;
    world.hear(&[story.dispatched("transport", "lead")]).await;
    let mut reader = Reader::open(&world, "street-centre", "", Some(2)).await;
    let missed = reader.take(3).await;
    assert_eq!(ids(&missed), [2, 3, 4]);
    assert_eq!(missed[2].data["type"], json!("dispatch.order.dispatched"));

    // And what comes while it reads.
    world.hear(&[story.order(0, EventType::OrderSeen, "seen")]).await;
    let came = reader.next().await;
    assert_eq!((came.id, &came.data["zh"], &came.data["position"]), (5, &json!("承办单位已阅"), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cursor_a_stream_starts_at_the_newest_line() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.accepted(1), story.opened(1)]).await;
    let mut reader = Reader::open(&world, "street-centre", "", None).await;
    assert_eq!(reader.next().await.id, 2);
    world.hear(&[story.routed()]).await;
    assert_eq!(reader.next().await.data["type"], json!("triage.case.routed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lines_come_in_pages_without_a_hole() {
    let world = World::start().await;
    world.lines(STREET, 450).await;
    world.rig.drain().await;
    let mut reader = Reader::open(&world, "street-centre", "?after=0", None).await;
    assert_eq!(ids(&reader.take(451).await), (0..=450).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_sees_its_own_lines_and_its_cases() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let events = story.whole();
    world.hear(&events).await;
    // A matter the body has nothing to do with, and then one line of its own.
    let mut other = Story::new(STREET, 2);
    world.hear(&[other.accepted(17), other.opened(17), other.routed()]).await;
    world.hear(&[other.dispatched("bus-company", "lead")]).await;
    world.hear(&[story.order(1, EventType::OrderProgressed, "done")]).await;

    let mut reader = Reader::open(&world, "traffic-police", "?after=0", None).await;
    let mut seen = vec![reader.next().await];
    while seen.last().unwrap().id < events.len() as i64 + 5 {
        seen.push(reader.next().await);
    }
    let bodies: Vec<&str> = seen.iter().filter_map(|event| event.data["body"].as_str()).collect();
    assert_eq!(bodies, ["traffic-police"; 4]);
    let of_other = seen.iter().any(|event| event.data["case_id"] == json!(other.case_id));
    assert!(!of_other);
    assert!(seen.iter().any(|event| event.data["type"] == "dispatch.case.closed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_refused_like_rows() {
    let world = World::start().await;
    let status = async |subject: &str, street: &str, query: &str| {
        answer(&world, subject, street, query, None).await.status()
    };
    assert_eq!(status("desk", OTHER_STREET, "").await, StatusCode::NOT_FOUND);
    assert_eq!(status("desk", "990102009000", "").await, StatusCode::NOT_FOUND);
    assert_eq!(status("resident", STREET, "").await, StatusCode::FORBIDDEN);
    assert_eq!(status("street-centre", STREET, "?after=soon").await, StatusCode::UNPROCESSABLE_ENTITY);
    let token = world.rig.token("street-centre");
    let path = format!("/console/v1/streets/{STREET}/live");
    let (status, _, problem) =
        world.rig.http("GET", &path, Some(&token), &[("last-event-id", "soon")], None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad-cursor")));
    let (status, _, _) = world.rig.http("GET", &path, None, &[], None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_becomes_visible_is_told_from_its_beginning() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut reader = Reader::open(&world, "traffic-police", "?after=0", None).await;
    assert_eq!(reader.next().await.name, "ready");
    // One by one, so that each line is read before the next one comes.
    let before = [
        story.accepted(1),
        story.opened(1),
        story.routed(),
        story.progress(EventType::DispatchCaseOpened, "open", "transport"),
        story.dispatched("transport", "lead"),
    ];
    for event in &before {
        world.hear(std::slice::from_ref(event)).await;
    }
    world.hear(&[story.dispatched("traffic-police", "assist")]).await;
    let told = reader.take(5).await;
    let positions: Vec<i64> = told.iter().map(|event| event.data["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, [1, 2, 3, 4, 6], "all but the other body's order");
    // The cursor moves with the line that made it visible, and only forward.
    assert_eq!(ids(&told), [0, 0, 0, 0, 6]);
    world.hear(&[story.order(1, EventType::OrderSeen, "seen")]).await;
    assert_eq!(ids(&reader.take(1).await), [7], "nothing is told twice");
    // A second voice: its own line is told with the line that brings it into the case.
    world.hear(&[story.accepted(2)]).await;
    world.hear(&[story.joined(2, 2)]).await;
    let joined = reader.take(2).await;
    assert_eq!((ids(&joined), &joined[0].data["type"]), (vec![0, 9], &json!("intake.report.accepted")));
    drop(reader);

    // Whenever it is read, the same is told.
    let mut later = Reader::open(&world, "traffic-police", "?after=0", None).await;
    assert_eq!(ids(&later.take(9).await), [0, 0, 0, 0, 0, 6, 7, 0, 9]);
    let mut rest = Reader::open(&world, "traffic-police", "", Some(6)).await;
    assert_eq!(ids(&rest.take(4).await), [6, 7, 0, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_joins_later_is_told_when_it_joins() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let before = [story.accepted(1), story.opened(1), story.routed(), story.accepted(2)];
    for event in before.iter().chain(&[story.dispatched("traffic-police", "lead"), story.joined(2, 2)]) {
        world.hear(std::slice::from_ref(event)).await;
    }
    let mut reader = Reader::open(&world, "traffic-police", "?after=0", None).await;
    let told = reader.take(7).await;
    let positions: Vec<i64> =
        told[1..].iter().map(|event| event.data["position"].as_i64().unwrap()).collect();
    assert_eq!((positions, ids(&told)), (vec![1, 2, 3, 5, 4, 6], vec![0, 0, 0, 0, 5, 0, 6]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_orders_and_no_deliveries_is_not_streamed_them() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let events = story.whole();
    world.hear(&events).await;
    let mut reader = Reader::open(&world, "grid-worker", "?after=0", None).await;
    let mut seen = vec![reader.next().await];
    while seen.last().unwrap().id < events.len() as i64 {
        seen.push(reader.next().await);
    }
    let kinds: Vec<&str> = seen.iter().filter_map(|event| event.data["type"].as_str()).collect();
    let of = |prefix: &str| kinds.iter().filter(|kind| kind.starts_with(prefix)).count();
    assert_eq!((of("dispatch.order."), of("notification.")), (0, 0));
    assert_eq!((of("triage."), of("dispatch.case.")), (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_never_given_out_is_refused() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.accepted(1), story.opened(1)]).await;
    let status =
        async |query: &str, last| answer(&world, "street-centre", STREET, query, last).await.status();
    for after in [-5, 3, 999_999_999] {
        assert_eq!(status(&format!("?after={after}"), None).await, StatusCode::BAD_REQUEST, "{after}");
        assert_eq!(status("", Some(after)).await, StatusCode::BAD_REQUEST, "{after}");
        let path = format!("{}/{}/timeline?after={after}", crate::world::cases(STREET), story.case_id);
        let (status, problem) = world.get("street-centre", &path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad-cursor")), "{after}");
    }
    for after in [0, 2] {
        assert_eq!(status(&format!("?after={after}"), None).await, StatusCode::OK, "{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_take_an_event_stream_gets_none() {
    let world = World::start().await;
    let (token, path) = (world.rig.token("street-centre"), format!("/console/v1/streets/{STREET}/live"));
    let accept = [("accept", "application/json")];
    let (status, _, problem) = world.rig.http("GET", &path, Some(&token), &accept, None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_ACCEPTABLE, &json!("not-acceptable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut reader = Reader::open(&world, "street-centre", "?after=0", None).await;
    assert_eq!(reader.next().await.name, "ready");
    world.hear(&[story.accepted(1)]).await;
    assert_eq!(reader.next().await.id, 1);
    // Tokens of tests are valid until 2100.
    world.rig.clock.set("2100-01-02T00:00:00Z".parse().unwrap());
    world.hear(&[story.opened(1)]).await;
    reader.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_process_stops() {
    let world = World::start().await;
    let house = &world.rig.house;
    let settings = Settings::read(&house.env).unwrap();
    let (nats, clock) = (house.nats.clone(), Arc::new(world.rig.clock.clone()));
    let mut process =
        assemble::<Console>(&settings, house.env.clone(), nats, clock, Minter::from_seed(2)).unwrap();
    process.poller.refresh().await.unwrap();
    let authenticator = Authenticator::open(settings.identity).unwrap();
    let router = listen::front(process.routes, authenticator, listen::Limits::default());
    let stopping = CancellationToken::new();
    let parts: Vec<_> =
        process.parts.into_iter().map(|part| tokio::spawn(part.run(stopping.clone()))).collect();

    let request = Request::get(format!("/console/v1/streets/{STREET}/live"))
        .header("authorization", format!("Bearer {}", world.rig.token("street-centre")));
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut reader = Reader::of(answer);
    assert_eq!(reader.next().await.name, "ready");
    stopping.cancel();
    reader.ends().await;
    for part in parts {
        part.await.unwrap();
    }
}
