//! A package that the project must depend on: an item of a list, an entry of Poetry's table, or a line for pip.
//!
//! A package that is there under any spelling is never added a second time, and a line of the user's is never changed.

mod array;
mod lines;
mod listed;
mod listed_lines;
mod made_file;
mod marker;
mod package_list;
mod placement;
mod raise;
mod retract;
pub mod specifier;
mod table;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use self::listed::listed_in;
pub use self::listed::{Listed, Use, listed};
pub use self::marker::Pythons;
pub use self::raise::Raise;
use self::specifier::{Bound, canonical, name_and_bound};
use super::python;
use super::{Assessment, Fix};
use crate::component::manifest::Text;
use crate::edit::Edit;
use crate::finding::{DEPENDENCY_BOUND, DEPENDENCY_MISSING, DEPENDENCY_UNSUPPORTED, Location, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::dependency_file::{development_lists, hashed, syntax_error, unreadable};
use crate::project::layout::{Dependencies, DependencyFormat};
use crate::project::{FilePath, Project};
use crate::source::package_list::{PackageList, format_of};
use crate::source::requirements;
use crate::source::text::{self, LineEnding};
use crate::source::toml::{Array, Source, TableForm};

/// A package that must be installed with the application, or where it is developed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The requirement (PEP 508): name, extras, bounds.
    pub requirement: &'static str,
    /// Does only development need it?
    pub development: bool,
    /// The version that a pin is raised to, where it is not the lowest.
    pub pin: Option<&'static str>,
    /// Other packages that are known to hold this one back.
    pub held_by: &'static [Text],
    /// Who forbids newer versions, and what to do.
    pub newest: Option<&'static str>,
    /// The list that it stands in, where that is another than the first.
    pub list: Option<FilePath>,
}

/// Where entries go.
enum Target {
    /// An array of `pyproject.toml`.
    Array(Vec<String>),
    /// A table of Poetry in `pyproject.toml`.
    Table(Vec<String>),
    /// A requirements file.
    Lines,
}

impl Dependency {
    /// What the application needs.
    pub const fn of(requirement: &'static str) -> Self {
        Self { requirement, development: false, pin: None, held_by: &[], newest: None, list: None }
    }

    /// A stable name for `paxx.lock` and reports.
    pub fn id(&self) -> String {
        let kind = if self.development { "development-dependency" } else { "dependency" };
        let list = self.list.as_ref().map(|list| format!(":{list}")).unwrap_or_default();
        format!("{kind}:{}{list}", self.name())
    }

    /// A phrase for the summary: what, and where.
    pub fn title(&self, project: &Project) -> String {
        match self.file(project) {
            Some(path) => format!("`{}` in `{}`", self.requirement, path.relative_to(&project.layout.root)),
            None => format!("`{}`", self.requirement),
        }
    }

    /// Is the package listed, with a bound that leaves room for what is needed?
    pub fn assess(&self, project: &Project) -> Assessment {
        let dependencies = match &project.layout.dependencies {
            Ok(dependencies) => dependencies,
            Err(problem) => return Assessment::Blocked { problem: problem.clone().manual(self.requirement) },
        };
        let dependencies = self.list_of(dependencies);
        let listed = match listed_in(project, dependencies) {
            Ok(listed) => listed,
            Err(problem) => return self.blocked(problem),
        };
        let name = self.name();
        let entries: Vec<&Listed> = listed.iter().filter(|listed| listed.name == name).collect();
        let counts = |entry: &&&Listed| match entry.used {
            Use::Application => true,
            Use::Group | Use::Optional => self.development,
            Use::Constraint => false,
        };
        let needed = name_and_bound(self.requirement).map_or(Bound::Open, |(_, bound)| bound);
        let there: Vec<&Listed> = entries.iter().filter(counts).copied().collect();
        let constrains = |entry: &&&Listed| {
            entry.used == Use::Constraint && python::minors(project).any(|minor| entry.pythons.has(minor))
        };
        let mut others: Vec<&Listed> = entries.iter().filter(constrains).copied().collect();
        // On each Python, those whose marker holds there.
        let mut met = None;
        let mut lacks = false;
        for minor in python::minors(project) {
            let active: Vec<&&Listed> = there.iter().filter(|entry| entry.pythons.has(minor)).collect();
            let fits = active.iter().find(|entry| !entry.bound.excludes(&needed));
            match (active.first(), fits) {
                (Some(first), None) => return self.excluded(project, first),
                (_, Some(fits)) => met = met.or(Some(fits.at.clone())),
                (None, None) => lacks = true,
            }
        }
        if let Some(constraint) = excluding(&others, &needed).filter(|_| met.is_some()) {
            return self.excluded(project, constraint);
        }
        if let Some(met) = met.filter(|_| !lacks) {
            return Assessment::Met { at: Some(met) };
        }
        if let Some(marked) = there.first().filter(|entry| is_key(project, dependencies, &entry.at)) {
            let problem = Problem::new(
                &DEPENDENCY_UNSUPPORTED,
                format!("`{name}` is not installed wherever the application runs: its entry has a marker"),
            )
            .at(&marked.at.path, marked.at.range.clone())
            .help("remove `markers`, `python` or `platform` from the entry: there is one entry for a package");
            return self.blocked(problem);
        }
        others.extend(entries.iter().filter(|entry| entry.used == Use::Group));
        if let Some(entry) = excluding(&others, &needed) {
            return self.excluded(project, entry);
        }
        if let Some(entry) = entries.iter().find(|entry| entry.used == Use::Optional) {
            let problem = Problem::new(&DEPENDENCY_UNSUPPORTED, format!("`{name}` is an optional dependency"))
                .at(&entry.at.path, entry.at.range.clone())
                .help("remove `optional = true`, so that it is installed with the application");
            return self.blocked(problem);
        }
        self.missing(project, dependencies)
    }

