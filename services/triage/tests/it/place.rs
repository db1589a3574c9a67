//! Where a report's place lies decides who of a community leads; a place outside the street is nobody's guess.

use contract::document::territory::{COMMUNITY, Feature, GRID, Layer, STREET as BOUNDARY, Territory};
use contract::document::{Document, Validity};
use contract::proto::intake::Datum;
use contract::proto::triage::Role;
use ids::Lane;
use serde_json::json;

use crate::desk::{Desk, STREET, Said, Sent, report};

pub const DISTRICT: &str = "990102000000";
pub const WEST: &str = "990102001005";
pub const EAST: &str = "990102001006";

/// The bus stop lies in the western half.
pub fn drawn() -> Territory {
    halved(1_065_600_000)
}

/// With the border between the two halves at this longitude, in ten-millionths of a degree.
pub fn halved(middle: i32) -> Territory {
    let square = |code: &str, west, east| {
        let (south, north) = (295_600_000, 295_700_000);
        let ring = vec![[west, south], [east, south], [east, north], [west, north], [west, south]];
        Feature {
            code: code.to_owned(),
            name: None,
            validity: Validity::default(),
            polygons: vec![vec![ring]],
        }
    };
    let (west, east) = (1_065_400_000, 1_065_800_000);
    let layer = |features| Layer { name: None, features };
    let halves =
        |codes: [&str; 2]| layer(vec![square(codes[0], west, middle), square(codes[1], middle, east)]);
    let layers = [
        (BOUNDARY, layer(vec![square(STREET, west, east)])),
        (COMMUNITY, halves([WEST, EAST])),
        (GRID, halves(["990102001005001", "990102001006001"])),
    ];
    let layers = layers.into_iter().map(|(key, layer)| (key.to_owned(), layer)).collect();
    Territory { code: STREET.parse().unwrap(), layers }
}

pub async fn desk() -> Desk {
    let desk = Desk::open().await;
    desk.rig.documents(&[Document::territory(DISTRICT.parse().unwrap(), 1, drawn())]).await;
    desk
}

impl Desk {
    /// Lead, community and grid of the only routed case.
    async fn routed_to(&self) -> (String, String, String) {
        let routed = self.routed().await;
        assert_eq!(routed.len(), 1);
        let (case, plan) = (routed[0].1.case.clone().unwrap(), routed[0].1.plan.clone().unwrap());
        let lead = plan.orders.iter().find(|order| order.role() == Role::Lead).unwrap();
        (lead.body.clone(), case.community, case.grid)
    }
}

fn owned(texts: [&str; 3]) -> (String, String, String) {
    let [lead, community, grid] = texts.map(str::to_owned);
    (lead, community, grid)
}

#[tokio::test]
async fn the_community_of_the_place_leads() {
    let desk = desk().await;
    desk.hear(&[report(1, "ENV-04", "")]).await;
    let lead = "community@990102001005";
    assert_eq!(desk.routed_to().await, owned([lead, WEST, "990102001005001"]));
    let plan = desk.routed().await.remove(0).1.plan.unwrap();
    assert!(plan.explanation_json.contains("place.located"), "{}", plan.explanation_json);
}

/// As WGS-84 these numbers lie in the eastern half; as GCJ-02 they mean a place some 400 m to the west.
#[tokio::test]
async fn the_declared_datum_decides_where_it_is() {
    let desk = desk().await;
    desk.hear(&[Sent { datum: Datum::Gcj02, lon: 106.5612, lat: 29.5628, ..report(1, "ENV-04", "") }]).await;
    assert_eq!(desk.routed_to().await.1, WEST);
}

#[tokio::test]
async fn a_place_outside_goes_to_a_person_who_may_take_it_all_the_same() {
    let desk = desk().await;
    desk.hear(&[Sent { lon: 106.60, ..report(1, "ENV-04", "") }]).await;
    let said = desk.said().await;
    let [(_, Said::Review(review))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(review.reason, "outside-territory");
    let path = format!("/triage/v1/streets/{STREET}/reviews/{}:decide", review.report_id);
    let token = desk.rig.token("street-centre");
    let (status, _, body) =
        desk.rig.http("POST", &path, Some(&token), &[], Some(json!({ "item": "ENV-04" }))).await;
    assert_eq!(status, 200, "{body:#}");
    let (_, community, grid) = desk.routed_to().await;
    assert_eq!((community.as_str(), grid.as_str()), ("", ""));
}

#[tokio::test]
async fn mortal_danger_outside_waits_for_nobody() {
    let desk = desk().await;
    desk.hear(&[Sent { lon: 106.60, lane: Lane::Urgent, ..report(1, "SAF-02", "") }]).await;
    assert_eq!(desk.routed_to().await.1, "");
}

/// P1 skips the levels and tells them all: the community of the place besides the two centres.
#[tokio::test]
async fn an_emergency_is_told_to_every_level_of_its_place() {
    let desk = desk().await;
    desk.hear(&[report(1, "SAF-02", "")]).await;
    let plan = desk.routed().await.remove(0).1.plan.unwrap();
    let informs = plan.orders.iter().filter(|order| order.role() == Role::Inform);
    let informs: Vec<&str> = informs.map(|order| order.body.as_str()).collect();
    assert!(informs.contains(&"community@990102001005"), "{informs:?}");
    assert!(informs.contains(&"governance-centre"), "{informs:?}");
    assert_eq!(plan.orders.iter().filter(|order| order.role() == Role::Lead).count(), 1);
    assert!(plan.explanation_json.contains("level.emergency"), "{}", plan.explanation_json);
    let explanation: routing::Explanation = serde_json::from_str(&plan.explanation_json).unwrap();
    let again = serde_json::to_string(&routing::recompute(&explanation)).unwrap();
    assert_eq!(again, plan.explanation_json);
}

#[tokio::test]
async fn a_street_that_has_drawn_nothing_places_nothing() {
    let desk = desk().await;
    let elsewhere = Sent { street: crate::desk::OTHER_STREET, ..report(1, "TRA-01", "") };
    desk.hear(&[elsewhere]).await;
    assert_eq!(desk.routed_to().await.1, "");
}
