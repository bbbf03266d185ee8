//! A project whose `requirements.txt` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project("requirements.txt", text));
