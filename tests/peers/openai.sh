#!/bin/sh
# Installs the official clients of OpenAI's API, for npm and for Python, which the gateway's tests let talk to octi's `/v1`.
# Safe to run again: installed peers of the pinned versions are left alone.
#
#   tests/peers/openai.sh          install, print where they are as OCTI_TEST_OPENAI=…
set -eu

npm_version=7.59.0
python_version=3.57.0
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/openai-$npm_version-$python_version"

say() { printf 'openai: %s\n' "$*" >&2; }

for program in node npm python3; do
    if ! command -v "$program" >/dev/null 2>&1; then
        say "needs \`$program\` on the path: install Node 20 or newer and Python 3.9 or newer, then run this again"
        exit 1
    fi
done

if [ -f "$target/.complete" ]; then
    say "versions $npm_version (npm) and $python_version (Python) are already installed in $target"
else
    say "installing versions $npm_version (npm) and $python_version (Python) into $target"
    rm -rf "$target"
    mkdir -p "$target"
    printf '{"private":true}\n' >"$target/package.json"
    npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error "openai@$npm_version" >&2
    python3 -m venv "$target/python"
    "$target/python/bin/pip" install --quiet --disable-pip-version-check "openai==$python_version" >&2
    : >"$target/.complete"
    say "done"
fi
printf 'OCTI_TEST_OPENAI=%s\n' "$target"
