//! The name that an imported name goes by: another one, where its own stands for something else in that module.
//!
//! ```text
//! manager = Manager()         from app.services.ws import manager as ws_manager
//!                       ->
//!                             manager = Manager()
//! ```

use super::import::{Import, bound_by, parts};
use crate::project::imports::module_file;
use crate::project::{FilePath, Project};
use crate::source::python;

impl Import {
    /// An import of `name` under the name that it goes by in the module at `path`: the one that it is imported by, else its own,
    /// else another one, because that stands for something else there.
    pub fn named(project: &Project, path: &FilePath, module: String, name: &str) -> Self {
        let plain = Self { path: path.clone(), module, names: vec![name.to_owned()] };
        let Some(file) = project.file(path) else { return plain };
        let source = file.python();
        let names = source.imports.iter().filter(|import| {
            import.scope.is_module() && !import.scope.type_checking && plain.is_our_module(project, import)
        });
        let mut names = names.flat_map(|import| &import.names).filter(|imported| imported.name == name);
        let is_imported = names.clone().any(|imported| imported.bound() == name);
        let alias = match names.next() {
            _ if is_imported => None,
            Some(imported) => imported.alias.clone(),
            None if plain.taken(source, name).is_some() && !plain.is_lost(project, source, name) => {
                plain.alias(file.text().unwrap_or_default(), name)
            }
            None => None,
        };
        match alias {
            Some(alias) => Self { names: vec![format!("{name} as {alias}")], ..plain },
            None => plain,
        }
    }

    /// Does the module import the name from a module beside ours that is not there? It was ours once, and the import fails.
    fn is_lost(&self, project: &Project, source: &python::Source, name: &str) -> bool {
        let from = source.import_of(name).and_then(|(import, _)| import.from.as_deref());
        from.is_some_and(|from| {
            let is_beside_ours = from.strip_prefix(project.layout.services.package.as_str());
            is_beside_ours.is_some_and(|rest| rest.starts_with('.'))
                && module_file(project, &project.layout.import_roots, &self.path, from).is_none()
        })
    }

    /// The name that its only name goes by.
    pub fn bound(&self) -> &str {
        self.names.first().map_or("", |name| bound_by(name))
    }

    /// Another name for `name`, which nothing in the module has: `ws_manager`, `ServicesMetricsMiddleware`.
    fn alias(&self, code: &str, name: &str) -> Option<String> {
        let is_class = name.starts_with(|first: char| first.is_ascii_uppercase());
        let mut prefixes: Vec<&str> = self.module.rsplit('.').collect();
        // `MetricsMiddleware` of `metrics` says that already.
        prefixes.retain(|prefix| !name.to_lowercase().starts_with(&prefix.replace('_', "").to_lowercase()));
        prefixes.push("paxx");
        let joined = |prefix: &&str| {
            if !is_class {
                return format!("{prefix}_{name}");
            }
            let capital = |word: &str| {
                word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>()
            };
            prefix.split('_').map(capital).collect::<String>() + name
        };
        prefixes.iter().map(joined).find(|alias| python::uses_of(code, alias).is_empty())
    }

    /// Is it one of these names, under the name that it goes by here?
    pub(super) fn has(&self, imported: &python::ImportedName) -> bool {
        self.names.iter().any(|name| parts(name) == (imported.name.as_str(), imported.bound()))
    }
}
