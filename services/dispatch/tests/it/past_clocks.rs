//! The clocks of an order as they were known at a moment that has passed: what was told then is told of it ever after.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{STREET, World, at, path_of, stage};

const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// One order, and what was told of its clocks while it lived, by the moment; of one moment what was told last.
struct Life<'a> {
    world: &'a World,
    case_id: Uuid,
    order: Value,
    told: BTreeMap<Timestamp, Value>,
}

impl<'a> Life<'a> {
    async fn begins(world: &'a World) -> Self {
        let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
        let order = world.order(case_id, 1, "transport", "lead").await;
        let mut life = Self { world, case_id, order, told: BTreeMap::new() };
        life.tell().await;
        life
    }

    fn clocks(&self) -> String {
        format!("{}/clocks", path_of(&self.order))
    }

    /// Asks how its clocks stand, and keeps the answer.
    async fn tell(&mut self) {
        let (status, list) = self.world.get("transport", &self.clocks()).await;
        assert_eq!(status, StatusCode::OK, "{list:#}");
        self.told.insert(self.world.rig.clock.now(), list);
    }

    /// Goes to a moment at which nothing else happens than what falls due, told before and after it.
    async fn at(&mut self, moment: Timestamp) {
        self.world.rig.clock.set(moment - MICROSECOND);
        self.world.rig.drain().await;
        self.tell().await;
        self.world.rig.clock.set(moment);
        self.world.rig.drain().await;
        self.tell().await;
    }

    async fn deed(&mut self, who: &str, verb: &str, body: Value) {
        let path = format!("{}:{verb}", path_of(&self.order));
        let (status, _, answer) = self.world.post(who, &path, &[], body).await;
        assert_eq!(status, StatusCode::OK, "{verb}: {answer:#}");
        self.tell().await;
    }

    /// The time it asks for is granted at once.
    async fn asked_and_granted(&mut self, verb: &str, body: Value) {
        self.deed("transport", verb, body).await;
        self.deed("street-centre", "grant", json!({})).await;
    }

    async fn due(&self, name: &str) -> Timestamp {
        let order = self.world.order(self.case_id, 1, "transport", "lead").await;
        at(stage(&order, name)["due_at"].as_str().unwrap())
    }

    /// Each moment is told as it was told when it was the present.
    async fn is_told_as_it_was(&self) {
        for (moment, then) in &self.told {
            let (status, list) = self.world.get("transport", &format!("{}?at={moment}", self.clocks())).await;
            assert_eq!((status, &list), (StatusCode::OK, then), "as of {moment}");
        }
    }
}

/// What is told of one clock.
fn clock<'a>(list: &'a Value, stage: &str) -> &'a Value {
    list["clocks"].as_array().unwrap().iter().find(|clock| clock["stage"] == stage).unwrap()
}

