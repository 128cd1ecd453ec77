//! [`octi_fuzz::redact`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::redact::run(data));
