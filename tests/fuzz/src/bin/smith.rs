//! Makes the random WebAssembly of `components/` anew. The same seed gives the same bytes.
//!
//! `cargo run --package octi-fuzz --features smith --bin smith -- tests/fuzz/components`

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use arbitrary::Unstructured;
use wasm_smith::{Component, Config, Module};

/// Files of each kind.
const SEEDS: u64 = 40;
/// Random bytes that one component or module is made of.
const ENTROPY_BYTES: usize = 1_024;
/// Loops and calls of a module until it traps.
const FUEL: u32 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("say where to: tests/fuzz/components")?);
    for seed in 0..SEEDS {
        fs::write(folder.join(format!("component_{seed:02}.wasm")), component(seed)?)?;
        fs::write(folder.join(format!("module_{seed:02}.wasm")), module(seed)?)?;
    }
    Ok(())
}

/// A component that is valid, with everything in it that wasm-smith knows.
fn component(seed: u64) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(Component::new(config(seed), &mut Unstructured::new(&entropy(seed)))?.to_bytes())
}

/// A core module that imports nothing and ends by itself.
fn module(seed: u64) -> Result<Vec<u8>, Box<dyn Error>> {
    let config = Config { max_imports: 0, ..config(seed) };
    let mut module = Module::new(config, &mut Unstructured::new(&entropy(seed)))?;
    module.ensure_termination(FUEL)?;
    Ok(module.to_bytes())
}

/// Every second seed keeps to what guests may use; the others take whatever there is.
fn config(seed: u64) -> Config {
    let config = Config { max_memories: 4, max_tables: 4, max_memory32_bytes: 1 << 30, ..Config::default() };
    if seed % 2 == 1 {
        return config;
    }
    Config {
        gc_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        ..config
    }
}

fn entropy(seed: u64) -> [u8; ENTROPY_BYTES] {
    let mut bytes = [0; ENTROPY_BYTES];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}
