# The chart: rendered with every example, held against the schemas of Kubernetes, its alerts tested. No cluster is needed.
# shellcheck shell=bash

HELM_PYTHON_VERSION=0.2.2
KUBERNETES_VALIDATE_VERSION=1.37.0

# Chained by hand: inside a step, a failing command does not end the function.
check_chart() {
  local home=$CACHE/chart rules=charts/streetwise/rules
  install_chart_tools "$home" &&
    PYTHONPATH=$home PYTHONDONTWRITEBYTECODE=1 python3 scripts/dev/chart.py &&
    quietly promtool check rules "$rules"/*.yaml &&
    quietly promtool test rules "$rules"/tests/*.yaml
}

install_chart_tools() {
  install_python_modules "$1" "helm-python-sdk==$HELM_PYTHON_VERSION" "kubernetes-validate==$KUBERNETES_VALIDATE_VERSION" || return
  # promtool comes with Debian's Prometheus, whose daemon is not started.
  command -v promtool >/dev/null || install_packages prometheus
}

# quietly COMMAND...: what it says is shown only if it fails.
quietly() {
  local said
  said=$("$@" 2>&1) || {
    say "$said"
    return 1
  }
}
