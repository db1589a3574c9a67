use architecture::imports::{Kind, of_kind};
use architecture::purity::{Graph, graph, offences};
use architecture::workspace;

use crate::none;

#[test]
fn pure_crates_bring_no_runtime_no_io_and_no_chance() {
    let metadata = workspace::read();
    let graph = graph(&metadata);
    let pure: Vec<_> = of_kind(Kind::Pure).collect();
    assert_eq!(pure, ["ids", "sla", "orders", "routing", "classify", "territory", "access"]);
    assert!(pure.iter().all(|name| graph.contains_key(*name)));
    none(pure.iter().flat_map(|name| offences(name, &graph)).collect());
}

#[test]
fn a_denied_crate_is_named_wherever_it_hides() {
    let made = |pairs: &[(&str, &str)]| -> Graph {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    for (pairs, culprit) in [
        (&[("orders", "tokio")][..], "orders brings tokio"),
        (&[("orders", "sla"), ("sla", "innocent"), ("innocent", "tokio-util")], "innocent brings tokio-util"),
        (&[("orders", "async-nats")], "orders brings async-nats"),
        (&[("orders", "sqlx-core")], "orders brings sqlx-core"),
        (&[("orders", "rand_core")], "orders brings rand_core"),
        (&[("orders", "getrandom")], "orders brings getrandom"),
        (&[("orders", "uuid 1.0.0"), ("uuid 1.0.0", "getrandom 0.4.0")], "uuid 1.0.0 brings getrandom 0.4.0"),
    ] {
        let found = offences("orders", &made(pairs));
        assert!(found.len() == 1 && found[0].contains(culprit), "{culprit}: {found:?}");
    }
    assert_eq!(offences("orders", &made(&[("pg", "tokio")])), Vec::<String>::new());
}
