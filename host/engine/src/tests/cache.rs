//! Compiled plugins on disk: only whole and authentic entries are loaded.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::guests::answering;
use crate::cache::Cache;
use crate::engine::Runtime;
use crate::loader;

const KEY: [u8; 32] = [7; 32];

struct Bench {
    folder: tempfile::TempDir,
    runtime: Arc<Runtime>,
    code: Vec<u8>,
    compiled: Arc<AtomicU32>,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            runtime: Runtime::start_small().expect("an engine"),
            code: answering("acme/hello", "1.0.0", "{}"),
            compiled: Arc::default(),
        }
    }

    fn cache(&self, key: [u8; 32]) -> Cache {
        Cache::open(self.folder.path(), key).expect("a cache")
    }

    /// Loads the component; returns how often it was compiled so far.
    async fn load(&self, cache: &Cache) -> u32 {
        let (code, compiled) = (self.code.clone(), self.compiled.clone());
        let read = move || {
            compiled.fetch_add(1, Ordering::SeqCst);
            Ok(code)
        };
        cache.component(&self.runtime.engine, &loader::digest(&self.code), read).await.expect("a component");
        self.compiled.load(Ordering::SeqCst)
    }

    fn entry(&self) -> PathBuf {
        let mut entries = entries(self.folder.path());
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("the cache").map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test]
async fn a_plugin_is_compiled_once() {
    let bench = Bench::new();
    assert_eq!(bench.load(&bench.cache(KEY)).await, 1);
    assert_eq!(bench.load(&bench.cache(KEY)).await, 1, "another host with the same key loads it");
    assert_eq!(fs::metadata(bench.entry()).expect("the entry").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn changed_cut_and_foreign_entries_are_compiled_again() {
    let bench = Bench::new();
    bench.load(&bench.cache(KEY)).await;
    let entry = bench.entry();
    let good = fs::read(&entry).expect("the entry");
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let cut = good[..good.len() - 1].to_vec();
    let naked = good[40..].to_vec();
    for (expected, bytes) in [(2, flipped), (3, cut), (4, naked), (5, Vec::new())] {
        fs::write(&entry, bytes).expect("written");
        assert_eq!(bench.load(&bench.cache(KEY)).await, expected);
        assert_eq!(bench.load(&bench.cache(KEY)).await, expected, "the entry was replaced by a good one");
    }
    assert_eq!(bench.load(&bench.cache([8; 32])).await, 6, "a host with another key trusts nothing");
}

#[tokio::test]
async fn an_entry_moved_to_another_name_is_not_loaded() {
    let mut bench = Bench::new();
    bench.load(&bench.cache(KEY)).await;
    let foreign = fs::read(bench.entry()).expect("the entry");
    fs::remove_file(bench.entry()).expect("removed");
    bench.code = answering("acme/hello", "2.0.0", "{}");
    bench.load(&bench.cache(KEY)).await;
    fs::write(bench.entry(), foreign).expect("written");
    assert_eq!(bench.load(&bench.cache(KEY)).await, 3);
}

#[tokio::test]
async fn callers_of_one_plugin_share_one_compilation() {
    let bench = Bench::new();
    let cache = bench.cache(KEY);
    futures::future::join_all((0..8).map(|_| bench.load(&cache))).await;
    assert_eq!(bench.compiled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_cache_is_bounded() {
    let mut bench = Bench::new();
    let cache = bench.cache(KEY).with_bytes_max(1);
    bench.load(&cache).await;
    bench.code = answering("acme/hello", "2.0.0", "{}");
    bench.load(&cache).await;
    assert_eq!(entries(bench.folder.path()).len(), 1, "the older one made place for the newer one");
}
