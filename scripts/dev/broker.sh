# The private NATS broker and Redis.
# shellcheck shell=bash disable=SC2034  # the arrays are read by start_part

# Default sync, as in production: what an acknowledgement is worth is part of what is tried out here.
nats_command() {
  nats_command=("$STREETWISE_NATS_BIN" -c "$RUN/nats.conf" -a 127.0.0.1 -p "$(port_of nats)"
    -m "$(port_of nats-monitor)" -js -sd "$RUN/nats")
}

# A key for each service and settings that let in their owners only. A broker that runs reads them again on HUP.
make_broker_users() {
  local pid
  streetwise broker-users --keys "$RUN/secrets/nats" --out "$RUN/nats-users.conf"
  # One file: an include takes no path from outside of its folder.
  cat "$ROOT/scripts/dev/nats.conf" "$RUN/nats-users.conf" >"$RUN/nats.conf.new"
  if ! cmp -s "$RUN/nats.conf.new" "$RUN/nats.conf"; then
    mv -f "$RUN/nats.conf.new" "$RUN/nats.conf"
    if pid=$(process_of nats); then kill -HUP "$pid"; fi
  fi
  rm -f "$RUN/nats.conf.new"
}

nats_key_of() { printf '%s' "$RUN/secrets/nats/$1.nk"; }

# The full check: the one that asks only whether JetStream is switched on stays well on a full disk.
nats_healthy() { [[ $(http_status "$(port_of nats-monitor)" /healthz) == 200 ]]; }

# Redis holds only what may vanish, so it writes nothing to disk.
redis_command() {
  mkdir -p "$RUN/redis"
  redis_command=(redis-server --port "$(port_of redis)" --bind 127.0.0.1 --save '' --appendonly no
    --dir "$RUN/redis" --daemonize no)
}

redis_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$(port_of redis)" || exit 1
  printf 'PING\r\n' >&3
  read -r -t 2 answer <&3
  [[ $answer == +PONG* ]]
) 2>/dev/null
