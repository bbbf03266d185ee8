//! Wiring that stands in another module than the application's: a helper that is handed the application, or a list of what is
//! started.

use crate::finding::Location;
use crate::project::imports::{definition, module_file};
use crate::project::{FilePath, Project};
use crate::source::python::{self, Source};

/// Where a module that wires the application uses `callee` of our module: in a helper, in a list, or on the way through
/// another module. Whether it comes to the application cannot be told there, so it is taken for wired: a second start or a
/// second router does harm.
pub(super) fn use_elsewhere(project: &Project, module: &str, callee: &str) -> Option<Location> {
    let application = project.layout.application.as_ref().ok()?;
    std::iter::once(&application.path).chain(&project.layout.wiring).find_map(|path| {
        let place = use_in(project, path, module, callee)?;
        Some(Location::new(path.clone(), place))
    })
}

fn use_in(project: &Project, path: &FilePath, module: &str, callee: &str) -> Option<std::ops::Range<usize>> {
    let file = project.file(path)?;
    let (code, source) = (file.text()?, file.python());
    let roots = &project.layout.import_roots;
    let first = callee.split('.').next().unwrap_or(callee);
    let ours = module_file(project, roots, path, module)?;
    let spelled = |import: &python::Import, name: &python::ImportedName| {
        let Some(from) = import.from.as_deref() else {
            let is_ours = module_file(project, roots, path, &name.name).as_ref() == Some(&ours);
            return is_ours.then(|| format!("{}.{callee}", name.alias.as_ref().unwrap_or(&name.name)));
        };
        if name.name == first {
            let home = module_file(project, roots, path, from)?;
            let is_ours =
                home == ours || definition(project, roots, &home, first).is_some_and(|(home, _)| home == ours);
            return is_ours.then(|| format!("{}{}", name.bound(), callee.strip_prefix(first).unwrap_or_default()));
        }
        let dot = if from.ends_with('.') { "" } else { "." };
        let is_ours = module_file(project, roots, path, &format!("{from}{dot}{}", name.name)).as_ref() == Some(&ours);
        is_ours.then(|| format!("{}.{callee}", name.bound()))
    };
    let is_import = |place: usize| source.imports.iter().any(|import| import.range.contains(&place));
    for import in source.imports.iter().filter(|import| !import.scope.type_checking) {
        let within = import.scope.function.and_then(|index| source.functions.get(index));
        for spelled in import.names.iter().filter_map(|name| spelled(import, name)) {
            let used = python::uses_of(code, &spelled).into_iter().find(|place| {
                !is_import(place.start)
                    && within.is_none_or(|function| function.range.contains(&place.start))
                    && !is_shown(source, place.start)
                    && !is_alone(source, place)
                    && !is_nested_uncalled(source, code, place.start)
                    && is_run(project, path, place.start)
            });
            if used.is_some() {
                return used;
            }
        }
    }
    None
}

/// Is what stands at `place` a statement of its own, which does nothing?
fn is_alone(source: &Source, place: &std::ops::Range<usize>) -> bool {
    source.blocks.iter().flatten().any(|statement| statement == place)
}

/// Does it stand in a function within another one whose name is nowhere else?
fn is_nested_uncalled(source: &Source, code: &str, place: usize) -> bool {
    let mut around = source.functions.iter().filter(|function| function.range.contains(&place));
    around.any(|function| {
        function.scope.function.is_some()
            && function.scope.class.is_none()
            && function.decorators.is_empty()
            && code.matches(&function.name).count() == 1
    })
}

/// Is what stands at `place` only printed or logged?
fn is_shown(source: &Source, place: usize) -> bool {
    let around = source.calls.iter().filter(|call| call.arguments_range.contains(&place));
    around.min_by_key(|call| call.arguments_range.len()).is_some_and(|call| {
        let (receiver, _) = call.callee.rsplit_once('.').unwrap_or_default();
        call.callee == "print" || matches!(receiver, "logging" | "logger" | "log" | "_logger")
    })
}

/// Does the code at `place` run: is it outside of functions, or in one that anything names? A lifespan that is not given to the
/// application is never called, whatever it does.
fn is_run(project: &Project, path: &FilePath, place: usize) -> bool {
    let Some(file) = project.file(path) else { return false };
    let (code, source) = (file.text().unwrap_or_default(), file.python());
    let around = |function: &&python::Function| function.range.contains(&place);
    let Some(outermost) = source.functions.iter().filter(around).min_by_key(|function| function.range.start) else {
        return true;
    };
    let name = &outermost.name;
    let is_decorated = outermost.decorators.iter().any(|decorator| !decorator.contains("contextmanager"));
    is_decorated
        || outermost.scope.class.is_some()
        || python::uses_of(code, name).iter().any(|used| !outermost.range.contains(&used.start))
        || project.files().filter(|(other, _)| other.as_str().ends_with(".py") && *other != path).any(|(_, file)| {
            let source = file.python();
            let mut imported = source.imports.iter().flat_map(|import| &import.names);
            let mut called = source.calls.iter().filter_map(|call| call.callee.rsplit_once('.'));
            imported.any(|imported| imported.name == *name) || called.any(|(_, method)| method == name)
        })
}
