#!/bin/sh
# Installs aimock, the mock server that speaks the real wires of the model providers, for the tests of octi-models.
# Safe to run again: an installed peer of the pinned version is left alone.
#
#   tests/peers/aimock.sh          install, print the program's path
set -eu

version=1.43.0
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/aimock-$version"
package="$target/node_modules/@copilotkit/aimock"

say() { printf 'aimock: %s\n' "$*"; }

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    say "needs \`node\` and \`npm\` on the path: install Node 20 or newer, then run this again" >&2
    exit 1
fi

if [ -f "$package/package.json" ] && [ -f "$target/.complete" ]; then
    say "version $version is already installed in $target"
    exit 0
fi

say "installing version $version into $target"
rm -rf "$target"
mkdir -p "$target"
printf '{"private":true}\n' >"$target/package.json"
# Scripts of packages are not run: the server is plain JavaScript and needs none.
npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error "@copilotkit/aimock@$version"
: >"$target/.complete"
say "done"
