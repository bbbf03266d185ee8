//! What the dependency files of a project list, in whatever group: each entry with its bound, and what installs it.

use std::collections::BTreeSet;

use super::specifier::{Bound, Specifier, canonical, name_and_bound, poetry_bound};
use super::{Pythons, is_toml};
use crate::finding::{Location, Problem};
use crate::project::dependency_file::{syntax_error, unreadable};
use crate::project::layout::{Dependencies, DependencyFormat};
use crate::project::{FilePath, Project};
use crate::source::package_list::{PackageList, format_of};
use crate::source::requirements;
use crate::source::toml::Source;

/// Poetry's groups of these names are not installed where the application runs.
const TOOL_GROUPS: [&str; 15] = [
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "lint",
    "linting",
    "docs",
    "doc",
    "typing",
    "types",
    "ci",
    "format",
    "debug",
];

/// What installs a package that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is installed with the application.
    Application,
    /// It is listed with the application's dependencies, but installed only where it is asked for.
    Optional,
    /// It is installed for development, or as an extra: some group of its own.
    Group,
    /// It is installed by nothing here; its bound counts wherever something installs it.
    Constraint,
}

/// A package that the project's files list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its canonical name.
    pub name: String,
    /// The entry, as it stands.
    pub at: Location,
    /// The versions that it allows.
    pub bound: Bound,
    /// What installs it.
    pub used: Use,
    /// The list that it stands in, such as `project.dependencies`.
    pub list: String,
    /// The Pythons on which it is installed, by its marker.
    pub pythons: Pythons,
}

/// Every package that the project's dependency files list, in whatever group.
///
/// # Errors
///
/// A file that is no text, or no TOML.
pub fn listed(project: &Project) -> Result<Vec<Listed>, Problem> {
    project
        .layout
        .dependencies
        .as_ref()
        .map_or_else(|_| Ok(Vec::new()), |dependencies| listed_in(project, dependencies))
}

/// Every package that this list, and what is read along with it, has.
pub(super) fn listed_in(project: &Project, dependencies: &Dependencies) -> Result<Vec<Listed>, Problem> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let constraints = constraints(project, dependencies);
    let main = || std::iter::once(&dependencies.path).chain(&dependencies.includes).chain(&dependencies.constraints);
    let files = main().map(|path| (path, true)).chain(dependencies.development.iter().map(|path| (path, false)));
    for (path, is_main) in files {
        if !seen.insert(path) {
            continue;
        }
        let Some((file, text)) = project.file(path).and_then(|file| Some((file, file.text()?))) else {
            // A requirements file that is not there is made.
            let is_made = dependencies.format == DependencyFormat::Requirements;
            if project.file(path).is_some() || (*path == dependencies.path && !is_made) {
                return Err(unreadable(path));
            }
            continue;
        };
        if is_toml(path) {
            let source = file.toml().map_err(|error| syntax_error(path, &error))?;
            list_toml(path, &source, dependencies, &mut found);
        } else if let Some(format) = format_of(path.name()) {
            for (list, used) in [(format.read(text), Use::Application), (format.development(text), Use::Group)] {
                match list {
                    Some(PackageList::Table(keys)) => {
                        list_table(
                            path,
                            &*file.toml().map_err(|error| syntax_error(path, &error))?,
                            keys,
                            used,
                            &mut found,
                        );
                    }
                    Some(list) => {
                        for entry in list.entries() {
                            let Some((name, bound)) = name_and_bound(&entry.text) else { continue };
                            let at = Location::new(path.clone(), entry.range);
                            let pythons = marker_of(&entry.text);
                            found.push(Listed { name, at, bound, used, list: path.to_string(), pythons });
                        }
                    }
                    None => {}
                }
            }
        } else {
            let used = match is_main {
                true if constraints.contains(path) => Use::Constraint,
                true => Use::Application,
                false => Use::Group,
            };
            list_lines(path, text, used, &mut found);
        }
    }
    Ok(found)
}

/// The files that are read by `-c` and by no `-r`.
fn constraints(project: &Project, dependencies: &Dependencies) -> BTreeSet<FilePath> {
    let (mut constraints, mut included) = (BTreeSet::new(), BTreeSet::new());
    for from in std::iter::once(&dependencies.path).chain(&dependencies.includes) {
        let Some(text) = project.text(from) else { continue };
        let folder = from.parent().unwrap_or_else(FilePath::top);
        for line in requirements::Source::parse(text).lines {
            match line.kind {
                requirements::Kind::Include(file) => included.extend(folder.join(&file)),
                requirements::Kind::Constraint(file) => constraints.extend(folder.join(&file)),
                _ => {}
            }
        }
    }
    constraints.extend(dependencies.constraints.iter().cloned());
    constraints.retain(|path| !included.contains(path));
    constraints
}

