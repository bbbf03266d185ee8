//! Where the project is: its root, the repository around it, and the Python files that are its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::FilePath;
use super::disk;
use super::imports::Files;
use super::lifespan;
use super::opened::Opened;
use super::options::Options;
use super::reader::{Hit, Reader};
use super::routes;
use crate::component::COMPONENTS;
use crate::finding::{self, Candidate, Problem, Question};
use crate::lock;
use crate::source::package_list;

/// What ended discovery.
#[derive(Debug)]
pub enum Failure {
    /// There is no project.
    NotAProject {
        /// Why.
        problem: Problem,
        /// Projects below, relative to where the search began.
        below: Vec<String>,
    },
}

/// Words that make a Python file worth parsing, by their bit.
pub const FASTAPI: u32 = 1;
/// A settings class, perhaps.
pub const SETTINGS: u32 = 1 << 1;
/// Event handlers.
pub const HANDLERS: u32 = 1 << 2;
/// Routes that components need too.
pub const ROUTES: u32 = 1 << 3;
/// What components are wired with.
pub const WIRING: u32 = 1 << 4;
/// Routes that watch over the application.
pub const HEALTH: u32 = 1 << 5;
/// Programs that serve an application.
pub const SERVERS: u32 = 1 << 6;

/// A root that was found.
#[derive(Debug)]
pub struct Root {
    /// Reads the repository, or outside of git the project.
    pub reader: Reader,
    /// Is there a repository?
    pub in_git: bool,
    /// The root.
    pub folder: FilePath,
    /// The project's own Python files that have one of the words.
    pub hits: Vec<Hit>,
}

/// Finds the root of the project that `start` (an absolute folder) is in.
///
/// # Errors
///
/// There is none.
pub fn find(start: &Path, options: &Options, opened: &Opened) -> Result<Root, Failure> {
    let not_here = |problem: Problem| Failure::NotAProject { problem, below: Vec::new() };
    let Some((start, top)) = folders(start, options) else {
        let folder = options.project.as_deref().unwrap_or(start);
        let problem = Problem::new(&finding::NOT_A_PROJECT, format!("there is no folder `{}`", folder.display()));
        return Err(not_here(problem.help("give `-C` the folder of a FastAPI project")));
    };
    let open = |base: &Path| {
        Reader::open(base, opened).map_err(|error| {
            let message = format!("the folder `{}` cannot be opened: {error}", base.display());
            not_here(
                Problem::new(&finding::NOT_A_PROJECT, message).help("make it readable, or give another one by `-C`"),
            )
        })
    };
    let mut repository = top.as_deref().map(open).transpose()?;
    let in_git = repository.is_some();
    let mut below = BTreeSet::new();
    let mut unmarked: Option<Root> = None;
    for folder in start.ancestors() {
        // Outside of git there is no end that the user drew: the nearest folder that looks like a project counts.
        if top.as_ref().is_some_and(|top| !folder.starts_with(top)) {
            break;
        }
        let base = top.as_deref().unwrap_or(folder);
        let Some(root) = FilePath::below(base, folder) else { continue };
        let reader = match repository.take() {
            Some(reader) => reader,
            None => open(base)?,
        };
        let marked = is_marked(&reader, &root);
        let mut is_found = false;
        let mut own = Vec::new();
        if marked || folder == start {
            let known_lock = has(&reader, &root, &[lock::NAME]);
            let hits = reader.search(&root, &words());
            let nested;
            (own, nested) = split(&reader, &root, hits);
            is_found = known_lock || own.iter().any(|hit| hit.words & FASTAPI != 0 && has_application(&reader, hit));
            if is_found && marked {
                return Ok(Root { reader, in_git, folder: root, hits: own });
            }
            if !is_found && folder == start {
                below = nested;
            }
        }
        match (is_found, in_git) {
            // In a repository there is one reader, and its root is known again by its path.
            (true, true) => {
                unmarked = Some(Root { reader: Reader::of([]), in_git, folder: root, hits: own });
                repository = Some(reader);
            }
            (true, false) => unmarked = Some(Root { reader, in_git, folder: root, hits: own }),
            (false, true) => repository = Some(reader),
            (false, false) => {}
        }
        // Without a repository nothing says where to stop: the nearest folder that looks like a project is the last one.
        if options.project.is_some() || (!in_git && marked) {
            break;
        }
    }
    if let Some(found) = unmarked {
        return Ok(match repository {
            Some(reader) => Root { reader, ..found },
            None => found,
        });
    }
    let base = top.unwrap_or_else(|| start.clone());
    let here = FilePath::below(&base, &start).unwrap_or_else(FilePath::top);
    let below: Vec<String> = below.iter().map(|folder| folder.relative_to(&here)).collect();
    let mut problem = Problem::new(&finding::NOT_A_PROJECT, format!("no FastAPI project at `{}`", start.display()));
    problem = if below.is_empty() {
        problem.help(
            "run paxx in the folder of a FastAPI project (one with a `FastAPI(...)` call), or name it with `-C DIR`",
        )
    } else {
        let candidates = below.iter().map(|folder| Candidate::new(folder, "")).collect();
        problem.help("there are projects below: say which one").question(Question::new("project", candidates))
    };
    Err(Failure::NotAProject { problem, below })
}

