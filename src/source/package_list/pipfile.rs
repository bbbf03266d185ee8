//! `Pipfile`: `[packages]` and `[dev-packages]`.

use super::{Format, PackageList, Tool};
use crate::source::toml;

/// The file of pipenv.
pub struct Pipfile;

impl Format for Pipfile {
    fn names(&self) -> &'static [&'static str] {
        &["Pipfile"]
    }

    fn read(&self, text: &str) -> Option<PackageList> {
        table(text, &["packages"])
    }

    fn development(&self, text: &str) -> Option<PackageList> {
        table(text, &["dev-packages"])
    }

    fn is_toml(&self) -> bool {
        true
    }

    fn tool(&self) -> Tool {
        Tool { install: "pipenv install", run: "pipenv run " }
    }
}

/// The table at `keys`, where there is one.
pub fn table(text: &str, keys: &'static [&'static str]) -> Option<PackageList> {
    toml::Source::of(text).ok()?.table(keys).map(|_| PackageList::Table(keys))
}
