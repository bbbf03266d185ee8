//! The package that generated modules go into, and which modules of the user's wire them.

use std::collections::BTreeMap;

use super::configuration::Choice;
use super::layout::{Application, Services};
use super::reader::Reader;
use super::{FilePath, imports};
use crate::component::COMPONENTS;
use crate::finding::{self, Problem};

pub(super) fn services(
    reader: &Reader,
    root: &FilePath,
    import_root: &FilePath,
    application: Option<&Application>,
    option: Option<&Choice>,
    names: BTreeMap<String, String>,
) -> Result<Services, (Services, Problem)> {
    let folder = if let Some(folder) = option.and_then(|option| root.join(&option.value)) {
        folder
    } else {
        // An application in a package's `__init__.py` is in that package; one in a module at the root is in none.
        let package = application.and_then(|application| match application.module.split_once('.') {
            Some((package, _)) => Some(package),
            None if application.path.name() == "__init__.py" => Some(application.module.as_str()),
            None => None,
        });
        let parent = package.map_or_else(
            || import_root.clone(),
            |package| {
                let folder = import_root.child(package);
                let of_namespace = application.and_then(|application| in_namespace(reader, &folder, &application.path));
                of_namespace.filter(|_| !reader.exists(&folder.child("services"))).unwrap_or(folder)
            },
        );
        parent.child("services")
    };
    let needs_init = !reader.exists(&folder.child("__init__.py"));
    let package = folder.relative_to(import_root).replace('/', ".");
    let found = Services { folder, package, needs_init, names };
    let outside = if reader.is_outside(&found.folder) {
        let message = format!("`{}` leads out of the repository, so no module goes there", found.folder);
        Problem::new(&finding::OUTSIDE, message).help("name another folder with `--services-dir`")
    } else if !found.folder.is_below(import_root) {
        let folder = import_root.relative_to(root);
        let message = format!("modules in `{}` cannot be imported: imports start from `{folder}`", found.folder);
        Problem::new(&finding::CONFIGURATION, message).help(format!("name a folder below `{folder}`"))
    } else {
        return Ok(found);
    };
    Err((found, option.map_or(outside.clone(), |option| option.blame(outside))))
}

/// The package of the application where `folder` is but the namespace that it shares with other distributions (PEP 420): no package
/// itself, with nothing in it but that one.
fn in_namespace(reader: &Reader, folder: &FilePath, application: &FilePath) -> Option<FilePath> {
    let names = reader.list(folder);
    let is_folder = |name: &str| !name.starts_with(['.', '_']) && reader.is_folder(&folder.child(name));
    let mut code = names.iter().filter(|name| name.ends_with(".py") || is_folder(name));
    let package = folder.child(code.next().filter(|_| code.next().is_none())?);
    let is_package = reader.exists(&package.child("__init__.py")) && application.is_below(&package);
    is_package.then_some(package)
}

/// Of the modules that speak of what a component is wired with, those that the application imports, perhaps through others.
/// The modules of the components speak of one another, and wire nothing.
pub(super) fn wiring_modules(
    reader: &Reader,
    import_roots: &[FilePath],
    services: &Services,
    application: Option<&Application>,
    mut files: Vec<FilePath>,
) -> Vec<FilePath> {
    let Some(application) = application else { return Vec::new() };
    let modules = || COMPONENTS.iter().flat_map(|component| component.manifest.module.iter());
    files.retain(|path| {
        *path != application.path
            && !modules().any(|module| services.file(&module.path) == *path)
            && imports::leads_to(reader, import_roots, &application.path, path)
    });
    files
}
