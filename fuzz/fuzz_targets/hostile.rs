//! A project that came with arbitrary `.paxx/`, `paxx.lock` and `[tool.paxx]`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // What the program keeps for its user goes where nobody else looks.
        let folder = std::env::temp_dir().join(format!("paxx-fuzz-{}", std::process::id()));
        // SAFETY: nothing else runs yet.
        unsafe { std::env::set_var("XDG_STATE_HOME", folder) };
    },
    |input: &[u8]| paxx_fuzz::hostile::hostile(input)
);
