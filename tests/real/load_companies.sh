#!/usr/bin/env bash
# Loads real companies, their people, and tiers, opportunities and touch records of some through the API of a release server,
# on SQLite and then on PostgreSQL, and checks what comes back. Run by hand; see usage below.
set -euo pipefail

usage() {
    cat <<'END'
usage: tests/real/load_companies.sh DATA_DIR [FISHPOND_BINARY]

DATA_DIR         the folder with companies.csv and company_people.csv
FISHPOND_BINARY  the server to test; without it, `cargo build --release` makes one

PostgreSQL: TEST_POSTGRES_URL (postgres://user:password@host) names a server on which the database fishpond_real is made
and dropped again. Without it a throw-away cluster is started with initdb and pg_ctl, as the user postgres when run by root.
Needs Linux, Python 3.9 or later and psql. Exit status 0: all checks passed on both databases.
END
}

fail() {
    echo "load_companies: $*" >&2
    exit 1
}

[[ ${1:-} != -h && ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -ge 1 && $# -le 2 ]] || { usage >&2; exit 2; }
data=$(realpath -- "$1")
for file in companies.csv company_people.csv; do
    [[ -r $data/$file ]] || fail "$1 has no $file"
done
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -eq 2 ]]; then
    binary=$(realpath -- "$2")
else
    cd "$here/../.."
    cargo build --release
    binary=$(realpath -- "${CARGO_TARGET_DIR:-target}/release/fishpond")
fi
[[ -f $binary && -x $binary ]] || fail "$binary is not a program"

work=$(mktemp -d)
cluster='' # the folder of our own cluster, once there is one
database='' # the URL to drop our database from, once it is made

cleanup() {
    status=$?
    trap - EXIT
    for file in "$work"/*/server.pid; do
        [[ ! -s $file ]] || kill -KILL "$(<"$file")" 2>/dev/null || true
    done
    [[ -z $database ]] || sql "$database" 'DROP DATABASE fishpond_real WITH (FORCE)' || true
    [[ -z $cluster ]] || as_postgres "$pg_ctl" stop -D "$cluster/data" -m immediate >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL's programs are not always on the path.
postgres_tool() {
    local found
    found=$(command -v "$1" || find /usr/lib/postgresql/*/bin -name "$1" 2>/dev/null | sort -V | tail -n 1 || true)
    [[ -n $found ]] || fail "$1 not found; install PostgreSQL or set TEST_POSTGRES_URL"
    echo "$found"
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [[ $EUID -eq 0 ]]; then
        (cd "$work" && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

sql() {
    "$psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"
}

# The same server, another database.
with_database() {
    local base=${1%%\?*} rest=${1#*://}
    rest=${rest%%\?*}
    echo "${base%%://*}://${rest%%/*}/$2${1#"$base"}"
}

start_cluster() {
    local initdb port
    initdb=$(postgres_tool initdb)
    pg_ctl=$(postgres_tool pg_ctl)
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cluster=$work/cluster
    mkdir "$cluster"
    if [[ $EUID -eq 0 ]]; then
        chmod 711 "$work"
        chown postgres "$cluster"
    fi
    as_postgres "$initdb" -D "$cluster/data" -U postgres -A trust -E UTF8 --no-locale >"$work/initdb.log" 2>&1 ||
        fail "initdb: $(cat "$work/initdb.log")"
    as_postgres "$pg_ctl" start -w -D "$cluster/data" -l "$cluster/log" \
        -o "-c listen_addresses=127.0.0.1 -p $port -k '$cluster'" >/dev/null || fail "pg_ctl: $(cat "$cluster/log")"
    server=postgres://postgres@127.0.0.1:$port/postgres
}

failed=0
run() {
    printf '\n%s\n' "$1"
    mkdir "$work/$2"
    python3 -B "$here/load_companies.py" "$data" "$binary" "$3" "$work/$2" || failed=1
}

run "SQLite" sqlite "sqlite://$work/sqlite/fishpond.db"

psql=$(postgres_tool psql)
if [[ -n ${TEST_POSTGRES_URL:-} ]]; then
    server=$(with_database "$TEST_POSTGRES_URL" postgres)
else
    start_cluster
fi
sql "$server" "CREATE DATABASE fishpond_real ENCODING 'UTF8' TEMPLATE template0"
database=$server
run "PostgreSQL $(sql "$server" 'SHOW server_version')" postgres "$(with_database "$server" fishpond_real)"

printf '\n'
[[ $failed -eq 0 ]] || fail "some checks failed"
echo "all checks passed"
