//! A street redraws its territory: open cases follow, once, each with an event; before that it can be tried out.

use contract::document::{Document, Part, Territory};
use serde_json::{Value, json};
use testkit::demo;

use crate::desk::{Desk, STREET, Said, Sent, report};
use crate::place::{DISTRICT, EAST, WEST, desk, halved};

/// West of the bus stop.
const MOVED: i32 = 1_065_450_000;

impl Desk {
    /// The street's next generation, with this territory.
    async fn redraw(&self, generation: u64, territory: Territory) {
        let street = |document: &Document| {
            document.header.tenant.to_string() == STREET && document.header.part != Part::Territory
        };
        let mut documents = demo::documents(generation);
        documents.retain(street);
        documents.push(Document::territory(DISTRICT.parse().unwrap(), generation, territory));
        self.rig.documents(&documents).await;
        self.rig.drain().await;
    }

    /// What it said of cases placed anew: community before and after, grid before and after, version.
    async fn rehomed(&self) -> Vec<[String; 5]> {
        let said = self.said().await.into_iter().filter_map(|(envelope, said)| match said {
            Said::Rehomed(said) => Some((envelope, said)),
            _ => None,
        });
        said.map(|(envelope, said)| {
            let case = said.case.unwrap();
            let version = envelope.version.to_string();
            [said.community_before, case.community, said.grid_before, case.grid, version]
        })
        .collect()
    }

    async fn try_out(&self, person: &str, territory: Territory) -> (u16, Value) {
        let document = Document::territory(DISTRICT.parse().unwrap(), 9, territory);
        let body = json!({ "territory_document": base64(&document.encode().unwrap()) });
        self.post(person, body).await
    }

    async fn post(&self, person: &str, body: Value) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{STREET}/territory:redraw");
        let token = self.rig.token(person);
        let (status, _, body) = self.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
        (status.as_u16(), body)
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn moved_east(version: &str) -> [String; 5] {
    [WEST, EAST, "990102001005001", "990102001006001", version].map(str::to_owned)
}

#[tokio::test]
async fn an_open_case_follows_its_territory_once_and_its_orders_stay() {
    let desk = desk().await;
    desk.hear(&[report(1, "ENV-04", ""), report(2, "ENV-04", "")]).await;
    assert_eq!(desk.rehomed().await.len(), 0, "nothing was redrawn");
    desk.redraw(2, halved(MOVED)).await;
    // Opened and routed are versions 1 and 2, the second voice 3.
    assert_eq!(desk.rehomed().await, [moved_east("4")]);
    assert_eq!(desk.routed().await.len(), 1, "who holds it keeps it");
    desk.rig.drain().await;
    assert_eq!(desk.rehomed().await.len(), 1, "once");
    // The next voice joins it where it lies now.
    desk.hear(&[report(3, "ENV-04", "")]).await;
    assert_eq!(desk.joined().await[1].case.clone().unwrap().community, EAST);
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3]]);
}

#[tokio::test]
async fn a_generation_that_moves_no_border_says_nothing() {
    let desk = desk().await;
    desk.hear(&[report(1, "ENV-04", "")]).await;
    desk.redraw(2, crate::place::drawn()).await;
    assert_eq!(desk.rehomed().await.len(), 0);
    let behind = "SELECT count(*) FROM triage.cases WHERE placed_by < 2";
    let behind: i64 = sqlx::query_scalar(behind).fetch_one(desk.rig.admin()).await.unwrap();
    assert_eq!(behind, 0, "it is not looked at again");
}

#[tokio::test]
async fn two_replicas_place_a_case_once() {
    let desk = desk().await;
    let reports: Vec<Sent> = (1..=40).map(|n| Sent { lat: 29.5602 + n as f64 * 0.0001, ..far(n) }).collect();
    desk.hear(&reports).await;
    let other = desk.replica();
    let documents: Vec<Document> = {
        let mut documents = demo::documents(2);
        documents.retain(|document| document.header.tenant.to_string() == STREET);
        documents.retain(|document| document.header.part != Part::Territory);
        documents.push(Document::territory(DISTRICT.parse().unwrap(), 2, halved(MOVED)));
        documents
    };
    desk.rig.documents(&documents).await;
    let (here, there) = tokio::join!(desk.rig.drain(), triage::handle::rehome::all(&other));
    assert!(here > 0 || there.unwrap() > 0, "one of them did it");
    desk.rig.drain().await;
    let cases = desk.opened().await.len();
    assert!(cases > 1, "several cases");
    assert_eq!(desk.rehomed().await.len(), cases);
}

/// Of an item of its own, so that few of them join.
fn far(n: u128) -> Sent {
    let items = ["ENV-04", "ENV-01", "ENV-02", "ENV-03"];
    report(n, items[n as usize % items.len()], "")
}

#[tokio::test]
async fn what_a_redraw_would_do_is_told_and_nothing_is_done() {
    let desk = desk().await;
    desk.hear(&[report(1, "ENV-04", "")]).await;
    let (status, body) = desk.try_out("sre", halved(MOVED)).await;
    assert_eq!(status, 200, "{body:#}");
    assert_eq!((&body["open"], &body["moved"], &body["outside"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(body["cases"][0]["from"], json!({ "community": WEST, "grid": "990102001005001" }));
    assert_eq!(body["cases"][0]["to"], json!({ "community": EAST, "grid": "990102001006001" }));
    let (_, same) = desk.try_out("sre", crate::place::drawn()).await;
    assert_eq!((&same["open"], &same["moved"]), (&json!(1), &json!(0)));
    assert_eq!(desk.rehomed().await.len(), 0);
}

#[tokio::test]
async fn who_may_not_read_documents_may_not_try_out_and_what_is_no_territory_is_refused() {
    let desk = desk().await;
    assert_eq!(desk.try_out("grid-worker", halved(MOVED)).await.0, 403);
    assert_eq!(desk.try_out("resident", halved(MOVED)).await.0, 403);
    let broken = ["", "no base64!", "AAAA", &base64(&demo::documents(1)[0].encode().unwrap())];
    for text in broken {
        let (status, body) = desk.post("sre", json!({ "territory_document": text })).await;
        assert_eq!(
            (status, &body["errors"][0]["code"]),
            (422, &json!("geometry-invalid")),
            "{text}: {body:#}"
        );
    }
    let mut foreign = halved(MOVED);
    foreign.code = crate::desk::OTHER_STREET.parse().unwrap();
    assert_eq!(desk.try_out("sre", foreign).await.0, 422);
}
