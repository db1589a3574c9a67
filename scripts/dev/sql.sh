# ./dev sql and ./dev generate: a database for checking queries, and the committed query data made from it.
#
# It is made from the migration files themselves (schema.sh), not by `streetwise migrate`: that program contains the
# queries, so it cannot be built before they are checked.
# shellcheck shell=bash

SQL_DATABASE=queries

cmd_sql() {
  start_sql_server
  make_sql_database
  sql_url
  printf '\n'
}

# Superuser's; shared crates name tables without a schema, so the path holds all of them.
sql_url() {
  local IFS=,
  printf 'postgres://postgres@127.0.0.1:%s/%s?options=-csearch_path%%3D%s' \
    "$(port_of sql)" "$SQL_DATABASE" "${SERVICES[*]}"
}

# Runs until ./dev down --wipe or the next boot; holds nothing of value, so it does not sync.
start_sql_server() {
  local home postgres_command
  lock
  touch "$RUN/ports"
  [[ -n $(port_of sql) ]] || printf 'sql=%s\n' "$(free_port)" >>"$RUN/ports"
  postgres_programs >/dev/null || install_packages postgresql
  home=$(postgres_home sql)
  make_postgres "$home"
  postgres_command "$home" "$(port_of sql)" fsync=off synchronous_commit=off full_page_writes=off
  ensure sql "${postgres_command[@]}"
  await 30 sql postgres_answers "$(port_of sql)" || fail "see $RUN/logs/sql.log"
  unlock
}

make_sql_database() {
  local port
  port=$(port_of sql)
  psql_at "$port" postgres -c "DROP DATABASE IF EXISTS $SQL_DATABASE WITH (FORCE)" -c "CREATE DATABASE $SQL_DATABASE"
  PGOPTIONS='-c client_min_messages=warning' \
    "$ROOT/scripts/dev/schema.sh" "postgres://postgres@127.0.0.1:$port/$SQL_DATABASE" ||
    fail 'the migrations do not apply'
}

# Query data: written afresh beside the old, then put in its place, so that nothing stale stays.
cmd_generate() {
  if [[ ${1:-} == chart ]]; then
    generate_chart
    return
  fi
  local fresh=$ROOT/.sqlx.new url
  url=$(cmd_sql)
  rm -rf "$fresh"
  mkdir "$fresh"
  # The macros run again only in files that changed.
  grep -rlE --include='*.rs' 'sqlx::(query|migrate)' crates services tests | xargs -r touch
  env -u SQLX_OFFLINE DATABASE_URL="$url" SQLX_OFFLINE_DIR="$fresh" cargo check --workspace --all-targets || {
    rm -rf "$fresh"
    fail 'a query or the code around it does not check; .sqlx is as it was'
  }
  rm -rf "$ROOT/.sqlx"
  mv "$fresh" "$ROOT/.sqlx"
  say "✓ .sqlx: $(find .sqlx -name '*.json' | wc -l) queries"
  generate_documents
  generate_chart
}

# What is made from the code and committed: what a manifest may say (packs/schema, docs/manifest-reference.md), who may do
# what (docs/rights.md), the HTTP doors (docs/openapi). Built as for the whole test run, so that nothing is built twice.
generate_documents() {
  export SQLX_OFFLINE=true STREETWISE_RENEW=1
  start_test_servers
  run_tests --workspace the_committed_ >&2 || fail 'packs/schema, docs/rights.md or docs/openapi are as they were'
  say '✓ packs/schema, docs/manifest-reference.md, docs/rights.md, docs/openapi'
}
