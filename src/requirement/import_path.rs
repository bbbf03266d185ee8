//! How a file writes the module that it imports: by a relative path, where it imports nothing of the package by an absolute one.
//!
//! ```text
//! from ..config import settings        ->      from ..config import settings
//!                                              from ..services.cache import start_redis
//! ```

use crate::project::{FilePath, Project};
use crate::source::python::{Import, Source};

/// The relative path of `module` for the file at `path`; `None` where the file would write the absolute one.
pub(super) fn relative(project: &Project, path: &FilePath, module: &str, source: &Source) -> Option<String> {
    let module: Vec<&str> = module.split('.').collect();
    let is_of_package = |name: &str| name.split('.').next() == module.first().copied();
    let is_absolute = |import: &Import| match &import.from {
        Some(from) => is_of_package(from),
        None => import.names.iter().any(|name| is_of_package(&name.name)),
    };
    let is_relative =
        |import: &Import| import.scope.is_module() && import.from.as_ref().is_some_and(|from| from.starts_with('.'));
    if !source.imports.iter().any(is_relative) || source.imports.iter().any(is_absolute) {
        return None;
    }
    let folder = path.parent()?.relative_to(project.layout.import_roots.first()?);
    let package: Vec<&str> = folder.split('/').collect();
    let shared = package.iter().zip(&module).take_while(|(left, right)| left == right).count();
    let up = package.len().checked_sub(shared).filter(|_| shared > 0)?;
    Some(format!("{}{}", ".".repeat(up + 1), module.get(shared..)?.join(".")))
}
