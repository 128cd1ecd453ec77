//! [`octi_fuzz::shell_line`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: let_the_parser_panic(), |data: &[u8]| octi_fuzz::shell_line::run(data));

/// The host catches what the library panics with, so that is no finding; everything else ends the run as libFuzzer wants it.
fn let_the_parser_panic() {
    let end = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|at| at.file().contains("brush-parser")) {
            end(panic);
        }
    }));
}