/// The root of a project that is the top of what `reader` reads.
///
/// # Errors
///
/// It is none.
pub fn find_in(reader: Reader) -> Result<Root, Failure> {
    let folder = FilePath::top();
    let (hits, _) = split(&reader, &folder, reader.search(&folder, &words()));
    let is_application = |hit: &Hit| hit.words & FASTAPI != 0 && has_application(&reader, hit);
    if hits.iter().any(is_application) || has(&reader, &folder, &[lock::NAME]) {
        return Ok(Root { reader, in_git: false, folder, hits });
    }
    let problem = Problem::new(&finding::NOT_A_PROJECT, "no FastAPI project here");
    Err(Failure::NotAProject { problem, below: Vec::new() })
}

/// The root whose `paxx.lock` is the nearest one, without a search: the reader, whether it is in git, and the folder.
pub fn recorded(start: &Path, options: &Options, opened: &Opened) -> Option<(Reader, bool, FilePath)> {
    let (start, top) = folders(start, options)?;
    let root = nearest_lock(&start, top.as_deref(), options.project.is_some())?;
    let base = top.as_deref().unwrap_or(root);
    let folder = FilePath::below(base, root)?;
    Some((Reader::open(base, opened).ok()?, top.is_some(), folder))
}

/// Is `start` in a project that has a `paxx.lock`, as `paxx -C` would find it, or without it?
pub fn has_lock(start: &Path, options: &Options) -> bool {
    folders(start, options)
        .is_some_and(|(start, top)| nearest_lock(&start, top.as_deref(), options.project.is_some()).is_some())
}

fn nearest_lock<'a>(start: &'a Path, top: Option<&Path>, is_given: bool) -> Option<&'a Path> {
    // What lies above the repository is none of its business.
    let is_inside = |folder: &&Path| top.is_none_or(|top| folder.starts_with(top));
    let most = if is_given { 1 } else { usize::MAX };
    start.ancestors().take(most).take_while(is_inside).find(|folder| disk::has_entry(folder, lock::NAME))
}

/// The folder to begin at, and the top of the repository around it; `None` where there is no such folder.
fn folders(start: &Path, options: &Options) -> Option<(PathBuf, Option<PathBuf>)> {
    let start = options.project.as_ref().map_or_else(|| start.to_owned(), |project| start.join(project));
    let start = disk::canonical_folder(&start)?;
    let top = start.ancestors().find(|folder| disk::has_entry(folder, ".git")).map(Path::to_owned);
    Some((start, top))
}

/// Folders at and below `start` that have a `paxx.lock`, for a check of all of them, sorted.
pub fn locked_projects(start: &Path, options: &Options, opened: &Opened) -> Vec<PathBuf> {
    let Some((start, top)) = folders(start, options) else { return Vec::new() };
    let base = top.as_ref().unwrap_or(&start);
    let (Ok(top), Some(folder)) = (opened.folder(base), FilePath::below(base, &start)) else { return Vec::new() };
    let walked = top.walk(&folder, true);
    let locked = walked.folders.iter().filter(|(_, names)| names.iter().any(|name| name == lock::NAME));
    let mut found: Vec<PathBuf> = locked.map(|(folder, _)| base.join(folder.as_str())).collect();
    found.sort();
    found
}

/// Has the folder one of these entries?
fn has(reader: &Reader, folder: &FilePath, names: &[&str]) -> bool {
    reader.list(folder).iter().any(|name| names.contains(&name.as_str()))
}

/// What projects have at their root, besides the files that list packages.
const MARKS: &[&str] =
    &["pyproject.toml", "requirements.txt", "requirements.in", "poetry.lock", "uv.lock", "requirements", lock::NAME];

/// The names of what marks a root by being there. A module may be called `setup.py`, so that one is looked into.
fn marks() -> impl Iterator<Item = &'static str> {
    MARKS.iter().copied().chain(package_list::names().filter(|name| *name != "setup.py"))
}

/// Has the folder a file that projects have at their root?
fn is_marked(reader: &Reader, folder: &FilePath) -> bool {
    has(reader, folder, &marks().collect::<Vec<_>>()) || has_setup_script(reader, folder)
}

