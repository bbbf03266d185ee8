//! `paxx_fuzz::yaml` on arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::yaml(text));
