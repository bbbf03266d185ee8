//! `paxx_fuzz::lines` on arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::lines(text));
