//! Which streams exist and who hears what: the whole of it, as a table (design §3, D10, D13, D14).
//!
//! Nothing here is per tenant. `streetwise provision` makes the broker look like this table and refuses a
//! broker that answers with something else.

use ids::Lane;

use crate::document::Part;

/// How long a stream keeps a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Until every consumer that exists has acknowledged it (events).
    Interest,
    /// The last message of each subject, for ever (documents).
    LastOfSubject,
}

/// One stream: everything one service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// The publishing service; also the stream's name.
    pub name: &'static str,
    /// What it takes.
    pub subjects: String,
    /// How long.
    pub retention: Retention,
    /// Backstop against a consumer that never comes back (D14).
    pub age_max_days: Option<u64>,
    /// Sized for at least 24 h; a full stream refuses new messages and the upstream outbox grows (D24).
    pub bytes_max: i64,
}

/// One durable pull consumer: `<service>-<upstream>-<lane>`, or `<service>-directory` for documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerSpec {
    /// The durable name.
    pub name: String,
    /// The stream it reads.
    pub stream: &'static str,
    /// What it filters.
    pub filters: Vec<String>,
    /// `None` for documents.
    pub lane: Option<Lane>,
}

/// A service and one upstream it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hears {
    /// The hearing service.
    pub service: &'static str,
    /// The service heard.
    pub upstream: &'static str,
    /// Subject prefixes `<service>.<entity>.<event>` with wildcards.
    pub events: &'static [&'static str],
    /// A declared feedback edge (D10): the only arrows that point upstream.
    pub feedback: bool,
}

/// Services that publish, each with one stream of its name.
pub const PUBLISHERS: [&str; 5] = ["intake", "triage", "dispatch", "notification", "directory"];

/// Services that keep tenant documents, and whether they need the large parts, territories and classifiers. The directory
/// writes its own copy when it applies a manifest or publishes a classifier.
pub const DOCUMENT_READERS: [(&str, bool); 5] =
    [("intake", false), ("triage", true), ("dispatch", false), ("notification", false), ("console", false)];

/// Every subscription to events.
pub const HEARS: &[Hears] = &[
    hears("triage", "intake", &["intake.report.*"]),
    Hears {
        service: "triage",
        upstream: "dispatch",
        events: &[
            "dispatch.case.closed",
            "dispatch.case.reopened",
            "dispatch.case.cancelled",
            "dispatch.case.reroute_refused",
        ],
        feedback: true,
    },
    hears("dispatch", "triage", &["triage.case.routed", "triage.case.rerouted", "triage.case.merged"]),
    hears(
        "notification",
        "triage",
        &["triage.case.joined", "triage.case.review_requested", "triage.case.plan_review_requested"],
    ),
    hears("notification", "dispatch", TOLD),
    hears("console", "intake", &["intake.report.*"]),
    hears("console", "triage", &["triage.case.*"]),
    hears("console", "dispatch", &["dispatch.order.*", "dispatch.case.*"]),
    hears("console", "notification", &["notification.delivery.*"]),
];

/// Only what somebody is told of that they did not do; a body's own acts are not, and would fill inbox and log for
/// nothing.
const TOLD: &[&str] = &[
    "dispatch.order.dispatched",
    "dispatch.order.warned",
    "dispatch.order.breached",
    "dispatch.order.escalated",
    "dispatch.order.cancelled",
    "dispatch.order.return_refused",
    "dispatch.order.returned",
    "dispatch.order.transferred",
    "dispatch.order.waived",
    "dispatch.order.urged",
    "dispatch.order.supervised",
    "dispatch.order.extension_asked",
    "dispatch.order.suspension_asked",
    "dispatch.order.time_refused",
    "dispatch.order.extended",
    "dispatch.order.suspended",
    "dispatch.order.resumed",
    "dispatch.order.asked",
    "dispatch.order.replanned",
    "dispatch.order.policy_adopted",
    "dispatch.case.ruling_asked",
    "dispatch.case.falsely_closed",
    "dispatch.case.replanned",
    "dispatch.case.warned",
    "dispatch.case.breached",
    "dispatch.case.escalated",
    "dispatch.case.rerouted",
    "dispatch.case.visit_recorded",
];

const fn hears(service: &'static str, upstream: &'static str, events: &'static [&'static str]) -> Hears {
    Hears { service, upstream, events, feedback: false }
}

/// Whether a service keeps tenant documents.
pub fn reads_documents(service: &str) -> bool {
    DOCUMENT_READERS.iter().any(|(reader, _)| *reader == service)
}

/// The services that read one stream, each once.
pub fn hearers(stream: &str) -> Vec<&'static str> {
    let hearing = HEARS.iter().filter(|edge| edge.upstream == stream).map(|edge| edge.service);
    let reading = DOCUMENT_READERS.iter().filter(|_| stream == "directory").map(|(reader, _)| *reader);
    hearing.chain(reading).collect()
}