    /// Its name, as package indexes spell it.
    pub fn name(&self) -> String {
        name_and_bound(self.requirement).map_or_else(|| canonical(self.requirement), |(name, _)| name)
    }

    /// The list that it stands in.
    fn list_of<'list>(&self, main: &'list Dependencies) -> &'list Dependencies {
        main.also.iter().find(|also| Some(&also.path) == self.list.as_ref()).unwrap_or(main)
    }

    /// The file that lists it.
    fn file<'project>(&self, project: &'project Project) -> Option<&'project FilePath> {
        let dependencies = self.list_of(project.layout.dependencies.as_ref().ok()?);
        if self.development { dependencies.development.as_ref() } else { Some(&dependencies.path) }
    }

    fn blocked(&self, problem: Problem) -> Assessment {
        Assessment::Blocked { problem: problem.manual(self.requirement) }
    }

    fn excluded(&self, project: &Project, entry: &Listed) -> Assessment {
        let written =
            project.text(&entry.at.path).and_then(|text| text.get(entry.at.range.clone())).unwrap_or_default();
        let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let written = text::unquoted(&written);
        let help = match (self.raise(project, &entry.at), self.newest) {
            (Some(raise), _) => format!(
                "`--raise-bounds` makes it `{}`, or widen it so that it allows `{}`",
                plain(&raise.to),
                self.requirement
            ),
            (None, Some(newest)) => newest.to_owned(),
            (None, None) => format!("widen it so that it allows `{}`", self.requirement),
        };
        let problem =
            Problem::new(&DEPENDENCY_BOUND, format!("`{written}` leaves no version for `{}`", self.requirement))
                .at(&entry.at.path, entry.at.range.clone())
                .help(help);
        self.blocked(problem)
    }

    fn missing(&self, project: &Project, dependencies: &Dependencies) -> Assessment {
        let Some(path) = self.file(project) else {
            return Assessment::NotApplicable {
                note: format!("no list of development dependencies: install `{}` where you develop", self.requirement),
            };
        };
        let shown = path.relative_to(&project.layout.root);
        let problem = Problem::new(&DEPENDENCY_MISSING, format!("`{}` is not among the dependencies", self.name()))
            .help(format!("add `{}` to `{shown}`", self.requirement))
            .manual(self.requirement);
        if project.file(path).is_none() && dependencies.format == DependencyFormat::Requirements {
            return Assessment::Missing { problem, fix: made_file::made(path, &shown, self.requirement) };
        }
        let Some((file, text)) = project.file(path).and_then(|file| Some((file, file.text()?))) else {
            return self.blocked(unreadable(path));
        };
        let unsupported = |offset: usize, what: &str| {
            Problem::new(&DEPENDENCY_UNSUPPORTED, what.to_owned())
                .at(path, offset..offset)
                .help(format!("add `{}` to `{shown}` yourself", self.requirement))
        };
        if let Some(format) = format_of(path.name()) {
            let list = if self.development { format.development(text) } else { format.read(text) };
            return match list.and_then(|list| self.entry_in(path, text, &list)) {
                Some(fix) => {
                    let place = first_edit(&fix).unwrap_or(0..0);
                    Assessment::Missing { problem: problem.at(path, place), fix }
                }
                None => self.blocked(unsupported(0, "there is no list of dependencies that can be edited")),
            };
        }
        if !is_toml(path) {
            let source = requirements::Source::parse(text);
            if let Some(line) = source.hashed() {
                return self.blocked(hashed(path, line.range.clone()));
            }
            let Some(edit) = lines::insert(text, &source, self.requirement) else {
                return self.blocked(unsupported(text.len(), "the last line ends in a backslash"));
            };
            let place = edit.range.clone();
            let fix = Fix::edit(path, vec![edit]).text(self.requirement).safe();
            return Assessment::Missing { problem: problem.at(path, place), fix };
        }
        let source = match file.toml() {
            Ok(source) => source,
            Err(error) => return self.blocked(syntax_error(path, &error)),
        };
        let Some(target) = self.targets(&source, dependencies).into_iter().next() else {
            return Assessment::NotApplicable {
                note: format!("no list of development dependencies: install `{}` where you develop", self.requirement),
            };
        };
        let (place, fix) = match target {
            Target::Array(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let added = match source.array(&keys) {
                    Some(array) => Ok(self.add_item(path, text, &array, &keys)),
                    None if source.has(&keys) => Err("that is no list"),
                    None => self.create_list(path, text, &source).ok_or("there is no place for a list"),
                };
                match added {
                    Ok(fix) => (0..0, fix),
                    Err(what) => {
                        let what = format!("`{}` of `{shown}`: {what}", keys.join("."));
                        return self.blocked(unsupported(start_of(&source, &keys), &what));
                    }
                }
            }
            Target::Table(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let inserted = source.table(&keys).and_then(|table| table::insert(text, &table, self.requirement));
                let Some((edits, entry)) = inserted else {
                    let what = format!("`{}` of `{shown}` is written in a way that is not edited", keys.join("."));
                    return self.blocked(unsupported(start_of(&source, &keys), &what));
                };
                (0..0, Fix::edit(path, edits).text(entry).safe())
            }
            Target::Lines => return self.blocked(unsupported(0, "no list of dependencies")),
        };
        let place = first_edit(&fix).unwrap_or(place);
        Assessment::Missing { problem: problem.at(path, place), fix }
    }

    fn add_item(&self, path: &FilePath, text: &str, array: &Array, keys: &[&str]) -> Fix {
        let insertion = array::insert(text, array, self.requirement);
        let fix = Fix::edit(path, insertion.edits).text(insertion.item).safe();
        match insertion.opened {
            Some(opened) => fix.scaffolding(scaffolding(path, keys), Some(opened)),
            None => fix,
        }
    }

    /// `dependencies` for a `[project]` without.
    fn create_list(&self, path: &FilePath, text: &str, source: &Source) -> Option<Fix> {
        let project = source.table(&["project"])?;
        let TableForm::Header(header) = &project.form else { return None };
        let last = project.entries.iter().rfind(|entry| entry.direct);
        let (anchor, indented) = last.map_or((header.end, header.start), |last| (last.range.end, last.range.start));
        let indentation = text::indentation(text, indented);
        let ending = LineEnding::of(text).as_str();
        let item = placement::quoted(self.requirement, None);
        let unit = placement::indentation_unit(text);
        let created =
            format!("{ending}{indentation}dependencies = [{ending}{indentation}{unit}{item},{ending}{indentation}]");
        let edit = Edit::insert(text::line_end(text, anchor), created);
        let name = scaffolding(path, &["project", "dependencies"]);
        Some(Fix::edit(path, vec![edit]).text(item).safe().scaffolding(name, None))
    }

    /// The lists that it may stand in, the one that a new entry goes to first.
    fn targets(&self, source: &Source, dependencies: &Dependencies) -> Vec<Target> {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        if !self.development {
            return match dependencies.format {
                DependencyFormat::Pep621 => vec![Target::Array(owned(&["project", "dependencies"]))],
                DependencyFormat::Poetry => vec![Target::Table(owned(&["tool", "poetry", "dependencies"]))],
                DependencyFormat::Requirements | DependencyFormat::Other => vec![Target::Lines],
            };
        }
        let target = |keys: Vec<String>| {
            let path: Vec<&str> = keys.iter().map(String::as_str).collect();
            if source.array(&path).is_some() { Target::Array(keys) } else { Target::Table(keys) }
        };
        development_lists(source).into_iter().map(target).collect()
    }
}

