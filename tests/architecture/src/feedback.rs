//! Events go forward only (design §3); what points back is declared here (D10).

use contract::EventType;
use contract::topology::Hears;

/// Upstream first. The directory is outside: its documents go everywhere and it hears nobody.
pub const FLOW: [&str; 5] = ["intake", "triage", "dispatch", "notification", "console"];

/// The feedback subscriptions: hearing service, service heard, events. Triage learns from them what may be joined and
/// what may be asked again, and may emit nothing because of one, but of a voice that joined what was over (ADR 087). Another one needs
/// an ADR.
pub const DECLARED: &[(&str, &str, &[&str])] = &[(
    "triage",
    "dispatch",
    &[
        "dispatch.case.closed",
        "dispatch.case.reopened",
        "dispatch.case.cancelled",
        "dispatch.case.reroute_refused",
        "dispatch.order.returned",
    ],
)];

/// What is wrong with the table of subscriptions.
pub fn offences(hears: &[Hears]) -> Vec<String> {
    hears.iter().filter_map(offence).collect()
}

fn offence(edge: &Hears) -> Option<String> {
    let name = format!("{} hears {}", edge.service, edge.upstream);
    let (Some(service), Some(upstream)) = (rank(edge.service), rank(edge.upstream)) else {
        return Some(format!("{name}: one of them is not in the flow {FLOW:?}"));
    };
    if let Some(foreign) = edge.events.iter().find(|event| !said_by(edge.upstream, event)) {
        return Some(format!("{name}: `{foreign}` is nothing {} says", edge.upstream));
    }
    match (upstream < service, edge.feedback) {
        (true, false) => None,
        (true, true) => Some(format!("{name}: points forward; take the feedback mark away")),
        (false, false) => Some(format!("{name}: points back; carry what is needed in the event instead")),
        (false, true) if declared(edge) => None,
        (false, true) => {
            Some(format!("{name} {:?}: not a declared feedback edge (D10): write an ADR", edge.events))
        }
    }
}

fn rank(service: &str) -> Option<usize> {
    FLOW.iter().position(|name| *name == service)
}

fn said_by(upstream: &str, pattern: &str) -> bool {
    let group = pattern.strip_suffix(".*");
    EventType::ALL.iter().filter(|kind| kind.service() == upstream).any(|kind| match group {
        Some(group) => kind.as_str().strip_prefix(group).is_some_and(|rest| rest.starts_with('.')),
        None => kind.as_str() == pattern,
    })
}

fn declared(edge: &Hears) -> bool {
    let mut known = DECLARED
        .iter()
        .filter(|(service, upstream, _)| (*service, *upstream) == (edge.service, edge.upstream));
    known.any(|(_, _, events)| edge.events.iter().all(|event| events.contains(event)))
}
