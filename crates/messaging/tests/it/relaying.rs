//! Published at least once, sealed exactly once, whoever dies.

use std::time::Duration;

use ids::Lane;
use messaging::{RelayConfig, chain};
use pg::{Pool, PoolConfig, TenantScope};
use sqlx::Row;
use testkit::wait;
use uuid::Uuid;

use crate::world::{World, relay_config, street};

/// Every tenant's chain continues, its roots recompute from the journal, and positions have no gap.
async fn check_chains(world: &World) {
    let rows = sqlx::query(
        "SELECT s.*, ARRAY(SELECT j.content_sha256 FROM UNNEST(s.event_ids) WITH ORDINALITY AS e (id, place)
                JOIN intake.journal j ON j.tenant_id = s.tenant_id AND j.id = e.id ORDER BY e.place) AS contents
         FROM intake.seals s ORDER BY s.tenant_id, s.n",
    )
    .fetch_all(&world.admin)
    .await
    .unwrap();
    let (mut tenant, mut n, mut position, mut head) = (0i64, 0i64, 1i64, chain::GENESIS);
    for row in rows {
        if row.get::<i64, _>("tenant_id") != tenant {
            (tenant, n, position, head) = (row.get("tenant_id"), 0, 1, chain::GENESIS);
        }
        let contents: Vec<Vec<u8>> = row.get("contents");
        assert_eq!(row.get::<i64, _>("n"), n + 1);
        assert_eq!(row.get::<i64, _>("first_position"), position);
        assert_eq!(row.get::<Vec<u8>, _>("prev"), head);
        head = chain::root(&head, contents.iter().map(Vec::as_slice));
        assert_eq!(row.get::<Vec<u8>, _>("root"), head, "tenant {tenant} seal {n}");
        (n, position) = (n + 1, position + contents.len() as i64);
    }
    let sealed = "(SELECT UNNEST(event_ids) AS id FROM intake.seals) s";
    let (all, distinct) =
        (world.count(sealed).await, world.count(&format!("(SELECT DISTINCT id FROM {sealed}) d")).await);
    assert_eq!((all, distinct), (distinct, world.count("intake.journal").await), "each event sealed once");
}

#[tokio::test]
async fn what_is_said_arrives_and_the_outbox_is_empty() {
    let world = World::start().await;
    let tenants: Vec<_> = (1..=12).map(street).collect();
    let said = world.say(&tenants, &["word"; 240]).await;
    assert_eq!(world.count("intake.outbox_pending").await, 240);
    assert_eq!(world.relay().drain().await.unwrap(), 240);
    assert_eq!(world.count("intake.outbox_pending").await, 0);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
    check_chains(&world).await;
}

/// The relay dies after publishing and before deleting: its successor publishes again under the same ids and
/// does not seal twice; the hearer applies once.
#[tokio::test]
async fn a_relay_killed_between_publish_and_delete_doubles_nothing() {
    let world = World::start().await;
    let said = world.say(&[street(1), street(2)], &["word"; 30]).await;
    sqlx::query("CREATE TABLE intake.kept AS SELECT * FROM intake.outbox_pending")
        .execute(&world.admin)
        .await
        .unwrap();
    world.relay().drain().await.unwrap();
    // As the crash leaves it: sealed and published, still pending.
    sqlx::query("INSERT INTO intake.outbox_pending SELECT * FROM intake.kept")
        .execute(&world.admin)
        .await
        .unwrap();
    let later = world.say(&[street(1), street(3)], &["later"; 10]).await;
    world.relay().drain().await.unwrap();
    assert_eq!(world.count("intake.outbox_pending").await, 0);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said.union(&later).copied().collect());
    check_chains(&world).await;
}

/// A transaction that began earlier commits later: nothing steps over it.
#[tokio::test]
async fn a_late_committer_is_published_too() {
    let world = World::start().await;
    let mut late = world.intake.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    let event = world.event(&mut late, street(1), Lane::Normal, "late").await;
    world.outbox.append(&mut late, std::slice::from_ref(&event)).await.unwrap();
    let early = world.say(&[street(1)], &["early"; 5]).await;
    world.relay().drain().await.unwrap();
    late.commit().await.unwrap();
    assert_eq!(world.relay().drain().await.unwrap(), 1);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    let mut expected = early;
    expected.insert(event.id.as_uuid());
    assert_eq!(world.applied("triage").await, expected);
    check_chains(&world).await;
}

/// The broker is away: nothing is lost, nothing is refused, and the chain goes on where it was.
#[tokio::test]
async fn a_broker_that_is_away_only_delays() {
    let world = World::start().await;
    let before = world.say(&[street(1)], &["before"; 10]).await;
    world.broker.kill().await;
    let during = world.say(&[street(1), street(2)], &["during"; 20]).await;
    let relay = world.relay();
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(relay.run(stop.clone()));
    world.broker.restart().await.unwrap();
    let empty = testkit::wait::until(std::time::Duration::from_secs(30), async || {
        (world.count("intake.outbox_pending").await == 0).then_some(())
    });
    assert!(empty.await.is_some(), "the outbox did not drain");
    stop.cancel();
    running.await.unwrap();
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, before.union(&during).copied().collect());
    check_chains(&world).await;
}