/// Granted more, held, moved while it was held and while it ran, gone on with late, breached, done late, given away.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_life_is_told_as_it_was_at_every_moment() {
    let world = World::start().await;
    let mut life = Life::begins(&world).await;
    life.at(at("2026-11-23T03:00:00Z")).await;
    life.deed("transport", "acknowledge", json!({})).await;
    life.at(at("2026-11-23T04:45:00Z")).await;
    life.asked_and_granted("extend", json!({ "amount": 1, "unit": "workday" })).await;
    life.at(at("2026-11-23T06:10:00Z")).await;
    let until = at("2026-11-25T02:00:00Z");
    life.asked_and_granted("suspend", json!({ "until": until, "reason": "materials" })).await;

    life.at(at("2026-11-24T03:00:00Z")).await;
    world.publish_day_off(2, "2026-12-02").await;
    assert!(!world.moved(2, 50).await.is_empty());
    life.tell().await;
    // Over, but nobody has come by: it was known to be held.
    world.rig.clock.set(until + SignedDuration::from_mins(5));
    life.tell().await;
    assert_eq!(clock(&life.told[&world.rig.clock.now()], "resolve")["on_hold"], true);
    life.at(until + SignedDuration::from_mins(10)).await;
    assert_eq!(clock(&life.told[&world.rig.clock.now()], "resolve")["on_hold"], false);

    let on_site = life.due("on_site").await;
    life.at(on_site).await;
    assert_eq!(clock(&life.told[&on_site], "on_site")["verdict"], "breached");
    life.at(on_site + SignedDuration::from_hours(1)).await;
    life.deed("transport", "arrive", json!({})).await;
    world.publish_days_off(3, &["2026-12-02", "2026-12-03"]).await;
    life.tell().await;
    world.rig.clock.advance(Duration::from_secs(60));
    life.tell().await;
    assert!(!world.moved(3, 50).await.is_empty());
    life.tell().await;
    life.at(at("2026-11-27T02:00:00Z")).await;
    life.deed("governance-centre", "transfer", json!({ "to": "bus-company", "note": "移交" })).await;
    world.rig.clock.advance(Duration::from_secs(86_400));
    world.rig.drain().await;
    life.tell().await;

    life.is_told_as_it_was().await;
    let turned = "SELECT count(*) FROM dispatch.past_clocks p JOIN dispatch.orders o
        ON o.tenant_id = p.tenant_id AND o.id = p.order_id WHERE o.body = 'transport'";
    assert!((4..=6).contains(&world.scalar::<i64>(turned).await), "noted when it was turned, and only then");
    // The duty went on elsewhere: there was no such order before.
    let next = world.order(life.case_id, 1, "bus-company", "lead").await;
    let path = format!("{}/clocks?at=2026-11-27T01:00:00Z", path_of(&next));
    let (status, problem) = world.get("bus-company", &path).await;
    assert_eq!(
        (status.as_u16(), &problem["errors"][0]["code"]),
        (422, &json!("before-order")),
        "{problem:#}"
    );
}

/// It was not known when it is due, and later it was.
#[tokio::test(flavor = "multi_thread")]
async fn an_awaited_year_is_awaited_in_the_past() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-18T02:00:00Z"));
    let mut life = Life::begins(&world).await;
    life.at(at("2026-12-18T03:00:00Z")).await;
    let before = world.rig.clock.now();
    world.rig.clock.advance(Duration::from_secs(60));
    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    life.tell().await;
    life.at(at("2026-12-21T06:00:00Z")).await;
    assert_eq!(clock(&life.told[&before], "resolve")["awaiting_year"], 2027);
    assert_eq!(clock(&life.told[&world.rig.clock.now()], "resolve")["due_at"], "2027-01-04T10:00:00Z");
    life.is_told_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_without_an_answer_is_refused() {
    let world = World::start().await;
    let mut life = Life::begins(&world).await;
    life.at(at("2026-11-23T02:30:00Z")).await;
    life.deed("transport", "acknowledge", json!({})).await;
    life.at(at("2026-11-23T03:00:00Z")).await;
    life.asked_and_granted("extend", json!({ "amount": 1, "unit": "workday" })).await;
    let fault = async |moment: &str| {
        let (status, problem) = world.get("transport", &format!("{}?at={moment}", life.clocks())).await;
        (status.as_u16(), problem["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |code: &str| (422, code.to_owned());
    assert_eq!(fault("2026-11-23T03:00:00.000001Z").await, refused("in-future"));
    assert_eq!(fault("2026-11-23T01:59:59.999999Z").await, refused("before-order"));
    assert_eq!(fault("yesterday").await, refused("invalid-query"));
    assert_eq!(fault("2026-11-23T02:00:00Z").await, (200, String::new()));
    assert_eq!(fault("2026-11-23T03:00:00Z").await, (200, String::new()));
    let path = format!("{}?at=2026-11-23T02:30:00Z", life.clocks());
    for (who, expected) in [("street-centre", 200), ("bus-company", 404), ("resident", 403)] {
        assert_eq!(world.get(who, &path).await.0.as_u16(), expected, "{who}");
    }
    // As of an order whose clocks were turned before it was noted what they had been.
    sqlx::query("DELETE FROM dispatch.past_clocks").execute(world.rig.admin()).await.unwrap();
    assert_eq!(fault("2026-11-23T02:59:59.999999Z").await, refused("not-kept"));
    assert_eq!(fault("2026-11-23T03:00:00Z").await, (200, String::new()));
}
