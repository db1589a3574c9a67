# The loop behind ./dev up: restarts what died, and the broker when it is unwell.
# After a full disk the broker stays stuck until it is restarted, though its process lives.
# shellcheck shell=bash

BROKER_SICK_CHECKS=5

# Not for people: ./dev up starts it.
cmd_supervise() {
  local part sick=0
  local -A failures=() next_try=() up_since=()
  while sleep 2; do
    lock_at_once || continue
    for part in "${PARTS[@]}"; do
      if alive "$part"; then
        # A minute without dying: what it died of before is over.
        ((SECONDS - ${up_since[$part]:-0} < 60)) || failures[$part]=0
      elif ((SECONDS >= ${next_try[$part]:-0})); then
        failures[$part]=$((${failures[$part]:-0} + 1))
        next_try[$part]=$((SECONDS + (failures[$part] < 5 ? 1 << failures[$part] : 30)))
        up_since[$part]=$SECONDS
        printf '%(%FT%TZ)T %s was not running: starting it, try %s\n' -1 "$part" "${failures[$part]}"
        start_part "$part"
      fi
    done
    if nats_healthy; then sick=0; else sick=$((sick + 1)); fi
    if ((sick >= BROKER_SICK_CHECKS)); then
      printf '%(%FT%TZ)T nats failed %s checks of /healthz: restarting it\n' -1 "$sick"
      stop nats KILL
      start_part nats
      sick=0
    fi
    unlock
  done
}
