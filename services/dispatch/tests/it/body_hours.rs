//! Bodies that keep hours of their own: their orders count on them, those of others in the same case on the street's.

use axum::http::StatusCode;
use contract::document::{CalendarSpec, DayOfWeek, Document, Frame, WeekDay};
use contract::proto::triage;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::life::ok;
use crate::pairs::{REPAIR, repair};
use crate::world::{STREET, World, at, path_of, seconds, stage};

const BUS: &str = "bus-hours";
const CALENDARS: &str = "/dispatch/v1/streets/990102001000/calendars";

impl World {
    /// The bus company works every day of the week from six until `close`, as the district publishes it; or not at all any more.
    async fn bus_hours(&self, generation: u64, close: Option<&str>) {
        use DayOfWeek::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let mut core = self.district.clone();
        if let Some(close) = close {
            let base = core.calendars[&core.default_calendar].clone();
            let frames = vec![Frame { start: "06:00".to_owned(), end: close.to_owned() }];
            let week = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(|day| WeekDay { day }).to_vec();
            let version = generation * 10_000 + base.version;
            let own = CalendarSpec { id: BUS.to_owned(), version, frames, week, days: vec![], ..base };
            core.calendars.insert(BUS.to_owned(), own);
            core.bodies.get_mut(&"bus-company".parse().unwrap()).unwrap().calendar = Some(BUS.to_owned());
        }
        self.rig.documents(&[Document::district(generation, core)]).await;
        self.rig.drain().await;
    }

    /// Due times of on site and resolve.
    async fn due_of(&self, case_id: Uuid, body: &str, role: &str) -> [Value; 2] {
        let order = self.order(case_id, 1, body, role).await;
        ["on_site", "resolve"].map(|name| stage(&order, name)["due_at"].clone())
    }

    /// A case under a policy of one limit in working time, which the bus company has met, and of a pair that is to begin.
    async fn pair_to_come(&self) -> Uuid {
        let mut routed = self.routed(STREET, "TRA-01");
        let policy = routed.plan().policy.as_mut().unwrap();
        let clock = triage::Clock::Work.into();
        policy.stages = vec![triage::StageLimit { clock, ..seconds("acknowledge", 3_600) }];
        policy.pairs = vec![repair()];
        let case_id = self.opened(&routed).await;
        let order = self.order(case_id, 1, "bus-company", "assist").await;
        assert_eq!(self.deed("bus-company", &order, "acknowledge", json!({})).await, ok("acknowledged"));
        case_id
    }

    /// When the pair is due that begins at this moment, and what its clock says it counts on.
    async fn pair_begun(&self, case_id: Uuid, now: Timestamp) -> (Value, Value, Value) {
        self.rig.clock.set(now);
        let order = self.order(case_id, 1, "bus-company", "assist").await;
        assert_eq!(self.deed("bus-company", &order, "arrive", json!({})).await, ok("on_site"));
        let begun = self.order(case_id, 1, "bus-company", "assist").await;
        let (status, told) = self.get("bus-company", &format!("{}/clocks", path_of(&order))).await;
        assert_eq!(status, StatusCode::OK, "{told:#}");
        let clocks = told["clocks"].as_array().unwrap();
        let clock = clocks.iter().find(|clock| clock["stage"] == REPAIR).expect("its clock");
        assert_eq!(clock["due_at"], stage(&begun, REPAIR)["due_at"], "told as it was counted");
        (clock["due_at"].clone(), clock["calendar"].clone(), clock["calendar_version"].clone())
    }

    async fn bus_moves(&self) -> Vec<Value> {
        let (status, page) =
            self.get("governance-centre", &format!("{CALENDARS}:replan?calendar={BUS}")).await;
        assert_eq!(status, StatusCode::OK, "{page:#}");
        page["moves"].as_array().unwrap().clone()
    }
}

