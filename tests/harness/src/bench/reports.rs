//! Reports as ready-made requests: what is reported, where, and what must come of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use uuid::Uuid;

use super::drive::Caller;
use super::receiver::bodies;
use super::tag::Tag;
use super::wire::Connection;
use crate::cluster::Cluster;
use crate::{load, streets};

/// What is reported.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Item of the pack.
    pub item: &'static str,
    /// What the reporter says.
    pub text: &'static str,
    /// Bodies with an endpoint that get an order.
    pub told: &'static [&'static str],
}

/// As little as the pack allows: the street's centre leads, the district's is informed; two orders, two webhooks.
/// [`streets::street_for_benches`] leaves out its assistants.
pub const SMALLEST: Shape =
    Shape {
        item: "IOT-10", text: "摄像机离线超过6小时", told: &["street-centre", "governance-centre"]
    };

/// The whole fan-out of the bus case: a lead, two assistants, two informed; five orders, five webhooks.
pub const FANOUT: Shape = Shape {
    item: "TRA-01",
    text: "公交线路调整",
    told: &["transport", "traffic-police", "bus-company", "street-centre", "governance-centre"],
};

/// Priority 1, so in the urgent lane from the door on; three of its bodies have an endpoint.
pub const URGENT: Shape = Shape {
    item: "TRA-11",
    text: "路口发生车祸，有人受伤",
    told: &["traffic-police", "street-centre", "governance-centre"],
};

/// The first and last street of a load, counted from 1.
pub type Streets = std::ops::RangeInclusive<usize>;

/// The reports of one load; call n is the same request every time.
#[derive(Debug)]
pub struct Reports {
    /// Of its tags.
    pub run: u64,
    /// What is reported.
    pub shape: Shape,
    streets: Streets,
    authority: String,
    token: String,
}

/// Calls one load may have, so that no two loads report from the same place.
const CALLS_MAX: u64 = 2_000_000;
/// A hundredth of a degree is about a kilometre north to south and, up to 59° north, over 500 m east to west:
/// no report is near enough to another to join its case.
const NORTHS: u64 = 5_800;

static RUNS: AtomicU64 = AtomicU64::new(1);

/// The number of a new load.
pub fn new_run() -> u64 {
    RUNS.fetch_add(1, Ordering::Relaxed)
}

impl Reports {
    /// A load on these streets, spread evenly over them.
    pub fn new(cluster: &Cluster, shape: Shape, streets: Streets) -> Arc<Self> {
        let authority = cluster.url("intake").trim_start_matches("http://").to_owned();
        let token = cluster.token("grid-worker").to_owned();
        Arc::new(Self { run: new_run(), shape, streets, authority, token })
    }

    /// What the receiver must see of each.
    pub fn wanted(&self) -> u8 {
        bodies(self.shape.told)
    }

    /// This many workers, each with a connection of its own.
    pub fn callers(self: &Arc<Self>, connections: usize) -> Vec<Reporter> {
        let one = |_| Reporter { reports: self.clone(), connection: Connection::new(&self.authority) };
        (0..connections).map(one).collect()
    }

    fn request(&self, n: u64) -> Vec<u8> {
        let street = self.streets.start() + n as usize % (self.streets.end() - self.streets.start() + 1);
        let street = streets::code(street);
        let key = Uuid::from_u64_pair(0x5EED_0000_0000_0000 ^ self.run, n);
        let place = self.run * CALLS_MAX + n % CALLS_MAX;
        let (east, north) = (place / NORTHS % 17_000, place % NORTHS);
        let body = json!({
            "text": format!("{}，第{n}号", self.shape.text),
            "item": self.shape.item,
            "place": {"lon": degrees(100 + east), "lat": degrees(100 + north), "datum": "wgs84"},
            "reporter": {"contact": load::CANARY},
        })
        .to_string();
        let traceparent = Tag { run: self.run, n }.traceparent();
        format!(
            "POST /intake/v1/streets/{street}/reports HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {key}\r\ntraceparent: {traceparent}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.authority,
            self.token,
            body.len(),
        )
        .into_bytes()
    }
}

fn degrees(hundredths: u64) -> f64 {
    hundredths as f64 / 100.0
}

/// A worker that sends reports.
#[derive(Debug)]
pub struct Reporter {
    reports: Arc<Reports>,
    connection: Connection,
}

impl Caller for Reporter {
    async fn call(&mut self, n: u64) -> Option<u16> {
        self.connection.exchange(&self.reports.request(n)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(run: u64) -> Reports {
        let (authority, token) = ("127.0.0.1:1".to_owned(), "token".to_owned());
        Reports { run, shape: FANOUT, streets: 2..=3, authority, token }
    }

    #[test]
    fn a_request_is_whole_and_spread_over_its_streets() {
        let text = |n| String::from_utf8(reports(1).request(n)).unwrap();
        assert!(text(0).starts_with("POST /intake/v1/streets/990102002000/reports HTTP/1.1\r\n"));
        assert!(text(1).starts_with("POST /intake/v1/streets/990102003000/reports "));
        let (head, body) = text(1).split_once("\r\n\r\n").map(|(h, b)| (h.to_owned(), b.to_owned())).unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(head.contains(&Tag { run: 1, n: 1 }.traceparent()));
        assert!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["place"]["lon"].is_number());
    }

    #[test]
    fn no_two_reports_of_two_loads_share_a_key_or_a_place() {
        let of = |run: u64, n| {
            let request = String::from_utf8(reports(run).request(n)).unwrap();
            let key = request.split("idempotency-key: ").nth(1).unwrap()[..36].to_owned();
            let place = request.split("\"place\":").nth(1).unwrap().split('}').next().unwrap().to_owned();
            (key, place)
        };
        let all: Vec<_> =
            [1, 2, 9].into_iter().flat_map(|run| [0, 1, 5_799, 5_800].map(|n| of(run, n))).collect();
        let keys: std::collections::BTreeSet<_> = all.iter().map(|(key, _)| key).collect();
        let places: std::collections::BTreeSet<_> = all.iter().map(|(_, place)| place).collect();
        assert_eq!((keys.len(), places.len()), (12, 12));
    }
}
