//! [`octi_fuzz::manifest`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::manifest::run(data));
