//! `paxx_fuzz::python` on arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| paxx_fuzz::python(text));
