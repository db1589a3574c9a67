//! The rooms: one constant per rule, with its places and the reason of each.

use super::{Look, Room};
use crate::place::{Place, place};

const SQL_FILES: &[Place] = &[
    place("services/*/src/store.rs", "the room of SQL"),
    place("services/*/src/store/", "the room of SQL"),
    place("crates/*/src/store.rs", "the room of SQL of a shared crate"),
    place("crates/*/src/store/", "the room of SQL of a shared crate"),
    place("crates/messaging/src/relay/sql.rs", "the relay's own role needs queries of its own"),
    place("crates/pg/src/pool.rs", "narrows the scope of a running transaction"),
    place("crates/pg/src/clock.rs", "binds the database's time"),
    place("crates/pg/src/migrate.rs", "roles and schemas"),
    place("crates/testkit/", "databases for tests"),
    place("tests/harness/", "looks from outside, as an administrator"),
];

/// SQL lives in `store/`.
pub const SQL: Room = Room {
    name: "SQL",
    words: &[
        "sqlx::query",
        "sqlx::query_as",
        "sqlx::query_scalar",
        "sqlx::query_file",
        "raw_sql",
        "QueryBuilder",
        "query!(",
        "query_as!(",
        "query_scalar!(",
    ],
    look: Look::Production,
    within: &[],
    places: SQL_FILES,
    instead: "move the query into `store/`, one query per function, the caller owns the transaction",
};

/// SQL is checked when it is compiled.
pub const CHECKED_SQL: Room = Room {
    name: "unchecked SQL",
    words: &[
        "sqlx::query(",
        "sqlx::query_as(",
        "sqlx::query_scalar(",
        "query_as::<",
        "query_scalar::<",
        "raw_sql",
        "AssertSqlSafe",
        "QueryBuilder",
    ],
    look: Look::Production,
    within: &[],
    places: &[
        place("crates/pg/src/pool.rs", "SET LOCAL takes no parameters; built from typed ids only (D2)"),
        place("crates/pg/src/migrate.rs", "roles and schemas; names are constants of ours"),
        place("crates/testkit/", "tests make databases by name"),
        place("tests/harness/", "looks at tables of all services, which no one path resolves"),
    ],
    instead: "use sqlx::query!, query_as! or query_scalar!; what varies is a parameter (UNNEST for many rows)",
};

/// Transactions of a service begin in few rooms.
pub const BEGIN: Room = Room {
    name: "begin",
    words: &[".begin("],
    look: Look::Production,
    within: &["services/"],
    places: &[
        place("services/*/src/handle.rs", "the one room where things happen"),
        place("services/*/src/handle/", "the one room where things happen"),
        place("services/*/src/inbound/", "reads of a door; what is said is said in `handle` (next rule)"),
        place(
            "services/intake/src/contacts.rs",
            "makes a tenant's data key once, before any report needs it",
        ),
        place("services/intake/src/pressure.rs", "measures the outbox for the high-water mark (D24)"),
        place("services/notification/src/secret_keeper.rs", "looks which endpoints have no secret yet"),
    ],
    instead: "take the scoped transaction as an argument; effects begin in `handle`, reads in `inbound`",
};

/// Events are said in `handle` only, in the transaction of the change.
pub const SAY: Room = Room {
    name: "say",
    words: &["outbox.append("],
    look: Look::Production,
    within: &["services/"],
    places: &[
        place("services/*/src/handle.rs", "the one room where things happen"),
        place("services/*/src/handle/", "the one room where things happen"),
    ],
    instead: "doors and stores say nothing: make a command and let `handle` append to the outbox",
};

/// Scopes over all tenants, and scopes of nobody.
pub const WIDE_SCOPE: Room = Room {
    name: "wide scope",
    words: &["for_snapshot(", "of_claim("],
    look: Look::Production,
    within: &[],
    places: &[
        place("crates/pg/", "defines them"),
        place("crates/snapshot/src/poll.rs", "reads every tenant's documents, read only (D3)"),
        place(
            "crates/snapshot/src/removal.rs",
            "removals, an infrastructure table; rows go by its functions (D4)",
        ),
        place("crates/messaging/src/parking.rs", "infrastructure tables only (D4)"),
        place("crates/messaging/src/parking/", "finds the row, then narrows to its tenant (D4)"),
        place("crates/messaging/src/relay/age.rs", "the oldest pending row, an infrastructure table (D4)"),
        place("crates/messaging/src/housekeeping.rs", "partitions and rows of no one tenant"),
        place("crates/wakeups/src/runner.rs", "claims across tenants, then narrows (D4)"),
        place("crates/bootstrap/src/clock.rs", "accepts the clock, an infrastructure table (D4, D29)"),
        place(
            "services/dispatch/src/handle/auditor.rs",
            "reads what is open of every street, read only (D3)",
        ),
        place("services/intake/src/pressure.rs", "counts pending rows, an infrastructure table (D4)"),
        place(
            "services/console/src/handle/sequence.rs",
            "finds unsequenced rows, an infrastructure table (D4)",
        ),
        place(
            "services/console/src/inbound/http/tracking.rs",
            "finds a code's tenant, an infrastructure table (D4)",
        ),
    ],
    instead: "name the tenants: of_principal for a door, of_subjects for messages (D3)",
};

