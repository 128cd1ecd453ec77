//! [`octi_fuzz::reflect`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::reflect::run(data));
