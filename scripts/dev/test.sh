# ./dev test: what CI runs, all of it. The runner's own summary is the last thing printed.
# shellcheck shell=bash

# Budgets in seconds, for a cold clone on two cores; together with the tests' own at most 28 minutes.
RUN_TESTS_BUDGET=480
BUDGET_TABLE=()
TEST_FOLDER=''
TEST_POSTGRES=''

cmd_test() {
  export SQLX_OFFLINE=true
  if (($#)); then
    install_browser
    install_examples
    install_schemathesis
    install_working_days
    start_test_servers
    run_tests "$@"
    return
  fi
  step '格式 / format' 20 cargo fmt --all --check
  step '协议 / protos' 40 check_protos
  step '部署 / chart' 90 check_chart
  step '检查 / clippy' 480 cargo clippy --workspace --all-targets --quiet -- -D warnings
  step '构建测试 / build tests' 540 run_tests --workspace --no-run
  step '服务器 / servers' 120 start_test_servers
  step '浏览器 / browser' 120 install_browser
  step '示例客户端 / example clients' 60 install_examples
  step '接口校验 / schemathesis' 60 install_schemathesis
  step '工作日 / working days' 20 install_working_days
  print_budget
  run_tests --workspace
}

# step TITLE BUDGET COMMAND...: told before and after; a failure ends everything.
step() {
  local title=$1 budget=$2 began=$SECONDS took
  shift 2
  say "▸ $title"
  "$@" || fail "$title: 失败 / failed after $((SECONDS - began)) s"
  took=$((SECONDS - began))
  BUDGET_TABLE+=("$title|$took|$budget")
  say "  ✓ $took s"
}

print_budget() {
  local row title took budget spent=0 allowed=$RUN_TESTS_BUDGET
  say "  用时/预算（秒） / seconds taken and allowed"
  for row in "${BUDGET_TABLE[@]}"; do
    IFS='|' read -r title took budget <<<"$row"
    spent=$((spent + took)) allowed=$((allowed + budget))
    say "$(printf '  %5s /%5s  %s%s' "$took" "$budget" "$title" "$( ((took <= budget)) || printf '  ← 超出 / over')")"
  done
  say "$(printf '  %5s /%5s  %s' '' "$RUN_TESTS_BUDGET" '测试 / tests, next')"
  say "$(printf '  %5s /%5s  %s' "$spent" "$allowed" '合计 / all')"
}

check_protos() {
  [[ -n $(find proto -name '*.proto' -print -quit) ]] || return 0
  local buf
  # Chained by hand: inside a step, a failing command does not end the function.
  buf=$(install_buf) && "$buf" lint proto &&
    { [[ ! -e proto/baseline.binpb ]] || "$buf" breaking proto --against proto/baseline.binpb; }
}

# One profile for all (D42). nextest where it is installed; the tests are the same without it.
run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run "$@"
  else
    cargo test --lib --bins --tests "$@"
  fi
}

# One Postgres for all tests, each of which takes a fresh database in it; a test that kills a server starts its own.
# It syncs nothing: what it promises ends with this run.
start_test_servers() {
  local port postgres_command
  install_servers
  TEST_FOLDER=$(mktemp -d)
  chmod 755 "$TEST_FOLDER"
  trap stop_test_servers EXIT
  trap 'exit 130' INT TERM
  make_postgres "$TEST_FOLDER"
  port=$(free_port)
  postgres_command "$TEST_FOLDER" "$port" fsync=off synchronous_commit=off full_page_writes=off
  # Ends with this shell even if that is killed.
  setsid setpriv --pdeathsig KILL "${postgres_command[@]}" </dev/null >"$TEST_FOLDER/log" 2>&1 &
  TEST_POSTGRES=$!
  await 30 postgres postgres_answers "$port" || fail "$(tail -5 "$TEST_FOLDER/log")"
  export STREETWISE_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:$port/postgres
}

# Quietly: after the runner's summary nothing more is printed.
stop_test_servers() {
  if [[ -n $TEST_POSTGRES ]]; then
    kill -QUIT "$TEST_POSTGRES" 2>/dev/null || true
    wait "$TEST_POSTGRES" 2>/dev/null || true
  fi
  [[ -z $TEST_FOLDER ]] || rm -rf -- "$TEST_FOLDER"
}