/// The folders in which a run on `start` may have left its records, `start` first: up to the top of the repository; without
/// one, up to what looks like the root of a project.
pub fn around(start: &Path) -> Vec<PathBuf> {
    let Some(start) = disk::canonical_folder(start) else { return Vec::new() };
    let above: Vec<&Path> = start.ancestors().collect();
    let is_project = |folder: &&Path| {
        marks().any(|name| disk::has_entry(folder, name))
            || (disk::has_entry(folder, "setup.py")
                && Reader::open(folder, &Opened::default())
                    .is_ok_and(|reader| has_setup_script(&reader, &FilePath::top())))
    };
    let top = above.iter().position(|folder| disk::has_entry(folder, ".git"));
    let last = top.or_else(|| above.iter().position(is_project)).unwrap_or(0);
    above.into_iter().take(last + 1).map(Path::to_owned).collect()
}

/// A `setup.py` of setuptools, not a module of that name.
fn has_setup_script(reader: &Reader, folder: &FilePath) -> bool {
    has(reader, folder, &["setup.py"])
        && reader.file(&folder.child("setup.py")).is_some_and(|file| {
            file.text().is_some_and(|text| text.contains("setuptools") || text.contains("distutils"))
        })
}

fn words() -> Vec<(&'static str, u32)> {
    let mut words = vec![("FastAPI", FASTAPI), ("Settings", SETTINGS), ("Instrumentator", ROUTES)];
    words.extend(["uvicorn", "hypercorn", "granian"].map(|word| (word, SERVERS)));
    words.extend(routes::WORDS.map(|word| (word, ROUTES)));
    words.extend(lifespan::WORDS.map(|word| (word, HANDLERS)));
    words.extend(routes::HEALTH_WORDS.map(|word| (word, HEALTH)));
    for manifest in COMPONENTS.iter().map(|component| &component.manifest) {
        let paths = manifest.router.iter().flat_map(|router| router.paths.iter());
        words.extend(paths.map(|path| (path.0, ROUTES)));
        let calls = manifest.lifespan.iter().flat_map(|entry| [entry.start, entry.stop]).flatten();
        words.extend(calls.filter_map(|callee| callee.0.rsplit('.').next()).map(|name| (name, WIRING)));
        words.extend(manifest.middleware.iter().map(|entry| (entry.name.0, WIRING)));
        words.extend(manifest.router.iter().map(|entry| (entry.name.0, WIRING)));
        words.extend(manifest.statement.iter().map(|entry| (entry.name.0, WIRING)));
    }
    words
}

/// The files of the project itself, and the roots of projects below that have an application.
fn split(reader: &Reader, root: &FilePath, hits: Vec<Hit>) -> (Vec<Hit>, BTreeSet<FilePath>) {
    let marked_here = is_marked(reader, root);
    let is_project = |folder: &FilePath| {
        has(reader, folder, &["pyproject.toml", "Pipfile", lock::NAME])
            || has_setup_script(reader, folder)
            || (!marked_here && is_marked(reader, folder))
    };
    let mut known: BTreeMap<FilePath, Option<FilePath>> = BTreeMap::new();
    let mut own = Vec::new();
    let mut nested = BTreeSet::new();
    for hit in hits {
        let Some(folder) = hit.path.parent() else { continue };
        let project = known
            .entry(folder.clone())
            .or_insert_with(|| {
                let mut folder = Some(folder);
                while let Some(present) = folder.filter(|folder| folder != root && folder.is_below(root)) {
                    if is_project(&present) {
                        return Some(present);
                    }
                    folder = present.parent();
                }
                None
            })
            .clone();
        match project {
            None => own.push(hit),
            Some(project) => {
                if hit.words & FASTAPI != 0
                    && !nested.contains(&project)
                    && !is_secondary(&hit.path, &project)
                    && has_application(reader, &hit)
                {
                    nested.insert(project);
                }
            }
        }
    }
    (own, nested)
}

/// Does the file look as if it made an application, or a class of applications? Parsing comes later.
fn has_application(reader: &Reader, hit: &Hit) -> bool {
    // Bytes: that a file is not UTF-8 is reported where it is read.
    reader.file(&hit.path).is_some_and(|file| {
        [&b"FastAPI("[..], b"(FastAPI", b"FastAPI as "]
            .iter()
            .any(|text| memchr::memmem::find(file.bytes(), text).is_some())
    })
}

/// Tests, examples and the like: what they have counts only where nothing else has it.
pub fn is_secondary(path: &FilePath, root: &FilePath) -> bool {
    let relative = path.relative_to(root);
    let name = path.name();
    name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
        || relative.split('/').rev().skip(1).any(|part| {
            matches!(
                part,
                "tests"
                    | "test"
                    | "testing"
                    | "docs"
                    | "docs_src"
                    | "examples"
                    | "example"
                    | "samples"
                    | "benchmarks"
                    | "e2e"
                    | "migrations"
                    | "alembic"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_that_lists_packages_marks_a_root() {
        for name in package_list::names() {
            let reader = Reader::of([(name, &b"from setuptools import setup\n"[..])]);
            assert!(is_marked(&reader, &FilePath::top()), "{name}");
        }
        let reader = Reader::of([("setup.py", &b"def setup(): ...\n"[..])]);
        assert!(!is_marked(&reader, &FilePath::top()));
    }
}
