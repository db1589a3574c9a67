"""What a patched rendering may not lose: the connection budget, the quota, and being the same as its values file."""

import re

CUSTOM = ("HTTPRoute", "GRPCRoute", "ServiceMonitor", "PrometheusRule", "ScaledObject", "Application")
UNITS = {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def number(quantity):
    digits, unit = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(quantity)).groups()
    return float(digits) * UNITS[unit]


def processes_max(deployment, documents):
    """Of one Deployment, scaled up and rolling out."""
    name = deployment["metadata"]["name"]
    scaled = [
        document["spec"].get("maxReplicas") or document["spec"].get("maxReplicaCount")
        for document in documents
        if document["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
        and document["spec"]["scaleTargetRef"]["name"] == name
    ]
    most = max(scaled, default=deployment["spec"].get("replicas", 1))
    rollout = deployment["spec"].get("strategy", {}).get("rollingUpdate", {})
    return most + int(rollout.get("maxSurge", 0))


def ours(documents):
    return [d for d in documents if d["kind"] == "Deployment" and d["metadata"]["labels"]["app.kubernetes.io/name"] == "streetwise"]


def connections(documents):
    each = "streetwise/connections-per-process"
    return sum(processes_max(d, documents) * int(d["metadata"]["annotations"][each]) for d in ours(documents))


def quota_faults(documents):
    """Everything of the namespace at its most must fit; the biggest job beside it."""
    quota = next((d["spec"]["hard"] for d in documents if d["kind"] == "ResourceQuota"), None)
    if not quota:
        yield "there is no quota"
        return
    sums = {"pods": 0.0, "requests.cpu": 0.0, "requests.memory": 0.0, "limits.memory": 0.0}
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet"):
            times = processes_max(document, documents)
            pod = document["spec"]["template"]["spec"]
        elif document["kind"] == "Job":
            times, pod = 1, document["spec"]["template"]["spec"]
        elif document["kind"] == "CronJob":
            times, pod = 1, document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        else:
            continue
        sums["pods"] += times
        for container in pod["containers"]:
            for bound, resources in container["resources"].items():
                for what, quantity in resources.items():
                    sums[f"{bound}.{what}"] += times * number(quantity)
    for what, sum_ in sums.items():
        if sum_ > number(quota[what]):
            yield f"quota {what}: {sum_:g} is wanted at most, {quota[what]} is granted"


def differences(one, other, kinds):
    """Specs of the same kind and name that differ; names may differ in the hash of what a job runs."""
    def specs(documents):
        return {(d["kind"], d["metadata"]["name"]): d.get("spec") for d in documents if d["kind"] in kinds}

    one, other = specs(one), specs(other)
    for key in sorted(one.keys() | other.keys()):
        if key not in one or key not in other:
            yield f"{key} is only in one of them"
        elif one[key] != other[key]:
            yield f"{key} differs"
