//! Reads what the requirements will look at, so that the snapshot has it: modules of components, and what they and a lifespan lead to.

use super::find_env_example::ENV_FILE;
use super::imports::Files;
use super::layout::Layout;
use super::reader::Reader;
use super::{FilePath, Project, application, find_application, imports, lifespan};
use crate::component::COMPONENTS;
use crate::source::python::StatementKind;

/// Files at the root that may say which Python the project runs on.
const PYTHON_FILES: [&str; 10] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "runtime.txt",
    ".tool-versions",
    "environment.yml",
    "environment.yaml",
    "ruff.toml",
    ".ruff.toml",
];

/// Reads what the requirements look at: the modules of components, and the files that a lifespan leads to.
pub(super) fn read_the_rest(reader: &Reader, layout: &Layout, routes: &[FilePath]) {
    let services = &layout.services.folder;
    reader.file(&services.child("__init__.py"));
    reader.file(services);
    if let Some(module) = FilePath::new(&format!("{}.py", services.as_str())) {
        reader.file(&module);
    }
    for name in reader.list(services).iter().filter(|name| name.ends_with(".py")) {
        reader.file(&services.child(name));
    }
    for module in COMPONENTS.iter().flat_map(|component| component.manifest.module.iter()) {
        reader.file(&layout.services.file(&module.path));
        // A package of that name, which Python prefers to the module.
        if let Some(stem) = layout.services.file(&module.path).as_str().strip_suffix(".py").and_then(FilePath::new) {
            reader.file(&stem.child("__init__.py"));
            // Or one without it, which the module would hide.
            if let Some(name) = reader.list(&stem).iter().find(|name| name.ends_with(".py")) {
                reader.file(&stem.child(name));
            }
        }
    }
    for path in layout.handlers.iter().chain(&layout.wiring).chain(&layout.health).chain(routes) {
        reader.file(path);
    }
    read_imports(reader, layout);
    // What the modules of components import of the project.
    let modules = COMPONENTS.iter().flat_map(|component| component.manifest.module.iter());
    for path in modules.map(|module| layout.services.file(&module.path)) {
        let Some(file) = reader.file(&path) else { continue };
        for import in file.imports() {
            let Some(from) = import.from.as_deref() else { continue };
            if imports::module_file(reader, &layout.import_roots, &path, from).is_none() {
                let dot = if from.ends_with('.') { "" } else { "." };
                for name in &import.names {
                    imports::module_file(reader, &layout.import_roots, &path, &format!("{from}{dot}{name}"));
                }
            }
        }
    }
    // What says which Python the project runs on.
    for name in PYTHON_FILES {
        reader.file(&layout.root.child(name));
    }
    for folder in std::iter::successors(Some(layout.root.clone()), FilePath::parent) {
        reader.file(&folder.child(".python-version"));
        // What the settings read of the environment.
        reader.file(&folder.child(ENV_FILE));
    }
    for path in find_application::evidence_files(reader, &layout.root) {
        reader.file(&path);
    }
    if let Some(folder) = &layout.alembic {
        reader.file(&folder.child("env.py"));
        reader.file(&folder.child("script.py.mako"));
    }
    if let Some(path) = &layout.env_example {
        reader.file(path);
    }
    for found in layout.dependencies.iter().flat_map(|found| std::iter::once(found).chain(&found.also)) {
        let lists = found.includes.iter().chain(&found.constraints).chain(&found.copy).chain(&found.development);
        for path in lists.chain([&found.path]) {
            reader.file(path);
        }
    }
    if let Ok(settings) = &layout.settings {
        reader.file(&settings.path);
    }
    if let Ok(application) = &layout.application {
        // Following the lifespan once reads every module on the way.
        let project = Project::new(
            layout.clone(),
            [(application.path.clone(), reader.file(&application.path))]
                .into_iter()
                .filter_map(|(path, file)| Some((path, file?)))
                .collect(),
        );
        if let Ok(wiring) = application::made(&project) {
            lifespan::read(reader, layout, &application.path, &wiring);
        }
    }
}

/// Reads the modules by which it is seen what an import of ours would bring, or would overtake.
fn read_imports(reader: &Reader, layout: &Layout) {
    // A module of the project with the name of a package that ours import.
    let names = COMPONENTS.iter().flat_map(|component| component.manifest.dependency.iter()).flat_map(|dependency| {
        let name = dependency.requirement.split(|end: char| !end.is_ascii_alphanumeric() && end != '-').next();
        let name = name.unwrap_or_default();
        [name.replace('-', "_"), name.split('-').next().unwrap_or(name).to_owned()]
    });
    for (name, root) in names.filter_map(|name| layout.import_roots.first().map(|root| (name, root))) {
        reader.file(&root.child(&format!("{name}.py")));
        reader.file(&root.child(&name).child("__init__.py"));
    }
    let Ok(application) = &layout.application else { return };
    let package = layout.services.folder.child("__init__.py");
    if reader.file(&package).is_some() {
        imports::leads_to(reader, &layout.import_roots, &package, &application.path);
    }
    let (Ok(settings), Some(file)) = (&layout.settings, reader.file(&application.path)) else { return };
    let source = file.python();
    // Only what stands between or behind imports can be overtaken.
    let does_more = source
        .body
        .iter()
        .any(|statement| !statement.is_definition() && !matches!(statement.kind, StatementKind::Import));
    for import in source.imports.iter().filter(|import| does_more && import.scope.is_module()) {
        let modules = import.names.iter().filter_map(|name| match &import.from {
            Some(from) => {
                let dot = if from.ends_with('.') { "" } else { "." };
                imports::module_file(
                    reader,
                    &layout.import_roots,
                    &application.path,
                    &format!("{from}{dot}{}", name.name),
                )
            }
            None => imports::module_file(reader, &layout.import_roots, &application.path, &name.name),
        });
        let from = import.from.as_deref();
        let from = from.and_then(|from| imports::module_file(reader, &layout.import_roots, &application.path, from));
        if modules.chain(from).any(|module| imports::leads_to(reader, &layout.import_roots, &module, &settings.path)) {
            break;
        }
    }
}