/// From Monday ten o'clock: 450 minutes end the same evening by hours without a break, and ten days run through the weekends.
#[tokio::test(flavor = "multi_thread")]
async fn each_order_counts_on_the_hours_of_its_body() {
    let world = World::start().await;
    world.bus_hours(2, Some("22:00")).await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let by_bus = [json!("2026-11-23T09:30:00Z"), json!("2026-12-03T14:00:00Z")];
    let by_street = [json!("2026-11-24T02:00:00Z"), json!("2026-12-07T10:00:00Z")];
    assert_eq!(world.due_of(case_id, "bus-company", "assist").await, by_bus);
    assert_eq!(world.due_of(case_id, "transport", "lead").await, by_street);
    assert_eq!(world.due_of(case_id, "traffic-police", "assist").await, by_street);

    // Suspended and gone on with, it still counts on them: four hours held are four hours later, at noon or not.
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(world.act("bus-company", &order, "acknowledge").await.0, StatusCode::OK);
    let asked = json!({ "until": "2026-11-23T06:00:00Z", "reason": "weather" });
    let (status, _, answer) =
        world.post("bus-company", &format!("{}:suspend", path_of(&order)), &[], asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, _, answer) =
        world.post("governance-centre", &format!("{}:grant", path_of(&order)), &[], json!({})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.rig.clock.advance(std::time::Duration::from_secs(4 * 3_600 + 60));
    assert_eq!(world.act("bus-company", &order, "arrive").await, (StatusCode::OK, "on_site".to_owned()));
    let [on_site, _] = world.due_of(case_id, "bus-company", "assist").await;
    assert_eq!(on_site, json!("2026-11-23T13:30:00Z"), "held from ten to two");
}

/// Another body gets the duty, and its hours with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_duty_that_goes_to_another_body_counts_on_that_bodys_hours() {
    let world = World::start().await;
    world.bus_hours(2, Some("22:00")).await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let moved = json!({ "to": "bus-company", "note": "运营调整" });
    let (status, _, answer) =
        world.post("governance-centre", &format!("{}:transfer", path_of(&lead)), &[], moved).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let [_, resolve] = world.due_of(case_id, "bus-company", "lead").await;
    assert_eq!(resolve, json!("2026-12-03T14:00:00Z"));
}

/// Publishing them anew moves their clocks and no others; taking them back leaves who counts on them where it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_bodys_hours_are_published_anew_and_taken_back() {
    let world = World::start().await;
    world.bus_hours(2, Some("22:00")).await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    assert!(world.bus_moves().await.is_empty());
    world.bus_hours(3, Some("20:00")).await;
    let moves = world.bus_moves().await;
    let told: Vec<_> = moves.iter().map(|of| (&of["body"], &of["stage"], &of["due_after"])).collect();
    let resolve = (&json!("bus-company"), &json!("resolve"), &json!("2026-12-03T12:00:00Z"));
    assert_eq!(told, [resolve], "the rest of today counts as it was promised, and on site falls into it");
    let body = json!({ "calendar": BUS, "version": 30_001 });
    let (status, _, page) = world.post("governance-centre", &format!("{CALENDARS}:replan"), &[], body).await;
    assert_eq!((status, &page["moves"]), (StatusCode::OK, &json!(moves)));
    world.bus_hours(4, None).await;
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(
        world.act("bus-company", &order, "acknowledge").await,
        (StatusCode::OK, "acknowledged".to_owned())
    );
    let more = json!({ "amount": 1, "unit": "workday", "note": "等待备件" });
    let (status, _, answer) =
        world.post("bus-company", &format!("{}:extend", path_of(&order)), &[], more).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, _, answer) =
        world.post("governance-centre", &format!("{}:grant", path_of(&order)), &[], json!({})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let [_, resolve] = world.due_of(case_id, "bus-company", "assist").await;
    assert_eq!(resolve, json!("2026-12-04T12:00:00Z"), "one more day of the hours it is on");
    // Who comes now counts on the street's.
    let next = world.opened(&world.routed(STREET, "TRA-01")).await;
    let [_, resolve] = world.due_of(next, "bus-company", "assist").await;
    assert_eq!(resolve, json!("2026-12-07T10:00:00Z"));
}

/// The street's hours stop at noon, and the bus company is on them now; but its order is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_begins_on_the_hours_its_order_has_counted_on() {
    let world = World::start().await;
    world.bus_hours(2, Some("22:00")).await;
    let case_id = world.pair_to_come().await;
    world.bus_hours(3, None).await;
    let begun = world.pair_begun(case_id, at("2026-11-23T04:00:00Z")).await;
    assert_eq!(begun, (json!("2026-11-23T06:00:00Z"), json!(BUS), json!(20_001)));
}

/// Another replica had the order go over to a publication that this one has not read yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_begins_on_no_older_publication_than_its_order_went_over_to() {
    let world = World::start().await;
    world.bus_hours(2, Some("20:00")).await;
    let case_id = world.pair_to_come().await;
    let published = "INSERT INTO dispatch.calendars (tenant_id, id, version, spec, seen_at)
        SELECT tenant_id, id, 30001,
            jsonb_set(replace(spec::text, '20:00', '22:00')::jsonb, '{version}', '30001'), seen_at
        FROM dispatch.calendars WHERE id = 'bus-hours'";
    let moved = r#"UPDATE dispatch.orders
        SET state = replace(state::text, '"version": 20001', '"version": 30001')::jsonb
        WHERE body = 'bus-company'"#;
    for sql in [published, moved] {
        let done = sqlx::query(sql).execute(world.rig.admin()).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
    }
    let begun = world.pair_begun(case_id, at("2026-11-23T11:00:00Z")).await;
    assert_eq!(begun, (json!("2026-11-23T13:00:00Z"), json!(BUS), json!(30_001)));
}
