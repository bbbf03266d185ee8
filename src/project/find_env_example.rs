//! Finds the example of the env file, among the names that are usual for it.

use super::FilePath;
use super::imports::Files;
use super::reader::Reader;

/// The env file that settings read, by the name that pydantic-settings' documentation gives it.
pub const ENV_FILE: &str = ".env";

/// The usual names of its example, the most frequent first.
pub const NAMES: &[&str] = &[
    ".env.example",
    ".env.template",
    ".env.sample",
    ".env-example",
    ".env.dist",
    ".env_example",
    ".env.example.local",
    ".env.tmpl",
    ".env-template",
    ".env-sample",
    ".env_template",
    ".env_sample",
    "env.example",
    "example.env",
    "sample.env",
    "env.sample",
    "env.template",
    ".example.env",
    ".sample.env",
    ".env.dev.example",
    ".env.local.example",
    ".env.development.example",
    "dotenv.example",
];

pub(super) fn find_env_example(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let mut folder = Some(root.clone());
    while let Some(present) = folder {
        if let Some(path) = NAMES.iter().map(|name| present.child(name)).find(|path| reader.file(path).is_some()) {
            return Some(reader.real(&path).unwrap_or(path));
        }
        folder = present.parent();
    }
    None
}
