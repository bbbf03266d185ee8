//! `pixi.toml`: `[pypi-dependencies]`, which has packages as pip names them. Those of `[dependencies]` are conda's.

use super::pipfile::table;
use super::{Format, PackageList, Tool};

/// The file of pixi.
pub struct Pixi;

impl Format for Pixi {
    fn names(&self) -> &'static [&'static str] {
        &["pixi.toml"]
    }

    fn read(&self, text: &str) -> Option<PackageList> {
        table(text, &["pypi-dependencies"])
    }

    fn is_toml(&self) -> bool {
        true
    }

    fn tool(&self) -> Tool {
        Tool { install: "pixi install", run: "pixi run " }
    }
}
