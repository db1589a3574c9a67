# The parts of a running system: their names, ports, commands and health.
# shellcheck shell=bash disable=SC2034  # read by supervise and up

SERVICES=(directory intake triage dispatch notification console)
PARTS=(postgres nats redis sink "${SERVICES[@]}")
PORTS=(postgres nats nats-monitor redis sink "${SERVICES[@]}" "${SERVICES[@]/%/-grpc}")

# The port kept for $1.
port_of() { sed -n "s/^$1=//p" "$RUN/ports"; }

# Ports are chosen once and kept. A port that somebody else took while its part was down is chosen anew.
choose_ports() {
  local name port
  touch "$RUN/ports"
  for name in "${PORTS[@]}"; do
    port=$(port_of "$name")
    if [[ -n $port ]] && ! alive "${name%-*}" && listening "$port"; then
      say "  端口被占用 / port $port of $name is taken, choosing another"
      sed -i "/^$name=/d" "$RUN/ports"
      port=''
    fi
    [[ -n $port ]] || printf '%s=%s\n' "$name" "$(free_port)" >>"$RUN/ports"
  done
}

admin_url() { printf 'postgres://postgres@127.0.0.1:%s/streetwise' "$(port_of postgres)"; }
nats_url() { printf 'nats://127.0.0.1:%s' "$(port_of nats)"; }
http_url() { printf 'http://127.0.0.1:%s' "$(port_of "$1")"; }

# Starts part $1 unless it already runs as it should.
start_part() {
  local postgres_command nats_command redis_command service_environment
  case $1 in
    postgres)
      # fsync stays on: this one is for trying out what must survive.
      postgres_command "$(postgres_home postgres)" "$(port_of postgres)"
      ensure postgres "${postgres_command[@]}"
      ;;
    nats)
      nats_command
      ensure nats "${nats_command[@]}"
      ;;
    redis)
      redis_command
      ensure redis "${redis_command[@]}"
      ;;
    sink)
      ensure sink env STREETWISE_ENVIRONMENT=development "$RUN/bin/streetwise" sink \
        --listen "127.0.0.1:$(port_of sink)" --secrets "$RUN/secrets/endpoints" --out "$RUN/sink.jsonl"
      ;;
    *)
      service_environment "$1"
      ensure "$1" env "${service_environment[@]}" "$RUN/bin/$1"
      ;;
  esac
}

# Fills the array service_environment: all that service $1 is told.
service_environment() {
  local name=$1 database
  database=127.0.0.1:$(port_of postgres)/streetwise
  service_environment=(
    "STREETWISE_DATABASE_URL=postgres://$name@$database"
    "STREETWISE_RELAY_DATABASE_URL=postgres://${name}_relay@$database"
    "STREETWISE_NATS_URL=$(nats_url)"
    "STREETWISE_NATS_NKEY_FILE=$(nats_key_of "$name")"
    "STREETWISE_HTTP_LISTEN=127.0.0.1:$(port_of "$name")"
    "STREETWISE_GRPC_LISTEN=127.0.0.1:$(port_of "$name-grpc")"
    "STREETWISE_ENVIRONMENT=development"
    "STREETWISE_JWKS_FILE=$RUN/identity/jwks.json"
    "STREETWISE_JWT_ISSUER=streetwise-dev"
    "STREETWISE_JWT_AUDIENCE=streetwise"
    "STREETWISE_LOG=${STREETWISE_LOG:-info}"
  )
  case $name in
    # The first apply has no members yet who could be allowed to.
    directory) service_environment+=("STREETWISE_DIRECTORY_ADMINS=sre") ;;
    intake) service_environment+=("STREETWISE_INTAKE_SECRET_FILE=$RUN/secrets/intake"
      "STREETWISE_REDIS_URL=$(address_of redis)"
      "STREETWISE_SEAL_KEY_FILE=$RUN/secrets/seal") ;;
    dispatch) service_environment+=("STREETWISE_LINK_KEY_FILE=$RUN/secrets/link"
      "STREETWISE_PUBLIC_URL=http://127.0.0.1:$(port_of dispatch)") ;;
    notification) service_environment+=("STREETWISE_SEAL_KEY_FILE=$RUN/secrets/seal"
      "STREETWISE_EGRESS_ALLOW=http://127.0.0.1/127.0.0.1/32:$(port_of sink)"
      "STREETWISE_ENDPOINT_SECRETS_DIR=$RUN/secrets/endpoints") ;;
  esac
}

# Whether part $1 can do its job.
healthy() {
  case $1 in
    postgres) postgres_answers "$(port_of postgres)" ;;
    nats) nats_healthy ;;
    redis) redis_answers ;;
    sink) listening "$(port_of sink)" ;;
    *) [[ $(http_status "$(port_of "$1")" /readyz) == 200 ]] ;;
  esac
}

# await_part PART: healthy within a minute; a part that ended instead is not waited for.
await_part() {
  local part=$1
  # shellcheck disable=SC2317  # await calls it
  healthy_or_ended() { healthy "$part" || ! alive "$part"; }
  if await 60 "$part" healthy_or_ended && alive "$part"; then
    say "$(printf '  ✓ %-13s %s' "$part" "$(address_of "$part")")"
    return
  fi
  tail -n 15 "$RUN/logs/$part.log" >&2
  fail "$part 未能启动 / did not start; its whole log: ./dev logs $part"
}

address_of() {
  case $1 in
    postgres) admin_url ;;
    nats) nats_url ;;
    redis) printf 'redis://127.0.0.1:%s' "$(port_of redis)" ;;
    *) http_url "$1" ;;
  esac
}
