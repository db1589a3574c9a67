"""Everything about chart and manifests that needs no cluster. Prints what it found wrong, and fails; the renderings stay in the folder
it is given, for other tools to look at."""

import functools
import json
import pathlib
import subprocess
import sys
import tempfile

import helm_python
import kubernetes_validate
import yaml

import refusals
import sums
from rendering import CHART, EXAMPLES, INFLATED, K8S, OVERLAYS, ROOT, VALUES, documents, example, inflated, overlay, values_of

# The oldest the chart says it runs on, the usual one, the newest whose schemas are at hand.
VERSIONS = ["1.30.0", "1.34.0", "1.36.0"]
# An overlay and the values file that says the same.
TWINS = ["small-district", "large-district"]
LIKE = ("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service", "NetworkPolicy")
# Kinds of CloudNativePG and Barman: no model of theirs is at hand.
UNCHECKED = [K8S / "infrastructure/cloudnativepg/cluster.yaml"]

# It reads the same schema file for every object.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

FAULTS = []


def fault(text):
    FAULTS.append(text)
    print(f"  ✗ {text}", file=sys.stderr)


def all_renderings():
    """Name and text of everything that could be applied."""
    for name in EXAMPLES:
        yield f"values-{name}", example(name)
    for name in OVERLAYS:
        yield f"overlay-{name}", overlay(name)
    with tempfile.TemporaryDirectory() as keys:
        # What `streetwise broker-users` would put there; the script only carries it.
        for user in [*values_of([CHART / "values.yaml"])["services"], "provisioner"]:
            pathlib.Path(keys, f"{user}.nk").write_text(f"seed of {user}\n")
        for kind in (["evaluation"], ["production", keys]):
            made = subprocess.run([K8S / "secrets.sh", *kind], capture_output=True, text=True, check=True)
            yield f"secrets-{kind[0]}", made.stdout
    for path in [*sorted((K8S / "infrastructure").glob("*/network.yaml")), *sorted((K8S / "argocd").glob("*.yaml"))]:
        yield f"file-{path.parent.name}-{path.stem}", path.read_text()


def fresh():
    for path, values in INFLATED.items():
        if path.read_text() != inflated(values):
            fault(f"{path.relative_to(ROOT)} is not what the chart renders now: ./dev generate chart")


def linted():
    result = helm_python.lint(str(CHART), values=values_of([VALUES / "small-district.yaml"]), strict=True, kube_version="1.34.0")
    for error in result["errors"]:
        fault(f"lint: {error}")


def schemas(renderings):
    """Built-in kinds here, custom kinds by kinds.mjs; every document goes one of the two ways."""
    custom, seen = [], set()
    for name, text in renderings.items():
        for document in documents(text):
            words = json.dumps(document, sort_keys=True)
            if words in seen:
                continue
            seen.add(words)
            if document["kind"] in sums.CUSTOM:
                custom.append(document)
                continue
            for version in VERSIONS:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except Exception as error:  # Faults and unknown kinds alike.
                    fault(f"{name}: {document['kind']} {document['metadata']['name']} on {version}: {getattr(error, 'message', error)}")
    done = subprocess.run(["node", str(pathlib.Path(__file__).with_name("kinds.mjs"))], input=json.dumps(custom), text=True, capture_output=True)
    if done.returncode:
        fault(f"custom kinds: {done.stderr.strip() or 'none was seen'}")
    return len(seen)


def overlays(renderings):
    for name in OVERLAYS:
        for text in sums.quota_faults(documents(renderings[f"overlay-{name}"])):
            fault(f"overlay {name}: {text}")
    limits = {"dev": "evaluation", "ci": "evaluation", "small-district": "small-district", "large-district": "large-district"}
    for name, values in limits.items():
        database = values_of([CHART / "values.yaml", VALUES / f"{values}.yaml"])["database"]
        wanted = sums.connections(documents(renderings[f"overlay-{name}"])) + database["reservedConnections"]
        if wanted > database["maxConnections"]:
            fault(f"overlay {name}: {wanted} connections, {database['maxConnections']} are allowed")
    for name in TWINS:
        chart, patched = documents(renderings[f"values-{name}"]), documents(renderings[f"overlay-{name}"])
        patched = [d for d in patched if d["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "streetwise"]
        for text in sums.differences(chart, patched, LIKE):
            fault(f"overlay {name} is not values/{name}.yaml: {text}")


def referenced(node):
    """(Secret, key) of every reference; key None for a whole volume."""
    if isinstance(node, dict):
        if "secretKeyRef" in node:
            yield node["secretKeyRef"]["name"], node["secretKeyRef"]["key"]
        if "secretName" in node and "hosts" not in node:
            for item in node.get("items", [{"key": None}]):
                yield node["secretName"], item["key"]
        for child in node.values():
            yield from referenced(child)
    elif isinstance(node, list):
        for child in node:
            yield from referenced(child)


def secrets(renderings):
    """Every Secret that is asked for is one that k8s/secrets.sh makes; a token is a person's."""
    for kind, name in [("evaluation", "overlay-dev"), ("production", "overlay-large-district"), ("production", "values-production-ingress-streets")]:
        made = {d["metadata"]["name"]: {**d.get("stringData", {}), **d.get("data", {})} for d in documents(renderings[f"secrets-{kind}"])}
        wanted = [r for d in documents(renderings[name]) for r in referenced(d)]
        if not wanted:
            fault(f"{name} asks for no Secret: the check looks at nothing")
        for secret, key in wanted:
            if secret == "streetwise-apply-token":
                continue
            if secret not in made or key not in (None, *made[secret]):
                fault(f"{name}: Secret {secret} with {key} is made by nobody")


def streets(renderings):
    """Manifests arrive as they were given, a district before its streets."""
    given = {m["metadata"]["code"]: m for m in values_of([VALUES / "streets.yaml"])["streets"]["manifests"]}
    found = documents(renderings["values-evaluation-streets"])
    files = next(d for d in found if d["kind"] == "ConfigMap" and d["metadata"]["name"] == "streetwise-manifests")["data"]
    arrived = {m["metadata"]["code"]: m for m in map(yaml.safe_load, files.values())}
    if arrived != given:
        fault("streets: what arrives is not what was given")
    job = next(d for d in found if d["kind"] == "Job" and d["metadata"]["labels"]["app.kubernetes.io/component"] == "apply")
    order = [arg.rsplit("/", 1)[1] for arg in job["spec"]["template"]["spec"]["containers"][0]["args"] if arg.endswith(".yaml")]
    if order != ["district-990102000000.yaml", "street-990102001000.yaml"]:
        fault(f"streets: applied in this order: {order}")


def main(folder):
    renderings = dict(all_renderings())
    for name, text in renderings.items():
        (folder / f"{name}.yaml").write_text(text)
    fresh()
    linted()
    for text in refusals.faults():
        fault(text)
    count = schemas(renderings)
    overlays(renderings)
    secrets(renderings)
    streets(renderings)
    for path in UNCHECKED:
        if not documents(path.read_text()):
            fault(f"{path} is empty")
    print(f"  {len(renderings)} 份渲染、{count} 个对象、{len(refusals.REFUSED)} 组坏值 / renderings, objects, bad values", file=sys.stderr)
    return bool(FAULTS)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
