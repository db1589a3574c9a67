//! Reading documents and history, by those who may.

use contract::document::Document;

use crate::office::*;

#[tokio::test]
async fn a_document_is_read_as_it_travels() {
    let office = Office::settled().await;
    let answer =
        office.get("street-centre", &format!("/directory/v1/streets/{STREET_CODE}/documents/core")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["etag"], "\"1\"");
    let said = office.rig.said().await;
    let subject = format!("directory.document.core.{STREET_CODE}");
    let (_, payload) = said.iter().find(|(envelope, _)| envelope.subject() == subject).unwrap();
    let read = Document::decode(answer.body.to_string().as_bytes()).unwrap();
    assert_eq!(read, Document::decode(payload).unwrap());
    let people = office.get(ADMIN, &format!("/directory/v1/streets/{DISTRICT_CODE}/documents/people")).await;
    assert_eq!(people.body["part"], "people");
}

#[tokio::test]
async fn history_says_who_and_when() {
    let office = Office::settled().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    office.rig.clock.advance(std::time::Duration::from_secs(60));
    office.apply(&renamed).await.applied();
    let path = format!("/directory/v1/streets/{STREET_CODE}/history");
    let answer = office.get("street-centre", &path).await;
    let entries = answer.body["entries"].as_array().unwrap();
    let generations: Vec<_> = entries.iter().map(|entry| entry["generation"].as_i64().unwrap()).collect();
    assert_eq!(generations, [2, 1]);
    assert_eq!(entries[0]["actor"], ADMIN);
    assert_eq!(entries[0]["at"], "2026-11-23T02:01:00Z");
    assert_eq!(entries[0]["bytes"], renamed.len());
    let kept: Vec<u8> = sqlx::query_scalar("SELECT manifest FROM directory.manifests WHERE generation = 2")
        .fetch_one(office.rig.admin())
        .await
        .unwrap();
    assert_eq!(kept, renamed.as_bytes(), "byte for byte");
    assert_eq!(answer.body.get("next"), None, "that was all");
    let newest = office.get("street-centre", &format!("{path}?limit=1")).await;
    assert_eq!((&newest.body["entries"][0]["generation"], &newest.body["next"]), (&2.into(), &2.into()));
    let older = office.get("street-centre", &format!("{path}?before=2&limit=1")).await;
    assert_eq!(older.body["entries"][0]["generation"], 1);
}

#[tokio::test]
async fn pages_have_bounds_and_cursors_are_the_streets_own() {
    let office = Office::settled().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    office.apply(&renamed).await.applied();
    let get = async |code: &str, query: &str| {
        office.get(ADMIN, &format!("/directory/v1/streets/{code}/history{query}")).await
    };
    for query in ["?limit=0", "?limit=201", "?limit=4294967296", "?limit=-1", "?before=x", "?order=asc"] {
        get(STREET_CODE, query).await.refused(422, "validation-failed");
    }
    assert_eq!(get(STREET_CODE, "?limit=200&before=2").await.status, 200);
    for forged in ["?before=0", "?before=-1", "?before=3", "?before=9223372036854775807"] {
        get(STREET_CODE, forged).await.refused(400, "bad-cursor");
    }
    get(FAST_CODE, "?before=2").await.refused(400, "bad-cursor");
}

#[tokio::test]
async fn others_do_not_read() {
    let office = Office::settled().await;
    for path in ["documents/core", "documents/people", "history"] {
        let of = |code: &str| format!("/directory/v1/streets/{code}/{path}");
        office.get("grid-worker", &of(STREET_CODE)).await.refused(403, "forbidden");
        office.get("nobody-here", &of(STREET_CODE)).await.refused(404, "not-found");
        // A street's centre does not read its district's, nor a street that is not there.
        office.get("street-centre", &of(DISTRICT_CODE)).await.refused(404, "not-found");
        office.get(ADMIN, &of("990102009000")).await.refused(404, "not-found");
    }
    let path = format!("/directory/v1/streets/{STREET_CODE}/documents/everything");
    office.get(ADMIN, &path).await.refused(404, "not-found");
}

#[tokio::test]
async fn the_door_describes_itself() {
    let office = Office::open().await;
    let (status, _, body) = office.rig.http("GET", "/openapi.json", None, &[], None).await;
    assert_eq!(status.as_u16(), 200);
    assert!(body["paths"]["/directory/v1/manifests:apply"]["post"].is_object());
    assert!(body["components"]["schemas"]["ProblemDocument"].is_object());
}

#[tokio::test]
async fn the_schema_of_each_kind_is_read_by_whoever_has_a_token() {
    let office = Office::open().await;
    for (kind, committed) in [
        ("district", include_str!("../../../../packs/schema/district.schema.json")),
        ("street", include_str!("../../../../packs/schema/street.schema.json")),
    ] {
        let answer = office.get("resident", &format!("/directory/v1/schemas/{kind}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, serde_json::from_str::<serde_json::Value>(committed).unwrap());
    }
    office.get("resident", "/directory/v1/schemas/country").await.refused(404, "not-found");
    let (status, ..) = office.rig.http("GET", "/directory/v1/schemas/street", None, &[], None).await;
    assert_eq!(status, 401);
}
