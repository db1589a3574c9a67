"""Renders charts/streetwise with every example and holds the result against what can be known without a cluster.

Prints nothing unless something is wrong; then every finding on a line, and ends with 1. What only a cluster can show
stands in docs/operations/install.md. Run by scripts/dev/chart.sh, which brings the modules.
"""

import copy
import pathlib
import sys

import helm_python
import kubernetes_validate
import yaml

CHART = pathlib.Path("charts/streetwise")
MANIFESTS = sorted(pathlib.Path("packs/demo").glob("*.yaml"))  # a district sorts before its streets
VERSIONS = ["1.30.0", "1.34.0"]
OF_OTHERS = {"monitoring.coreos.com/v1"}  # kinds of the Prometheus operator: no schema here
findings = []


def find(where, what):
    findings.append(f"{where}: {what}")


def check(where, holds, what):
    if not holds:
        find(where, what)


def render(values):
    texts = helm_python.Chart.load(str(CHART)).render(values, name="streetwise", namespace="streetwise")
    of_manifests = [text for path, text in texts.items() if not path.endswith(".txt")]
    return [doc for text in of_manifests for doc in yaml.safe_load_all(text) if doc]


def with_streets(values):
    """The demonstration's own manifests, as somebody who keeps streets in a repository would give them."""
    values = copy.deepcopy(values)
    manifests = [{"file": path.name, "text": path.read_text()} for path in MANIFESTS]
    values["streets"] = {"sets": [{"name": "demo", "manifests": manifests}]}
    return values


def pod_of(doc):
    return doc["spec"]["template"] if doc["kind"] in ("Deployment", "Job") else None


def check_schema(where, doc):
    if doc["apiVersion"] in OF_OTHERS:
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(doc, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            find(where, f"Kubernetes {version}: {error.message} at {list(error.path)}")
        except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.InvalidSchemaError) as error:
            find(where, f"Kubernetes {version} has no such kind: {error}")


def check_pod(where, template):
    spec = template["spec"]
    check(where, spec["automountServiceAccountToken"] is False, "a token is mounted")
    check(where, spec["securityContext"]["runAsNonRoot"] is True, "may run as root")
    check(where, spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "no seccomp profile")
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        security = container["securityContext"]
        check(where, security["allowPrivilegeEscalation"] is False, "may gain privileges")
        check(where, security["readOnlyRootFilesystem"] is True, "its root is writable")
        check(where, security["capabilities"] == {"drop": ["ALL"]}, "keeps capabilities")
        check(where, "@sha256:" in container["image"], "its image has no digest")
        check(where, "memory" in container["resources"].get("limits", {}), "no memory limit")
        mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
        check(where, mounted == volumes, f"volumes {volumes} but mounts {mounted}")
        check_env(where, container)


def check_env(where, container):
    env = container["env"]
    names = [variable["name"] for variable in env]
    check(where, len(names) == len(set(names)), "a variable is set twice")
    for variable in env:
        secret = any(word in variable["name"] for word in ("_URL", "_TOKEN"))
        check(where, not secret or "valueFrom" in variable, f"{variable['name']} is given and not referred to")
        value = variable.get("value", "")
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        reachable = not value.startswith("/") or any(value.startswith(mount + "/") for mount in mounts)
        check(where, reachable, f"{variable['name']} names {value}, which is not mounted")


def check_ports(where, doc, docs):
    name, container = doc["metadata"]["name"], pod_of(doc)["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    env = {variable["name"]: variable.get("value", "") for variable in container["env"]}
    for port, variable in (("http", "STREETWISE_HTTP_LISTEN"), ("grpc", "STREETWISE_GRPC_LISTEN")):
        listens = env.get(variable, "").rsplit(":", 1)[-1]
        check(where, str(ports.get(port)) == listens, f"port {port} is {ports.get(port)}, {variable} is {listens}")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        check(where, container[probe]["httpGet"]["port"] in ports, f"{probe} asks a port that is not there")
    service = one(docs, "Service", name)
    check(where, {port["targetPort"] for port in service["spec"]["ports"]} == set(ports), "Service and pod differ in ports")


def one(docs, kind, name):
    found = [doc for doc in docs if doc["kind"] == kind and doc["metadata"]["name"] == name]
    if len(found) != 1:
        find(f"{kind} {name}", f"there are {len(found)}")
        return {"spec": {"ports": [], "podSelector": {}}}
    return found[0]


def check_selected(where, template, docs):
    """Every pod is under a policy that denies both ways, so no default of a namespace is relied on."""
    labels = template["metadata"]["labels"].items()
    policies = [doc for doc in docs if doc["kind"] == "NetworkPolicy"]
    over = [p for p in policies if p["spec"]["podSelector"]["matchLabels"].items() <= labels]
    check(where, over, "no network policy is over it")
    for policy in over:
        check(where, set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}, "a direction is left open")


def check_example(name, values):
    docs = render(values)
    check(name, sum(doc["kind"] == "Deployment" for doc in docs) == 6, "not the six services")
    for doc in docs:
        where = f"{name}: {doc['kind']} {doc['metadata']['name']}"
        check(where, one(docs, doc["kind"], doc["metadata"]["name"]) is doc, "its name is taken")
        check_schema(where, doc)
        template = pod_of(doc)
        if template:
            check_pod(where, template)
            check_selected(where, template, docs)
        if doc["kind"] == "Deployment":
            check_ports(where, doc, docs)
            one(docs, "PodDisruptionBudget", doc["metadata"]["name"])
            one(docs, "ServiceAccount", doc["metadata"]["name"])
        if doc["kind"] == "PrometheusRule":
            shipped = yaml.safe_load((CHART / "rules/streetwise.yaml").read_text())
            check(where, doc["spec"] == shipped, "differs from the rules that were tested")
    return docs


def check_streets(values):
    docs = check_example("streets", with_streets(values))
    kept = one(docs, "ConfigMap", "apply-demo").get("data", {})
    for path in MANIFESTS:
        check("streets", kept.get(path.name) == path.read_text(), f"{path.name} is not what the job applies")
    args = pod_of(one(docs, "Job", "apply-demo"))["spec"]["containers"][0]["args"]
    files = [argument.rsplit("/", 1)[-1] for argument in args if argument.endswith(".yaml")]
    check("streets", files == [path.name for path in MANIFESTS], f"applied in the order {files}")


def check_refused(path):
    """The first line says with which words: `# refused: …`."""
    text = path.read_text()
    wanted = text.splitlines()[0].removeprefix("# refused: ")
    try:
        render(yaml.safe_load(text))
    except helm_python.HelmError as error:
        check(path, wanted in str(error), f"refused for another reason: {error}")
    else:
        find(path, "was rendered and should be refused")


def main():
    good, bad = sorted(CHART.glob("examples/*.yaml")), sorted(CHART.glob("examples/refused/*.yaml"))
    check("examples", len(good) >= 3 and len(bad) >= 4, f"only {len(good)} and {len(bad)} were found")
    for path in good:
        values = yaml.safe_load(path.read_text())
        check_example(path.name, values)
        lint = helm_python.lint(str(CHART), values, strict=True, kube_version=VERSIONS[-1])
        for error in lint["errors"] or []:
            find(path, f"lint: {error}")
    check_streets(yaml.safe_load(good[0].read_text()))
    for path in bad:
        check_refused(path)
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
