//! `setup.py`: `install_requires` of `setup(...)`, where it is a literal list, or a module's variable that is one.

use std::ops::Range;

use super::{Format, PIP, PackageList, Tool};
use crate::source::{python, toml};

/// `setup.py` of setuptools.
pub struct SetupPy;

impl Format for SetupPy {
    fn names(&self) -> &'static [&'static str] {
        &["setup.py"]
    }

    fn read(&self, text: &str) -> Option<PackageList> {
        let source = python::Source::of(text);
        if source.error.is_some() {
            return None;
        }
        let mut calls = source.calls.iter().filter(|call| call.callee == "setup" || call.callee.ends_with(".setup"));
        let (Some(call), None) = (calls.next(), calls.next()) else { return None };
        let value = call.keyword("install_requires")?.value.clone();
        let written = text.get(value.clone())?;
        if written.starts_with('[') {
            return literal(text, value);
        }
        let mut assigned = source.assignments.iter().filter(|assignment| assignment.target == written);
        let (Some(only), None) = (assigned.next(), assigned.next()) else { return None };
        let value = only.value.clone().filter(|_| only.scope.is_module() && !only.scope.guarded)?;
        literal(text, value)
    }

    fn tool(&self) -> Tool {
        PIP
    }
}

/// A list of strings. Written so, Python and TOML are one language: comments, both quotes, a comma at the end.
fn literal(text: &str, value: Range<usize>) -> Option<PackageList> {
    const KEY: &str = "x=";
    let source = toml::Source::parse(&format!("{KEY}{}", text.get(value.clone())?)).ok()?;
    let mut array = source.array(&["x"])?;
    if array.items.iter().any(|item| item.text.is_none()) {
        return None;
    }
    let moved = |offset: usize| (offset + value.start).saturating_sub(KEY.len());
    array.range = moved(array.range.start)..moved(array.range.end);
    for item in &mut array.items {
        item.range = moved(item.range.start)..moved(item.range.end);
        item.comma = item.comma.map(moved);
    }
    Some(PackageList::Array(array))
}
