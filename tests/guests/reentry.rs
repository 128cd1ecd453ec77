//! The allocator of a guest is called by the host in the middle of a call. What it does there is as hostile as the rest.

use octi_testkit::guests::{FOREVER, Guest};

use crate::row::Row;

const CRASHED: &str = "the tool crashed; nothing outside its sandbox was touched";
const KV: &str = "[capabilities]\nkv = { bytes_max = 1000 }";
const CPU: &str = "[limits]\ncpu_ms = 50";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = allocators();
    rows.extend(ends_of_calls());
    rows
}

fn allocators() -> Vec<Row> {
    let plain = |body: &str| Guest::default().allocator(body);
    let asking = plain("(drop (call $cancelled)) (i32.const 65536)")
        .imports(r#"(import "octi:log/log@1.0.0" "cancelled" (func $cancelled (result i32)))"#);
    let calling = plain("(call $self (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))").items(
        r#"(func $self (param i32 i32 i32 i32) (result i32) (call $self (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"#,
    );
    let growing = plain("(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow 0 (i32.const 16))))) unreachable");
    vec![
        Row::of("allocator_asks_the_host", "", &asking).ends("trap", CRASHED),
        Row::of("allocator_asks_in_a_host_call", KV, &nested()).ends("trap", CRASHED),
        Row::of("allocator_points_outside", "", &plain("(i32.const 2147483632)")).ends("trap", CRASHED),
        Row::of("allocator_points_at_the_end", "", &plain("(i32.const -1)")).ends("trap", CRASHED),
        Row::of("allocator_points_between", KV, &crooked()).ends("trap", CRASHED),
        Row::of("allocator_crashes", "", &plain("unreachable")).ends("trap", CRASHED),
        Row::of("allocator_never_ends", CPU, &plain(&format!("{FOREVER} unreachable")))
            .ends("cpu_limit", "computed for more than 50 ms without finishing"),
        Row::of("allocator_recurses", "", &calling).ends("stack_limit", "it recursed too deeply"),
        Row::of("allocator_hoards", "[limits]\nmemory_mb = 8", &growing).ends("memory_limit", "more than its 8 MiB of memory"),
        // Everything is written over everything else; that is the guest's own memory.
        Row::of("allocator_gives_one_place_to_all", "", &plain("(i32.const 65536)")).answers("{}"),
    ]
}

/// Keeps two keys, and asks for them.
fn asking_for_keys() -> (Guest, String) {
    let mut guest = Guest::default()
        .import("octi:kv/store@1.0.0", "set", "$set", "i32 i32 i32 i32 i32 i64 i32")
        .import("octi:kv/store@1.0.0", "keys", "$keys", "i32 i32 i32 i32 i32 i32 i32")
        .imports(r#"(import "octi:log/log@1.0.0" "cancelled" (func $cancelled (result i32)))"#)
        .items("(global $armed (mut i32) (i32.const 0))");
    let (one, two) = (guest.text("one"), guest.text("two"));
    let body = format!(
        "(call $set {one} (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0) (i32.const 64))
         (call $set {two} (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0) (i32.const 64))
         (global.set $armed (i32.const 1))
         (call $keys (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 64))"
    );
    (guest, body)
}

/// While the host lays out the keys, the allocator calls the host.
fn nested() -> Guest {
    let (guest, body) = asking_for_keys();
    guest.does(&body).allocator("(if (global.get $armed) (then (drop (call $cancelled)))) (i32.const 65536)")
}

/// A list of texts has to begin at a multiple of four.
fn crooked() -> Guest {
    let (guest, body) = asking_for_keys();
    guest.does(&body).allocator("(i32.add (i32.const 65536) (global.get $armed))")
}

/// After a call the host tells the guest that it may free what it returned.
fn ends_of_calls() -> Vec<Row> {
    let after = |body: &str| {
        Guest::default().items(&format!(r#"(func (export "cabi_post_octi:plugin/tools@1.0.0#call") (param i32) {body})"#))
    };
    vec![
        Row::of("afterwards_crashes", "", &after("unreachable")).ends("trap", CRASHED),
        Row::of("afterwards_never_ends", CPU, &after(FOREVER)).ends("cpu_limit", "computed for more than 50 ms"),
    ]
}
