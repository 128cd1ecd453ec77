//! [`octi_fuzz::arguments`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::arguments::run(data));
