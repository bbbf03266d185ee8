//! From an import to the file that it means, within the project.
//!
//! Nothing is executed: a name is followed through import statements and re-exports by their text alone.

use std::collections::HashSet;
use std::rc::Rc;

use super::{File, FilePath};
pub use crate::source::python::expression::is_name;
use crate::source::python::{Function, Source};

/// Where files come from: the disk while the project is being discovered, the snapshot afterwards.
pub trait Files {
    /// The file at `path`, if there is one.
    fn file(&self, path: &FilePath) -> Option<Rc<File>>;
}

impl Files for super::Project {
    fn file(&self, path: &FilePath) -> Option<Rc<File>> {
        Self::file(self, path).cloned()
    }
}

/// A chain of re-exports longer than this is not followed.
const LONGEST_CHAIN: usize = 8;

/// The file of the module `dotted`, an absolute path or one with leading dots as seen from `from`.
pub fn module_file(files: &dyn Files, roots: &[FilePath], from: &FilePath, dotted: &str) -> Option<FilePath> {
    let name = dotted.trim_start_matches('.');
    let dots = dotted.len() - name.len();
    if dots > 0 {
        let mut folder = from.parent()?;
        for _ in 1..dots {
            folder = folder.parent()?;
        }
        return file_below(files, &folder, name);
    }
    roots.iter().find_map(|root| file_below(files, root, name))
}

fn file_below(files: &dyn Files, folder: &FilePath, dotted: &str) -> Option<FilePath> {
    let target = folder.join(&dotted.replace('.', "/"))?;
    if !dotted.is_empty() {
        let module = FilePath::new(&format!("{}.py", target.as_str()))?;
        if files.file(&module).is_some() {
            return Some(module);
        }
    }
    let package = target.child("__init__.py");
    files.file(&package).is_some().then_some(package)
}

/// The file where the module-level name `name`, as seen in the module at `path`, is defined, and its name there.
///
/// `None` where it comes from outside the project, or cannot be followed.
pub fn definition(files: &dyn Files, roots: &[FilePath], path: &FilePath, name: &str) -> Option<(FilePath, String)> {
    let mut path = path.clone();
    let mut name = name.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let file = files.file(&path)?;
        let source = file.python();
        if source.definition_of(&name).is_some() {
            return Some((path, name));
        }
        if let Some((import, imported)) = source.import_of(&name) {
            let module = import.from.as_deref()?;
            let target = module_file(files, roots, &path, module)?;
            name.clone_from(&imported.name);
            path = target;
            continue;
        }
        // `from x import *` may bring it.
        let next =
            source.imports.iter().filter(|import| import.wildcard && import.scope.is_module()).find_map(|import| {
                let target = module_file(files, roots, &path, import.from.as_deref()?)?;
                let file = files.file(&target)?;
                let source = file.python();
                (source.definition_of(&name).is_some() || source.import_of(&name).is_some()).then_some(target)
            })?;
        path = next;
    }
    None
}

/// The file of the module that the name `name` is bound to in the module at `path` (`import a.b as name`, `from a import b`).
pub fn module_of_name(files: &dyn Files, roots: &[FilePath], path: &FilePath, name: &str) -> Option<FilePath> {
    let file = files.file(path)?;
    let (import, imported) = file.python().import_of(name)?;
    match &import.from {
        None if imported.alias.is_some() => module_file(files, roots, path, &imported.name),
        None => None,
        Some(module) if module.ends_with('.') => module_file(files, roots, path, &format!("{module}{}", imported.name)),
        Some(module) => module_file(files, roots, path, &format!("{module}.{}", imported.name)),
    }
}

/// Is the module at `path` the one at `target`, or does it import it, perhaps through others?
pub fn leads_to(files: &dyn Files, roots: &[FilePath], path: &FilePath, target: &FilePath) -> bool {
    reaches(files, roots, path, target, false)
}

/// The same, and functions of these modules may import it too, when they are called.
pub fn may_lead_to(files: &dyn Files, roots: &[FilePath], path: &FilePath, target: &FilePath) -> bool {
    reaches(files, roots, path, target, true)
}

fn reaches(files: &dyn Files, roots: &[FilePath], path: &FilePath, target: &FilePath, nested: bool) -> bool {
    let mut seen: HashSet<FilePath> = HashSet::new();
    let mut waiting = vec![path.clone()];
    while let Some(path) = waiting.pop() {
        if path == *target {
            return true;
        }
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(file) = files.file(&path) else { continue };
        for import in file.imports().iter().filter(|import| nested || !import.nested) {
            let named = import.names.iter().filter_map(|name| match &import.from {
                Some(from) => {
                    let dot = if from.ends_with('.') { "" } else { "." };
                    module_file(files, roots, &path, &format!("{from}{dot}{name}"))
                }
                None => module_file(files, roots, &path, name),
            });
            let from = import.from.as_deref().and_then(|from| module_file(files, roots, &path, from));
            waiting.extend(named.chain(from));
        }
    }
    false
}

/// The function that the expression `code` means in the module at `path`, inside the function `within` if there is one:
/// a name, `module.name`, or a call of a function that returns a function of its own.
pub fn function(
    files: &dyn Files,
    roots: &[FilePath],
    path: &FilePath,
    within: Option<usize>,
    code: &str,
) -> Option<(FilePath, Function)> {
    let code = code.trim();
    let file = files.file(path)?;
    let source = file.python();
    if let Some(callee) = code.strip_suffix(')').and_then(|rest| rest.split_once('(')).map(|(callee, _)| callee.trim())
    {
        let (path, maker) = function(files, roots, path, within, callee)?;
        let file = files.file(&path)?;
        return returned_function(file.python(), &maker).map(|found| (path, found));
    }
    if is_name(code) {
        if let Some(found) = local_function(source, within, code) {
            return Some((path.clone(), found.clone()));
        }
        let (target, name) = definition(files, roots, path, code)?;
        let file = files.file(&target)?;
        return file.python().function(&name).map(|found| (target, found.clone()));
    }
    let (module, name) = code.rsplit_once('.')?;
    let target = if is_name(module) {
        module_of_name(files, roots, path, module)
    } else {
        module_file(files, roots, path, module)
    }?;
    is_name(name).then_some(())?;
    function(files, roots, &target, None, name)
}

/// The function of this name that code inside the function `within` sees: nested there or further out, or of the module.
pub fn local_function<'a>(source: &'a Source, within: Option<usize>, name: &str) -> Option<&'a Function> {
    let mut scope = within;
    while let Some(index) = scope {
        let nested = source
            .functions
            .iter()
            .rev()
            .find(|function| function.name == name && function.scope.function == Some(index));
        if nested.is_some() {
            return nested;
        }
        scope = source.functions.get(index)?.scope.function;
    }
    source.function(name)
}

/// The nested function that `maker` returns, where each of its `return`s names the same one.
fn returned_function(source: &Source, maker: &Function) -> Option<Function> {
    let index = source.functions.iter().position(|function| function.range == maker.range)?;
    let mut names =
        source.returns.iter().filter(|found| found.scope.function == Some(index)).map(|found| found.value.as_deref());
    let first = names.next()??;
    if names.any(|other| other != Some(first)) {
        return None;
    }
    source.functions.iter().find(|function| function.scope.function == Some(index) && function.name == first).cloned()
}
