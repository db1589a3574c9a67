//! The whole system as real processes, load on it, faults in it, and the checker that says what broke.
//!
//! - [`cluster`]: Postgres (synced), NATS, a webhook sink and the six services as processes.
//! - [`streets`]: generated street manifests, so that a run has twenty tenants.
//! - [`load`]: open-loop reports with a history that keeps unknowns.
//! - [`invariants`]: the predicates I1–I16 of `docs/invariants.md`, over the databases, the sink and the history.
//! - [`drill`]: the restore drill of `./dev restore-drill`.
//! - [`measure`]: percentiles and the machine's own limits.
//! - [`bench`]: the measuring programs of `./dev bench`.

pub mod bench;
mod broker_users;
pub mod chaos;
pub mod cluster;
pub mod drill;
mod front;
pub mod hops;
pub mod invariants;
pub mod load;
pub mod measure;
pub mod streets;

/// The schemas of all services, as `streetwise migrate` makes them.
pub fn schemas() -> Vec<pg::migrate::Schema> {
    use bootstrap::schema;
    vec![
        schema::<intake::Intake>(),
        schema::<triage::Triage>(),
        schema::<dispatch::Dispatch>(),
        schema::<notification::Notification>(),
        schema::<directory::Directory>(),
        schema::<console::Console>(),
    ]
}
