#!/usr/bin/env bash
# Proves that a typed client can be made from the OpenAPI document: lints the document, makes TypeScript types of it, compiles
# tests/client/walk.ts with them, and runs it against a fresh server on SQLite.
# usage: .ci/client.sh BINARY
#        CLIENT_TYPES_ONLY=1 .ci/client.sh    lint, types and compiling only; needs no server
set -euo pipefail

# What is fetched when the machine has no Node that is new enough.
node_package=node@22.23.3
node_least=20.19.0

fail() {
    echo "client: $*" >&2
    exit 1
}
say() { echo "client: $*"; }
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

types_only=${CLIENT_TYPES_ONLY:-}
if [[ -z $types_only ]]; then
    [[ $# -eq 1 ]] || { echo "usage: .ci/client.sh BINARY (or CLIENT_TYPES_ONLY=1 .ci/client.sh)" >&2; exit 2; }
    binary=$(realpath -- "$1")
    [[ -f $binary && -x $binary ]] || fail "$1 is not a program"
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fishpond-ci
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

# Whether this Node is new enough.
is_enough() {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    [[ $(printf '%s\n' "${version#v}" "$node_least" | sort -V | head -n 1) == "$node_least" ]]
}

if ! command -v npm >/dev/null; then
    say "no npm here: installing it"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends npm
fi
node=$(command -v node || true)
if [[ -z $node ]] || ! is_enough "$node"; then
    modules=$cache/${node_package/@/-}
    node=$modules/node_modules/node/bin/node
    if ! is_enough "$node"; then
        say "no Node $node_least or later here: fetching $node_package into $modules"
        rm -rf -- "$modules"
        mkdir -p -- "$modules"
        # Its install script is what puts the program into its place.
        npm install --prefix "$modules" --no-save --no-package-lock --no-audit --no-fund "$node_package" ||
            fail "$node_package could not be fetched"
    fi
    is_enough "$node" || fail "$node is not Node $node_least or later"
    export PATH=${node%/*}:$PATH
fi
say "Node $("$node" --version)"

cd "$root/tests/client"
say "the packages of package-lock.json"
# None of them needs an install script.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
if grep -q '"resolved"' package-lock.json; then fail "package-lock.json names where packages were fetched"; fi
bin=$PWD/node_modules/.bin
rm -rf generated
mkdir generated

say "lint"
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    "$bin/redocly" lint --config redocly.yaml --max-problems 1000 "$root/openapi/openapi.json" ||
    fail "openapi/openapi.json has the faults above"

say "types"
"$bin/openapi-typescript" "$root/openapi/openapi.json" --output generated/api.d.ts || fail "no types come of openapi/openapi.json"

say "compile"
"$bin/tsc" --project tsconfig.json || fail "walk.ts does not fit the document"
if [[ -n $types_only ]]; then
    say "done; no server was asked for"
    exit 0
fi

# Nothing of the caller's own settings.
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(FISHPOND_|DATABASE_URL$)' || true)
export EMAIL=admin@example.com PASSWORD=carp-and-heron-7 no_proxy=127.0.0.1
cd "$work"
touch out
say "start $binary"
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

say "walk at $BASE"
if ! timeout 120 "$node" "$root/tests/client/generated/js/walk.js"; then
    tail -n 20 log >&2
    fail "the walk failed; the end of the server's log is above"
fi

kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
[[ $status -eq 0 ]] || { cat log >&2; fail "the server ended with status $status"; }
say "the document lints, compiles and tells what the server does"
