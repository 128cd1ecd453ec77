//! Components that know nothing of octi: what they take, give and are is theirs to choose, and so is the harm.

use octi_domain::limits;
use octi_testkit::guests::{typed, typed_wat, with_section};
use serde_json::json;

use crate::row::Row;

/// A component with one function `run`, of that type.
fn function(signature: &str, items: &str) -> Vec<u8> {
    let wit = format!("package acme:typed; world guest {{ export run: {signature}; }}");
    typed(&wit, &typed_wat(items))
}

/// A result of `length` items at `at`, as a list.
fn list(at: usize, length: usize) -> String {
    format!("(i32.store (i32.const 16) (i32.const {at})) (i32.store (i32.const 20) (i32.const {length})) (i32.const 16)")
}

fn returning(body: &str) -> String {
    format!(r#"(func (export "run") (result i32) {body})"#)
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = results();
    rows.extend(arguments());
    rows.extend(files());
    rows
}

fn results() -> Vec<Row> {
    let grow = "(drop (memory.grow (i32.const 900)))";
    let large = format!("{grow} {}", list(0, 59_000_000));
    let outside = list(1 << 20, 1 << 20);
    let many = format!("{grow} {}", list(65_536, limits::REFLECT_VALUES_MAX));
    // Each item is the list of the items, so the whole would be larger than any memory.
    let nested = format!(
        "(local $i i32)
        (loop $next
            (i32.store (i32.add (i32.const 1024) (local.get $i)) (i32.const 1024))
            (i32.store (i32.add (i32.const 1028) (local.get $i)) (i32.const 8))
            (local.set $i (i32.add (local.get $i) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 64))))
        {}",
        list(1024, 8)
    );
    let infinite = format!("(f64.store (i32.const 1024) (f64.const inf)) {}", list(1024, 1));
    let no_text = format!("(i32.store (i32.const 1024) (i32.const -1)) {}", list(1024, 4));
    let given_back = format!("{} (func (export \"cabi_post_run\") (param i32) unreachable)", returning(&list(1024, 0)));
    vec![
        Row::bare("crashes", function("func()", r#"(func (export "run") unreachable)"#)).ends("trap", "the tool crashed"),
        Row::bare("crashes_afterwards", function("func() -> string", &given_back)).ends("trap", "the tool crashed"),
        Row::bare("large_result", function("func() -> list<u8>", &returning(&large))).ends("output_limit", "it returned more than"),
        Row::bare("result_outside_of_memory", function("func() -> list<u8>", &returning(&outside))).ends("trap", "the tool crashed"),
        Row::bare("many_values", function("func() -> list<bool>", &returning(&many)))
            .ends("internal", "at most 250000 values altogether"),
        Row::bare("result_in_itself", function(&format!("func() -> {}u8{}", "list<".repeat(12), ">".repeat(12)), &returning(&nested)))
            .ends("output_limit", "it returned more than"),
        Row::bare("infinite", function("func() -> list<f64>", &returning(&infinite))).ends("internal", "returned what JSON cannot hold"),
        Row::bare("no_text", function("func() -> string", &returning(&no_text))).ends("trap", "the tool crashed"),
        Row::bare("memory_of_a_function", function("func()", r#"(func (export "run") (loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable)"#))
            .ends("memory_limit", "it needed more than its 64 MiB of memory"),
    ]
}

fn arguments() -> Vec<Row> {
    let takes =
        |signature: &str, parameters: &str| function(signature, &format!(r#"(func (export "run") (param {parameters}))"#));
    vec![
        Row::bare("out_of_range", takes("func(n: u8)", "i32")).given(json!({ "n": 256 })).ends("bad_input", "`n`"),
        Row::bare("half_a_character", takes("func(c: char)", "i32")).given(json!({ "c": "e\u{301}" })).ends("bad_input", "`c`"),
        Row::bare("unknown_argument", takes("func(n: u8)", "i32")).given(json!({ "n": 1, "m": 1 })).ends("bad_input", "'m'"),
        Row::bare("no_allocator", no_allocator()).given(json!({ "text": "some" })).ends("trap", "the tool crashed"),
    ]
}

/// Says that its memory has room where it has none.
fn no_allocator() -> Vec<u8> {
    let wit = "package acme:typed; world guest { export run: func(text: string); }";
    let text = r#"(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65535))
        (func (export "run") (param i32 i32)))"#;
    typed(wit, text)
}

fn files() -> Vec<Row> {
    let nothing = r#"(func (export "run"))"#;
    let handles = "package acme:typed; interface files { resource file; run: func() -> file; } world guest { export files; }";
    let reaching = wat::parse_str(
        r#"(component (import "octi:shell/process@1.0.0" (instance))
            (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f"))) (export "run" (func $f)))"#,
    );
    let docs = "\0{\"worlds\":{\"guest\":{\"func_exports\":{\"run\":\"Runs \\u001b[2J\\u202ewell.\"}}}}";
    vec![
        Row::bare("well", function("func()", nothing)).answers("null"),
        Row::bare("commanding_docs", with_section(function("func()", nothing), "package-docs", docs.as_bytes())).answers("null"),
        Row::bare("commanding_version", with_section(function("func()", nothing), "version", b"\x1b[2J")).answers("null"),
        Row::bare(
            "only_handles",
            typed(handles, &typed_wat(r#"(func (export "acme:typed/files#run") (result i32) (i32.const 0))"#)),
        )
        .refused("a handle of a resource means nothing outside"),
        Row::bare("reaches_out", reaching.expect("valid text format"))
            .refused("a component without a manifest is granted nothing"),
    ]
}
