# ./dev chaos, restore-drill, fuzz, bench: the programs of tests/harness, with what they need installed.
# Always built with the whole workspace: a single package would be compiled with other features, all over again.
# shellcheck shell=bash

# Crash points exist under debug assertions only, so chaos runs the build of the tests.
cmd_chaos() {
  install_servers
  # Wrong clocks, for F11 and F12.
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || install_packages faketime
  SQLX_OFFLINE=true cargo build --quiet --workspace --profile test
  exec "$TARGET/debug/chaos" "$@"
}

# The same build: the drill kills what it needs to kill, and the checker is the same.
cmd_restore_drill() {
  install_servers
  SQLX_OFFLINE=true cargo build --quiet --workspace --profile test
  exec "$TARGET/debug/restore-drill" "$@"
}

# As it is deployed. Servers that measure sync to disk; the bench starts them.
cmd_bench() {
  (($#)) || fail 'which one? ./dev bench hold|flow|rate|relay|consume|webhooks|storm|start|onboard|instructions|sla|classify|wakeups|dispatch|routing|join [--json]'
  # Clocks and texts need no server.
  [[ $1 == sla || $1 == classify ]] || install_servers
  [[ $1 != instructions ]] || command -v valgrind >/dev/null || install_packages valgrind
  SQLX_OFFLINE=true cargo build --quiet --release --workspace
  exec "$TARGET/release/bench" "$@"
}

# Every property whose name says fuzz, with far more cases than ./dev test gives it.
cmd_fuzz() {
  export PROPTEST_CASES=${PROPTEST_CASES:-100000}
  export SQLX_OFFLINE=true
  cargo nextest --version >/dev/null 2>&1 || fail 'fuzz needs cargo-nextest: cargo install cargo-nextest --locked'
  export STREETWISE_CONTRACT_EXAMPLES=${STREETWISE_CONTRACT_EXAMPLES:-300}
  install_schemathesis
  start_test_servers
  cargo nextest run --workspace --no-fail-fast -E "test(fuzz) & test(${1:-fuzz})"
}
