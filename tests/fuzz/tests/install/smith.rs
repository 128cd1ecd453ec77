//! Random components and modules, as `src/bin/smith.rs` made them.

use std::fs;
use std::path::Path;

use octi_engine::InstallError;

use crate::host::{Host, PROMPT, manifest, role, with_module};

/// The files of a kind, with their names.
fn random(kind: &str) -> Vec<(String, Vec<u8>)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("components"), kind)
}

/// The files of a folder whose names begin so.
fn files(folder: &Path, kind: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    let all = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let mut of_kind: Vec<_> = all.filter(|(name, _)| name.starts_with(kind)).collect();
    of_kind.sort();
    of_kind.into_iter().map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
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
            assert_eq!(host.ask().await.as_deref(), Some(PROMPT), "{name}");
        }
    }
    assert!(run >= 10, "only {run} were compiled and started");
    host.is_well().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_fuzzer_begins_with_and_what_it_found_is_refused_or_runs() {
    let host = Host::start().await;
    host.is_well().await;
    let (mut refused, mut run) = (0, 0);
    for (name, file) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/install"), "") {
        // The others are what wasm-smith makes a file of, which is in `components`, and damage.
        let Some(file) = file.strip_prefix(b"f") else { continue };
        match host.install(&name, file.to_vec()).await {
            Ok(()) => {
                run += 1;
                let _answer = host.ask().await;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(run >= 1 && refused >= 1, "{run} run, {refused} are refused");
    host.is_well().await;
    host.stop().await;
}
