//! Files, questions and answers of models: too many, too large, of no form, and without a grant.

use octi_domain::limits;
use octi_testkit::guests::{FOREVER, Guest, TELL};

use crate::row::Row;

const ARTIFACTS: &str = "[capabilities]\nartifacts = { bytes_max = 16777216, reason = 'try' }";
const LITTLE: &str = "[capabilities]\nartifacts = { bytes_max = 1000, reason = 'try' }";
const ASK: &str = "[capabilities]\nask = { reason = 'try' }";
const LLM: &str = "[capabilities]\nllm = [{ topic = 'short', tokens_per_call_max = 4000, reason = 'try' }]";
const FILES: &str = "octi:artifacts/artifacts@1.0.0";
/// The writer that was made last.
const WRITER: &str = "(local.set $dir (i32.load (i32.const 72)))";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = files();
    rows.extend(questions());
    rows.extend(models());
    rows
}

/// A guest that can give files, and the call that begins one.
fn giver(name: &str, media_type: &str) -> (Guest, String) {
    let mut guest = Guest::default()
        .import(FILES, "create", "$create", "i32 i32 i32 i32 i32")
        .import(FILES, "[method]writer.write", "$write", "i32 i32 i32 i32")
        .import(FILES, "[static]writer.finish", "$finish", "i32 i32");
    let (name, media_type) = (guest.text(name), guest.text(media_type));
    (guest, format!("(call $create {name} {media_type} (i32.const 64)) {TELL} {WRITER}"))
}

fn write(bytes: usize) -> String {
    format!("(call $write (local.get $dir) (i32.const 1024) (i32.const {bytes}) (i32.const 64)) {TELL}")
}

fn files() -> Vec<Row> {
    let finish = format!("(call $finish (local.get $dir) (i32.const 64)) {TELL}");
    let giving = |name: &str, media_type: &str, body: &str| {
        let (guest, begin) = giver(name, media_type);
        guest.pages(4).does(&format!("{begin} {body}"))
    };
    let again = |body: &str| format!("(loop $again {body} (br $again))");
    let (guest, begin) = giver("a.txt", "text/plain");
    let many = guest.does(&again(&begin));
    let nothing = |seen: &crate::row::Seen| assert!(seen.model.files.is_empty(), "{seen:#?}");
    let named = giving("../../up\u{202e}/gpj.\u{200b}exe\u{1b}[31m", "Image/PNG; x=y", &format!("{} {finish}", write(5)));
    vec![
        Row::of("gives_without_asking", "", &giving("a.txt", "text/plain", "")).refused("add `artifacts` to `[capabilities]`"),
        Row::of("gives_many_files", ARTIFACTS, &many).ends("failed", "files of a result").and(nothing),
        Row::of("gives_a_large_file", ARTIFACTS, &giving("a.bin", "a/b", &again(&write(65_536))))
            .ends("failed", "bytes of one file")
            .and(nothing),
        Row::of("gives_more_than_granted", LITTLE, &giving("a.bin", "a/b", &again(&write(600))))
            .ends("failed", "capabilities.artifacts.bytes_max")
            .and(nothing),
        Row::of("gives_a_large_chunk", ARTIFACTS, &giving("a.bin", "a/b", &write(65_537))).ends("failed", "chunk: 65537 bytes"),
        Row::of("gives_forever", ARTIFACTS, &giving("a.bin", "a/b", &again(&write(1)))).ends("failed", "chunks of files"),
        Row::of("gives_no_type", ARTIFACTS, &giving("a", "png\r\nx: y", "")).ends("failed", "media-type: `png\\r\\nx: y` is not"),
        Row::of("gives_no_name", ARTIFACTS, &giving("a/..", "a/b", "")).ends("failed", "name: nothing is left of it"),
        Row::of("leaves_a_file_open", ARTIFACTS, &giving("a.txt", "text/plain", &write(5))).answers("{}").and(nothing),
        Row::of("crashes_after_a_file", ARTIFACTS, &giving("a.txt", "text/plain", &format!("{} {finish} unreachable", write(5))))
            .ends("trap", "the tool crashed")
            .and(nothing),
        Row::of(
            "hangs_after_a_file",
            &format!("{ARTIFACTS}\n[limits]\ncpu_ms = 50"),
            &giving("a.txt", "text/plain", &format!("{} {finish} {FOREVER}", write(5))),
        )
        .ends("cpu_limit", "computed for more than 50 ms")
        .and(nothing),
        Row::of("gives_a_name_that_hides", ARTIFACTS, &named).answers("files that the person sees beside this result").and(
            |seen| {
                let [file] = &seen.model.files[..] else { panic!("{seen:#?}") };
                assert_eq!((file.name.as_str(), file.media_type.as_str(), file.bytes), ("gpj.exe[31m", "image/png", 5));
            },
        ),
    ]
}

