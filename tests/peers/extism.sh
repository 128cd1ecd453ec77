#!/bin/sh
# Installs the official host of Extism for Python, which answers beside octi's bridge. Safe to run again: an installed peer of the
# pinned version is left alone.
#
#   tests/peers/extism.sh          install, print its Python as OCTI_TEST_EXTISM=…
set -eu

version=1.1.1
library=1.41.0
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/extism-$version-$library"

say() { printf 'extism: %s\n' "$*" >&2; }

if ! command -v python3 >/dev/null 2>&1; then
    say "needs \`python3\` on the path: install Python 3.11 or newer, then run this again"
    exit 1
fi

if [ -f "$target/.complete" ]; then
    say "version $version is already installed in $target"
else
    say "installing version $version into $target"
    rm -rf "$target"
    python3 -m venv "$target"
    "$target/bin/pip" install --quiet --disable-pip-version-check "extism==$version" "extism-sys==$library" >&2
    "$target/bin/python" -c 'import extism; extism.extism_version()'
    : >"$target/.complete"
    say "done"
fi
printf 'OCTI_TEST_EXTISM=%s\n' "$target/bin/python"
