//! What a user may not, made of the topology.

use contract::broker_user::{BrokerUser, PROVISIONER, broker_users, consumers_read_by, inbox_prefix};
use contract::topology::{self, ConsumerSpec};
use contract::{EventType, subject};
use ids::Lane;

use super::street;

/// Verbs of the JetStream API on a stream.
const ON_STREAMS: &[&str] = &[
    "STREAM.CREATE",
    "STREAM.UPDATE",
    "STREAM.INFO",
    "STREAM.PURGE",
    "STREAM.DELETE",
    "STREAM.MSG.GET",
    "STREAM.MSG.DELETE",
    "STREAM.SNAPSHOT",
    "STREAM.RESTORE",
    "STREAM.LEADER.STEPDOWN",
    "STREAM.PEER.REMOVE",
    "DIRECT.GET",
    "CONSUMER.CREATE",
    "CONSUMER.NAMES",
    "CONSUMER.LIST",
];

/// Verbs on a consumer.
const ON_CONSUMERS: &[&str] = &[
    "CONSUMER.CREATE",
    "CONSUMER.DURABLE.CREATE",
    "CONSUMER.INFO",
    "CONSUMER.DELETE",
    "CONSUMER.PAUSE",
    "CONSUMER.UNPIN",
    "CONSUMER.LEADER.STEPDOWN",
    "CONSUMER.MSG.NEXT",
];

const OF_NOBODY: &[&str] = &[
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$JS.API.ACCOUNT.PURGE.G",
    "$JS.FC.intake.triage-intake-normal.x",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.USER.INFO",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SRV.PING",
    "$KV.bucket.key",
    "$O.bucket.M.x",
    "_INBOX.x",
    "_INBOX_nobody.x",
    "console.board.changed.normal.990102001000",
    "somewhere",
];

const EVERYWHERE: &[&str] = &[
    ">",
    "*",
    "*.>",
    "*.*.*.*.*",
    "*.*.*.*.990102001000",
    "live.*.*",
    "_INBOX.>",
    "_INBOX_nobody.>",
    "$JS.>",
    "$JS.API.>",
    "$JS.ACK.>",
    "$JS.EVENT.>",
    "$SYS.>",
    "$SRV.>",
    "$KV.>",
    "$O.>",
];

/// Everything a user may not publish. One's own consumers are left out only where one may ask for exactly that.
pub fn publishes(user: &BrokerUser) -> Vec<String> {
    let name = user.name;
    let events = EventType::ALL.iter().filter(|kind| kind.service() != name);
    let events = events.flat_map(|kind| Lane::ALL.map(|lane| subject::of(*kind, lane, street())));
    let on_streams = topology::streams().into_iter().flat_map(|stream| {
        let verbs = ON_STREAMS.iter().map(move |verb| format!("$JS.API.{verb}.{}", stream.name));
        verbs.chain([
            format!("$JS.API.DIRECT.GET.{0}.{0}.any.thing", stream.name),
            format!("$JS.API.CONSUMER.CREATE.{}.spy", stream.name),
            format!("$JS.API.CONSUMER.CREATE.{0}.spy.{0}.>", stream.name),
            format!("$JS.API.CONSUMER.DURABLE.CREATE.{}.spy", stream.name),
            format!("$JS.API.CONSUMER.MSG.NEXT.{}.spy", stream.name),
        ])
    });
    let on_consumers = topology::consumers().into_iter().flat_map(|consumer| of_consumer(name, &consumer));
    let inboxes = broker_users().into_iter().map(|other| format!("{}.x", inbox_prefix(other.name)));
    let hints = (name != "console").then(|| subject::live(street()));
    let all = events.chain(on_streams).chain(on_consumers).chain(inboxes).chain(hints);
    let all = all.chain(OF_NOBODY.iter().map(|subject| (*subject).to_owned()));
    let mut all: Vec<String> = all.filter(|subject| !administers(name, subject)).collect();
    all.sort();
    all.dedup();
    all
}

fn of_consumer(user: &str, consumer: &ConsumerSpec) -> Vec<String> {
    let ConsumerSpec { name, stream, .. } = consumer;
    let own = consumers_read_by(user).contains(consumer);
    let verbs =
        ON_CONSUMERS.iter().filter(|verb| !own || !["CONSUMER.INFO", "CONSUMER.MSG.NEXT"].contains(verb));
    let acks = [
        format!("$JS.ACK.{stream}.{name}.1.1.1.1.0"),
        format!("$JS.ACK.domain.hash.{stream}.{name}.1.1.1.1.0.x"),
    ];
    let acks = acks.into_iter().filter(|ack| !own || ack.starts_with("$JS.ACK.domain"));
    verbs.map(|verb| format!("$JS.API.{verb}.{stream}.{name}")).chain(acks).collect()
}

/// What the provisioner is for.
fn administers(user: &str, subject: &str) -> bool {
    const ITS: &[&str] = &[
        "STREAM.CREATE.",
        "STREAM.UPDATE.",
        "STREAM.INFO.",
        "STREAM.PURGE.",
        "CONSUMER.INFO.",
        "CONSUMER.DELETE.",
    ];
    let Some(api) = subject.strip_prefix("$JS.API.").filter(|_| user == PROVISIONER) else { return false };
    let named = api.strip_prefix("CONSUMER.CREATE.").is_some_and(|rest| rest.contains('.'));
    named || ITS.iter().any(|verb| api.starts_with(verb))
}

/// Everything a user may not hear.
pub fn subscriptions(user: &BrokerUser) -> Vec<String> {
    let name = user.name;
    let streams = topology::streams().into_iter().flat_map(|stream| {
        let wide = format!("{}.*.*.*.*", stream.name);
        let one = format!("{}.*.*.*.{}", stream.name, street());
        let own = [wide, one].into_iter().filter(move |_| !(name == "dispatch" && stream.name == "dispatch"));
        own.chain([stream.subjects, format!("{}.*", stream.name)])
    });
    let filters = topology::consumers()
        .into_iter()
        .filter(|consumer| name != "dispatch" || consumer.stream != "dispatch");
    let filters = filters.flat_map(|consumer| consumer.filters);
    let inboxes = broker_users().into_iter().map(|other| other.name).filter(|other| *other != name);
    let inboxes = inboxes
        .flat_map(|other| [format!("{}.>", inbox_prefix(other)), format!("{}.x.*", inbox_prefix(other))]);
    // The broker takes `>` for a token that `*` covers: who may hear `live.*` may ask for `live.>`. Nobody says more.
    let hints = ["live.*".to_owned(), "live.>".to_owned(), subject::live(street())];
    let hints = hints.into_iter().filter(|_| name != "console");
    let all = streams.chain(filters).chain(inboxes).chain(hints);
    let mut all: Vec<String> = all.chain(EVERYWHERE.iter().map(|subject| (*subject).to_owned())).collect();
    all.sort();
    all.dedup();
    all
}