/// Every stream.
pub fn streams() -> Vec<StreamSpec> {
    PUBLISHERS.iter().map(|name| stream(name)).collect()
}

/// The broker reserves this much disk for each stream. About a million events: a day of a district of a hundred
/// streets, with room to spare.
const BYTES_MAX: i64 = 1024 * 1024 * 1024;

fn stream(name: &'static str) -> StreamSpec {
    let documents = name == "directory";
    StreamSpec {
        name,
        subjects: format!("{name}.>"),
        retention: if documents { Retention::LastOfSubject } else { Retention::Interest },
        age_max_days: (!documents).then_some(14),
        bytes_max: BYTES_MAX,
    }
}

/// Every durable consumer.
pub fn consumers() -> Vec<ConsumerSpec> {
    let events = HEARS.iter().flat_map(|edge| Lane::ALL.map(|lane| consumer(edge, lane)));
    let documents = DOCUMENT_READERS.iter().map(|(service, large)| ConsumerSpec {
        name: format!("{service}-directory"),
        stream: "directory",
        filters: document_filters(*large),
        lane: None,
    });
    events.chain(documents).collect()
}

/// The parts that a reader takes: polygons and weights are most of a tenant's bytes, and few need them.
fn document_filters(large: bool) -> Vec<String> {
    let taken = Part::ALL.into_iter().filter(|part| large || !part.large());
    taken.map(|part| format!("directory.document.{}.*", part.as_str())).collect()
}

/// The consumers of one service, documents excepted.
pub fn consumers_of(service: &str) -> Vec<ConsumerSpec> {
    let edges = HEARS.iter().filter(|edge| edge.service == service);
    edges.flat_map(|edge| Lane::ALL.map(|lane| consumer(edge, lane))).collect()
}

fn consumer(edge: &Hears, lane: Lane) -> ConsumerSpec {
    ConsumerSpec {
        name: format!("{}-{}-{lane}", edge.service, edge.upstream),
        stream: edge.upstream,
        filters: edge.events.iter().map(|event| format!("{event}.{lane}.*")).collect(),
        lane: Some(lane),
    }
}

/// A table that leaves with its street.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Whose it is.
    pub service: &'static str,
    /// Its name, also that of the file.
    pub name: &'static str,
    /// Columns that stay: sealed, or only of use here.
    pub sealed: &'static [&'static str],
}

const fn exports(service: &'static str, name: &'static str, sealed: &'static [&'static str]) -> Exported {
    Exported { service, name, sealed }
}

/// What a street takes along when it is exported (`street export`): what people did and were told. Keys, outboxes and
/// what can be computed again stay.
pub const EXPORTED: &[Exported] = &[
    exports("intake", "reports", &["contact_sealed", "body_sha256"]),
    exports("triage", "cases", &[]),
    exports("triage", "voices", &["tracking_sha256", "report"]),
    exports("triage", "reviews", &["report"]),
    exports("triage", "plan_reviews", &["plan", "repeats"]),
    exports("triage", "reroutes", &[]),
    exports("dispatch", "cases", &[]),
    exports("dispatch", "orders", &["stands"]),
    exports("dispatch", "stages", &[]),
    exports("dispatch", "links", &["token_sha256"]),
    exports("notification", "deliveries", &[]),
    exports("notification", "attempts", &[]),
    exports("console", "timeline", &["payload"]),
];

/// Whether anything of a service leaves with its street.
pub fn exports_rows(service: &str) -> bool {
    EXPORTED.iter().any(|table| table.service == service)
}

/// A table of a service that leaves with its street.
pub fn exported(service: &str, name: &str) -> Option<&'static Exported> {
    EXPORTED.iter().find(|table| table.service == service && table.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;

    #[test]
    fn about_thirty_consumers_and_no_name_twice() {
        let mut names: Vec<_> = consumers().into_iter().map(|consumer| consumer.name).collect();
        assert_eq!(names.len(), 3 * HEARS.len() + DOCUMENT_READERS.len());
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 3 * HEARS.len() + DOCUMENT_READERS.len());
    }

    #[test]
    fn every_event_is_heard_by_somebody() {
        // The record of it is what it is said for: the sealed journal.
        let record_only = [EventType::ContactRevealed, EventType::EndpointSecretRotated];
        let said = EventType::ALL.iter().filter(|kind| !kind.document() && !record_only.contains(kind));
        for kind in said {
            let group = format!("{}.{}.*", kind.service(), kind.entity());
            let heard = HEARS.iter().flat_map(|edge| edge.events).any(|e| *e == kind.as_str() || *e == group);
            assert!(heard, "{kind} is said to nobody");
        }
    }
}
