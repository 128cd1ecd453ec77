//! A guest that is a channel.

use octi_extension::manifest::Manifest;

use super::{ALLOCATOR, HEAP, must, of_world, with_manifest};

/// Letters that ids and cursors are cut from.
const LETTERS: usize = 4_096;
/// How many there are.
const LETTERS_MAX: usize = 8_192;

/// A channel whose messages never end. Each poll brings one: its id, text and the cursor after it have one letter more than the
/// cursor that was given, so that a message that is lost or comes twice is seen. A webhook brings none, and what is sent gets
/// the id `x`.
///
/// # Panics
/// When the guest does not fit the contract.
#[must_use]
pub fn counting_channel(id: &str, version: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "id = '{id}'\nversion = '{version}'\nwit = '1.0'\ndescription = 'A channel of the tests'\n[channel]\ntitle = 'Count'\npoll_ms = 500\nwebhook = {{ header = 'x-signature', secret = 'count_key' }}\n"
    );
    let manifest = must("the manifest", Manifest::from_toml(&text));
    let letters = "x".repeat(LETTERS_MAX);
    let module = format!(
        r#"(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const {HEAP}))
  (data (i32.const {LETTERS}) "{letters}")
  {ALLOCATOR}
  (func $text (param $at i32) (param $length i32)
    (i32.store (local.get $at) (i32.const {LETTERS}))
    (i32.store (i32.add (local.get $at) (i32.const 4)) (local.get $length)))
  (func (export "octi:plugin/channel@1.0.0#on-poll") (param $is_some i32) (param $cursor i32) (param $length i32) (result i32)
    {body}
    (local.set $length (i32.add (i32.const 1) (select (local.get $length) (i32.const 0) (local.get $is_some))))
    ;; The message: id, conversation, sender, no name, text, no extras.
    (call $text (i32.const 128) (local.get $length))
    (call $text (i32.const 136) (i32.const 1))
    (call $text (i32.const 144) (i32.const 1))
    (call $text (i32.const 164) (local.get $length))
    ;; Ok: the list of it, the cursor, no more.
    (i32.store (i32.const 36) (i32.const 128))
    (i32.store (i32.const 40) (i32.const 1))
    (i32.store (i32.const 44) (i32.const 1))
    (call $text (i32.const 48) (local.get $length))
    (i32.const 32))
  (func (export "octi:plugin/channel@1.0.0#on-webhook") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 32))
  (func (export "octi:plugin/channel@1.0.0#send")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    ;; Ok: some id.
    (i32.store (i32.const 36) (i32.const 1))
    (call $text (i32.const 40) (i32.const 1))
    (i32.const 32)))"#
    );
    let core = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    with_manifest(of_world("channel-plugin", core, "", ""), &manifest)
}
