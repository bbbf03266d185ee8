//! A project whose `app/main.py` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project("app/main.py", text));
