//! [`octi_fuzz::url_policy`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| octi_fuzz::url_policy::run(data));