/// Outbound HTTP.
pub const EGRESS: Room = Room {
    name: "outbound HTTP",
    words: &["reqwest", "hyper_util::client", "hyper::client", "TcpStream::connect", "lookup_host"],
    look: Look::Production,
    within: &[],
    places: &[
        place("services/notification/src/egress.rs", "the only way out: resolves, filters, pins"),
        place("services/notification/src/egress/", "the only way out: resolves, filters, pins"),
        place("services/streetwise/", "a person's tool, not a service"),
    ],
    instead: "no service calls another; what goes to a body's endpoint goes through notification's egress",
};

/// Publishing to the broker.
pub const PUBLISH: Room = Room {
    name: "publish",
    words: &[".publish(", "publish_with_headers(", "publish_message(", "send_publish(", "publish_with_reply"],
    look: Look::Production,
    within: &[],
    places: &[
        place(
            "crates/messaging/src/relay/publish.rs",
            "the relay publishes what is sealed; nothing else does",
        ),
        place("services/console/src/live.rs", "hints on core NATS that may be lost (D25)"),
    ],
    instead: "append to the outbox in the transaction of the change; the relay publishes",
};

/// Clocks of this machine.
pub const CLOCKS: Room = Room {
    name: "clocks",
    words: &["SystemTime::now", "Timestamp::now", "Zoned::now", "Instant::now", "Utc::now", "Local::now"],
    look: Look::Production,
    within: &[],
    places: &[
        place("crates/pg/src/clock.rs", "elapsed time, compared with the database's by the jump guard (D29)"),
        place("crates/pg/src/pace.rs", "elapsed time: how long a round took, and so how long the loop rests"),
        place("crates/bootstrap/src/door/guard.rs", "elapsed time: deadlines of a body and of an answer"),
        place(
            "crates/bootstrap/src/door/body.rs",
            "elapsed time: the deadline of an answer stands meanwhile",
        ),
        place(
            "crates/telemetry/src/stopwatch.rs",
            "elapsed time: how long something took, for telemetry only",
        ),
        place(
            "crates/bootstrap/src/identity.rs",
            "a token's expiry is by the wall clock of its issuer's world",
        ),
        place(
            "services/intake/src/quotas.rs",
            "elapsed time: how full a street's bucket is; bounds cost, decides nothing",
        ),
        place(
            "crates/bootstrap/src/door/strangers.rs",
            "elapsed time: how full a bucket is; bounds cost and guessing, decides nothing",
        ),
        place(
            "crates/bootstrap/src/rpc/incoming.rs",
            "elapsed time: how long a connection may stay a stranger's",
        ),
        place(
            "services/dispatch/src/inbound/rpc/seats.rs",
            "elapsed time: when a watcher's seat is free again",
        ),
        place(
            "crates/territory/examples/locate/main.rs",
            "elapsed time: how long the look-ups took, printed",
        ),
        place("crates/bootstrap/src/catch_up.rs", "elapsed time: when the last sweep was"),
        place("crates/bootstrap/src/removal.rs", "elapsed time: when removals are looked at again"),
        place("services/streetwise/src/street/offboard.rs", "elapsed time: how long the command waits"),
        place("services/notification/src/deliverer.rs", "elapsed time: how long an attempt took"),
        place("services/streetwise/src/street/verify/", "elapsed time: how long drills are waited for"),
        place(
            "services/streetwise/src/classifier/",
            "elapsed time: how long training and judging took, printed",
        ),
        place("services/streetwise/src/wall_clock.rs", "tokens and signatures of a person's tool"),
        place(
            "services/streetwise/src/demo/storm.rs",
            "elapsed time: how long people wait, told to who watches",
        ),
        place(
            "services/streetwise/src/demo/wait.rs",
            "elapsed time: how long the demonstration waits for a step",
        ),
    ],
    instead: "take `now` as an argument, bound from the database by pg::DbClock (D29)",
};

/// Ways around row security.
pub const BYPASS: Room = Room {
    name: "row security bypass",
    words: &["SECURITY DEFINER", "BYPASSRLS", "DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL", "SET ROLE"],
    look: Look::ProductionAndStrings,
    within: &[],
    places: &[
        place(
            "crates/pg/migrations/0001_rooms.sql",
            "ensure_day_partitions: two table names, fixed search_path",
        ),
        place(
            "crates/messaging/migrations/0022_partitions.sql",
            "one day of two tables, and rows that have served their time; fixed search_path",
        ),
        place(
            "crates/snapshot/migrations/0080_removals.sql",
            "all rows of one tenant whose removal has begun, which stays on the record; fixed search_path",
        ),
        place("crates/pg/src/migrate.rs", "NOBYPASSRLS; becomes the owner to migrate"),
        place("scripts/dev/schema.sh", "becomes the owner to migrate a database for query checking"),
    ],
    instead: "row security has no back door: ask for a scope, or bring it to a review of this list",
};

