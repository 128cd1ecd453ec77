//! What a component is freed of before it is compiled, and that nobody can tell the difference.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::limits;
use octi_extension::tool::{LogLevel, ProgressSink, Tool};
use octi_testkit::guests::{Guest, with_manifest};
use serde_json::json;

use super::guests::{context, generation, host, manifest};
use crate::lean::{INTERFACE, lean};
use crate::loader;

/// The parts of WASI 0.2.6 that the guests here import.
const WIT: &str = "package test:more;
package wasi:io@0.2.6 {
    interface error { resource error; }
    interface poll { resource pollable { block: func(); } }
    interface streams {
        use error.{error};
        use poll.{pollable};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
        resource output-stream {
            check-write: func() -> result<u64, stream-error>;
            write: func(contents: list<u8>) -> result<_, stream-error>;
            write-zeroes: func(len: u64) -> result<_, stream-error>;
            blocking-flush: func() -> result<_, stream-error>;
            subscribe: func() -> pollable;
        }
    }
}
package wasi:cli@0.2.6 {
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        initial-cwd: func() -> option<string>;
    }
    interface stdin { use wasi:io/streams@0.2.6.{input-stream}; get-stdin: func() -> input-stream; }
    interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
}
package wasi:random@0.2.6 {
    interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
}";

const WORLD: &str = "import wasi:cli/environment@0.2.6; import wasi:cli/stdin@0.2.6; import wasi:cli/stderr@0.2.6;
    import wasi:io/poll@0.2.6; import wasi:random/insecure-seed@0.2.6;";

/// Two words and four bytes.
const TEXT: &str = "0123456789abcdefghij";

/// Crashes unless the number at that place is this one.
fn expect(load: &str, at: u32, number: u32) -> String {
    format!("(if (i32.ne ({load} (i32.const {at})) (i32.const {number})) (then unreachable))")
}

/// Asks for everything there is not, and prints.
fn curious(more_import: bool) -> Guest {
    let streams = "wasi:io/streams@0.2.6";
    let mut guest = Guest::default()
        .wit(WIT, WORLD)
        .import("wasi:cli/environment@0.2.6", "get-environment", "$environment", "i32")
        .import("wasi:cli/environment@0.2.6", "initial-cwd", "$folder", "i32")
        .import("wasi:random/insecure-seed@0.2.6", "insecure-seed", "$seed", "i32")
        .import(streams, "[method]output-stream.check-write", "$room", "i32 i32")
        .import(streams, "[method]output-stream.write", "$write", "i32 i32 i32 i32")
        .import(streams, "[method]output-stream.blocking-flush", "$flush", "i32 i32")
        .import(streams, "[method]input-stream.blocking-read", "$read", "i32 i64 i32")
        .import(streams, "[resource-drop]output-stream", "$drop", "i32")
        .import("wasi:io/poll@0.2.6", "[method]pollable.block", "$block", "i32")
        .imports(
            r#"(import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
            (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))"#,
        )
        .import("octi:log/log@1.0.0", "log", "$log", "i32 i32 i32 i32 i32");
    if more_import {
        guest = guest.import(streams, "[method]output-stream.write-zeroes", "$zeroes", "i32 i64 i32");
    }
    let text = guest.put(TEXT);
    let writes: String = (0..=TEXT.len())
        .map(|length| {
            let done = expect("i32.load8_u", 64, 0);
            format!("(call $write (local.get $dir) (i32.const {text}) (i32.const {length}) (i32.const 64)) {done}")
        })
        .collect();
    let nothing = [expect("i32.load", 68, 0), expect("i32.load8_u", 64, 0)];
    let closed = [expect("i32.load8_u", 64, 1), expect("i32.load8_u", 68, 1)].concat();
    let room = limits::FS_CHUNK_BYTES_MAX;
    guest.does(&format!(
        "(call $environment (i32.const 64)) {} (call $folder (i32.const 64)) {}
        (call $seed (i32.const 64))
        (if (i64.eq (i64.load (i32.const 64)) (i64.load (i32.const 72))) (then unreachable))
        (call $read (call $stdin) (i64.const 10) (i32.const 64)) {closed}
        (local.set $dir (call $stderr))
        (call $room (local.get $dir) (i32.const 64)) {done}
        (if (i64.ne (i64.load (i32.const 72)) (i64.const {room})) (then unreachable))
        {writes}
        (call $log (i32.const 2) (i32.const {text}) (i32.const 3) (i32.const 0) (i32.const 0))
        (call $write (local.get $dir) (i32.const {text}) (i32.const 1) (i32.const 64))
        (call $block (call $subscribe (local.get $dir)))
        (call $flush (local.get $dir) (i32.const 64)) {done}",
        nothing[0],
        nothing[1],
        done = expect("i32.load8_u", 64, 0),
    ))
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl ProgressSink for Lines {
    fn progress(&self, _: Option<f32>, _: String) {}

    fn hears(&self, _: LogLevel) -> bool {
        true
    }

    fn log(&self, level: LogLevel, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{level:?} {line}"));
    }
}

