//! Random components and modules, as `src/bin/smith.rs` made them.

use std::fs;
use std::path::Path;

use octi_engine::{InstallError, PluginManager};
use octi_extension::manifest::SECTION;
use wasmparser::{Parser, Payload};

use super::{Host, role};

/// The files of a kind, with their names.
fn random(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("components");
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    let all = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let mut of_kind: Vec<_> = all.filter(|(name, _)| name.starts_with(kind)).collect();
    of_kind.sort();
    of_kind.into_iter().map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
}

/// A section of a component: its number, its length, its bytes.
fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    section.extend(number(bytes.len()));
    section.extend_from_slice(bytes);
    section
}

/// LEB128, as WebAssembly writes numbers.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The manifest of the plugin that is fine, as a section.
fn manifest() -> Vec<u8> {
    let inspection = PluginManager::inspect_file(&role(), "").expect("a plugin");
    let name = [number(SECTION.len()), SECTION.as_bytes().to_vec()].concat();
    section(0, &[name, inspection.manifest.to_section()].concat())
}

/// The plugin that is fine with one more core module in it, which is compiled, instantiated and started with the rest.
fn with_module(plugin: &[u8], module: &[u8]) -> Vec<u8> {
    let mut depth = 0;
    let mut modules = 0;
    for payload in Parser::new(0).parse_all(plugin) {
        match payload.expect("a component") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ModuleSection { .. } if depth == 1 => modules += 1,
            _ => {}
        }
    }
    // One instance, of the module of that number, with no imports.
    let instance = [vec![1, 0], number(modules), vec![0]].concat();
    [plugin, &section(1, module), &section(2, &instance)].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_component_is_no_plugin() {
    let host = Host::start().await;
    host.is_well().await;
    let manifest = manifest();
    let mut valid = 0;
    for (name, mut component) in random("component") {
        let naked = host.install(&name, component.clone()).await;
        assert!(matches!(naked, Err(InstallError::NothingUsable { .. } | InstallError::Invalid(_))), "{name}: {naked:?}");
        component.extend_from_slice(&manifest);
        let dressed = host.install(&format!("{name} with a manifest"), component).await.expect_err("no plugin");
        valid += usize::from(!matches!(dressed, InstallError::Invalid(_)));
    }
    assert!(valid >= 10, "only {valid} got as far as what they import and export");
    host.is_well().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_with_random_code_in_it_is_refused_or_runs() {
    let host = Host::start().await;
    let mut run = 0;
    for (name, module) in random("module") {
        if host.install(&name, with_module(&role(), &module)).await.is_ok() {
            run += 1;
            assert_eq!(host.ask().await.as_deref(), Some(super::PROMPT), "{name}");
        }
    }
    assert!(run >= 10, "only {run} were compiled and started");
    host.is_well().await;
    host.stop().await;
}
