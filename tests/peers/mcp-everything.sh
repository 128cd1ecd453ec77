#!/bin/sh
# Installs the reference server of the Model Context Protocol, which the benchmark calls beside octi's own tools.
# Safe to run again: an installed peer of the pinned version is left alone.
#
#   tests/peers/mcp-everything.sh  install, print the program's path as OCTI_TEST_MCP_SERVER=…
set -eu

version=2026.8.31
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/mcp-everything-$version"
program="$target/node_modules/@modelcontextprotocol/server-everything/dist/index.js"

say() { printf 'mcp-everything: %s\n' "$*" >&2; }

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    say "needs \`node\` and \`npm\` on the path: install Node 20 or newer, then run this again"
    exit 1
fi

if [ -f "$program" ] && [ -f "$target/.complete" ]; then
    say "version $version is already installed in $target"
else
    say "installing version $version into $target"
    rm -rf "$target"
    mkdir -p "$target"
    printf '{"private":true}\n' >"$target/package.json"
    # Scripts of packages are not run: the server is plain JavaScript and needs none.
    npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error \
        "@modelcontextprotocol/server-everything@$version" >&2
    : >"$target/.complete"
    say "done"
fi
printf 'OCTI_TEST_MCP_SERVER=%s\n' "$program"