/// The environment is read once.
pub const ENVIRONMENT: Room = Room {
    name: "environment",
    words: &["env::var", "env::vars", "env::var_os"],
    look: Look::Production,
    within: &[],
    places: &[
        place("crates/bootstrap/src/config.rs", "reads it once, at start"),
        place("crates/pg/src/crash.rs", "crash points, debug builds only"),
        place("crates/contract/build.rs", "where cargo wants what a build script makes"),
        place("crates/telemetry/src/settings.rs", "the standard OpenTelemetry variables, once, at start"),
        place("services/streetwise/src/dev_identity.rs", "refuses to run outside development"),
    ],
    instead: "read a knob from `house.env` in config.rs; nothing asks the environment later",
};

/// Tasks are tracked.
pub const TASKS: Room = Room {
    name: "tasks",
    words: &["tokio::spawn(", "thread::spawn(", "spawn_blocking("],
    look: Look::Production,
    within: &[],
    places: &[
        place("crates/pg/src/pool.rs", "beginning must outlive a cancelled caller; awaited at once"),
        place(
            "crates/messaging/src/consumer/pull.rs",
            "acknowledgements beside the next batch; awaited before the next ones and at the end",
        ),
        place("crates/snapshot/src/poll.rs", "compiling beside those who answer; awaited at once"),
        place(
            "services/directory/src/handle/plan.rs",
            "looking at rules, one request at a time; awaited at once",
        ),
        place("services/triage/src/handle/backtest.rs", "one page of past cases; awaited at once"),
        place("crates/telemetry/src/process.rs", "the last flush, given up when its time is over"),
        place("services/streetwise/src/sink/", "a receiver for demonstrations, not a service"),
    ],
    instead: "put it into a `Part` (plan.part) or take bootstrap's tracked spawn, so that shutdown waits for it",
};

/// Logs are JSON.
pub const PRINTING: Room = Room {
    name: "printing",
    words: &["println!(", "eprintln!(", "print!(", "eprint!("],
    look: Look::Production,
    within: &["crates/*/src/", "services/"],
    places: &[
        place("services/streetwise/", "a person reads it"),
        place("crates/pg/src/crash.rs", "the process ends on the next line"),
    ],
    instead: "log with tracing: a message that reads alone, facts as fields",
};

/// Unfinished work.
pub const UNFINISHED: Room = Room {
    name: "unfinished",
    words: &["#[ignore", "todo!", "unimplemented!", "dbg!"],
    look: Look::Everything,
    within: &[],
    places: &[],
    instead: "finish it, or leave it out and say so; a test that shows wrong behaviour asserts the wrong behaviour",
};

/// Tests wait for a level with a deadline.
pub const SLEEPS: Room = Room {
    name: "sleeps in tests",
    words: &["sleep("],
    look: Look::Tests,
    within: &[],
    places: &[
        place("crates/testkit/src/", "waits, delays and faults on purpose"),
        place("tests/harness/", "paces load and faults"),
    ],
    instead: "wait for a level with testkit::wait, or move the rig's clock; sleeping makes tests slow and flaky",
};

/// `core/` of a service is pure.
pub const PURE_CORE: Room = Room {
    name: "pure core",
    words: &["sqlx", "ScopedTx", ".await", "async fn", "tokio::", "async_nats", "House<", "Minter"],
    look: Look::Production,
    within: &["services/*/src/core.rs", "services/*/src/core/"],
    places: &[],
    instead: "`core/` decides from its arguments; loading, saving and minting are `handle`'s",
};

/// A service's personal data stays sealed: who may open it.
pub const OPEN_SEALED: Room = Room {
    name: "opening sealed fields",
    words: &["seal::"],
    look: Look::Production,
    within: &["services/"],
    places: &[
        place("services/intake/", "seals at the door, reveals with a purpose (D20)"),
        place("services/notification/", "wraps endpoint secrets, opens contacts to tell them (D20)"),
    ],
    instead: "forward the sealed bytes; only intake and notification mount the key (D20)",
};

/// All of them.
pub const ROOMS: &[&Room] = &[
    &SQL,
    &CHECKED_SQL,
    &BEGIN,
    &SAY,
    &WIDE_SCOPE,
    &EGRESS,
    &PUBLISH,
    &CLOCKS,
    &BYPASS,
    &ENVIRONMENT,
    &TASKS,
    &PRINTING,
    &UNFINISHED,
    &SLEEPS,
    &PURE_CORE,
    &OPEN_SEALED,
];
