# ./dev test: chart and manifests, everything that needs no cluster. Tools come from PyPI, npm and Debian into .cache.
# shellcheck shell=bash

HELM_SDK_VERSION=0.2.2
KUBERNETES_VALIDATE_VERSION=1.37.0
CHECKOV_VERSION=3.3.30
# Exact: npm would take older ones on some Nodes.
KUBERNETES_MODELS=(@kubernetes-models/prometheus-operator@6.0.0 @kubernetes-models/keda@2.0.0
  @kubernetes-models/gateway-api@2.0.0 @kubernetes-models/argo-cd@4.0.0)

# Findings that stay, each for a reason:
#   CKV_K8S_11  CPU limits: they throttle, and a throttled process shows up as latency; requests share fairly, memory is limited
#   CKV_K8S_15  imagePullPolicy Always: images are named by digest, so the policy cannot change what runs
#   CKV_K8S_35  Secrets as files: addresses are read from variables (bootstrap::config); keys are files
#   CKV_K8S_43  digests: the examples that are scanned have tags, which production.yaml and the schema's default refuse
#   CKV_DOCKER_2  HEALTHCHECK: the kubelet's probes are the health checks
#   CKV_DOCKER_7  a base image without a tag: it has one, in an argument's default
POLICY_EXCEPTIONS=CKV_K8S_11,CKV_K8S_15,CKV_K8S_35,CKV_K8S_43,CKV_DOCKER_2,CKV_DOCKER_7

# Chained by hand: inside a step, a failing command does not end the function.
check_chart() {
  local folder=$CACHE/chart/rendered scanner rules=$ROOT/charts/streetwise/rules
  # The scanner is the largest by far: it comes while the rest is checked.
  (install_scanner) &
  scanner=$!
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$ROOT/images/Dockerfile" "$folder"
  install_chart_tools && install_promtool &&
    chart_python check.py "$folder" &&
    promtool_says check rules "$rules"/*.yaml && promtool_says test rules "$rules"/tests/*.yaml || {
    wait "$scanner" || true
    return 1
  }
  wait "$scanner" && scan_policies "$folder"
}

chart_python() {
  local program=$1
  shift
  PYTHONPATH=$CACHE/chart/python PYTHONDONTWRITEBYTECODE=1 STREETWISE_CHART_MODULES=$CACHE/chart/models \
    nice -n 10 python3 "$ROOT/scripts/dev/chart/$program" "$@"
}

install_chart_tools() {
  local models=$CACHE/chart/models
  command -v kubectl >/dev/null || fail 'missing: kubectl 1.28 or newer, whose kustomize builds the overlays'
  command -v node >/dev/null || install_packages nodejs npm
  mkdir -p "$CACHE/chart"
  install_python_modules "$CACHE/chart/python" "helm-python-sdk==$HELM_SDK_VERSION" \
    "kubernetes-validate==$KUBERNETES_VALIDATE_VERSION"
  [[ $(cat "$models/.installed" 2>/dev/null) == "${KUBERNETES_MODELS[*]}" ]] || {
    rm -rf "$models"
    npm install --silent --no-fund --no-audit --no-save --prefix "$models" "${KUBERNETES_MODELS[@]}" >&2 ||
      fail "npm could not install: ${KUBERNETES_MODELS[*]}"
    printf '%s' "${KUBERNETES_MODELS[*]}" >"$models/.installed"
  }
}

install_scanner() { install_python_modules "$CACHE/checkov" "checkov==$CHECKOV_VERSION"; }

scan_policies() {
  local log=$CACHE/chart/policies.log
  # A summary for each of the two kinds. From within: a folder with a hidden one in its path is passed over without a word, which the count below would show.
  (cd "$1" && PYTHONPATH=$CACHE/checkov nice -n 10 python3 "$CACHE/checkov/bin/checkov" --directory . --framework kubernetes dockerfile \
    --compact --quiet --skip-download --skip-check "$POLICY_EXCEPTIONS") >"$log" 2>&1 &&
    (($(grep -cE 'Passed checks: [1-9][0-9]*, Failed checks: 0' "$log") == 2)) || {
    cat "$log" >&2
    say 'findings, or nothing was scanned'
    return 1
  }
  say "$(sed -n 's/^Passed checks/  策略 \/ policies: passed/p' "$log")"
}

# Of Debian's package the one program, without the daemon that would be installed with it.
install_promtool() {
  local home=$CACHE/promtool
  PROMTOOL=$(command -v promtool || printf '%s' "$home/usr/bin/promtool")
  [[ ! -x $PROMTOOL ]] || return 0
  command -v apt-get >/dev/null || fail "missing: promtool — install Prometheus with your system's package manager"
  rm -rf "$home"
  mkdir -p "$home"
  (cd "$home" && { apt-get download -q prometheus || { apt_get update && apt-get download -q prometheus; }; } &&
    dpkg-deb --extract prometheus_*.deb . && rm -f prometheus_*.deb) >"$home.log" 2>&1 ||
    fail "apt-get could not download prometheus; see $home.log"
  [[ -x $PROMTOOL ]] || fail "Debian's package prometheus holds no promtool any more"
}

# Its successes are many lines; told is only what failed.
promtool_says() {
  local log=$CACHE/chart/promtool.log
  nice -n 10 "$PROMTOOL" "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
}

cmd_chart() { step '部署 / chart' 90 check_chart; }

# The committed renderings.
generate_chart() {
  install_chart_tools
  chart_python renew.py >&2
}
