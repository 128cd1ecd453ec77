//! Too much of everything: time, memory, instances, handles, host calls, input and output.

use octi_domain::limits;
use octi_testkit::guests::{FOREVER, Guest, TELL, manifest, with_section};
use serde_json::json;

use crate::host::NEVER;
use crate::row::Row;

const KV: &str = "[capabilities]\nkv = { bytes_max = 1000 }";
const FS: &str = "[capabilities]\nfs = [{ root = 'workspace', access = 'read', reason = 'try' }]";
const MIB: &str = "(i32.const 16)";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = time();
    rows.extend(memory());
    rows.extend(instances());
    rows.extend(host_calls());
    rows.extend(random());
    rows.extend(input_and_output());
    rows
}

fn time() -> Vec<Row> {
    let cpu = "[limits]\ncpu_ms = 50";
    let says = "computed for more than 50 ms without finishing";
    let copy = "(drop (memory.grow 0 (i32.const 300)))
        (loop $again (memory.copy (i32.const 0) (i32.const 65536) (i32.const 15000000)) (br $again))";
    let mut waits = Guest::default().import("octi:kv/store@1.0.0", "get", "$get", "i32 i32 i32");
    let never = waits.text(NEVER);
    let waits = waits.does(&format!("(call $get {never} (i32.const 64))"));
    vec![
        Row::of("endless_loop", cpu, &Guest::default().does(FOREVER)).ends("cpu_limit", says),
        Row::of("endless_copies", cpu, &Guest::default().does(copy)).ends("cpu_limit", says),
        Row::of("endless_host_calls", cpu, &asking_forever()).ends("cpu_limit", says),
        Row::of("wall_clock", "[limits]\ntime_ms = 80", &Guest::default().does(FOREVER))
            .ends("time_limit", "it took longer than 80 ms"),
        Row::of("waits_in_a_host_call", &format!("{KV}\n[limits]\ntime_ms = 80"), &waits)
            .ends("time_limit", "it took longer than 80 ms"),
        Row::of("starts_forever", cpu, &Guest::default().items(&format!("(func $begin {FOREVER}) (start $begin)")))
            .refused("it does not start: the tool was stopped: it computed for more than 50 ms"),
        Row::of("recursion", "", &Guest::default().items("(func $deeper (call $deeper))").does("(call $deeper)"))
            .ends("stack_limit", "it recursed too deeply"),
    ]
}

