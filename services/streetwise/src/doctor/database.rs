//! The database: version, durability, schemas, roles, policies, its clock, and what waits in it.

use bootstrap::schema;
use contract::topology;
use messaging::backlog::{self, Backlog};
use pg::inspect::{self, Fault, Server};
use pg::migrate::{self, Schema, Standing};

use super::finding::{Finding, State};
use crate::wall_clock;

const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];
const MAJOR_MIN: u32 = 15;
/// Above this a forward jump holds acts and firing (D29).
const SKEW_S_MAX: i64 = 2;
/// The objective `outbox-age` is far below; at this age nothing leaves any more.
const PENDING_S_MAX: i64 = 60;
/// I6.
const OVERDUE_S_MAX: i64 = 30;
const CONNECTION: &str =
    "请核对 --admin-url，并先运行 streetwise migrate / check --admin-url, and run streetwise migrate first";

pub(super) async fn look(admin_url: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    match server(admin_url).await {
        Ok(of_server) => found.extend(of_server),
        Err(error) => {
            found.push(Finding::unreachable("database", "数据库 database", error, CONNECTION));
            return found;
        }
    }
    found.push(schemas(admin_url).await);
    for service in SERVICES {
        found.push(match backlog::of(admin_url, service).await {
            Ok(backlog) => waiting(service, &backlog),
            Err(error) => Finding::unreachable("backlog", "积压 backlog", error, CONNECTION),
        });
    }
    found
}

async fn server(admin_url: &str) -> Result<Vec<Finding>, pg::Error> {
    let mut connection = migrate::as_administrator(admin_url).await?;
    let asked = wall_clock::now();
    let server = inspect::server(&mut connection).await?;
    let answered = wall_clock::now();
    let roles = told(&inspect::roles(&mut connection, &SERVICES).await?);
    let policies = told(&inspect::policies(&mut connection, &SERVICES).await?);
    let middle = asked.as_second().midpoint(answered.as_second());
    Ok(vec![
        version(&server),
        durability(&server),
        connections(&server),
        skew(server.now.as_second() - middle),
        Finding::of_faults(
            "roles",
            "角色 roles",
            &roles,
            format!("{} roles, none gets around row security", 3 * SERVICES.len()),
            "请收回权限：ALTER ROLE … NOBYPASSRLS NOSUPERUSER / take the rights back: ALTER ROLE … NOBYPASSRLS NOSUPERUSER",
        ),
        Finding::of_faults(
            "policies",
            "行级安全策略 policies",
            &policies,
            "every table as migrated".to_owned(),
            "策略被改动：查清何人所为，恢复后再运行 / somebody changed a policy: find out who, put it back, then look again",
        ),
    ])
}

fn told(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{}: {}", fault.of, fault.what)).collect()
}

fn version(server: &Server) -> Finding {
    let major: u32 = server.version.split('.').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let next = "请升级到 15 或更高 / upgrade to 15 or newer";
    Finding::well("database-version", "数据库版本 Postgres", &server.version).unless(
        major < MAJOR_MIN,
        State::Failed,
        next,
    )
}

fn durability(server: &Server) -> Finding {
    let [fsync, full_page_writes, synchronous_commit] = &server.durability;
    let found = format!(
        "fsync {fsync}, full_page_writes {full_page_writes}, synchronous_commit {synchronous_commit}"
    );
    let forgets = fsync != "on" || full_page_writes != "on" || synchronous_commit == "off";
    let next = "已受理即已落盘是承诺：请全部打开 / accepted means on disk: switch all of them on";
    Finding::well("durability", "落盘 durability", found).unless(forgets, State::Failed, next)
}

fn connections(server: &Server) -> Finding {
    let (open, at_most) = server.connections;
    let next =
        "见 docs/operations/scale.md 的连接预算 / see the connection budget in docs/operations/scale.md";
    Finding::well("connections", "连接 connections", format!("{open} of {at_most}")).unless(
        open * 5 > at_most * 4,
        State::Warning,
        next,
    )
}

fn skew(seconds: i64) -> Finding {
    let next = "数据库与本机时钟不一致：对照可信时间源，见 docs/runbooks/clock-jump.md / the database's clock and this machine's differ: \
                compare with a trusted source, see docs/runbooks/clock-jump.md";
    let found = format!("database {seconds:+} s from this machine");
    Finding::well("clock", "时钟 clock", found).unless(seconds.abs() > SKEW_S_MAX, State::Warning, next)
}

