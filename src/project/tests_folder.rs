//! Where the project has its tests, as far as generated ones go there; and which files beside the modules are read.

use super::imports::Files;
use super::reader::Reader;
use super::{FilePath, Layout};
use crate::component::COMPONENTS;
use crate::lock::{self, Lock};
use crate::source::{package_list, toml};

/// Files that may say that the project is tested by pytest, besides those that list packages.
const EVIDENCE: &[&str] = &[
    "pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "requirements_dev.txt",
    "requirements_test.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
    "requirements/dev.txt",
    "requirements/test.txt",
    "requirements/local.txt",
];

/// The folder that a project with pytest has for its tests: the first that its configuration names, else one of a usual name; and in it
/// the one for unit tests, where there is one.
pub fn folder(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let speaks = |name: &str| {
        let text = root.join(name).and_then(|path| reader.text(&path));
        text.is_some_and(|text| memchr::memmem::find(text.as_bytes(), b"pytest").is_some())
    };
    EVIDENCE.iter().copied().chain(package_list::names()).find(|name| speaks(name))?;
    let configured = reader.text(&root.child("pyproject.toml")).and_then(|text| toml::Source::of(&text).ok());
    let configured = configured.and_then(|source| {
        let keys = ["tool", "pytest", "ini_options", "testpaths"];
        let first = source.strings(&keys).into_iter().next();
        first.or_else(|| source.string(&keys)?.split_whitespace().next().map(str::to_owned))
    });
    let usual = ["tests", "test", "src/tests", "app/tests"].map(str::to_owned);
    let places = configured.into_iter().chain(usual).filter_map(|name| root.join(&name));
    let folder = places.into_iter().find(|folder| folder != root && has_tests(reader, folder))?;
    let unit = folder.child("unit");
    Some(if has_tests(reader, &unit) { unit } else { folder })
}

/// Is it a folder of this project with something that pytest reads?
fn has_tests(reader: &Reader, folder: &FilePath) -> bool {
    let is_read = |name: &String| name.ends_with(".py") || !name.contains('.');
    reader.is_folder(folder) && !reader.is_outside(folder) && reader.list(folder).iter().any(is_read)
}

/// Reads generated files beside the modules: those that were written, and what stands where they would be written.
pub fn read(reader: &Reader, layout: &Layout, lock: &Lock) {
    let records = lock.components.iter().flat_map(|component| &component.requirements);
    let is_apart = |record: &&lock::Requirement| record.id.starts_with("test:") || record.id.starts_with("file:");
    let written = records.filter(is_apart).filter_map(|record| record.text.as_ref());
    for path in written.filter_map(|place| layout.root.join(place)) {
        reader.file(&path);
    }
    for file in COMPONENTS.iter().flat_map(|component| component.manifest.file.iter()) {
        if let Some(path) = layout.root.join(&file.path) {
            reader.file(&path);
        }
    }
    let Some(folder) = &layout.tests else { return };
    for test in COMPONENTS.iter().flat_map(|component| component.manifest.test.iter()) {
        reader.file(&folder.child(&test.path));
    }
}
