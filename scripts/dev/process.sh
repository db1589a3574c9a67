# Background processes remembered across calls. A process is ours only when both its id and its start time are
# the ones written down, so that a recycled id is never signalled.
# shellcheck shell=bash

# The kernel's start time of process $1; nothing when it is gone or a zombie.
started_at() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  # The process name may hold blanks and brackets: count from the last bracket.
  read -ra stat <<<"${stat##*) }"
  [[ ${stat[0]} == Z ]] || printf '%s' "${stat[19]}"
}

# The process id of part $1, if it runs.
process_of() {
  local pid start
  read -r pid start 2>/dev/null <"$RUN/pids/$1" || return 1
  [[ -n $start && $(started_at "$pid") == "$start" ]] || return 1
  printf '%s' "$pid"
}

alive() { process_of "$1" >/dev/null; }

# launch PART COMMAND...: starts it in a session of its own, so that Ctrl-C reaches ./dev alone.
launch() {
  local part=$1 pid
  shift
  mkdir -p "$RUN/pids" "$RUN/logs"
  setsid "$@" </dev/null >>"$RUN/logs/$part.log" 2>&1 9>&- &
  pid=$!
  # Not a job: its end is nothing that this shell should remark on.
  disown "$pid"
  printf '%s %s\n' "$pid" "$(started_at "$pid")" >"$RUN/pids/$part"
  fingerprint "$@" >"$RUN/pids/$part.command"
}

# ensure PART COMMAND...: running, with this command line and this build of its program.
ensure() {
  local part=$1
  shift
  if alive "$part"; then
    [[ $(<"$RUN/pids/$part.command") != "$(fingerprint "$@")" ]] || return 0
    stop "$part"
  fi
  launch "$part" "$@"
}

fingerprint() {
  local word
  for word in "$@"; do
    printf '%s\n' "$word"
    [[ ! -f $word || ! -x $word ]] || stat -c '%Y %s' "$word"
  done | sha256sum
}

# stop PART [SIGNAL] [SECONDS]: asks it to end, then makes it.
stop() {
  local part=$1 signal=${2:-TERM} seconds=${3:-25} pid deadline
  if pid=$(process_of "$part"); then
    kill -s "$signal" "$pid" 2>/dev/null || true
    deadline=$((SECONDS + seconds))
    while alive "$part"; do
      ((SECONDS < deadline)) || kill -KILL "$pid" 2>/dev/null || true
      sleep 0.1
    done
  fi
  rm -f "$RUN/pids/$part" "$RUN/pids/$part.command"
}

# One ./dev at a time starts and stops parts. A first build takes minutes, so this waits as long as it takes.
lock() {
  mkdir -p "$RUN"
  exec 9>"$RUN/lock"
  flock -n 9 && return
  say '另一个 ./dev 正在运行，等待中 / another ./dev is at work, waiting for it'
  flock 9
}

# For the supervisor: what another ./dev is starting or stopping right now is not its business.
lock_at_once() {
  exec 9>"$RUN/lock"
  flock -n 9
}

unlock() { flock -u 9; }
