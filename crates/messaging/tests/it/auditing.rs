//! Whoever changes the record is found out, and by the first thing that is wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use ids::Lane;
use messaging::audit::{Checkpoint, Fault, Record, Verified};
use messaging::chain;
use pg::TenantScope;
use sqlx::{AssertSqlSafe, Row};

use crate::world::{World, street};

type Kept = BTreeMap<i64, [u8; 32]>;

/// Three seals for street 1, each of five rows, and one for street 2.
async fn sealed() -> World {
    let world = World::start().await;
    for round in ["first", "second", "third"] {
        world.say(&[street(1)], &[round; 5]).await;
        world.relay().drain().await.unwrap();
    }
    world.say(&[street(2)], &["other"; 4]).await;
    world.relay().drain().await.unwrap();
    world
}

async fn record(world: &World, since_ms: Option<i64>) -> Record {
    Record::open(&world.database.admin_url(), "intake", since_ms).await.unwrap()
}

async fn verified(world: &World, n: i64, kept: &Kept) -> Verified {
    record(world, None).await.verify(street(n), kept).await.unwrap()
}

async fn head(world: &World) -> Kept {
    let head = record(world, None).await.head(street(1)).await.unwrap().unwrap();
    Kept::from([(head.seal, head.root)])
}

async fn tamper(world: &World, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(format!("SET search_path = intake; {statements}")))
        .execute(&world.admin)
        .await
        .unwrap();
}

/// What somebody does who knows how seals are made: the roots of street 1 are computed anew.
async fn made_anew(world: &World) {
    let rows = sqlx::query(
        "SELECT s.n, ARRAY(SELECT j.content_sha256 FROM UNNEST(s.event_ids) WITH ORDINALITY AS e (id, place)
                JOIN intake.journal j ON j.id = e.id ORDER BY e.place) AS contents
         FROM intake.seals s WHERE tenant_id = $1 ORDER BY n",
    )
    .bind(street(1).as_i64())
    .fetch_all(&world.admin)
    .await
    .unwrap();
    let mut prev = chain::GENESIS;
    for row in rows {
        let contents: Vec<Vec<u8>> = row.get("contents");
        let root = chain::root(&prev, contents.iter().map(Vec::as_slice));
        sqlx::query("UPDATE intake.seals SET prev = $1, root = $2 WHERE tenant_id = $3 AND n = $4")
            .bind(&prev[..])
            .bind(&root[..])
            .bind(street(1).as_i64())
            .bind(row.get::<i64, _>("n"))
            .execute(&world.admin)
            .await
            .unwrap();
        prev = root;
    }
}

#[tokio::test]
async fn a_record_nobody_touched_verifies() {
    let world = sealed().await;
    world.say(&[street(1)], &["waits for its seal"]).await;
    let (kept, seen) = (head(&world).await, verified(&world, 1, &Kept::new()).await);
    assert_eq!((seen.fault, seen.seals, seen.rows), (None, 3, 15));
    let Some(Checkpoint { seal, root, .. }) = seen.head else { panic!("a chain has a head") };
    assert_eq!(kept, Kept::from([(seal, root)]));
    assert_eq!(verified(&world, 1, &kept).await.fault, None);
    world.relay().drain().await.unwrap();
    assert_eq!(verified(&world, 1, &kept).await.fault, None, "it extends what was kept");
    let tenants = record(&world, None).await.tenants().await.unwrap();
    assert_eq!(tenants.into_iter().collect::<Vec<_>>(), [street(1), street(2)]);
    assert_eq!(verified(&world, 3, &Kept::new()).await.head, None);
}

#[tokio::test]
async fn what_was_changed_is_named() {
    let third = "(SELECT event_ids[3] FROM seals WHERE tenant_id = 990102001000 AND n = 2)";
    let of_third =
        |event| (Fault::RowChanged { position: 8, event }, Fault::RowMissing { position: 8, event });
    let own_hash = format!("UPDATE journal SET content_sha256 = sha256('x') WHERE id = {third}");
    for (statement, gone) in [
        (format!("UPDATE journal SET payload = 'other' WHERE id = {third}"), false),
        (format!("UPDATE journal SET actor = 'somebody else' WHERE id = {third}"), false),
        (format!("UPDATE journal SET purpose = 'another' WHERE id = {third}"), false),
        (format!("UPDATE journal SET at = at + interval '1 microsecond' WHERE id = {third}"), false),
        (own_hash, false),
        (format!("DELETE FROM journal WHERE id = {third}"), true),
    ] {
        let world = sealed().await;
        let event = sqlx::query_scalar(AssertSqlSafe(third.replace("FROM seals", "FROM intake.seals")));
        let (changed, missing) = of_third(event.fetch_one(&world.admin).await.unwrap());
        tamper(&world, &statement).await;
        let expected = if gone { missing } else { changed };
        assert_eq!(verified(&world, 1, &Kept::new()).await.fault, Some(expected), "{statement}");
        assert_eq!(verified(&world, 2, &Kept::new()).await.fault, None, "the other street's is whole");
    }
}

