#!/usr/bin/env bash
# Applies every migration to an empty database with psql alone, so that query checking needs no built binary.
# Usage: schema.sh ADMIN_URL. The order is that of `pg::migrate`: pg, messaging, wakeups, snapshot, the service.
set -euo pipefail
admin_url=$1
top=$(cd "$(dirname "$0")/../.." && pwd)

for service in intake triage dispatch notification directory console; do
  psql -qX -v ON_ERROR_STOP=1 "$admin_url" >/dev/null <<SQL
DO \$\$ DECLARE r text; BEGIN
  FOREACH r IN ARRAY ARRAY['${service}_owner NOLOGIN', '${service} LOGIN', '${service}_relay LOGIN'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(r, ' ', 1)) THEN
      EXECUTE 'CREATE ROLE ' || r; END IF;
  END LOOP; END \$\$;
DROP SCHEMA IF EXISTS $service CASCADE;
CREATE SCHEMA $service AUTHORIZATION ${service}_owner;
GRANT USAGE ON SCHEMA $service TO $service, ${service}_relay;
SQL
  for folder in crates/pg crates/messaging crates/wakeups crates/snapshot "services/$service"; do
    for file in "$top/$folder"/migrations/*.sql; do
      [ -e "$file" ] || continue
      { echo "SET ROLE ${service}_owner; SET search_path = $service;"; cat "$file"; } |
        psql -qX1 -v ON_ERROR_STOP=1 "$admin_url" >/dev/null || { echo "failed: $file in $service" >&2; exit 1; }
    done
  done
done
