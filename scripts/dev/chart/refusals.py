"""Values that must not render, each with words of the refusal. What is refused here is refused before anything starts."""

import yaml

from rendering import VALUES, merged, rendered, values_of

REFUSED = [
    ("a name nobody reads", "servces: {}", "servces"),
    ("a name nobody reads, deeper", "services: { intake: { replica: 3 } }", "replica"),
    ("a number where a variable's text belongs", "services: { triage: { env: { STREETWISE_OUTBOX_ROWS_MAX: 1000000 } } }", "string"),
    ("a digest that is none", 'services: { triage: { digest: "latest" } }', "pattern"),
    ("no digest", "images: { requireDigests: true }", "has no digest"),
    ("more connections than Postgres takes", "database: { maxConnections: 200 }", "connections could be opened"),
    ("the same by replicas", "{ scaling: { kind: none }, defaults: { replicas: 12 } }", "connections could be opened"),
    ("the same by scaling", "services: { console: { scaling: { max: 20 } } }", "connections could be opened"),
    ("at least more than at most", "services: { intake: { scaling: { min: 9 } } }", "is more than max"),
    ("a rollout that cannot begin", "defaults: { rollout: { maxSurge: 0, maxUnavailable: 0 } }", "nothing can be rolled out"),
    ("a key that is nowhere", "services: { console: { keys: [door] } }", "which keys does not have"),
    ("a priority that is nowhere", "services: { console: { priority: whenever } }", "priorityClasses.classes does not have"),
    ("a route nobody serves", "route: { parentRefs: [] }", "nobody would serve it"),
    ("an Ingress in the clear", "route: { kind: Ingress }", "in the clear"),
    ("tokens that anybody can make", "identity: { issuer: streetwise-dev }", "anybody can make its tokens"),
    ("a broker that lets everybody in", "nats: { nkeys: false }", "lets one service be all of them"),
    ("killed before it is gone", "shutdown: { exitSeconds: 10 }", "25"),
    ("an audit of a week", 'journalDays: "7"', "pattern"),
    ("an even number of copies", "nats: { streamReplicas: 2 }", "streamReplicas"),
    ("a privileged port", "ports: { http: 80 }", "minimum"),
    ("a code that YAML makes a number of", "streets: { manifests: [{ apiVersion: streetwise/v1, kind: Street, metadata: { code: 990102001000 }, spec: {} }] }", "string"),
    ("a manifest of another kind", 'streets: { manifests: [{ apiVersion: streetwise/v1, kind: City, metadata: { code: "990102001000" }, spec: {} }] }', "kind"),
    ("the same street twice", 'streets: { manifests: [{ apiVersion: streetwise/v1, kind: Street, metadata: { code: "990102001000" }, spec: {} }, { apiVersion: streetwise/v1, kind: Street, metadata: { code: "990102001000" }, spec: { a: 1 } }] }', "twice"),
]


def faults():
    """What was not refused, or not in these words."""
    good = values_of([VALUES / "small-district.yaml"])
    rendered(good)
    for title, text, words in REFUSED:
        values = merged(values_of([VALUES / "small-district.yaml"]), yaml.safe_load(text))
        try:
            rendered(values)
        except Exception as refusal:  # The module has one kind for all.
            if words not in str(refusal):
                yield f"refused, but not with “{words}”: {title}: {refusal}"
        else:
            yield f"not refused: {title}"
