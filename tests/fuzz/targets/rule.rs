//! [`octi_fuzz::rule`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::rule::run(data));
