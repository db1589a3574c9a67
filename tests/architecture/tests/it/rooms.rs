use architecture::rooms::{self, ROOMS, Room};
use architecture::source::{self, Source};

use crate::none;

fn hold(room: &Room) {
    none(room.offences(&source::read(&["rs", "sql", "sh"])));
}

macro_rules! rooms {
    ($($test:ident: $room:ident,)*) => {
        $(#[test]
        fn $test() {
            hold(&rooms::$room);
        })*

        const TESTED: &[&Room] = &[$(&rooms::$room,)*];
    };
}

rooms! {
    sql_lives_in_store: SQL,
    sql_is_checked_when_compiled: CHECKED_SQL,
    transactions_begin_in_handle_and_in_reads: BEGIN,
    events_are_said_in_handle: SAY,
    wide_scopes_are_reviewed: WIDE_SCOPE,
    outbound_http_is_notifications_egress: EGRESS,
    only_the_relay_publishes: PUBLISH,
    no_clock_of_this_machine_decides: CLOCKS,
    row_security_has_no_back_door: BYPASS,
    the_environment_is_read_once: ENVIRONMENT,
    every_task_is_tracked: TASKS,
    logs_are_not_printed: PRINTING,
    nothing_is_unfinished: UNFINISHED,
    tests_do_not_sleep: SLEEPS,
    core_of_a_service_is_pure: PURE_CORE,
    sealed_fields_are_opened_by_two_services: OPEN_SEALED,
}

/// For every room: a bad example, and the same text in a place where it may stand.
const EXAMPLES: &[(&str, &str, &str, Option<&str>)] = &[
    (
        "SQL",
        "services/triage/src/handle.rs",
        "sqlx::query!(\"SELECT 1\")",
        Some("services/triage/src/store/cases.rs"),
    ),
    (
        "SQL",
        "crates/messaging/src/relay.rs",
        "use sqlx::query_as;",
        Some("crates/messaging/src/relay/sql.rs"),
    ),
    (
        "unchecked SQL",
        "services/triage/src/store/cases.rs",
        "sqlx::query(&format!(\"SELECT {x}\"))",
        Some("services/triage/tests/it/main.rs"),
    ),
    (
        "begin",
        "services/triage/src/store/cases.rs",
        "pool.begin(scope)",
        Some("services/triage/src/handle/open.rs"),
    ),
    (
        "say",
        "services/console/src/inbound/http.rs",
        "house.outbox.append(&mut tx, &events)",
        Some("services/console/src/handle.rs"),
    ),
    (
        "wide scope",
        "services/console/src/inbound/http.rs",
        "TenantScope::for_snapshot(all)",
        Some("crates/snapshot/src/poll.rs"),
    ),
    (
        "outbound HTTP",
        "services/dispatch/src/handle.rs",
        "reqwest::get(url)",
        Some("services/notification/src/egress.rs"),
    ),
    (
        "publish",
        "services/dispatch/src/handle.rs",
        "jetstream.publish(subject, payload)",
        Some("crates/messaging/src/relay/publish.rs"),
    ),
    ("clocks", "services/dispatch/src/core/view.rs", "Timestamp::now()", Some("crates/testkit/src/wait.rs")),
    (
        "row security bypass",
        "services/dispatch/migrations/0002_fast.sql",
        "CREATE FUNCTION f() LANGUAGE sql SECURITY DEFINER",
        Some("crates/pg/migrations/0001_rooms.sql"),
    ),
    (
        "row security bypass",
        "crates/messaging/src/store.rs",
        "\"SET ROLE postgres\"",
        Some("crates/pg/src/migrate.rs"),
    ),
    (
        "environment",
        "services/dispatch/src/handle.rs",
        "std::env::var(\"KNOB\")",
        Some("crates/bootstrap/src/config.rs"),
    ),
    ("tasks", "services/console/src/live.rs", "tokio::spawn(async {})", Some("crates/pg/src/pool.rs")),
    (
        "printing",
        "services/triage/src/handle.rs",
        "println!(\"{x}\")",
        Some("services/streetwise/src/street.rs"),
    ),
    ("unfinished", "services/triage/tests/it/main.rs", "#[ignore = \"flaky\"]", None),
    ("unfinished", "crates/ids/src/body.rs", "todo!()", None),
    (
        "sleeps in tests",
        "services/triage/tests/it/main.rs",
        "tokio::time::sleep(d).await",
        Some("tests/harness/src/load.rs"),
    ),
    (
        "pure core",
        "services/triage/src/core/join.rs",
        "async fn near(tx: &mut ScopedTx) {}",
        Some("services/triage/src/handle.rs"),
    ),
    (
        "opening sealed fields",
        "services/console/src/handle.rs",
        "use seal::DataKey;",
        Some("services/intake/src/lib.rs"),
    ),
];

#[test]
fn every_room_refuses_its_bad_example() {
    for (name, path, text, allowed) in EXAMPLES {
        let room = ROOMS.iter().find(|room| room.name == *name).unwrap_or_else(|| panic!("no room {name}"));
        let found = room.offences(&[Source::made_up(path, text)]);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{path}:1: ")), "{name}: {found:?}");
        let fine = allowed.map(|path| room.offences(&[Source::made_up(path, text)])).unwrap_or_default();
        assert_eq!(fine, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn no_exception_outlives_its_reason() {
    let sources = source::read(&["rs", "sql", "sh"]);
    none(ROOMS.iter().flat_map(|room| room.idle_places(&sources)).collect());
    let empty = [Source::made_up("crates/pg/src/clock.rs", "//! No query any more.")];
    assert!(rooms::SQL.idle_places(&empty).iter().any(|idle| idle.contains("crates/pg/src/clock.rs")));
}

#[test]
fn every_room_is_tested_and_has_an_example() {
    for room in ROOMS {
        assert!(TESTED.iter().any(|tested| tested.name == room.name), "{} is not tested", room.name);
        assert!(EXAMPLES.iter().any(|example| example.0 == room.name), "{} has no bad example", room.name);
    }
}

#[test]
fn words_in_comments_strings_and_longer_names_are_no_offence() {
    let fine = "//! todo!\n/* sqlx::query */ let a = \"reqwest\"; my_reqwest(); // println!(\n";
    for room in ROOMS {
        assert_eq!(
            room.offences(&[Source::made_up("services/triage/src/lib.rs", fine)]),
            Vec::<String>::new()
        );
    }
}
