//! What an installation's database says about itself, for `streetwise doctor`: versions, roles, policies. Reads only.
//!
//! Row security is held against what the migrations make: a policy's text is compared with that of the same policy as this
//! very server prints it, so that no version of Postgres needs a text of its own here.
//! Not here: what to do about it, and content of any table.

use sqlx::PgConnection;

use crate::error::Error;
use crate::migrate;
use crate::store::inspect as sql;

/// Tables that hold ids only and are seen whole by their service (D4). Every addition is a review.
pub const INFRASTRUCTURE: &[&str] = &[
    "outbox_pending",
    "outbox_quarantined",
    "outbox_again",
    "inbox",
    "parked",
    "wakeups",
    "clock_acceptances",
    "document_heads",
    "document_revision",
    "removals",
    "tracking_codes",
    "tracking",
    "unsequenced",
];

/// The server.
#[derive(Debug, Clone)]
pub struct Server {
    /// As it prints it, e.g. `17.2`.
    pub version: String,
    /// Its clock, bound by the same statement.
    pub now: jiff::Timestamp,
    /// `fsync`, `full_page_writes`, `synchronous_commit`: what durable means there.
    pub durability: [String; 3],
    /// Connections open now, and at most.
    pub connections: (i64, i64),
}

/// Something about a role or a table that is not as migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The role, or `schema.table`.
    pub of: String,
    /// What is wrong, in English.
    pub what: String,
}

/// The server's own word.
pub async fn server(connection: &mut PgConnection) -> Result<Server, Error> {
    let row = sql::server(connection).await?;
    Ok(Server {
        version: row.version,
        now: row.now.to_jiff(),
        durability: [row.fsync, row.full_page_writes, row.synchronous_commit],
        connections: (row.open, row.at_most),
    })
}

/// Roles of these services that could get around row security, and those that are not there.
pub async fn roles(connection: &mut PgConnection, services: &[&str]) -> Result<Vec<Fault>, Error> {
    let logins = services.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_relay")]);
    let owners = services.iter().map(|name| format!("{name}_owner"));
    let wanted: Vec<String> = logins.chain(owners).collect();
    let found = sql::roles(connection, &wanted).await?;
    let mut faults = Vec::new();
    for name in &wanted {
        let Some(role) = found.iter().find(|role| role.name == *name) else {
            faults.push(Fault { of: name.clone(), what: "is not there".to_owned() });
            continue;
        };
        let owner = name.ends_with("_owner");
        let wrong = [
            (role.superuser, "is a superuser"),
            (role.bypasses, "bypasses row security"),
            (role.makes_roles, "may make roles"),
            (role.makes_databases, "may make databases"),
            (owner && role.logs_in, "is an owner and may log in"),
            (role.member, "is a member of another role"),
            (role.owns && !owner, "owns tables, and may change their policies"),
        ];
        let wrong = wrong.iter().filter(|(is, _)| *is);
        faults.extend(wrong.map(|(_, what)| Fault { of: name.clone(), what: (*what).to_owned() }));
    }
    Ok(faults)
}

/// Tables of these services that row security does not hold as the migrations made it.
pub async fn policies(connection: &mut PgConnection, services: &[&str]) -> Result<Vec<Fault>, Error> {
    let tenant = migrate::tenant_policy_as_printed(connection).await?;
    let services: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
    let policies = sql::policies(connection, &services).await?;
    let mut faults = Vec::new();
    for table in sql::tables(connection, &services).await? {
        let of = format!("{}.{}", table.schema, table.name);
        let mut say = |what: String| faults.push(Fault { of: of.clone(), what });
        if !table.enabled || !table.forced {
            say("row security is not enabled and forced".to_owned());
        }
        let own: Vec<&sql::Policy> = policies.iter().filter(|policy| policy.table_id == table.id).collect();
        for name in wanted(&table) {
            if !own.iter().any(|policy| policy.name == name) {
                say(format!("policy {name} is missing"));
            }
        }
        for policy in own {
            if !as_migrated(policy, &table, &tenant) {
                say(format!("policy {} is not as migrated: USING {}", policy.name, policy.using));
            }
        }
    }
    Ok(faults)
}

/// Partitions are reached through their parent and have no policy.
fn wanted(table: &sql::Table) -> Vec<&'static str> {
    match (table.partition, infrastructure(table)) {
        (true, _) => Vec::new(),
        (false, true) => vec!["service", "maintenance"],
        (false, false) => vec!["tenant", "maintenance"],
    }
}

fn infrastructure(table: &sql::Table) -> bool {
    INFRASTRUCTURE.contains(&table.name.as_str())
}

fn as_migrated(policy: &sql::Policy, table: &sql::Table, tenant: &str) -> bool {
    let for_role = |suffix: &str| policy.roles == [format!("{}{suffix}", table.schema)];
    let checked = policy.checked.as_deref();
    let open = policy.using == "true" && checked.is_none_or(|text| text == "true");
    if table.partition || !policy.all_commands || !policy.permissive {
        return false;
    }
    match (policy.name.as_str(), infrastructure(table)) {
        ("tenant", false) => policy.roles.is_empty() && policy.using == tenant && checked == Some(tenant),
        ("maintenance", _) => open && for_role("_owner"),
        ("service", true) => open && for_role(""),
        ("relay", true) => open && for_role("_relay"),
        _ => false,
    }
}
