//! A project whose `compose.yaml` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project("compose.yaml", text));
