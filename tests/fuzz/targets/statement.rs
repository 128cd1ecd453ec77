//! [`octi_fuzz::statement`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::statement::run(data));
