//! A project whose `pyproject.toml` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project("pyproject.toml", text));