async fn schemas(admin_url: &str) -> Finding {
    let all = [
        schema::<intake::Intake>(),
        schema::<triage::Triage>(),
        schema::<dispatch::Dispatch>(),
        schema::<notification::Notification>(),
        schema::<directory::Directory>(),
        schema::<console::Console>(),
    ];
    let mut faults = Vec::new();
    for schema in &all {
        faults.extend(fault_of(admin_url, schema).await);
    }
    Finding::of_faults(
        "schemas",
        "模式版本 schemas",
        &faults,
        format!("{} schemas, migrated to this binary ({})", all.len(), env!("CARGO_PKG_VERSION")),
        "请用与数据库相同版本的 streetwise，或运行 streetwise migrate / use the streetwise of the database's version, or run streetwise migrate",
    )
}

async fn fault_of(admin_url: &str, schema: &Schema) -> Option<String> {
    let service = schema.service;
    match migrate::standing(admin_url, schema).await {
        Ok(Standing::Current) => None,
        Ok(Standing::Behind(n)) => Some(format!("{service}: {n} migrations are not applied")),
        Ok(Standing::Ahead(n)) => {
            Some(format!("{service}: the database is {n} migrations ahead of this binary"))
        }
        Ok(Standing::Changed(n)) => Some(format!("{service}: {n} applied migrations had another text")),
        Err(error) => Some(format!("{service}: {error}")),
    }
}

fn waiting(service: &'static str, backlog: &Backlog) -> Finding {
    let age = backlog.pending_oldest_s.unwrap_or(0);
    let mut told = vec![format!("{service}: {} pending", backlog.pending)];
    if backlog.pending > 0 {
        told.push(format!("oldest {age} s"));
    }
    let more = [
        (backlog.again, "to publish once more"),
        (backlog.quarantined, "quarantined"),
        (backlog.parked, "parked"),
        (backlog.retried, "waiting for documents"),
    ];
    told.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    let overdue = backlog.overdue_s.unwrap_or(0);
    if overdue > 0 {
        told.push(format!("a wake-up {overdue} s late"));
    }
    let publishes = topology::PUBLISHERS.contains(&service);
    Finding::well("backlog", "积压 backlog", told.join(", "))
        .unless(
            backlog.parked > 0,
            State::Warning,
            "见 docs/runbooks/message-parked.md / see docs/runbooks/message-parked.md",
        )
        .unless(
            publishes && age > PENDING_S_MAX,
            State::Warning,
            "见 docs/runbooks/publishing-stalled.md / see docs/runbooks/publishing-stalled.md",
        )
        .unless(
            overdue > OVERDUE_S_MAX,
            State::Failed,
            "见 docs/runbooks/wake-ups-late.md / see docs/runbooks/wake-ups-late.md",
        )
        .unless(
            backlog.quarantined > 0,
            State::Failed,
            "见 docs/runbooks/outbox-quarantined.md / see docs/runbooks/outbox-quarantined.md",
        )
}

/// Which service a schema is of; for `lag`.
pub(crate) const fn services() -> [&'static str; 6] {
    SERVICES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(durability: [&str; 3]) -> Server {
        Server {
            version: "14.9".to_owned(),
            now: jiff::Timestamp::UNIX_EPOCH,
            durability: durability.map(str::to_owned),
            connections: (81, 100),
        }
    }

    #[test]
    fn what_is_not_well_says_what_to_do() {
        let bad = server(["on", "on", "off"]);
        for (finding, state) in [
            (version(&bad), State::Failed),
            (durability(&bad), State::Failed),
            (connections(&bad), State::Warning),
            (skew(-3), State::Warning),
        ] {
            assert_eq!(finding.state, state, "{finding:?}");
            assert!(!finding.next.is_empty(), "{finding:?}");
        }
        assert_eq!(durability(&server(["on", "on", "remote_apply"])).state, State::Well);
        assert_eq!(skew(2).state, State::Well);
    }

    #[test]
    fn the_worst_of_a_backlog_is_told() {
        let quiet = Backlog {
            pending: 0,
            pending_oldest_s: None,
            again: 0,
            quarantined: 0,
            parked: 0,
            retried: 3,
            overdue_s: None,
        };
        assert_eq!(waiting("triage", &quiet).state, State::Well);
        let parked = Backlog { parked: 1, ..quiet.clone() };
        assert_eq!(waiting("triage", &parked).state, State::Warning);
        let late = Backlog { overdue_s: Some(31), ..parked };
        assert_eq!(waiting("triage", &late).state, State::Failed);
        let stuck = Backlog { pending: 9, pending_oldest_s: Some(61), ..quiet };
        assert_eq!(waiting("triage", &stuck).state, State::Warning);
        // It keeps a journal of its own acts, which nobody publishes.
        assert_eq!(waiting("console", &stuck).state, State::Well);
    }
}
