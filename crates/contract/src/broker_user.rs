//! Who may say and hear what at the broker: one user per service, as a table of allow-lists that follows from
//! [`crate::topology`] (reliability §6). What is not listed is refused by the broker.
//!
//! Nobody but the [`PROVISIONER`] makes, changes or removes streams and consumers; nobody reads a stream but through
//! the consumers provisioned for it; nobody hears another's inbox. Bodies have no users.
//! Not here: keys (`streetwise broker-users` makes them).

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::topology::{self, ConsumerSpec};

/// The user of `streetwise provision`: streams and consumers, and no message through them.
pub const PROVISIONER: &str = "provisioner";

/// One user of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUser {
    /// The service, or [`PROVISIONER`].
    pub name: &'static str,
    /// Subjects it may publish to; never empty, because an empty list would allow everything.
    pub publish: Vec<String>,
    /// Subjects it may subscribe to, with or without a queue group; never empty.
    pub subscribe: Vec<String>,
}

/// Core NATS beside the streams: hints that may be lost (D25).
struct Hints {
    service: &'static str,
    says: &'static [&'static str],
    hears: &'static [&'static str],
}

const HINTS: &[Hints] = &[
    // Replicas of the console tell one another.
    Hints { service: "console", says: &["live.*"], hears: &["live.*"] },
    // Watchers of orders: what this service itself publishes, of one street at a time.
    Hints { service: "dispatch", says: &[], hears: &["dispatch.*.*.*.*"] },
];

/// Answers come to subjects that begin with this, and with no other user's.
pub fn inbox_prefix(user: &str) -> String {
    format!("_INBOX_{user}")
}

/// Every user: the services, then the provisioner.
pub fn broker_users() -> Vec<BrokerUser> {
    services().into_iter().map(service).chain([provisioner()]).collect()
}

fn services() -> BTreeSet<&'static str> {
    let readers = topology::DOCUMENT_READERS.iter().map(|(reader, _)| *reader);
    let hearers = topology::HEARS.iter().map(|edge| edge.service);
    topology::PUBLISHERS.into_iter().chain(readers).chain(hearers).collect()
}

fn service(name: &'static str) -> BrokerUser {
    let own =
        topology::streams().into_iter().filter(|stream| stream.name == name).map(|stream| stream.subjects);
    let pulled = consumers_read_by(name).into_iter().flat_map(|consumer| pulling(&consumer));
    let hints = HINTS.iter().filter(|hints| hints.service == name);
    let said = hints.clone().flat_map(|hints| hints.says).map(|subject| (*subject).to_owned());
    let heard = hints.flat_map(|hints| hints.hears).map(|subject| (*subject).to_owned());
    BrokerUser {
        name,
        publish: own.chain(pulled).chain(said).collect(),
        subscribe: std::iter::once(inbox_of(name)).chain(heard).collect(),
    }
}

/// The consumers a service pulls from, documents included.
pub fn consumers_read_by(service: &str) -> Vec<ConsumerSpec> {
    let documents = format!("{service}-directory");
    let own = topology::consumers_of(service);
    let documents = topology::consumers().into_iter().filter(|consumer| consumer.name == documents);
    own.into_iter().chain(documents).collect()
}

/// Find it, ask it for messages, settle them.
fn pulling(consumer: &ConsumerSpec) -> [String; 3] {
    let ConsumerSpec { name, stream, .. } = consumer;
    [
        format!("$JS.API.CONSUMER.INFO.{stream}.{name}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"),
        format!("$JS.ACK.{stream}.{name}.>"),
    ]
}

/// Streams and consumers of the table, and a stream's purge; no message is read or removed one by one.
fn provisioner() -> BrokerUser {
    let streams = topology::streams().into_iter().flat_map(|stream| {
        let name = stream.name;
        [
            format!("$JS.API.STREAM.CREATE.{name}"),
            format!("$JS.API.STREAM.UPDATE.{name}"),
            format!("$JS.API.STREAM.INFO.{name}"),
            format!("$JS.API.STREAM.PURGE.{name}"),
            // The name, and the filter behind it where there is but one.
            format!("$JS.API.CONSUMER.CREATE.{name}.>"),
            format!("$JS.API.CONSUMER.INFO.{name}.*"),
            format!("$JS.API.CONSUMER.DELETE.{name}.*"),
        ]
    });
    BrokerUser { name: PROVISIONER, publish: streams.collect(), subscribe: vec![inbox_of(PROVISIONER)] }
}

fn inbox_of(user: &str) -> String {
    format!("{}.>", inbox_prefix(user))
}