/// Asks the host something that costs nothing, over and over.
fn asking_forever() -> Guest {
    Guest::default()
        .imports(r#"(import "octi:log/log@1.0.0" "cancelled" (func $cancelled (result i32)))"#)
        .does("(loop $again (drop (call $cancelled)) (br $again))")
}

fn memory() -> Vec<Row> {
    let small = "[limits]\nmemory_mb = 8";
    let says = "it needed more than its 8 MiB of memory";
    let grow = |memory: &str| format!("(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow {memory} {MIB}))))");
    let three = Guest::default().items("(memory $second 1) (memory $third 1)").does(&format!(
        "{} {} {} unreachable",
        grow("0"),
        grow("$second"),
        grow("$third")
    ));
    let table = "(loop $more (br_if $more (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000))))) unreachable";
    let big = "[limits]\nmemory_mb = 256";
    vec![
        Row::of("memory", small, &Guest::default().does(&format!("{} unreachable", grow("0")))).ends("memory_limit", says),
        Row::of("three_memories", small, &three).ends("memory_limit", says),
        Row::of("memory_of_a_runtime", big, &Guest::default().does(&format!("{} unreachable", grow("0"))))
            .ends("memory_limit", "it needed more than its 256 MiB of memory"),
        Row::of("starts_large", small, &Guest::default().pages(1_000)).refused("needs 63 MiB"),
        Row::of("table", "", &Guest::default().items("(table $t 1 funcref)").does(table))
            .ends("table_limit", "it needed more than its 20000 table elements"),
        Row::of("starts_with_a_large_table", "", &Guest::default().items("(table 1000000 funcref)")).refused("does not"),
    ]
}

fn instances() -> Vec<Row> {
    let whole = |name: &str, component: String| Row::file(name, bare(name, &component));
    let many = "(core instance (instantiate $m))".repeat(limits::GUEST_INSTANCES_MAX + 1);
    let tables = "(table 1 funcref)".repeat(limits::GUEST_TABLES_MAX + 1);
    let memories = "(memory 1)".repeat(limits::GUEST_MEMORIES_MAX + 1);
    vec![
        whole("instances", format!("(core module $m) {many}")).refused("instances"),
        whole("tables", format!("(core module $m {tables}) (core instance (instantiate $m))")).refused("tables"),
        whole("memories", format!("(core module $m {memories}) (core instance (instantiate $m))")).refused("memories"),
        Row::of("open_files", FS, &hoarder()).ends("failed", "open files"),
        Row::of("a_million_handles", FS, &forgetful()).ends("quota", "it made more host calls than one call may make"),
    ]
}

/// A component that has nothing but the name of what a tool exports.
fn bare(name: &str, inside: &str) -> Vec<u8> {
    let text = format!(r#"(component {inside} (instance $tools) (export "octi:plugin/tools@1.0.0" (instance $tools)))"#);
    let component = wat::parse_str(text).expect("valid text format");
    let manifest = manifest(&format!("acme/{name}"), "1.0.0", "");
    with_section(component, octi_extension::manifest::SECTION, &manifest.to_section())
}

/// Opens its folder until it is told no, and says so.
fn hoarder() -> Guest {
    let mut guest = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32");
    let root = guest.text("workspace");
    guest.does(&format!("(loop $again (call $root {root} (i32.const 64)) {TELL} (br $again))"))
}

/// The same, a million times, whatever it is told.
fn forgetful() -> Guest {
    let mut guest = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32");
    let root = guest.text("workspace");
    // What the host writes into its memory is thrown away each time, so that memory is not what ends it.
    guest.does(&format!(
        "(loop $again (global.set $next (i32.const 65536)) (call $root {root} (i32.const 64))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 1000000))))"
    ))
}

fn host_calls() -> Vec<Row> {
    let delete = |body: &str| Guest::default().import("octi:kv/store@1.0.0", "delete", "$delete", "i32 i32 i32").does(body);
    let again =
        |more: &str| format!("(loop $again (call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) {more} (br $again))");
    let log = |body: &str| Guest::default().import("octi:log/log@1.0.0", "log", "$log", "i32 i32 i32 i32 i32").does(body);
    let lines = "(loop $again (call $log (i32.const 2) (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 10000))))";
    let huge = |bytes: usize| {
        log(&format!(
            "(if (i32.eq (i32.const -1) (memory.grow 0 (i32.const 2060))) (then (return (i32.const 0))))
             (call $log (i32.const 2) (i32.const 0) (i32.const {bytes}) (i32.const 0) (i32.const 0))"
        ))
    };
    let mut full = Guest::default().import("octi:kv/store@1.0.0", "set", "$set", "i32 i32 i32 i32 i32 i64 i32");
    let key = full.text("key");
    let full =
        full.does(&format!("(call $set {key} (i32.const 0) (i32.const 2000) (i32.const 0) (i64.const 0) (i32.const 64)) {TELL}"));
    vec![
        Row::of("host_calls", KV, &delete(&again(TELL))).ends("failed", "kv calls"),
        Row::of("host_calls_unheard", KV, &delete(&again("(global.set $next (i32.const 65536))")))
            .ends("quota", "it made more host calls than one call may make"),
        Row::of("log_lines", "", &log(lines)).answers("{}").and(|seen| {
            let lines =
                seen.logs.lines().filter(|line| line.contains("octi::plugin: {} plugin=\"acme/log_lines\"")).count() as u64;
            assert_eq!(lines, limits::GUEST_LOG_LINES_MAX);
        }),
        Row::of("string_for_the_host", "[limits]\nmemory_mb = 200", &huge(128 << 20))
            .ends("quota", "it made more host calls than one call may make"),
        Row::of("kv_quota", KV, &full).ends("failed", "capabilities.kv.bytes_max"),
        Row::of("progress_flood", "", &progress_flood()).answers("{}").and(|seen| assert!(seen.progress.len() < 50, "{seen:#?}")),
    ]
}

fn progress_flood() -> Guest {
    Guest::default().import("octi:log/log@1.0.0", "progress", "$progress", "i32 f32 i32 i32").does(
        "(loop $again (call $progress (i32.const 1) (f32.const nan) (i32.const 1024) (i32.const 2))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 10000))))",
    )
}

fn random() -> Vec<Row> {
    let guest = |body: &str| {
        Guest::default()
            .wit(
                "package wasi:random@0.2.6; interface random { get-random-bytes: func(len: u64) -> list<u8>; }",
                "import wasi:random/random@0.2.6;",
            )
            .import("wasi:random/random@0.2.6", "get-random-bytes", "$take", "i64 i32")
            .does(body)
    };
    let flood = format!(
        "(loop $again (global.set $next (i32.const 65536)) (call $take (i64.const {}) (i32.const 64)) (br $again))",
        limits::GUEST_RANDOM_BYTES_MAX
    );
    vec![
        Row::of("random_bytes", "", &guest("(call $take (i64.const 1000000000000) (i32.const 64))"))
            .ends("quota", "it made more host calls than one call may make"),
        Row::of("random_flood", "[limits]\ncpu_ms = 50", &guest(&flood)).ends("cpu_limit", "computed for more than 50 ms"),
    ]
}

fn input_and_output() -> Vec<Row> {
    // Fills the memory from 2 MiB on with one byte, then with another, and returns that much of it.
    let fill = |bytes: usize, begin: u8, end: u8| {
        Guest::default().pages(700).does(&format!(
            "(memory.fill (i32.const 2097152) (i32.const {begin}) (i32.const {half}))
             (memory.fill (i32.add (i32.const 2097152) (i32.const {half})) (i32.const {end}) (i32.const {half}))
             (i32.store (i32.const 36) (i32.const 2097152)) (i32.store (i32.const 40) (i32.const {bytes})) (return (i32.const 32))",
            half = bytes / 2
        ))
    };
    let over = "it returned more than 1000 bytes";
    let most = format!("it returned more than {} bytes", limits::ARTIFACT_BYTES_MAX);
    vec![
        Row::of("output", "[limits]\noutput_bytes = 1000", &fill(2_000, b' ', b' ')).ends("output_limit", over),
        Row::of("output_of_24_mib", "", &fill(24 << 20, b' ', b' ')).ends("output_limit", &most),
        Row::of("output_beyond_its_memory", "", &Guest::default().does(
            "(i32.store (i32.const 36) (i32.const 2000000000)) (i32.store (i32.const 40) (i32.const 1000)) (return (i32.const 32))",
        ))
        .ends("trap", "the tool crashed; nothing outside its sandbox was touched"),
        Row::of("deep_output", "", &fill(200_000, b'[', b']')).ends("internal", "returned something that is not JSON"),
        Row::of("output_as_deep_as_may_be", "", &fill(200, b'[', b']')).answers("[[[["),
        Row::of("arguments", "", &Guest::default())
            .given(json!({ "text": "x".repeat(limits::ARGUMENTS_BYTES_MAX) }))
            .ends("bad_input", "pass less at once"),
        Row::of("deep_arguments", "", &Guest::default()).given(deep(120)).answers("{}"),
    ]
}

/// Objects in each other.
fn deep(levels: usize) -> serde_json::Value {
    (0..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
}