const FORM: &str = r#"{"type":"object","properties":{"count":{"type":"integer"}}}"#;

/// A guest that asks that, so many times, and tells what it was told last.
fn asker(message: &str, schema: &str, times: u64) -> Guest {
    let mut guest = Guest::default().import("octi:ask/person@1.0.0", "ask", "$ask", "i32 i32 i32 i32 i32 i32 i32");
    let (message, schema) = (guest.text(message), guest.text(schema));
    let ask = format!("(call $ask {message} {schema} (i32.const 0) (i32.const 0) (i32.const 64))");
    (0..times).fold(guest, |guest, _| guest.does(&ask)).does(TELL)
}

fn questions() -> Vec<Row> {
    let secret = r#"{"type":"object","properties":{"a":{"type":"string","title":"Your pass-word"}}}"#;
    let long = "x".repeat(limits::ASK_BYTES_MAX);
    vec![
        Row::of("asks_without_asking", "", &asker("How many?", FORM, 1)).refused("add `ask` to `[capabilities]`"),
        Row::of("asks_nobody", ASK, &asker("How many?", FORM, 1)).ends("failed", "no screen of the person is connected"),
        Row::of("asks_too_often", ASK, &asker("How many?", FORM, limits::GUEST_QUESTIONS_MAX + 1)).ends("failed", "questions"),
        Row::of("asks_for_a_secret", ASK, &asker("Sign in", secret, 1)).ends("failed", "never asks for a secret (`password`)"),
        Row::of("asks_at_length", ASK, &asker(&long, FORM, 1)).ends("failed", "is more than the 8192"),
        Row::of("asks_nothing", ASK, &asker(" \n", FORM, 1)).ends("failed", "message: must say what is asked"),
        Row::of("asks_no_form", ASK, &asker("How many?", "{", 1)).ends("failed", "schema: EOF"),
        Row::of("asks_in_depth", ASK, &asker("How many?", r#"{"type":"object","properties":{"a":{"type":"object"}}}"#, 1))
            .ends("failed", "a form is flat"),
    ]
}

/// A guest that asks a model about a topic, so many times: one message when `said` is something, and none otherwise.
fn writer(topic: &str, said: &str, max_tokens: u32, times: u64) -> Guest {
    let mut guest =
        Guest::default().import("octi:llm/model@1.0.0", "complete", "$complete", "i32 i32 i32 i32 i32 i32 i32 i32 i32 f32 i32");
    let topic = guest.text(topic);
    let text = guest.put(said);
    let message: Vec<u8> = [0_u32, u32::try_from(text).unwrap_or_default(), u32::try_from(said.len()).unwrap_or_default()]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    let message = guest.put(message);
    let messages = format!("(i32.const {message}) (i32.const {})", usize::from(!said.is_empty()));
    let call = format!(
        "(call $complete {topic} (i32.const 0) (i32.const 0) (i32.const 0) {messages} (i32.const {max_tokens}) (i32.const 0) (f32.const 0) (i32.const 64))"
    );
    (0..times).fold(guest, |guest, _| guest.does(&call)).does(TELL)
}

fn models() -> Vec<Row> {
    let long = "x".repeat(20_000);
    vec![
        Row::of("writes_without_asking", "", &writer("short", "hello", 10, 1)).refused("add `llm` to `[capabilities]`"),
        Row::of("writes_of_something_else", LLM, &writer("other", "hello", 10, 1))
            .ends("failed", "has no grant for a model's answers about `other`"),
        Row::of("writes_too_much", LLM, &writer("short", "hello", 4_001, 1)).ends("failed", "tokens_per_call_max of `short`"),
        Row::of("reads_too_much", LLM, &writer("short", &long, 10, 1)).ends("failed", "tokens_per_call_max of `short`"),
        Row::of("writes_too_often", LLM, &writer("short", "", 10, limits::GUEST_COMPLETIONS_MAX + 1))
            .ends("failed", "answers of a model"),
        Row::of("says_nothing", LLM, &writer("short", "", 10, 1)).ends("failed", "the last one must be of `user`"),
        Row::of("wants_no_tokens", LLM, &writer("short", "hello", 0, 1)).ends("failed", "max-tokens: must be above 0"),
    ]
}
