//! One file per kind of thing that must not drift; beside each rule, examples that it must refuse.

mod alerts;
mod broker;
mod commands;
mod metrics;
mod pods;
mod routes;
mod variables;

/// Fails with every offence on a line of its own.
fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "{} against this rule:\n  {}\n", offences.len(), offences.join("\n  "));
}
