"""The chart, rendered as `helm template` would, without helm: helm's own library by way of a Python module."""

import functools
import pathlib
import subprocess

import helm_python
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHART = ROOT / "charts/streetwise"
VALUES = CHART / "values"
K8S = ROOT / "k8s"

# What is rendered: a name, and the values files on top of each other.
EXAMPLES = {
    "production": ["production"],
    "production-ingress-streets": ["production", "ingress", "streets"],
    "evaluation": ["evaluation"],
    "evaluation-streets": ["evaluation", "streets"],
    "small-district": ["small-district"],
    "large-district": ["large-district"],
}
# Committed renderings, each from one values file.
INFLATED = {
    K8S / "base/streetwise.yaml": K8S / "base/values.yaml",
    K8S / "evaluation/streetwise.yaml": VALUES / "evaluation.yaml",
}
OVERLAYS = ["dev", "ci", "small-district", "large-district"]

HEAD = "# Rendered from charts/streetwise with {values} by `./dev generate chart`; change it there.\n"


def merged(into, other):
    """Helm's way: maps are merged, everything else is replaced."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merged(into[key], value)
        else:
            into[key] = value
    return into


def values_of(paths):
    values = {}
    for path in paths:
        merged(values, yaml.safe_load(path.read_text()) or {})
    return values


def rendered(values):
    """The templates' texts in one stream; raises where helm would."""
    chart = helm_python.Chart.load(str(CHART))
    texts = chart.render(values, name="streetwise", namespace="streetwise")
    parts = [text.strip("\n") for _, text in sorted(texts.items()) if text.strip()]
    return "\n---\n".join(parts) + "\n"


def example(name):
    return rendered(values_of([VALUES / f"{file}.yaml" for file in EXAMPLES[name]]))


def inflated(values):
    """What belongs into a committed rendering."""
    head = HEAD.format(values=values.relative_to(ROOT))
    return head + rendered(values_of([values]))


def overlay(name):
    command = ["kubectl", "kustomize", str(K8S / "overlays" / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"k8s/overlays/{name}: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def documents(text):
    """Whoever asks again gets the same objects: look, do not touch. Read in C where it can be: the rest of the check is quicker than that."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]
