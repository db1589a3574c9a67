# ./dev up, down, status, logs, demo: a whole system on this machine.
# shellcheck shell=bash

cmd_up() {
  local detach='' part
  case ${1:-} in
    --detach) detach=yes ;;
    '') ;;
    *) fail "up takes --detach or nothing" ;;
  esac
  mkdir -p "$RUN/logs" "$RUN/pids"
  # Taken before the build too: a second ./dev up waits for the first instead of building beside it.
  lock
  say '▸ 安装 / install'
  install_servers
  say '▸ 构建 / build (cargo build --profile quick)'
  # What runs, not what tests it.
  SQLX_OFFLINE=true cargo build --profile quick "${SERVICES[@]/#/--package=}" --package=streetwise 9>&- || fail 'the build failed'
  # What was built stays found by a later command that runs with another target directory.
  ln -sfn "$(realpath "$TARGET/quick")" "$RUN/bin"
  say '▸ 启动 / start'
  choose_ports
  make_secrets
  make_broker_users
  start_servers
  prepare_servers
  start_part sink
  for part in "${SERVICES[@]}"; do start_part "$part"; done
  for part in sink "${SERVICES[@]}"; do await_part "$part"; done
  write_endpoints
  say '▸ 演示数据 / demo manifests'
  apply_manifests
  ensure supervisor "$ROOT/dev" supervise
  unlock
  say "控制台 / console: $(http_url console)   地址与令牌 / addresses and tokens: .run/endpoints.json"
  printf 'READY\n'
  [[ -n $detach ]] || follow_until_interrupted
}

start_servers() {
  local part
  make_postgres "$(postgres_home postgres)"
  for part in postgres nats redis; do start_part "$part"; done
  for part in postgres nats redis; do await_part "$part"; done
}

# Both commands may be repeated at any time.
prepare_servers() {
  has_database "$(port_of postgres)" streetwise || psql_at "$(port_of postgres)" postgres -c 'CREATE DATABASE streetwise'
  streetwise migrate --admin-url "$(admin_url)"
  streetwise provision --nats-url "$(nats_url)" --nkey-file "$(nats_key_of provisioner)"
  # Keeps the key and the tokens that are still good.
  streetwise dev-identity --out "$RUN/identity"
}

streetwise() {
  STREETWISE_ENVIRONMENT=development "$RUN/bin/streetwise" "$@" >>"$RUN/logs/streetwise.log" 2>&1 9>&- && return
  tail -n 15 "$RUN/logs/streetwise.log" >&2
  fail "streetwise $1 failed; its whole log: ./dev logs streetwise"
}

make_secrets() {
  local name
  mkdir -p "$RUN/secrets/endpoints" "$RUN/identity"
  chmod 0700 "$RUN/secrets" "$RUN/secrets/endpoints" "$RUN/identity"
  for name in intake seal link; do
    [[ -s $RUN/secrets/$name ]] || (umask 077 && head -c 32 /dev/urandom >"$RUN/secrets/$name")
  done
}

# The manifests of the demo district, its streets after it. In a manifest, ${SINK_URL} stands for the sink.
apply_manifests() {
  local manifest rendered
  mkdir -p "$RUN/manifests"
  for manifest in "$ROOT"/packs/demo/district*.yaml "$ROOT"/packs/demo/street*.yaml; do
    [[ -e $manifest ]] || continue
    rendered=$RUN/manifests/$(basename "$manifest")
    sed "s|\${SINK_URL}|$(http_url sink)|g" "$manifest" >"$rendered"
    # Data of another day may hold what the demonstration knows nothing of, a calendar somebody published for instance.
    streetwise apply "$rendered" --directory-url "$(http_url directory)" --token-file "$RUN/identity/tokens/sre" ||
      fail "$(basename "$manifest") could not be applied. If the lines above say that it does not fit the data of another day: ./dev down --wipe begins anew"
    say "  ✓ $(basename "$manifest")"
  done
}

token_of() { cat "$RUN/identity/tokens/$1"; }

