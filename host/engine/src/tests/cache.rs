//! Compiled plugins on disk: only whole and authentic entries are loaded.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta};
use futures::FutureExt as _;
use octi_domain::ambient::{Ambient, CountingEntropy, ManualClock};

use super::guests::answering;
use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::{Class, Runtime};
use crate::install::InstallError;
use crate::loader;
use crate::native::Native;
use crate::probes::Probes;

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
            runtime: Runtime::start_small(None).expect("an engine"),
            code: answering("acme/hello", "1.0.0", "{}"),
            compiled: Arc::default(),
        }
    }

    fn cache(&self, key: [u8; 32]) -> Cache {
        Cache::open(self.folder.path(), key, Ambient::system(), Compiler::InProcess)
    }

    /// Loads the component; returns how often it was compiled so far.
    async fn load(&self, cache: &Cache) -> u32 {
        let (code, compiled) = (self.code.clone(), self.compiled.clone());
        let read = move || {
            compiled.fetch_add(1, Ordering::SeqCst);
            Ok(code)
        };
        let lane = self.runtime.lane(Class::Small).expect("an engine");
        cache.component(lane, ("acme/hello", &loader::digest(&self.code)), read, started).await.expect("a component");
        self.compiled.load(Ordering::SeqCst)
    }

    fn entry(&self) -> PathBuf {
        let mut entries = entries(self.folder.path());
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

/// A trial that goes well.
async fn started(_native: Native) -> Result<(), InstallError> {
    Ok(())
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
async fn a_plugin_is_tried_before_it_is_kept_and_not_again() {
    let bench = Bench::new();
    let lane = bench.runtime.lane(Class::Small).expect("an engine");
    let (cache, digest, tried) = (bench.cache(KEY), loader::digest(&bench.code), AtomicU32::new(0));
    for (round, goes_well) in [(1, false), (2, true), (2, false)] {
        let trial = |_| {
            tried.fetch_add(1, Ordering::SeqCst);
            std::future::ready(if goes_well { Ok(()) } else { Err(InstallError::Start("it traps".to_owned())) })
        };
        let code = bench.code.clone();
        let loaded = cache.component(lane, ("acme/hello", &digest), move || Ok(code), trial).await;
        assert_eq!((loaded.is_ok(), tried.load(Ordering::SeqCst)), (round == 2, round));
        assert_eq!(entries(bench.folder.path()).len(), usize::from(round == 2), "only what starts is kept");
    }
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
async fn whoever_gives_up_waiting_is_forgotten() {
    let bench = Bench::new();
    let cache = bench.cache(KEY);
    // Looked at once, when the compiler has only just begun.
    assert_eq!(bench.load(&cache).now_or_never(), None);
    assert_eq!(cache.waited_for(), 0);
    let (first, second) = (bench.load(&cache), bench.load(&cache));
    let (mut first, second) = (Box::pin(first), Box::pin(second));
    assert_eq!(futures::poll!(&mut first), std::task::Poll::Pending);
    drop(first);
    second.await;
    assert_eq!(cache.waited_for(), 0);
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

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first() {
    let mut bench = Bench::new();
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH + TimeDelta::days(1)));
    let ambient = Ambient::new(clock.clone(), Arc::new(CountingEntropy::default()));
    let open = |bytes_max| Cache::open(bench.folder.path(), KEY, ambient.clone(), Compiler::InProcess).with_bytes_max(bytes_max);
    let (roomy, versions) = (open(u64::MAX), ["1.0.0", "2.0.0", "3.0.0"].map(|version| answering("acme/hello", version, "{}")));
    let size = |folder: &Path| entries(folder).iter().map(|path| fs::metadata(path).expect("an entry").len()).sum::<u64>();
    bench.code = versions[0].clone();
    bench.load(&roomy).await;
    let tight = open(size(bench.folder.path()) * 2 + 1_000);
    for code in [&versions[1], &versions[0], &versions[2]] {
        clock.advance(TimeDelta::minutes(1));
        bench.code.clone_from(code);
        bench.load(&tight).await;
    }
    assert_eq!(bench.compiled.load(Ordering::SeqCst), 3);
    bench.code = versions[0].clone();
    assert_eq!(bench.load(&tight).await, 3, "the one that was written first, but used last, is still there");
    bench.code = versions[1].clone();
    assert_eq!(bench.load(&tight).await, 4);
}

#[tokio::test]
async fn an_entry_of_another_wasmtime_is_compiled_again() {
    let bench = Bench::new();
    let cache = bench.cache(KEY);
    assert_eq!(bench.load(&cache).await, 1);
    let lane = bench.runtime.lane(Class::Small).expect("an engine");
    let good = fs::read(bench.entry()).expect("the entry");
    let mut foreign = good[40..].to_vec();
    let version = foreign.windows(6).position(|bytes| bytes == b"48.0.8" || bytes == b"48    ").unwrap_or(0);
    foreign[version] = b'9';
    for (expected, native) in [(2, foreign), (3, b"not native code".to_vec())] {
        cache.plant(lane, &loader::digest(&bench.code), &native).expect("written with the right key");
        assert_eq!(bench.load(&cache).await, expected);
        assert_eq!(bench.load(&cache).await, expected, "and replaced");
    }
}

#[tokio::test]
async fn code_with_checks_has_an_entry_of_its_own() {
    let bench = Bench::new();
    let cache = bench.cache(KEY);
    bench.load(&cache).await;
    let probes = Probes { address_space_bytes_max: Some(1 << 40), ..Probes::take() };
    let (short, code) = (Runtime::start_on(probes).expect("an engine"), bench.code.clone());
    let lane = short.lane(Class::Small).expect("an engine");
    cache.component(lane, ("acme/hello", &loader::digest(&bench.code)), move || Ok(code), started).await.expect("a component");
    assert_eq!(entries(bench.folder.path()).len(), 2);
}

#[tokio::test]
async fn whatever_stands_in_an_entrys_place_is_no_reason_to_fail() {
    let bench = Bench::new();
    bench.load(&bench.cache(KEY)).await;
    let entry = bench.entry();
    let good = fs::read(&entry).expect("the entry");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let real = elsewhere.path().join("real");
    fs::write(&real, good).expect("written");

    fs::remove_file(&entry).expect("removed");
    std::os::unix::fs::symlink(&real, &entry).expect("linked");
    assert_eq!(bench.load(&bench.cache(KEY)).await, 2, "a link is not followed");
    assert!(fs::symlink_metadata(&entry).expect("the entry").is_file(), "and replaced");

    fs::remove_file(&entry).expect("removed");
    fs::create_dir(&entry).expect("made");
    assert_eq!(bench.load(&bench.cache(KEY)).await, 3);
    assert!(fs::symlink_metadata(&entry).expect("the entry").is_file(), "an empty directory is replaced");

    fs::remove_file(&entry).expect("removed");
    fs::create_dir(&entry).expect("made");
    fs::write(entry.join("someones"), "file").expect("written");
    assert_eq!(bench.load(&bench.cache(KEY)).await, 4);
    assert!(entry.join("someones").is_file(), "what is not ours is not deleted");
    assert_eq!(entries(bench.folder.path()).len(), 1, "nothing half-written is left");
    fs::remove_dir_all(&entry).expect("removed");

    // A pipe without a writer would be waited for.
    let pipe = std::ffi::CString::new(entry.as_os_str().as_encoded_bytes()).expect("a path");
    make_pipe(&pipe);
    let loaded = tokio::time::timeout(std::time::Duration::from_secs(20), async { bench.load(&bench.cache(KEY)).await });
    assert_eq!(loaded.await, Ok(5));
}

fn make_pipe(path: &std::ffi::CStr) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_done_without() {
    let bench = Bench::new();
    // Not a folder at all.
    let file = bench.folder.path().join("file");
    fs::write(&file, "x").expect("written");
    let open = |folder: &Path| Cache::open(folder, KEY, Ambient::system(), Compiler::InProcess);
    assert_eq!(bench.load(&open(&file)).await, 1);
    // Gone after it was opened, so that nothing can be written: the same as a full disk.
    let gone = bench.folder.path().join("gone");
    let cache = open(&gone);
    fs::remove_dir(&gone).expect("removed");
    assert_eq!(bench.load(&cache).await, 2);
    assert_eq!(bench.load(&cache).await, 3);
    // Neither readable nor writable, which does not stop an administrator.
    let shut = bench.folder.path().join("shut");
    fs::create_dir(&shut).expect("made");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).expect("shut");
    assert_eq!(bench.load(&open(&shut)).await, 4);
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o700)).expect("open");
}

#[tokio::test]
async fn what_a_dead_hosts_compiler_left_is_removed_and_a_live_ones_is_not() {
    let bench = Bench::new();
    let leftover = bench.folder.path().join(".compile-1-0");
    fs::create_dir(&leftover).expect("made");
    let now = Ambient::system().now();
    let at = |later: TimeDelta| Ambient::new(Arc::new(ManualClock::new(now + later)), Arc::new(CountingEntropy::default()));
    Cache::open(bench.folder.path(), KEY, at(TimeDelta::minutes(59)), Compiler::InProcess);
    assert!(leftover.is_dir());
    Cache::open(bench.folder.path(), KEY, at(TimeDelta::minutes(61)), Compiler::InProcess);
    assert!(!leftover.exists());
}