/// An entry without its quotes, and without the comment behind it.
pub fn plain(entry: &str) -> &str {
    text::unquoted(entry.split(" #").next().unwrap_or(entry).trim_end())
}

/// The first entry whose list leaves no version for what is needed: all entries of that list exclude it.
fn excluding<'listed>(entries: &[&'listed Listed], needed: &Bound) -> Option<&'listed Listed> {
    entries
        .iter()
        .find(|entry| {
            let same_list = |other: &&&Listed| other.list == entry.list && other.at.path == entry.at.path;
            entries.iter().filter(same_list).all(|other| other.bound.excludes(needed))
        })
        .copied()
}

/// The list as shared scaffolding.
fn scaffolding(path: &FilePath, keys: &[&str]) -> ScaffoldingKey {
    ScaffoldingKey::List { path: path.clone(), keys: keys.join(".") }
}

fn start_of(source: &Source, keys: &[&str]) -> usize {
    source.item(keys).and_then(toml_edit::Item::span).map_or(0, |span| span.start)
}

fn first_edit(fix: &Fix) -> Option<std::ops::Range<usize>> {
    fix.changes.iter().find_map(|change| match change {
        super::Change::Edit { edits, .. } => edits.last().map(|edit| edit.range.clone()),
        _ => None,
    })
}

fn is_toml(path: &FilePath) -> bool {
    path.name().to_ascii_lowercase().ends_with(".toml") && format_of(path.name()).is_none()
}

/// Is the entry at `at` a key of a table, which has one entry for a package?
fn is_key(project: &Project, dependencies: &Dependencies, at: &Location) -> bool {
    let format = format_of(at.path.name());
    let list = format.and_then(|format| format.read(project.text(&at.path)?));
    (dependencies.format == DependencyFormat::Poetry && is_toml(&at.path))
        || matches!(list, Some(PackageList::Table(_)))
}