fn list_lines(path: &FilePath, text: &str, used: Use, found: &mut Vec<Listed>) {
    for (line, required) in requirements::Source::parse(text).requirements() {
        if let Some((name, bound)) = name_and_bound(required) {
            let at = Location::new(path.clone(), line.range.clone());
            let pythons = marker_of(required);
            found.push(Listed { name, at, bound, used, list: path.to_string(), pythons });
        }
    }
}

fn list_toml(path: &FilePath, source: &Source, dependencies: &Dependencies, found: &mut Vec<Listed>) {
    let main = dependencies.path == *path;
    let application = if main { Use::Application } else { Use::Group };
    list_array(path, source, &["project", "dependencies"], application, found);
    list_table(path, source, &["tool", "poetry", "dependencies"], application, found);
    for group in source.keys(&["tool", "poetry", "group"]) {
        let optional = source.item(&["tool", "poetry", "group", &group, "optional"]).and_then(toml_edit::Item::as_bool);
        let tool = TOOL_GROUPS.contains(&&*group.to_lowercase());
        let used = if main && optional != Some(true) && !tool { Use::Application } else { Use::Group };
        list_table(path, source, &["tool", "poetry", "group", &group, "dependencies"], used, found);
    }
    list_table(path, source, &["tool", "poetry", "dev-dependencies"], Use::Group, found);
    for parent in
        [&["dependency-groups"][..], &["project", "optional-dependencies"], &["tool", "pdm", "dev-dependencies"]]
    {
        for group in source.keys(parent) {
            let mut keys = parent.to_vec();
            keys.push(&group);
            list_array(path, source, &keys, Use::Group, found);
        }
    }
    list_array(path, source, &["tool", "uv", "dev-dependencies"], Use::Group, found);
    list_array(path, source, &["tool", "uv", "constraint-dependencies"], Use::Constraint, found);
    list_array(path, source, &["tool", "uv", "override-dependencies"], Use::Constraint, found);
}

fn list_array(path: &FilePath, source: &Source, keys: &[&str], used: Use, found: &mut Vec<Listed>) {
    for item in source.array(keys).map(|array| array.items).unwrap_or_default() {
        let Some(required) = item.text.as_deref() else { continue };
        if let Some((name, bound)) = name_and_bound(required) {
            let at = Location::new(path.clone(), item.range);
            found.push(Listed { name, at, bound, used, list: keys.join("."), pythons: marker_of(required) });
        }
    }
}

fn list_table(path: &FilePath, source: &Source, keys: &[&str], used: Use, found: &mut Vec<Listed>) {
    let Some(table) = source.table(keys) else { return };
    for entry in table.entries {
        let mut below = keys.to_vec();
        below.push(&entry.key);
        let Some(item) = source.item(&below) else { continue };
        let optional = item.as_table_like().and_then(|table| table.get("optional")?.as_bool()) == Some(true);
        let used = if optional && used == Use::Application { Use::Optional } else { used };
        let at = Location::new(path.clone(), entry.range.clone());
        let pythons = Pythons::with_poetry(item, poetry_bound);
        let (name, bound, list) = (canonical(&entry.key), item_bound(item), keys.join("."));
        found.push(Listed { name, at, bound, used, list, pythons });
    }
}

/// The Pythons on which a requirement is installed.
pub(super) fn marker_of(required: &str) -> Pythons {
    let Some(specifier) = Specifier::parse(required) else { return Pythons::ALL };
    let of_url = specifier.versions.strip_prefix('@').and_then(|url| url.split_once(" ;"));
    Pythons::with_marker(of_url.map_or(specifier.marker, |(_, marker)| marker))
}

/// The versions that the value of an entry of Poetry allows.
fn item_bound(item: &toml_edit::Item) -> Bound {
    let of = |version: Option<&str>| version.map_or(Bound::Open, poetry_bound);
    let version = |table: &dyn toml_edit::TableLike| of(table.get("version").and_then(toml_edit::Item::as_str));
    if let Some(table) = item.as_table_like() {
        return version(table);
    }
    let bounds: Vec<Bound> = match (item.as_array(), item.as_array_of_tables()) {
        (Some(array), _) => array
            .iter()
            .map(|value| value.as_inline_table().map_or_else(|| of(value.as_str()), |table| version(table)))
            .collect(),
        (None, Some(tables)) => tables.iter().map(|table| version(table)).collect(),
        (None, None) => return of(item.as_str()),
    };
    let mut all = Vec::new();
    for bound in bounds {
        match bound {
            Bound::Open => return Bound::Open,
            Bound::AnyOf(bounds) => all.extend(bounds),
        }
    }
    if all.is_empty() { Bound::Open } else { Bound::AnyOf(all) }
}
