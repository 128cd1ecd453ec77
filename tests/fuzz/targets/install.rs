//! A file on the way that plugins are installed, with the real engine, under libFuzzer. Whatever it is, it is refused in words or it
//! runs, and the plugin that is fine can be installed afterwards.
//!
//! The first byte says what the others are: `f` a file, `d` a plugin with damage, and what wasm-smith makes of them: `c` a component,
//! `m` a module inside of a plugin.
#![no_main]
#![expect(clippy::expect_used, reason = "a target panics when a promise is broken")]

#[path = "../tests/install/host.rs"]
#[expect(dead_code, reason = "a fuzzer never stops its host")]
mod host;

use std::cell::Cell;
use std::sync::LazyLock;

use arbitrary::Unstructured;
use host::{Host, manifest, role, with_module};
use tokio::runtime::Runtime;
use wasm_smith::{Component, Config, Module};

/// Loops and calls of a module until it traps.
const FUEL: u32 = 1_000;
/// Files after which the plugin that is fine is installed again.
const WELL_EVERY: u32 = 64;

static ROLE: LazyLock<Vec<u8>> = LazyLock::new(role);
static HOST: LazyLock<(Runtime, Host)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let host = runtime.block_on(async {
        let host = Host::start().await;
        host.is_well().await;
        host
    });
    (runtime, host)
});

thread_local! {
    static FILES: Cell<u32> = const { Cell::new(0) };
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (runtime, host) = &*HOST;
    let files = files(data);
    let count = FILES.get().wrapping_add(1);
    FILES.set(count);
    runtime.block_on(async {
        for file in files {
            if host.install("this", file).await.is_ok() {
                // Its text may be another one, or out of its memory.
                let _answer = host.ask().await;
            }
        }
        if count.is_multiple_of(WELL_EVERY) {
            host.is_well().await;
        }
    });
});

fn files(data: &[u8]) -> Vec<Vec<u8>> {
    let Some((way, rest)) = data.split_first() else { return Vec::new() };
    match way {
        b'f' => vec![rest.to_vec()],
        b'd' => vec![damaged(rest)],
        b'c' => component(rest).map(|naked| vec![[naked.as_slice(), &manifest()].concat(), naked]).unwrap_or_default(),
        b'm' => module(rest).map(|module| vec![with_module(&ROLE, &module)]).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The plugin with other bytes in some places: two bytes say where, the third is what stands there.
fn damaged(changes: &[u8]) -> Vec<u8> {
    let mut plugin = ROLE.clone();
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % plugin.len();
        plugin[place] = change[2];
    }
    plugin
}

fn component(entropy: &[u8]) -> Option<Vec<u8>> {
    Component::new(config(entropy, false), &mut Unstructured::new(entropy)).ok().map(|component| component.to_bytes())
}

/// One that imports nothing and ends by itself.
fn module(entropy: &[u8]) -> Option<Vec<u8>> {
    let mut module = Module::new(config(entropy, true), &mut Unstructured::new(entropy)).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}

/// Every second one keeps to what guests may use.
fn config(entropy: &[u8], is_module: bool) -> Config {
    let all = entropy.first().is_some_and(|byte| byte % 2 == 1);
    let mut config = Config { max_memories: 4, max_tables: 4, max_memory32_bytes: 1 << 30, ..Config::default() };
    if is_module {
        config.max_imports = 0;
    }
    Config {
        gc_enabled: all,
        exceptions_enabled: all,
        threads_enabled: all,
        memory64_enabled: all,
        relaxed_simd_enabled: all,
        ..config
    }
}
