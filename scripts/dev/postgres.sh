# Private Postgres servers: never the machine's own, never the standard port.
# shellcheck shell=bash

# The folder of the newest installed version's programs, which Debian keeps out of PATH.
postgres_programs() {
  local folder
  folder=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -1) || true
  [[ -n $folder ]] || folder=$(command -v postgres) || return 1
  dirname "$folder"
}

# Fills the array as_postgres: what root puts before a command, since Postgres refuses to run as root.
step_down_into() {
  as_postgres=()
  ((EUID != 0)) || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups env -C "$1")
}

# make_postgres FOLDER: its data folder, in FOLDER/data.
make_postgres() {
  local folder=$1 as_postgres
  [[ ! -e $folder/data/PG_VERSION ]] || return 0
  ((EUID != 0)) || chown postgres: "$folder/."
  step_down_into "$folder"
  "${as_postgres[@]}" "$(postgres_programs)/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-locale \
    >"$folder/initdb.log" 2>&1 || {
    tail -5 "$folder/initdb.log" >&2
    fail "initdb failed in $folder"
  }
}

# postgres_command FOLDER PORT [SETTING...]: fills the array postgres_command.
postgres_command() {
  local folder=$1 port=$2 as_postgres setting
  shift 2
  step_down_into "$folder"
  postgres_command=("${as_postgres[@]}" "$(postgres_programs)/postgres" -D "$folder/data" -p "$port")
  # No socket file: its path may be longer than the kernel takes.
  for setting in listen_addresses=127.0.0.1 unix_socket_directories= max_connections=200 "$@"; do
    postgres_command+=(-c "$setting")
  done
}

postgres_answers() { "$(postgres_programs)/pg_isready" -q -h 127.0.0.1 -p "$1"; }

# postgres_home NAME: makes the folder .run/NAME, or a link to one that the account postgres can enter, and prints
# where it really is: that account cannot follow the link.
postgres_home() {
  local home=$RUN/$1 place
  if [[ ! -e $home ]]; then
    rm -f "$home"
    mkdir -p "$RUN"
    if ((EUID == 0)) && ! setpriv --reuid=postgres --regid=postgres --init-groups test -x "$RUN"; then
      place=$(mktemp -d "/var/tmp/streetwise-$(sha256sum <<<"$ROOT" | cut -c1-8)-XXXXXX")
      chmod 755 "$place"
      ln -s "$place" "$home"
    else
      mkdir "$home"
    fi
  fi
  readlink -f "$home"
}

wipe_postgres_home() {
  [[ ! -L $RUN/$1 ]] || rm -rf -- "$(readlink "$RUN/$1")"
  rm -rf -- "${RUN:?}/$1"
}

# psql_at PORT DATABASE [ARGUMENT...]: as superuser, stopping at the first error.
psql_at() {
  local port=$1 database=$2
  shift 2
  PGOPTIONS='-c client_min_messages=warning' \
    "$(postgres_programs)/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -d "$database" "$@"
}

has_database() { [[ $(psql_at "$1" postgres -At -c "SELECT 1 FROM pg_database WHERE datname = '$2'") == 1 ]]; }
