#!/usr/bin/env bash
# Starts the OCI registries (docker-registry 2.8) that the tests of octi-distribution push to and pull from, one open and one with
# a password, and prints the lines that tell the tests where they are, and where skopeo is, the independent client:
#
#   tests/peers/registry.sh            start them, or find them running
#   tests/peers/registry.sh stop       stop them
#
# Progress goes to standard error. Running it twice is fine. What was pushed is thrown away at the next start.
#
#   OCTI_PEERS_DIR            where their data lies (outside the repository)
#   OCTI_TEST_REGISTRY_PORT   the first of two ports on 127.0.0.1, 55450 unless told otherwise
set -euo pipefail

port="${OCTI_TEST_REGISTRY_PORT:-55450}"
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}/registry"
# The user `octi-test` with the password `open-sesame`, as `htpasswd -B` writes it.
login='octi-test:$2y$05$pphq0LCVeVmc8V8vIDNnHOGFXmcos.e7CZHM0eRxMFM.sS5adQxsK'

say() { printf 'registry: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

install_programs() {
    local missing=()
    command -v docker-registry >/dev/null || missing+=(docker-registry)
    command -v skopeo >/dev/null || missing+=(skopeo)
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "install ${missing[*]} with your package manager, then run this again"
    fi
    say "installing ${missing[*]} with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Whether the process that was started under this name still runs.
ours() { [ -s "$peers/$1.pid" ] && grep -qs docker-registry "/proc/$(cat "$peers/$1.pid")/cmdline"; }

start() { # name, port, what else is configured
    if ours "$1" && listening "$2"; then
        say "already running on 127.0.0.1:$2 ($1)"
        return
    fi
    listening "$2" && fail "something else listens on port $2; stop it or set OCTI_TEST_REGISTRY_PORT"
    rm -rf "${peers:?}/$1"
    mkdir -p "$peers/$1"
    {
        printf 'version: 0.1\nlog: {level: warn, accesslog: {disabled: true}}\n'
        printf 'storage: {filesystem: {rootdirectory: "%s/data"}}\n' "$peers/$1"
        printf 'http: {addr: "127.0.0.1:%s"}\n' "$2"
        printf '%s\n' "$3"
    } >"$peers/$1/config.yml"
    say "starting on 127.0.0.1:$2 ($1)"
    setsid docker-registry serve "$peers/$1/config.yml" >"$peers/$1/log" 2>&1 </dev/null 9>&- &
    printf '%s' "$!" >"$peers/$1.pid"
    local tries=0
    until listening "$2"; do
        tries=$((tries + 1))
        [ "$tries" -le 60 ] || fail "it does not answer on port $2 after 30 seconds; $peers/$1/log says why"
        sleep 0.5
    done
}

stop() { # name
    ours "$1" || { say "not running ($1)"; return 0; }
    kill "$(cat "$peers/$1.pid")"
    rm -f "$peers/$1.pid"
}

# One at a time: two that start together would take each other's ports.
mkdir -p "$peers"
exec 9>"$peers/lock"
flock --wait 300 9 || fail "another run of this script holds $peers/lock"

case "${1:-start}" in
    start)
        install_programs
        start open "$port" ''
        printf '%s\n' "$login" >"$peers/htpasswd"
        start closed "$((port + 1))" "auth: {htpasswd: {realm: octi, path: \"$peers/htpasswd\"}}"
        printf 'OCTI_TEST_REGISTRY=%s\n' "127.0.0.1:$port"
        printf 'OCTI_TEST_REGISTRY_CLOSED=%s\n' "127.0.0.1:$((port + 1))"
        printf 'OCTI_TEST_SKOPEO=%s\n' "$(command -v skopeo)"
        ;;
    stop)
        stop open
        stop closed
        ;;
    *) fail "unknown word \`$1\`; use start or stop" ;;
esac
