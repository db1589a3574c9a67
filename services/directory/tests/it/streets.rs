//! A district does not move away under its streets.

use contract::document::{Document, DocumentBody, Grant, StreetCore};
use ids::BodyRef;

use crate::office::*;

/// A body that a former pack had and the present one has not.
const FORMER: &str = "former-body";

impl Office {
    async fn change(&self, code: &str, part: &str, change: impl FnOnce(&mut DocumentBody)) {
        let tenant: i64 = code.parse().unwrap();
        let stored: Vec<u8> = sqlx::query_scalar(
            "SELECT body FROM directory.tenant_documents WHERE tenant_id = $1 AND part = $2",
        )
        .bind(tenant)
        .bind(part)
        .fetch_one(self.rig.admin())
        .await
        .unwrap();
        let mut document = Document::decode(&stored).unwrap();
        change(&mut document.body);
        sqlx::query("UPDATE directory.tenant_documents SET body = $3 WHERE tenant_id = $1 AND part = $2")
            .bind(tenant)
            .bind(part)
            .bind(document.encode().unwrap())
            .execute(self.rig.admin())
            .await
            .unwrap();
    }

    /// The district as it was applied with a former pack.
    async fn with_former_pack(&self) {
        self.change(DISTRICT_CODE, "core", |body| {
            let DocumentBody::District(core) = body else { panic!("a district") };
            let transport = core.bodies[&"transport".parse().unwrap()].clone();
            core.bodies.insert(FORMER.parse().unwrap(), transport);
        })
        .await;
    }

    /// A street that names the former body, in an item and as somebody's.
    async fn with_street_that_names_it(&self) {
        self.change(FAST_CODE, "core", |body| {
            let DocumentBody::Street(core) = body else { panic!("a street") };
            assists(core, FORMER);
        })
        .await;
        self.change(FAST_CODE, "people", |body| {
            let DocumentBody::People(people) = body else { panic!("people") };
            let former = BodyRef { key: FORMER.parse().unwrap(), at: None };
            let scope = FAST_CODE.parse().unwrap();
            let grant = Grant { role: "body-user".to_owned(), scope, body: Some(former) };
            people.members.insert("somebody".to_owned(), vec![grant]);
        })
        .await;
    }
}

fn assists(core: &mut StreetCore, body: &str) {
    let item = core.items.get_mut("TRA-03").expect("the street changes this item");
    item.assists = Some(vec![body.parse().unwrap()]);
}

fn renamed() -> String {
    DISTRICT.replace("zh: 示范区", "zh: 示范新区")
}

#[tokio::test]
async fn a_district_that_drops_what_a_street_names_is_refused_with_the_place() {
    let office = Office::settled().await;
    office.with_former_pack().await;
    office.with_street_that_names_it().await;
    let before = office.rows().await;
    let answer = office.apply(&renamed()).await;
    let faults = answer.refused(422, "manifest-invalid");
    let expected = (String::new(), "breaks-street".to_owned());
    assert_eq!(faults, [expected.clone(), expected]);
    let details = answer.body["errors"].to_string();
    for part in [FAST_CODE, FORMER, "items.TRA-03", "members.somebody"] {
        assert!(details.contains(part), "{part} in {details}");
    }
    assert_eq!(office.rows().await, before, "a refused manifest leaves nothing behind");
    assert_eq!(office.apply(FAST).await.applied(), (2, true), "the street is corrected first");
    assert_eq!(office.apply(&renamed()).await.applied(), (2, true));
}

#[tokio::test]
async fn what_was_wrong_with_a_street_before_does_not_hold_its_district() {
    let office = Office::settled().await;
    office.with_street_that_names_it().await;
    assert_eq!(office.apply(&renamed()).await.applied(), (2, true));
}

#[tokio::test]
async fn streets_of_other_districts_are_not_its_matter() {
    let office = Office::settled().await;
    office.with_former_pack().await;
    office.with_street_that_names_it().await;
    let other = DISTRICT.replace("990102000000", "990103000000");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
}