# .run/endpoints.json: what the demo, the harness and a curious person need. Holds tokens, so mode 0600.
write_endpoints() {
  local name file separator=''
  (
    umask 077
    {
      printf '{\n  "services": {'
      for name in "${SERVICES[@]}"; do
        printf '%s\n    "%s": "%s"' "$separator" "$name" "$(http_url "$name")"
        separator=,
      done
      printf '\n  },\n  "grpc": {'
      separator=''
      for name in "${SERVICES[@]}"; do
        printf '%s\n    "%s": "%s"' "$separator" "$name" "$(http_url "$name-grpc")"
        separator=,
      done
      printf '\n  },\n  "nats": "%s",\n  "postgres": "%s",\n  "redis": "%s",\n  "sink": "%s",\n  "sink_log": "%s",\n  "tokens": {' \
        "$(address_of nats)" "$(address_of postgres)" "$(address_of redis)" "$(http_url sink)" "$RUN/sink.jsonl"
      separator=''
      for file in "$RUN"/identity/tokens/*; do
        [[ -e $file ]] || continue
        name=$(basename "$file")
        printf '%s\n    "%s": "%s"' "$separator" "$name" "$(token_of "$name")"
        separator=,
      done
      printf '\n  }\n}\n'
    } >"$RUN/endpoints.json.new"
  )
  mv -f "$RUN/endpoints.json.new" "$RUN/endpoints.json"
}

follow_until_interrupted() {
  local follower
  tail -n 0 -F "$RUN"/logs/*.log 2>/dev/null &
  follower=$!
  # shellcheck disable=SC2064  # the process id of now
  trap "trap - INT TERM; kill $follower 2>/dev/null || true; cmd_down; exit 0" INT TERM
  say 'Ctrl-C 停止全部 / stops everything'
  # A ./dev down in another terminal ends this one too.
  while alive supervisor; do sleep 1; done
  kill "$follower" 2>/dev/null || true
}

cmd_down() {
  local part wipe=''
  case ${1:-} in
    --wipe) wipe=yes ;;
    '') ;;
    *) fail "down takes --wipe or nothing" ;;
  esac
  lock
  stop supervisor
  # All are asked at once, then each is waited for: a service takes seconds to finish what it has begun.
  for part in "${SERVICES[@]}" sink; do ask_to_end "$part"; done
  for part in "${SERVICES[@]}" sink redis nats; do stop "$part"; done
  # INT is Postgres' fast shutdown: it does not wait for clients.
  stop postgres INT
  if [[ -n $wipe ]]; then
    stop sql INT
    wipe_postgres_home postgres
    wipe_postgres_home sql
    rm -rf -- "${RUN:?}"
  fi
  say '已停止 / stopped'
}

ask_to_end() {
  local pid
  if pid=$(process_of "$1"); then kill -TERM "$pid" 2>/dev/null || true; fi
}

cmd_status() {
  local part state
  [[ -e $RUN/ports ]] || fail 'nothing was ever started here: ./dev up'
  for part in "${PARTS[@]}"; do
    state='停止 stopped'
    if alive "$part"; then
      state='异常 unwell'
      ! healthy "$part" || state='正常 well'
    fi
    printf '%-13s %-14s pid %-8s %s\n' "$part" "$state" "$(process_of "$part" || printf -- -)" "$(address_of "$part")"
  done
  alive supervisor || say 'supervisor 未运行 / not running: dead parts stay dead until ./dev up'
}

cmd_logs() {
  local argument follow=() files=()
  for argument in "$@"; do
    case $argument in
      -f) follow=(-F) ;;
      *)
        [[ -e $RUN/logs/$argument.log ]] || fail "no log of $argument; there are: $(cd "$RUN/logs" 2>/dev/null && echo *)"
        files+=("$RUN/logs/$argument.log")
        ;;
    esac
  done
  ((${#files[@]})) || files=("$RUN"/logs/*.log)
  [[ -e ${files[0]} ]] || fail 'no logs yet: ./dev up'
  exec tail -n 200 "${follow[@]}" "${files[@]}"
}

cmd_demo() {
  (($#)) || fail 'which one? ./dev demo bus-306|storm'
  [[ -e $RUN/endpoints.json && -x $RUN/bin/streetwise ]] || fail 'nothing runs here: ./dev up --detach'
  STREETWISE_ENVIRONMENT=development exec "$RUN/bin/streetwise" demo "$@" --endpoints "$RUN/endpoints.json"
}
