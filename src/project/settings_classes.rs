//! The settings classes of the project, as its files say: what inherits from `BaseSettings`, itself or through classes of the project.

use std::ops::Range;

use super::imports::{self, Files};
use super::reader::Reader;
use super::{File, FilePath};
use crate::source::python::{Class, Source, stdlib};

/// A class that inherits from `BaseSettings`.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its module.
    pub path: FilePath,
    /// Its name.
    pub name: String,
    pub(super) place: Range<usize>,
    /// The project's own classes that it inherits from, nearest first.
    pub bases: Vec<(FilePath, String)>,
    /// Is its `BaseSettings` pydantic 1's?
    pub pydantic_v1: bool,
}

/// The settings classes of the project; where there is none, those that inherit from a package's.
pub fn classes(reader: &Reader, roots: &[FilePath], files: &[FilePath]) -> Vec<Candidate> {
    let own = settings_classes(reader, roots, files, false);
    // A package may bring a settings class of its own to inherit from.
    if own.is_empty() { settings_classes(reader, roots, files, true) } else { own }
}

/// Every class that inherits from `BaseSettings`, directly or through classes of the project.
fn settings_classes(reader: &Reader, roots: &[FilePath], files: &[FilePath], foreign: bool) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    // A base may be defined in a later file: until nothing new is found.
    for _ in 0..4 {
        let before = found.len();
        for path in files {
            let Some(file) = reader.file(path).filter(|file| may_have_settings(file, &found)) else { continue };
            let source = file.python();
            for class in source.classes.iter().filter(|class| class.scope.is_module()) {
                if found.iter().any(|known| known.path == *path && known.name == class.name) {
                    continue;
                }
                let of_package = foreign && inherits_foreign(reader, roots, path, source, class);
                let ancestor = settings_ancestor(reader, roots, path, source, class, &found);
                if let Some(pydantic_v1) = ancestor.or(of_package.then_some(false)) {
                    let (name, place) = (class.name.clone(), class.name_range.clone());
                    let bases = bases(reader, roots, path, &name);
                    found.push(Candidate { path: path.clone(), name, place, bases, pydantic_v1 });
                }
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// May a class of the file inherit from settings, or from one of those that are known? Most files that speak of settings have no such
/// class, and need not be parsed.
fn may_have_settings(file: &File, known: &[Candidate]) -> bool {
    let code = file.text().unwrap_or_default();
    file.bases().iter().flatten().any(|base| {
        base.ends_with("Settings")
            || known.iter().any(|class| class.name == *base)
            // Another name for one of them.
            || code.contains(&format!(" as {base}"))
            || code.contains(&format!("\n{base} = "))
            || code.contains(&format!("\n{base}: "))
    })
}

/// A base without its type arguments, and as it is imported where the module gave it another name: `Base = vendor.Settings`.
fn renamed(reader: &Reader, path: &FilePath, source: &Source, base: &str) -> String {
    let base = base.split('[').next().unwrap_or(base);
    let Some(given) = source.assignments.iter().rev().find(|given| given.target == base && given.scope.is_module())
    else {
        return base.to_owned();
    };
    let file = reader.file(path);
    let text = file.as_ref().and_then(|file| file.text()).unwrap_or_default();
    let value = given.value.clone().and_then(|value| text.get(value));
    value.filter(|value| value.split('.').all(imports::is_name)).unwrap_or(base).to_owned()
}

/// Does the class inherit from `BaseSettings`, directly or through one of `known`? Of pydantic 1, or of pydantic-settings?
fn settings_ancestor(
    reader: &Reader,
    roots: &[FilePath],
    path: &FilePath,
    source: &Source,
    class: &Class,
    known: &[Candidate],
) -> Option<bool> {
    class.bases.iter().find_map(|base| {
        let base = &renamed(reader, path, source, base);
        let last = base.rsplit('.').next().unwrap_or(base);
        let from = match base.split_once('.') {
            Some((module, _)) => {
                source.import_of(module).map(|(import, name)| import.from.clone().unwrap_or_else(|| name.name.clone()))
            }
            None => source.import_of(base).and_then(|(import, _)| import.from.clone()),
        };
        let original = source.import_of(base).map_or(last, |(_, name)| name.name.as_str());
        if let Some(from) = from.as_deref().filter(|_| original == "BaseSettings" || last == "BaseSettings") {
            if from.starts_with("pydantic_settings") {
                return Some(false);
            }
            if from == "pydantic" || from.starts_with("pydantic.") {
                return Some(true);
            }
        }
        let (home, name) = class_of(reader, roots, path, base)?;
        known.iter().find(|known| known.path == home && known.name == name).map(|parent| parent.pydantic_v1)
    })
}

/// Does the class inherit from one whose name ends in `Settings` and that comes from an installed package?
fn inherits_foreign(reader: &Reader, roots: &[FilePath], path: &FilePath, source: &Source, class: &Class) -> bool {
    class.bases.iter().any(|base| {
        let base = &renamed(reader, path, source, base);
        let (module, name) = base.rsplit_once('.').unwrap_or((base, base));
        let Some((import, imported)) = source.import_of(module.split('.').next().unwrap_or(module)) else {
            return false;
        };
        let original = if base.contains('.') { name } else { imported.name.as_str() };
        let from = import.from.as_deref().unwrap_or(&imported.name);
        original.ends_with("Settings")
            && !from.starts_with('.')
            && !stdlib::is_standard(from)
            && from.split('.').next().is_some_and(|first| imports::module_file(reader, roots, path, first).is_none())
            && imports::module_file(reader, roots, path, from).is_none()
    })
}

/// The project's own classes that a class inherits from, nearest first. Fields of any class count, also of a mixin that is
/// no settings class itself.
pub(super) fn bases(reader: &Reader, roots: &[FilePath], path: &FilePath, name: &str) -> Vec<(FilePath, String)> {
    let mut found: Vec<(FilePath, String)> = Vec::new();
    let mut waiting = vec![(path.clone(), name.to_owned())];
    while let Some(class) = waiting.pop() {
        if found.contains(&class) {
            continue;
        }
        if let Some(file) = reader.file(&class.0)
            && let Some((_, definition)) = file.python().class(&class.1)
        {
            let own = definition.bases.iter().rev();
            waiting.extend(own.filter_map(|base| class_of(reader, roots, &class.0, base)));
        }
        found.push(class);
    }
    // The first one is the class itself.
    found.split_off(1)
}

/// The class of the project that the expression `base` means in the module at `path`.
fn class_of(reader: &Reader, roots: &[FilePath], path: &FilePath, base: &str) -> Option<(FilePath, String)> {
    let base = base.split('[').next().unwrap_or(base);
    let (home, name) = match base.rsplit_once('.') {
        Some((module, name)) if imports::is_name(module) => {
            (imports::module_of_name(reader, roots, path, module)?, name)
        }
        Some((module, name)) => (imports::module_file(reader, roots, path, module)?, name),
        None => (path.clone(), base),
    };
    let (home, name) = imports::definition(reader, roots, &home, name)?;
    reader.file(&home)?.python().class(&name)?;
    Some((home, name))
}
