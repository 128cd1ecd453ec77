//! [`octi_fuzz::host_pattern`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::host_pattern::run(data));
