#!/bin/sh
# Compiles the modules with extism-pdk and puts them where the tests find them. Needs the target wasm32-unknown-unknown.
set -eu
cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-target}"
cargo build --release --locked --target wasm32-unknown-unknown "$@"
cp "$target/wasm32-unknown-unknown/release/words.wasm" "$target/wasm32-unknown-unknown/release/servlet.wasm" ../modules/
