//! Guests that talk, in every way that there is.

use octi_testkit::guests::Guest;

fn speaking() -> Guest {
    Guest::default().import("octi:log/log@1.0.0", "log", "$log", "i32 i32 i32 i32 i32").import(
        "octi:log/log@1.0.0",
        "progress",
        "$progress",
        "i32 f32 i32 i32",
    )
}

/// Logs the text, shows it as progress, and returns it as the line about the result, which is `json`.
pub(crate) fn saying(text: &str, json: &str) -> Guest {
    let mut guest = speaking();
    let (at, length) = (guest.put(text), text.len());
    guest
        .does(&format!(
            "(call $log (i32.const 3) (i32.const {at}) (i32.const {length}) (i32.const 0) (i32.const 0))
             (call $progress (i32.const 0) (f32.const 0) (i32.const {at}) (i32.const {length}))
             (i32.store8 (i32.const 44) (i32.const 1)) (i32.store (i32.const 48) (i32.const {at})) (i32.store (i32.const 52) (i32.const {length}))"
        ))
        .answers(json)
}

/// Logs the text, and fails with it.
pub(crate) fn failing(text: &str) -> Guest {
    let mut guest = speaking();
    let (at, length) = (guest.put(text), text.len());
    guest.does(&format!(
        "(call $log (i32.const 4) (i32.const {at}) (i32.const {length}) (i32.const 0) (i32.const 0))
         (i32.store8 (i32.const 32) (i32.const 1)) (i32.store8 (i32.const 36) (i32.const 1))
         (i32.store (i32.const 40) (i32.const {at})) (i32.store (i32.const 44) (i32.const {length})) (return (i32.const 32))"
    ))
}
