//! [`octi_fuzz::cache_entry`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::cache_entry::run(data));
