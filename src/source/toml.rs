//! Located entries of toml files.
