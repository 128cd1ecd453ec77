//! [`octi_fuzz::registry`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::registry::run(data));
