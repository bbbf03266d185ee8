//! A project whose `app/config.py` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project("app/config.py", text));
