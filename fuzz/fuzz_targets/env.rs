//! A project whose `.env.example` is arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::project(".env.example", text));
