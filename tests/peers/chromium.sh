#!/usr/bin/env bash
# Finds the browser in which the pages are tried, installs it where that can be done, and prints the line that tells where it is.
# Two stories need a program more (tmux, sqlite3) and are left out without it. Safe to run again.
#
#   tests/peers/chromium.sh        print CHROMIUM=<program>
#
#   CHROMIUM                       a browser of your own: Chromium or Chrome
set -euo pipefail

say() { printf 'chromium: %s\n' "$*" >&2; }

found() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
        [ -n "$name" ] && command -v "$name" && return
    done
    return 1
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

if ! program="$(found)"; then
    if ! can_install; then
        say "install Chromium, or set CHROMIUM to a browser that is there, then run this again"
        exit 1
    fi
    say "installing it with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends chromium >&2
    program="$(found)" || { say "apt-get brought no browser"; exit 1; }
fi
for name in tmux sqlite3; do
    command -v "$name" >/dev/null && continue
    if can_install && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$name" >&2; then
        continue
    fi
    say "there is no $name: its story is left out"
done
printf 'CHROMIUM=%s\n' "$program"