async fn until_empty(world: &World) {
    let empty = wait::until(Duration::from_secs(30), async || {
        (world.count("intake.outbox_pending").await == 0).then_some(())
    });
    assert!(empty.await.is_some(), "the outbox did not drain");
}

/// Whoever watches sees how long the oldest event waits, also when the broker is away and nothing moves.
#[tokio::test]
async fn what_waits_is_shown_with_its_age() {
    let world = World::start().await;
    let metrics = telemetry::Metrics::new("intake");
    let age = || metrics.value("messaging_outbox_oldest_age_seconds");
    world.broker.kill().await;
    let mut tx = world.intake.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    let mut waiting = world.event(&mut tx, street(1), Lane::Normal, "waiting").await;
    waiting.id = world.minter.mint(waiting.at - Duration::from_secs(90)).into();
    world.outbox.append(&mut tx, std::slice::from_ref(&waiting)).await.unwrap();
    tx.commit().await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.relay().measured(&metrics).run(stop.clone()));
    let old = wait::until(Duration::from_secs(30), async || age().filter(|age| *age >= 90.0)).await;
    assert!(old.is_some(), "it waits for a minute and a half: {:?}", age());
    world.broker.restart().await.unwrap();
    let none = wait::until(Duration::from_secs(30), async || age().filter(|age| *age == 0.0)).await;
    assert!(none.is_some(), "nothing waits any more: {:?}", age());
    stop.cancel();
    running.await.unwrap();
}

/// A busy relay looks at the last seconds; what commits long after its id was minted is found all the same.
#[tokio::test]
async fn what_commits_very_late_is_found_by_a_thorough_look() {
    let world = World::start().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.relay().run(stop.clone()));
    for _ in 0..3 {
        world.say(&[street(1)], &["now"; 5]).await;
        until_empty(&world).await;
        let mut tx = world.intake.begin(TenantScope::of_principal([street(1)])).await.unwrap();
        let mut late = world.event(&mut tx, street(1), Lane::Normal, "late").await;
        late.id = world.minter.mint(late.at - Duration::from_secs(20)).into();
        world.outbox.append(&mut tx, std::slice::from_ref(&late)).await.unwrap();
        tx.commit().await.unwrap();
        until_empty(&world).await;
    }
    stop.cancel();
    running.await.unwrap();
    check_chains(&world).await;
}

/// Sessions that hold shards of this database, and how many each holds.
async fn holders(world: &World) -> Vec<i64> {
    let statement = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid ORDER BY pid";
    sqlx::query_scalar(statement).fetch_all(&world.admin).await.unwrap()
}

/// Two relays at once: neither may hold more than half of the shards, so neither could do it alone; together they
/// publish everything, once sealed.
#[tokio::test]
async fn two_relays_share_the_shards() {
    let world = World::start().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let half = RelayConfig { shards_max: 4, ..relay_config() };
    let relay = || world.relay_with(world.intake_relay.clone(), half.clone());
    let relays: Vec<_> = (0..2).map(|_| tokio::spawn(relay().run(stop.clone()))).collect();
    let shared =
        wait::until(Duration::from_secs(30), async || (holders(&world).await == [2, 2, 2, 2]).then_some(()));
    assert!(shared.await.is_some(), "held: {:?}", holders(&world).await);
    let tenants: Vec<_> = (1..=16).map(street).collect();
    let mut said = std::collections::BTreeSet::<Uuid>::new();
    for _ in 0..10 {
        said.extend(world.say(&tenants, &["word"; 64]).await);
    }
    until_empty(&world).await;
    stop.cancel();
    for relay in relays {
        relay.await.unwrap();
    }
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
    check_chains(&world).await;
}

/// Shards that somebody let go are adopted by a relay that never comes to rest.
#[tokio::test]
async fn a_busy_relay_adopts_orphaned_shards() {
    let world = World::start().await;
    let leaving = tokio_util::sync::CancellationToken::new();
    let half = RelayConfig { shards_max: 4, ..relay_config() };
    let first = tokio::spawn(world.relay_with(world.intake_relay.clone(), half).run(leaving.clone()));
    let held = wait::until(Duration::from_secs(30), async || (holders(&world).await == [2, 2]).then_some(()));
    assert!(held.await.is_some());
    let stop = tokio_util::sync::CancellationToken::new();
    let second = tokio::spawn(world.relay().run(stop.clone()));
    let shared =
        wait::until(Duration::from_secs(30), async || (holders(&world).await == [2, 2, 2, 2]).then_some(()));
    assert!(shared.await.is_some(), "held: {:?}", holders(&world).await);
    leaving.cancel();
    first.await.unwrap();
    let tenants: Vec<_> = (1..=16).map(street).collect();
    // Something new for it to do whenever we look.
    let adopted = wait::until(Duration::from_secs(30), async || {
        world.say(&tenants, &["word"; 64]).await;
        (holders(&world).await == [4, 4]).then_some(())
    });
    assert!(adopted.await.is_some(), "held: {:?}", holders(&world).await);
    until_empty(&world).await;
    stop.cancel();
    second.await.unwrap();
    check_chains(&world).await;
}