#[tokio::test]
async fn a_chain_that_does_not_hold_together_is_named() {
    let of_street = "tenant_id = 990102001000";
    for (statement, expected) in [
        (format!("DELETE FROM seals WHERE {of_street} AND n = 2"), Fault::SealMissing { seal: 2 }),
        (
            format!("UPDATE seals SET root = sha256('x') WHERE {of_street} AND n = 2"),
            Fault::SealChanged { seal: 2 },
        ),
        (
            format!("UPDATE seals SET prev = sha256('x') WHERE {of_street} AND n = 3"),
            Fault::Broken { seal: 3 },
        ),
        (
            format!("UPDATE seals SET first_position = 21 WHERE {of_street} AND n = 3"),
            Fault::Gap { seal: 3, expected: 11, found: 21 },
        ),
        (
            format!("UPDATE seals SET event_ids = event_ids[2:] || event_ids[1] WHERE {of_street} AND n = 1"),
            Fault::SealChanged { seal: 1 },
        ),
    ] {
        let world = sealed().await;
        tamper(&world, &statement).await;
        assert_eq!(verified(&world, 1, &Kept::new()).await.fault, Some(expected), "{statement}");
    }
}

#[tokio::test]
async fn a_row_that_was_put_in_later_is_found() {
    let world = sealed().await;
    let extra = "INSERT INTO journal
                 SELECT tenant_id, overlay(id::text PLACING 'fff' FROM 34)::uuid, at, event_type, lane, aggregate_id,
                     version, actor, purpose, traceparent, drill, payload, content_sha256
                 FROM journal WHERE tenant_id = 990102001000 LIMIT 1";
    tamper(&world, extra).await;
    let found = verified(&world, 1, &Kept::new()).await.fault;
    assert!(matches!(found, Some(Fault::Unsealed { .. })), "{found:?}");
}

/// A cut tail leaves a chain that holds together; only what was kept outside tells.
#[tokio::test]
async fn what_was_kept_outside_finds_a_cut_tail_and_a_chain_made_anew() {
    let world = sealed().await;
    let kept = head(&world).await;
    tamper(
        &world,
        "DELETE FROM journal WHERE id IN (SELECT UNNEST(event_ids) FROM seals WHERE tenant_id = 990102001000 AND n = 3);
         DELETE FROM seals WHERE tenant_id = 990102001000 AND n = 3",
    )
    .await;
    assert_eq!(verified(&world, 1, &Kept::new()).await.fault, None);
    assert_eq!(verified(&world, 1, &kept).await.fault, Some(Fault::CutOff { last: 2, kept: 3 }));

    let world = sealed().await;
    let kept = head(&world).await;
    let reordered =
        "UPDATE seals SET event_ids = event_ids[2:] || event_ids[1] WHERE tenant_id = 990102001000 AND n = 1";
    tamper(&world, reordered).await;
    made_anew(&world).await;
    assert_eq!(verified(&world, 1, &Kept::new()).await.fault, None);
    assert_eq!(verified(&world, 1, &kept).await.fault, Some(Fault::OtherThanKept { seal: 3 }));
}

#[tokio::test]
async fn of_a_long_record_the_last_days_are_enough() {
    let world = World::start().await;
    world.say(&[street(1)], &["old"; 5]).await;
    world.relay().drain().await.unwrap();
    tamper(&world, "UPDATE seals SET sealed_at = sealed_at - interval '2 days'").await;
    world.say(&[street(1)], &["new"; 3]).await;
    world.relay().drain().await.unwrap();
    let hour = Duration::from_secs(3_600).as_millis() as i64;
    let seen = record(&world, Some(hour)).await.verify(street(1), &Kept::new()).await.unwrap();
    assert_eq!((seen.fault, seen.seals, seen.rows), (None, 1, 3));
    tamper(&world, "UPDATE seals SET prev = sha256('x') WHERE n = 2").await;
    let seen = record(&world, Some(hour)).await.verify(street(1), &Kept::new()).await.unwrap();
    assert_eq!(seen.fault, Some(Fault::Broken { seal: 2 }), "it continues the seal that is believed");
}

/// Rows whose day was dropped are not missed; the links of their seals are still held together.
#[tokio::test]
async fn days_that_have_served_their_time_are_passed_over() {
    let world = World::start().await;
    let mut tx = world.intake.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    let mut old = world.event(&mut tx, street(1), Lane::Normal, "old").await;
    old.id = world.minter.mint(old.at - Duration::from_secs(40 * 86_400)).into();
    world.outbox.append(&mut tx, std::slice::from_ref(&old)).await.unwrap();
    tx.commit().await.unwrap();
    world.relay().drain().await.unwrap();
    world.say(&[street(1)], &["new"; 3]).await;
    world.relay().drain().await.unwrap();
    tamper(&world, "DELETE FROM journal_rest").await;
    let seen = verified(&world, 1, &Kept::new()).await;
    assert_eq!((seen.fault, seen.seals, seen.rows), (None, 2, 3));
    tamper(&world, "UPDATE seals SET root = sha256('x') WHERE n = 1").await;
    assert_eq!(verified(&world, 1, &Kept::new()).await.fault, Some(Fault::Broken { seal: 2 }));
}