/// The `authorization` block of the broker's settings: each user with its public key. A server that includes it lets
/// nobody else in.
pub fn settings<'a>(users: impl IntoIterator<Item = (&'a BrokerUser, &'a str)>) -> String {
    let mut text = String::from("authorization {\n  users: [\n");
    for (user, public_key) in users {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "    # {}\n    {{\n      nkey: {public_key}\n      permissions: {{\n        publish: {{ allow: {:?} }}\n        \
             subscribe: {{ allow: {:?} }}\n      }}\n    }}\n",
            user.name,
            Indented(&user.publish),
            user.subscribe
        );
    }
    text.push_str("  ]\n}\n");
    text
}

/// One subject a line.
struct Indented<'a>(&'a [String]);

impl std::fmt::Debug for Indented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[\n")?;
        self.0.iter().try_for_each(|subject| writeln!(f, "          {subject:?}"))?;
        f.write_str("        ]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> BrokerUser {
        broker_users().into_iter().find(|user| user.name == name).unwrap()
    }

    #[test]
    fn one_user_a_service_and_the_provisioner() {
        let names: Vec<_> = broker_users().iter().map(|user| user.name).collect();
        assert_eq!(
            names,
            ["console", "directory", "dispatch", "intake", "notification", "triage", "provisioner"]
        );
    }

    #[test]
    fn what_a_service_may_is_said_in_full() {
        let intake = user("intake");
        assert_eq!(
            intake.publish,
            [
                "intake.>",
                "$JS.API.CONSUMER.INFO.directory.intake-directory",
                "$JS.API.CONSUMER.MSG.NEXT.directory.intake-directory",
                "$JS.ACK.directory.intake-directory.>",
            ]
        );
        assert_eq!(intake.subscribe, ["_INBOX_intake.>"]);
        assert_eq!(user("directory").publish, ["directory.>"]);
        assert_eq!(user("dispatch").subscribe, ["_INBOX_dispatch.>", "dispatch.*.*.*.*"]);
        assert_eq!(user("console").subscribe, ["_INBOX_console.>", "live.*"]);
        assert!(user("console").publish.contains(&"live.*".to_owned()));
        assert!(!user("console").publish.iter().any(|subject| subject.starts_with("console.")));
    }

    /// An empty list allows everything, and so would a wildcard at the front or in the place of a verb.
    #[test]
    fn nothing_is_allowed_by_a_wildcard_over_others() {
        for user in broker_users() {
            assert!(
                !user.publish.is_empty() && !user.subscribe.is_empty(),
                "{} has an empty list",
                user.name
            );
            for subject in user.publish.iter().chain(&user.subscribe) {
                let first = subject.split('.').next().unwrap();
                assert!(!first.contains(['*', '>']), "{}: {subject}", user.name);
                let api = subject.strip_prefix("$JS.API.");
                let verbs = api.map(|api| api.split('.').take(2).collect::<Vec<_>>());
                assert!(
                    verbs.is_none_or(|verbs| verbs.iter().all(|verb| !verb.contains(['*', '>']))),
                    "{}: {subject}",
                    user.name
                );
            }
            let reads = ["STREAM.MSG", "DIRECT.GET", "STREAM.DELETE", "STREAM.SNAPSHOT"];
            let reading = user.publish.iter().find(|subject| reads.iter().any(|read| subject.contains(read)));
            assert_eq!(reading, None, "{}", user.name);
        }
    }

    /// Two users never hear the same inbox, and only the owner of a stream publishes into it.
    #[test]
    fn users_share_nothing_but_what_the_table_says() {
        let users = broker_users();
        for one in &users {
            for other in users.iter().filter(|other| other.name != one.name) {
                assert!(one.subscribe.iter().all(|subject| !other.subscribe.contains(subject)));
                assert!(one.publish.iter().all(|subject| !other.publish.contains(subject)));
            }
        }
    }

    #[test]
    fn settings_read_like_the_broker_s_own() {
        let two = BrokerUser {
            name: "two",
            publish: vec!["a.>".to_owned(), "b.*".to_owned()],
            subscribe: vec!["_INBOX_two.>".to_owned()],
        };
        let expected = "authorization {\n  users: [\n    # two\n    {\n      nkey: UABC\n      permissions: {\n        \
            publish: { allow: [\n          \"a.>\"\n          \"b.*\"\n        ] }\n        \
            subscribe: { allow: [\"_INBOX_two.>\"] }\n      }\n    }\n  ]\n}\n";
        assert_eq!(settings([(&two, "UABC")]), expected);
    }
}