/// A relay has read pending rows and is slow; it loses its session, another one seals, publishes and deletes them and
/// goes on; then the slow one wakes up. Nothing is sealed twice.
#[tokio::test]
async fn a_relay_that_wakes_up_late_seals_nothing_again() {
    let world = World::start().await;
    let patient = PoolConfig { connections_max: 2, begin_timeout_ms: 60_000, ..PoolConfig::default() };
    let pool = Pool::new(&world.database.url_for("intake_relay"), "intake", &patient).unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let slow = tokio::spawn(world.relay_with(pool.clone(), relay_config()).run(stop.clone()));
    let held = wait::until(Duration::from_secs(30), async || (holders(&world).await == [4, 4]).then_some(()));
    assert!(held.await.is_some());
    // It can read what is pending, on its own connections, and cannot begin to seal.
    let scope = || TenantScope::of_subjects([street(1)]);
    let (one, two) = (pool.begin(scope()).await.unwrap(), pool.begin(scope()).await.unwrap());
    let tenants: Vec<_> = (1..=16).map(street).collect();
    let mut said = world.say(&tenants, &["word"; 32]).await;
    let session = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    // A loop that found nothing looks again within 100 ms; one that found something waits for a connection.
    let read = wait::until(Duration::from_secs(30), async || {
        let statement = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid IN ({session}) AND state = 'idle'
             AND state_change < clock_timestamp() - interval '1 second'"
        );
        let idle: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&world.admin).await.unwrap();
        (idle == 2).then_some(())
    });
    assert!(read.await.is_some(), "the slow relay did not get stuck");
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN ({session})");
    sqlx::query(sqlx::AssertSqlSafe(cut)).execute(&world.admin).await.unwrap();
    let free = wait::until(Duration::from_secs(30), async || holders(&world).await.is_empty().then_some(()));
    assert!(free.await.is_some());
    assert_eq!(world.relay().drain().await.unwrap(), 32);
    said.extend(world.say(&tenants, &["later"; 32]).await);
    assert_eq!(world.relay().drain().await.unwrap(), 32);
    drop((one, two));
    said.extend(world.say(&tenants, &["last"; 32]).await);
    until_empty(&world).await;
    stop.cancel();
    slow.await.unwrap();
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
    check_chains(&world).await;
}

/// What a newer version of the service writes, this relay publishes; a pending row that names no journal row is set
/// aside. Neither stops anybody.
#[tokio::test]
async fn what_the_relay_cannot_read_stops_nobody() {
    let world = World::start().await;
    world.say(&[street(1), street(2)], &["word"; 10]).await;
    for statement in [
        "UPDATE intake.journal SET event_type = 'intake.report.unheard_of', lane = 1
         WHERE id = (SELECT id FROM intake.journal LIMIT 1)",
        "INSERT INTO intake.outbox_pending (journal_id, tenant_id, shard, lane)
         SELECT '00000000-0000-7000-8000-000000000001', 990102001000, shard, 0 FROM intake.outbox_pending LIMIT 1",
    ] {
        sqlx::query(statement).execute(&world.admin).await.unwrap();
    }
    world.relay().drain().await.unwrap();
    assert_eq!(world.count("intake.outbox_pending").await, 0);
    assert_eq!(world.count("intake.outbox_quarantined").await, 1);
    let consumer = world.consumer("triage", "");
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.count("triage.effects").await, 9);
    assert_eq!(world.count("triage.parked").await, 1, "its hearer does not know the type either");
    check_chains(&world).await;
}

/// The relay's role can do its job and nothing else (D5).
#[tokio::test]
async fn the_relays_role_is_narrow() {
    let world = World::start().await;
    world.say(&[street(1)], &["word"]).await;
    let mut tx = world.intake_relay.begin(TenantScope::of_subjects([street(1)])).await.unwrap();
    for forbidden in [
        "INSERT INTO effects SELECT 990102001000, gen_random_uuid(), 1, now()",
        "UPDATE journal SET actor = 'somebody'",
        "DELETE FROM journal",
        "UPDATE seals SET n = 9",
        "INSERT INTO outbox_pending VALUES (gen_random_uuid(), 990102001000, 0, 0)",
    ] {
        sqlx::query("SAVEPOINT s").execute(&mut *tx).await.unwrap();
        let refused = sqlx::query(forbidden).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{forbidden}: {refused}");
        sqlx::query("ROLLBACK TO s").execute(&mut *tx).await.unwrap();
    }
}
