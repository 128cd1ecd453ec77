#!/usr/bin/env bash
# Finds the browser in which the pages are tried, installs it where that can be done, and prints the line that tells where it is.
# Safe to run again.
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

if ! program="$(found)"; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "install Chromium, or set CHROMIUM to a browser that is there, then run this again"
        exit 1
    fi
    say "installing it with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends chromium >&2
    program="$(found)" || { say "apt-get brought no browser"; exit 1; }
fi
printf 'CHROMIUM=%s\n' "$program"
