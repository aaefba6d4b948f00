#!/usr/bin/env bash
# Sends whatever the OpenAPI document allows, and what it does not, to a fresh server with demo data, and holds the answers against
# the document: schemathesis with all of its checks on all operations, as an administrator and as an API key, both at once.
# usage: .ci/fuzz.sh BINARY [CASES]         CASES of each operation, besides the fixed ones; by hand 1000 or more
#        FUZZ_SEED=N .ci/fuzz.sh …          the same cases again
#        FUZZ_DATABASE_URL=URL .ci/fuzz.sh …    an empty PostgreSQL database instead of SQLite
#        FUZZ_CALLERS=key .ci/fuzz.sh …     one of the two only
#        FUZZ_KEEP=1 .ci/fuzz.sh …          leaves the reports, the log and the database behind
#        FUZZ_PATHS=REGEX .ci/fuzz.sh …     only operations with such a path
# exits with 75 when the package index cannot be reached
set -euo pipefail

fail() {
    echo "fuzz: $*" >&2
    exit 1
}
say() { echo "fuzz: $*"; }
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

[[ $# -eq 1 || $# -eq 2 ]] || { echo "usage: .ci/fuzz.sh BINARY [CASES]" >&2; exit 2; }
binary=$(realpath -- "$1")
[[ -f $binary && -x $binary ]] || fail "$1 is not a program"
cases=${2:-5}
[[ $cases =~ ^[1-9][0-9]*$ ]] || fail "$cases is no number of cases"
seed=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fishpond-ci
work=$(mktemp -d)
server=
passes=()

cleanup() {
    local child
    for child in "${passes[@]}" $server; do
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    [[ -n ${FUZZ_KEEP:-} ]] || rm -rf -- "$work"
}
trap cleanup EXIT

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    say "no Python that makes environments here: installing it"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3 python3-venv
fi
# An environment for each state of the list of packages.
packages=$root/tests/fuzz/requirements.txt
tools=$cache/fuzz-$(sha256sum "$packages" | cut -c 1-16)
if ! "$tools/bin/schemathesis" --version >/dev/null 2>&1; then
    say "the packages of requirements.txt, into $tools"
    rm -rf -- "$tools"
    mkdir -p -- "$cache"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement "$packages" ||
        { echo "fuzz: the packages could not be fetched" >&2; exit 75; }
fi

# Nothing of the caller's own settings.
database=${FUZZ_DATABASE_URL:-sqlite://$work/fishpond.db}
read -r -a callers <<<"${FUZZ_CALLERS:-admin key}"
paths=${FUZZ_PATHS:-.}
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(FISHPOND_|SCHEMATHESIS_|DATABASE_URL$)' || true)
export no_proxy=127.0.0.1 FUZZ_BINARY=$binary FUZZ_DATABASE_URL=$database PYTHONPATH=$root/tests/fuzz PYTHONDONTWRITEBYTECODE=1
cd "$work"

# A workspace for each pass, and one that its caller must see nothing of.
workspace() { "$binary" demo load --customers "$1" --database-url "$database" | sed -n 's/^ *workspace *//p'; }
key() { "$binary" api-key create --name Fuzz --scopes '*' --workspace "$1" --database-url "$database" | grep -o 'fp_.*'; }
say "demo data"
declare -A workspaces
for caller in "${callers[@]}"; do workspaces[$caller]=$(workspace 60); done
stranger=$(workspace 1)

touch out
say "start $binary"
# The passes say which address a request comes from, so that failed logins are not slowed down as one client's.
FISHPOND_METRICS_LISTEN=off FISHPOND_TRUSTED_PROXIES=127.0.0.0/8 FISHPOND_LOG_LEVEL=warn \
    "$binary" serve --listen 127.0.0.1:0 --database-url "$database" >>out 2>log &
server=$!
for ((tries = 0; tries < 300; tries++)); do
    if grep -q '^listening on ' out; then break; fi
    kill -0 "$server" 2>/dev/null || { cat log >&2; fail "the server ended before it listened"; }
    sleep 0.1
done
BASE=$(sed -n 's/^listening on //p' out)
[[ -n $BASE ]] || { cat log >&2; fail "the server did not say where it listens"; }
export BASE

# One pass: the seed, the cases, all checks.
pass() {
    export FUZZ_CALLER=$1 FUZZ_WORKSPACE=${workspaces[$1]} FUZZ_FAILURES=$work/$1.failures SCHEMATHESIS_HOOKS=hooks
    mkdir "$1.d"
    cd "$1.d"
    cp "$root/tests/fuzz/schemathesis.toml" .
    # The enumerated cases of a search's tree are some ten thousand: not in the short form.
    if ((cases < 100)); then
        printf '\n[[operations]]\ninclude-path-regex = "/(search|customers/transfer)$"\nphases.coverage.enabled = false\n' >>schemathesis.toml
    fi
    if [[ $1 == key ]]; then
        FUZZ_KEY=$(key "$FUZZ_WORKSPACE")
        FUZZ_STRANGER=$(key "$stranger")
        export FUZZ_KEY FUZZ_STRANGER
        "$tools/bin/python" "$root/tests/fuzz/peers.py" peers.json >>schemathesis.toml
    fi
    exec "$tools/bin/schemathesis" run "$BASE/openapi.json" --no-color --seed "$seed" --max-examples "$cases" --include-path-regex "$paths"
}

say "seed $seed, $cases cases of each operation, as ${callers[*]}"
for caller in "${callers[@]}"; do
    (pass "$caller") >"$caller.report" 2>&1 &
    passes+=($!)
done
failed=
for index in "${!callers[@]}"; do
    caller=${callers[$index]}
    if wait "${passes[$index]}"; then
        say "as $caller: $(grep -E '^  [0-9]+ generated' "$caller.report" | tr -s ' ')"
    else
        failed+=" $caller"
        if [[ -s $caller.failures ]]; then
            sed -n '/^=* SUMMARY =*$/,$p' "$caller.report" >&2
            say "as $caller, all failures by what they have in common:" >&2
            "$tools/bin/python" "$root/tests/fuzz/summary.py" "$caller.failures" >&2
        else
            cat "$caller.report" >&2
        fi
    fi
done
passes=()
# What the framework says of bytes that are no HTTP is not ours.
if grep -q ' ERROR fishpond' log; then
    grep -m 20 ' ERROR fishpond' log >&2
    fail "the server wrote the errors above (seed $seed)"
fi
[[ -z $failed ]] || fail "failures as$failed; again with FUZZ_SEED=$seed $0 $1 $cases"

kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
[[ $status -eq 0 ]] || { cat log >&2; fail "the server ended with status $status"; }
say "no failures (seed $seed)"
