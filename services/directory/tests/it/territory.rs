//! Where a street lies, from GeoJSON in its manifest to a document of whole numbers.

use serde_json::Value;

use crate::office::*;

const RING: &str = "[[104.0, 30.0], [104.02, 30.0], [104.02, 30.01], [104.0, 30.01], [104.0, 30.0]]";

/// The demo street with a boundary and one community.
fn drawn(ring: &str) -> String {
    let layer = |key: &str, code: &str| {
        format!(
            "      {key}:\n        geojson: {{type: FeatureCollection, features: [{{type: Feature, \
             properties: {{code: \"{code}\"}}, geometry: {{type: Polygon, coordinates: [{ring}]}}}}]}}\n"
        )
    };
    let layers = format!("{}{}", layer("street", STREET_CODE), layer("community", "990102001001"));
    format!("{STREET}  territory:\n    datum: wgs84\n    layers:\n{layers}")
}

impl Office {
    async fn territory(&self) -> Value {
        let path = format!("/directory/v1/streets/{STREET_CODE}/documents/territory");
        let answer = self.get(ADMIN, &path).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        answer.body
    }
}

#[tokio::test]
async fn a_territory_is_a_part_of_its_own_and_goes_when_it_is_left_out() {
    let office = Office::settled().await;
    assert_eq!(office.territory().await["body"]["layers"], serde_json::json!({}));
    assert_eq!(office.apply(&drawn(RING)).await.applied(), (2, true));
    assert_eq!(office.apply(&drawn(RING)).await.applied(), (2, false));
    let document = office.territory().await;
    assert_eq!((&document["part"], &document["generation"]), (&"territory".into(), &2.into()));
    let feature = &document["body"]["layers"]["community"]["features"][0];
    assert_eq!(feature["code"], "990102001001");
    assert_eq!(feature["polygons"][0][0][2], serde_json::json!([1_040_200_000, 300_100_000]));
    assert_eq!(office.apply(STREET).await.applied(), (3, true));
    assert_eq!(office.territory().await["body"]["layers"], serde_json::json!({}));
}

#[tokio::test]
async fn a_faulty_shape_changes_nothing() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let crossing = "[[104.0, 30.0], [104.02, 30.01], [104.02, 30.0], [104.0, 30.01], [104.0, 30.0]]";
    let faults = office.apply(&drawn(crossing)).await.refused(422, "manifest-invalid");
    let place =
        |layer: &str| format!("/spec/territory/layers/{layer}/geojson/features/0/geometry/coordinates/0");
    for layer in ["street", "community"] {
        let there = |(pointer, code): &(String, String)| {
            pointer.starts_with(&place(layer)) && code == "geometry-invalid"
        };
        assert!(faults.iter().any(there), "{layer}: {faults:?}");
    }
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn without_a_datum_nothing_is_guessed() {
    let office = Office::settled().await;
    let undeclared = drawn(RING).replace("    datum: wgs84\n", "");
    let faults = office.apply(&undeclared).await.refused(422, "manifest-invalid");
    assert!(faults.iter().any(|(_, code)| code == "missing-field"), "{faults:?}");
}

/// What triage is asked about open cases with.
#[tokio::test]
async fn a_plan_that_redraws_brings_the_territory_along() {
    use base64::Engine;
    use contract::document::{Document, DocumentBody};
    let office = Office::settled().await;
    assert_eq!(office.plan(STREET).await.body.get("territory_document"), None);
    let named = STREET.replace("zh: 滨江路社区", "zh: 滨江新社区");
    assert_eq!(office.plan(&named).await.body.get("territory_document"), None, "no border moves");
    let answer = office.plan(&drawn(RING)).await;
    let text = answer.body["territory_document"].as_str().expect("a document");
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let document = Document::decode(&bytes).unwrap();
    assert_eq!((document.header.generation, document.header.tenant.to_string().as_str()), (2, STREET_CODE));
    let DocumentBody::Territory(territory) = document.body else { panic!("{document:?}") };
    assert_eq!(territory.layers.len(), 2);
    office.apply(&drawn(RING)).await;
    assert_eq!(
        office.plan(&drawn(RING)).await.body.get("territory_document"),
        None,
        "it is drawn so already"
    );
}

/// Triage has not heard of the street, so there is nobody to ask about its cases.
#[tokio::test]
async fn a_street_nobody_applied_is_drawn_not_redrawn() {
    let office = Office::open().await;
    assert_eq!(office.apply(DISTRICT).await.applied(), (1, true));
    office.rig.refresh().await;
    let answer = office.plan(&drawn(RING)).await;
    assert_eq!(answer.status, 200, "{:#}", answer.body);
    assert_eq!(answer.body.get("territory_document"), None);
}
