# Words to the terminal, and waiting with a deadline. Sourced by ./dev, never run.
# Progress goes to standard error: what a command answers is alone on standard output.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf '✗ %s\n' "$*" >&2
  exit 1
}

# await SECONDS WHAT COMMAND...: asks until COMMAND succeeds; past the deadline it says so and fails.
await() {
  local seconds=$1 what=$2 began=$SECONDS told=0
  shift 2
  until "$@"; do
    ((SECONDS - began < seconds)) || {
      say "✗ $what: ${seconds} s 内未就绪 / not ready within ${seconds} s"
      return 1
    }
    if ((SECONDS - began >= told + 5)); then
      told=$((SECONDS - began))
      say "  … $what ($told s)"
    fi
    sleep 0.2
  done
}

# http_status PORT PATH: the status code of a GET, or nothing. Needs no curl; a frozen server costs two seconds.
http_status() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3 || exit 0
  read -r -t 2 _ status _ <&3 || exit 0
  printf '%s' "$status"
) 2>/dev/null

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the range the kernel gives to outgoing connections, so that a part that restarts finds its port free;
# no standard port of anything used here lies in it.
free_port() {
  local port
  while :; do
    port=$((21000 + RANDOM % 5000))
    grep -qs "=$port\$" "$RUN/ports" && continue
    listening "$port" || break
  done
  printf '%s' "$port"
}
