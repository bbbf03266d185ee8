//! Text with a syntax: where things stand in it, by name. Nothing here changes anything, and nothing does I/O.

pub mod dotenv;
pub mod memory;
pub mod package_list;
pub mod python;
pub mod requirements;
pub mod text;
pub mod toml;
pub mod utf16;
pub mod yaml;