/// What a guest logs in one call, which it survives.
async fn logged(component: Vec<u8>) -> Vec<String> {
    let generation = generation(&host(), with_manifest(component, &manifest("acme/guest", "1.0.0", "")));
    let folder = tempfile::tempdir().expect("a folder");
    let lines = Arc::new(Lines::default());
    let mut context = context(folder.path().to_owned(), Duration::from_secs(20));
    context.progress = lines.clone();
    let entry = generation.manifest().tools.get("run").cloned().unwrap_or_default();
    let tool = crate::tool::WasmTool::new(&generation, "run", &entry);
    tool.call(context, json!({})).await.expect("it is content");
    let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
    lines.clone()
}

fn imports(component: &[u8]) -> Vec<String> {
    loader::parts(component).expect("a component").imports
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lean_guest_finds_and_prints_what_another_one_does() {
    let (lean_one, other) = (curious(false).component(), curious(true).component());
    assert!(matches!(lean(&lean_one), Cow::Owned(_)), "it knows all of its imports");
    assert!(matches!(lean(&other), Cow::Borrowed(_)), "`write-zeroes` is not known, so all stays");

    let mut printed: Vec<String> = (1..=TEXT.len()).map(|length| format!("Debug {}", &TEXT[..length])).collect();
    printed.extend(["Info 012".to_owned(), "Debug 0".to_owned()]);
    assert_eq!(logged(other).await, printed);
    assert_eq!(logged(lean_one).await, printed);
}

#[test]
fn a_guest_that_asks_the_host_for_nothing_is_one_module_without_imports_that_need_memory() {
    let guest = Guest::default()
        .wit(WIT, WORLD)
        .import("wasi:cli/environment@0.2.6", "get-environment", "$environment", "i32")
        .import("wasi:random/insecure-seed@0.2.6", "insecure-seed", "$seed", "i32")
        .component();
    let modules = |component: &[u8]| {
        let payloads = wasmparser::Parser::new(0).parse_all(component);
        payloads.filter(|payload| matches!(payload, Ok(wasmparser::Payload::ModuleSection { .. }))).count()
    };
    assert_eq!(modules(&guest), 3);
    assert_eq!(imports(&guest).iter().filter(|import| import.starts_with("wasi:")).count(), 2);
    let lean = lean(&guest);
    assert_eq!(modules(&lean), 1);
    let left: Vec<String> = imports(&lean).into_iter().filter(|import| !import.starts_with("octi:types/")).collect();
    assert_eq!(left, [INTERFACE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_at_once_is_cut_where_it_is_too_long_to_be_kept() {
    let bytes = limits::FS_CHUNK_BYTES_MAX + 100;
    let guest = Guest::default()
        .wit(WIT, WORLD)
        .pages(8)
        .import("wasi:io/streams@0.2.6", "[method]output-stream.write", "$write", "i32 i32 i32 i32")
        .does(&format!(
            "(memory.fill 0 (i32.const 131072) (i32.const 120) (i32.const {bytes}))
            (call $write (i32.const 1) (i32.const 131072) (i32.const {bytes}) (i32.const 64))"
        ));
    let lines = logged(guest.component()).await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], format!("Debug {}", "x".repeat(100)));
}

#[test]
fn components_of_another_make_stay_as_they_are() {
    let nothing_to_gain = Guest::default().component();
    let two_modules = "(component (core module (memory (export \"memory\") 1)) (core module))";
    let nested = "(component (component (core module (memory (export \"memory\") 1))))";
    let others = [two_modules, nested].map(|text| wat::parse_str(text).expect("valid text format"));
    for component in others.into_iter().chain([nothing_to_gain, b"\0asm".to_vec(), Vec::new()]) {
        assert!(matches!(lean(&component), Cow::Borrowed(_)));
    }
}
