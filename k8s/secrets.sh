#!/usr/bin/env bash
# Prints every Secret an installation needs, with fresh random content, as one YAML stream: pipe it into `kubectl apply -f -` or into what
# seals Secrets where you keep them. Run it once: the keys `intake` and `seal` never change afterwards (docs/operations/secrets.md).
#
#   k8s/secrets.sh evaluation          # for k8s/evaluation: single servers, no TLS inside the namespace
#   k8s/secrets.sh production KEYS     # for k8s/infrastructure: TLS; KEYS is the folder of `streetwise broker-users --keys KEYS`
set -euo pipefail

NAMESPACE=streetwise
SERVICES=(intake triage dispatch notification directory console)

case ${1:-} in
  evaluation)
    database_host=streetwise-postgres database_options='?sslmode=disable' nats_scheme=nats keys=''
    ;;
  production)
    # Whose authority is mounted from the chart's trust.configMap.
    database_host=streetwise-postgres-rw
    database_options='?sslmode=verify-full&sslrootcert=/etc/streetwise/trust/ca.crt'
    nats_scheme=tls keys=${2:?name the folder with the keys of broker-users}
    ;;
  *)
    printf 'usage: %s evaluation | production KEYS\n' "$0" >&2
    exit 2
    ;;
esac

# Letters and digits: it stands in addresses.
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# secret NAME TYPE KEY=VALUE...
secret() {
  local name=$1 type=$2 pair
  shift 2
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: %s, labels: { app.kubernetes.io/part-of: streetwise } }\ntype: %s\nstringData:\n' \
    "$name" "$NAMESPACE" "$type"
  for pair in "$@"; do printf "  %s: '%s'\n" "${pair%%=*}" "${pair#*=}"; done
}

# Exactly 32 raw bytes, which are no text.
key_secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: %s, labels: { app.kubernetes.io/part-of: streetwise } }\ntype: Opaque\ndata:\n  key: %s\n' \
    "$1" "$NAMESPACE" "$(head -c 32 /dev/urandom | base64)"
}

nats_url=$nats_scheme://streetwise-nats:4222
# The key of a user of the broker, as a further pair; nothing where the broker lets everybody in.
nats_key() { [[ -z $keys ]] || printf 'nats.nk=%s' "$(<"$keys/$1.nk")"; }
database_url() { printf 'postgres://%s:%s@%s:5432/streetwise%s' "$1" "$2" "$database_host" "$database_options"; }

admin=$(password) backup=$(password) valkey=$(password)
roles=()
for service in "${SERVICES[@]}"; do
  own=$(password) relay=$(password) key=$(nats_key "$service")
  roles+=("$service=$own" "${service}_relay=$relay")
  addresses=("database-url=$(database_url "$service" "$own")"
    "relay-database-url=$(database_url "${service}_relay" "$relay")"
    "nats-url=$nats_url" ${key:+"$key"})
  [[ $service != intake ]] || addresses+=("redis-url=redis://default:${valkey}@streetwise-valkey:6379")
  secret "streetwise-$service" Opaque "${addresses[@]}"
done
roles+=("backup=$backup")

key=$(nats_key provisioner)
secret streetwise-admin Opaque "admin-url=$(database_url postgres "$admin")" "nats-url=$nats_url" ${key:+"$key"}
secret streetwise-backup Opaque "database-url=$(database_url backup "$backup")"
key_secret streetwise-key-intake
key_secret streetwise-key-seal
key_secret streetwise-key-link

secret streetwise-valkey-users Opaque "default=$valkey"
secret streetwise-postgres-admin kubernetes.io/basic-auth username=postgres "password=$admin"
if [[ -n $keys ]]; then
  # As the operator takes them: one Secret a role.
  for pair in "${roles[@]}"; do
    role=${pair%%=*}
    secret "streetwise-postgres-${role//_/-}" kubernetes.io/basic-auth "username=$role" "password=${pair#*=}"
  done
else
  secret streetwise-postgres-roles Opaque "${roles[@]}"
fi
