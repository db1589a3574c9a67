//! One test per rule; beside each, the bad examples its predicate must refuse.

mod alarms;
mod catalogue;
mod errors;
mod feedback;
mod fields;
mod house;
mod imports;
mod links;
mod manifest;
mod purity;
mod rooms;
mod schema;
mod shown;
mod text;

/// Fails with every offence on a line of its own.
fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "{} against this rule:\n  {}\n", offences.len(), offences.join("\n  "));
}
