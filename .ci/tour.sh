#!/usr/bin/env bash
# Runs the tour of README.md against a fresh server on SQLite, and checks that README.zh.md has the same one.
# usage: .ci/tour.sh BINARY
set -euo pipefail

fail() {
    echo "tour: $*" >&2
    exit 1
}

[[ $# -eq 1 ]] || { echo "usage: .ci/tour.sh BINARY" >&2; exit 2; }
binary=$(realpath -- "$1")
[[ -f $binary && -x $binary ]] || fail "$1 is not a program"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
server=

cleanup() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf -- "$work"
}
trap cleanup EXIT

# The blocks whose info string is `bash tour`, in order.
blocks() {
    awk '/^```/ { if (inside) { inside = 0; print "" } else if ($0 == "```bash tour") inside = 1; next } inside' "$1"
}

blocks "$root/README.md" >"$work/tour"
blocks "$root/README.zh.md" >"$work/tour.zh"
[[ -s $work/tour ]] || fail "README.md has no block marked bash tour"
diff -u "$work/tour" "$work/tour.zh" >&2 || fail "the blocks of README.zh.md are not those of README.md"

# Nothing of the caller's own settings.
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(FISHPOND_|DATABASE_URL$)' || true)
export EMAIL=admin@example.com PASSWORD=carp-and-heron-7 no_proxy=127.0.0.1
cd "$work"
touch out
FISHPOND_ADMIN_EMAIL=$EMAIL FISHPOND_ADMIN_PASSWORD=$PASSWORD FISHPOND_METRICS_LISTEN=off \
    "$binary" serve --listen 127.0.0.1:0 --database-url sqlite://fishpond.db >>out 2>log &
server=$!

for ((tries = 0; tries < 300; tries++)); do
    if grep -q '^listening on ' out; then break; fi
    kill -0 "$server" 2>/dev/null || { cat log >&2; fail "the server ended before it listened"; }
    sleep 0.1
done
BASE=$(sed -n 's/^listening on //p' out)
[[ -n $BASE ]] || { cat log >&2; fail "the server did not say where it listens"; }
export BASE

if ! bash -euxo pipefail tour >answers 2>&1; then
    cat answers >&2
    fail "the last command above failed"
fi

kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
[[ $status -eq 0 ]] || { cat log >&2; fail "the server ended with status $status"; }
echo "tour: $(grep -c '^```bash tour$' "$root/README.md") blocks of README.md ran, README.zh.md has the same"
