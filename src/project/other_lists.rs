//! A list of packages in another format than pip's and `pyproject.toml`, or why there is none that is edited.

use super::dependencies::Finder;
use super::dependency_file::{syntax_error, unreadable};
use super::layout::{Dependencies, DependencyFormat};
use super::path::FilePath;
use crate::finding::{DEPENDENCY_UNSUPPORTED, Location, NO_DEPENDENCY_FILE, Problem};
use crate::source::package_list::{self, format_of};
use crate::source::toml::Source;

impl Finder<'_> {
    /// The list in a file of another format; where there is no such file at all, the `requirements.txt` that will be made.
    pub(super) fn of_another_format(&self, pyproject: bool) -> Result<Dependencies, Problem> {
        if let Some(found) = self.package_list(|_| true)? {
            return Ok(found);
        }
        match (self.foreign(), self.listed_above()) {
            (None, None) => Ok(Dependencies {
                format: DependencyFormat::Requirements,
                path: self.root.child("requirements.txt"),
                development: self.development(),
                includes: Vec::new(),
                constraints: Vec::new(),
                copy: None,
                also: Vec::new(),
                compiled: None,
            }),
            (_, above) => Err(self.nothing(pyproject, above)),
        }
    }

    /// The first list that can be edited in the files of other formats whose names are `wanted`.
    pub(super) fn package_list(&self, wanted: impl Fn(&str) -> bool) -> Result<Option<Dependencies>, Problem> {
        let is_here = |name: &&str| wanted(name) && self.names.iter().any(|known| known == name);
        for name in package_list::names().filter(is_here) {
            let path = self.root.child(name);
            let text = self.files.text(&path).ok_or_else(|| unreadable(&path))?;
            let Some(format) = format_of(name) else { continue };
            if format.read(&text).is_some() {
                let development = format.development(&text).map(|_| path.clone()).or_else(|| self.development());
                return Ok(Some(Dependencies {
                    format: DependencyFormat::Other,
                    path,
                    development,
                    includes: Vec::new(),
                    constraints: Vec::new(),
                    copy: None,
                    also: Vec::new(),
                    compiled: None,
                }));
            }
            // Why there is none, where it is no TOML at all.
            if format.is_toml() {
                Source::of(&text).map_err(|error| syntax_error(&path, &error))?;
            }
        }
        Ok(None)
    }

    /// A file above the root that may list the dependencies.
    fn listed_above(&self) -> Option<FilePath> {
        let above = std::iter::successors(self.root.parent(), FilePath::parent);
        let names = || package_list::names().chain(["requirements.txt", "requirements.in", "pyproject.toml"]);
        above
            .flat_map(|folder| names().map(|name| folder.child(name)).collect::<Vec<_>>())
            .find(|path| self.files.exists(path))
    }

    pub(super) fn foreign(&self) -> Option<&'static str> {
        package_list::names().find(|foreign| self.names.iter().any(|name| name == foreign))
    }

    /// What is said where nothing can be edited.
    fn nothing(&self, pyproject: bool, above: Option<FilePath>) -> Problem {
        if let Some(name) = self.foreign() {
            return Problem::new(
                &DEPENDENCY_UNSUPPORTED,
                format!("the dependencies are in `{name}`, and no list in it can be edited"),
            )
            .at(&self.root.child(name), 0..0)
            .help(format!("add them to `{name}` yourself, and go on with `--allow-manual`"));
        }
        let looked = if pyproject {
            "`pyproject.toml` lists none, and there is no `requirements.txt`"
        } else {
            "there is no `pyproject.toml` and no `requirements.txt`"
        };
        let folder = if self.root.as_str().is_empty() { String::new() } else { format!(" in `{}`", self.root) };
        let problem = Problem::new(&NO_DEPENDENCY_FILE, format!("no file lists the dependencies: {looked}{folder}"))
            .help("create `requirements.txt`, or go on with `--allow-manual` and install them yourself");
        match above {
            Some(above) => problem.related(Location::file(above), "it may list them, and lies above the project"),
            None => problem,
        }
    }
}
