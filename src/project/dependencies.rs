//! Finds where a project lists its dependencies, and what the files around say about tools.
//!
//! It chooses only where the project itself has chosen.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dependency_file::{
    DEVELOPMENT, development_lists, has_ending, has_generated_header, hashed, is_content, is_for_tools, parse,
    unreadable, variant,
};
use super::imports::Files;
use super::installed::{self, Installed};
use super::layout::{Dependencies, DependencyFormat};
use super::path::FilePath;
use super::reader::Reader;
use crate::finding::{DEPENDENCY_UNSUPPORTED, Location, NO_DEPENDENCY_FILE, Problem};
use crate::source::requirements::{self, Kind};
use crate::source::toml::Source;

/// What they say of the list that the others build on, in order of preference.
const MAIN: [&str; 9] = ["", "base", "common", "main", "core", "app", "prod", "production", "requirements"];

/// Finds the file that lists the dependencies of the project at `root`.
///
/// # Errors
///
/// There is none, there are several, or it is of a kind that is not edited.
pub fn locate(root: &FilePath, files: &Reader) -> Result<Dependencies, Problem> {
    let finder = Finder {
        root,
        files,
        names: files.list(root),
        included: RefCell::default(),
        installed: installed::installed(files, root),
    };
    let mut main = main_list(&finder)?;
    main.also = finder.also(&main);
    main.constraints = finder.constraints();
    main.copy = main.copy.take().filter(|copy| main.also.iter().all(|also| also.path != *copy));
    Ok(main)
}

/// The list that the others come beside.
fn main_list(finder: &Finder) -> Result<Dependencies, Problem> {
    let (root, files) = (finder.root, finder.files);
    let pyproject = root.child("pyproject.toml");
    let source =
        if finder.names.iter().any(|name| name == "pyproject.toml") { Some(parse(&pyproject, files)?) } else { None };
    let lists = |format| {
        let development = source.as_ref().filter(|source| !development_lists(source).is_empty());
        Dependencies {
            format,
            path: pyproject.clone(),
            development: development.map(|_| pyproject.clone()).or_else(|| finder.development()),
            includes: Vec::new(),
            constraints: Vec::new(),
            copy: None,
            also: Vec::new(),
            compiled: None,
        }
    };
    let Some(source) = &source else {
        return match finder.requirements()? {
            Some(path) => finder.requirements_file(path, None),
            None => finder.of_another_format(false),
        };
    };
    let keys = ["project", "dependencies"];
    let array = source.array(&keys);
    if array.is_none() && source.has(&keys) {
        let place = source.item(&keys).and_then(toml_edit::Item::span).unwrap_or(0..0);
        return Err(Problem::new(&DEPENDENCY_UNSUPPORTED, "`[project] dependencies` is no list")
            .at(&pyproject, place)
            .help("make it a list of strings: `dependencies = []`"));
    }
    if array.as_ref().is_some_and(|array| !array.items.is_empty()) {
        return Ok(Dependencies { copy: finder.copy(), ..lists(DependencyFormat::Pep621) });
    }
    let poetry = source.keys(&["tool", "poetry", "dependencies"]);
    let is_poetry = poetry.iter().any(|key| !key.eq_ignore_ascii_case("python"));
    if source.strings(&["project", "dynamic"]).iter().any(|name| name == "dependencies") {
        if let Some(path) = finder.dynamic(source, &pyproject)? {
            return finder.requirements_file(path, Some((source, &pyproject)));
        }
        if !poetry.is_empty() {
            return Ok(Dependencies { copy: finder.copy(), ..lists(DependencyFormat::Poetry) });
        }
        if let Some(found) = finder.package_list(|name| name.starts_with("setup."))? {
            return Ok(found);
        }
        let place = source.item(&["project", "dynamic"]).and_then(toml_edit::Item::span).unwrap_or(0..0);
        return Err(Problem::new(
            &DEPENDENCY_UNSUPPORTED,
            "the dependencies are `dynamic`, and no file that they come from was found",
        )
        .at(&pyproject, place)
        .help("name the file in `[tool.setuptools.dynamic] dependencies = {file = [\"requirements.txt\"]}`"));
    }
    if is_poetry {
        return Ok(Dependencies { copy: finder.copy(), ..lists(DependencyFormat::Poetry) });
    }
    if let Some(path) = finder.requirements()? {
        let lists_something =
            files.text(&path).is_some_and(|text| requirements::Source::parse(&text).lines.iter().any(is_content));
        if lists_something || array.is_none() {
            return finder.requirements_file(path, Some((source, &pyproject)));
        }
    }
    if array.is_some() {
        return Ok(lists(DependencyFormat::Pep621));
    }
    if !poetry.is_empty() {
        return Ok(lists(DependencyFormat::Poetry));
    }
    let foreign = finder.foreign();
    if source.has(&["project"]) && foreign.is_none_or(|name| name.starts_with("setup.")) {
        return Ok(lists(DependencyFormat::Pep621));
    }
    finder.of_another_format(true)
}

/// The folder of a project, as it is looked through for requirements files.
pub(super) struct Finder<'a> {
    pub(super) root: &'a FilePath,
    pub(super) files: &'a Reader,
    pub(super) names: Arc<[String]>,
    /// What was asked of each requirements file: the files that it reads.
    included: RefCell<BTreeMap<FilePath, Vec<FilePath>>>,
    /// What Dockerfiles, CI and scripts install.
    installed: Vec<Installed>,
}

/// These files and all that `next` leads to, each once, so that a ring ends.
fn reachable(from: impl IntoIterator<Item = FilePath>, next: impl Fn(&FilePath) -> Vec<FilePath>) -> Vec<FilePath> {
    let mut known = BTreeSet::new();
    let mut found: Vec<FilePath> = from.into_iter().filter(|file| known.insert(file.clone())).collect();
    let mut done = 0;
    while let Some(file) = found.get(done).cloned() {
        done += 1;
        found.extend(next(&file).into_iter().filter(|file| known.insert(file.clone())));
    }
    found
}

impl Finder<'_> {
    /// Requirements files, each with what its name says: those of the root, then those of `requirements/`.
    fn candidates(&self) -> Vec<(FilePath, String)> {
        let own = self.names.iter().filter_map(|name| Some((self.root.child(name), variant(name)?)));
        let folder = self.root.child("requirements");
        let below = self.files.list(&folder);
        let below = below.iter().filter_map(|name| {
            let stem = name.strip_suffix(".txt").or_else(|| name.strip_suffix(".in"))?;
            Some((folder.child(name), variant(name).unwrap_or_else(|| stem.to_lowercase())))
        });
        own.chain(below).collect()
    }

    /// The requirements file of the application.
    fn requirements(&self) -> Result<Option<FilePath>, Problem> {
        let mut candidates = self.candidates();
        let named = self.named(&mut candidates);
        let is_named = |path: &FilePath| named.is_empty() || named.contains(path);
        let preferred = |wanted: &str| {
            let fits = |(path, variant): &&(FilePath, String)| variant == wanted && is_named(path);
            let first = &candidates.iter().find(fits)?.0;
            // What is compiled is not edited: `requirements.in` goes before `requirements.txt`.
            let folder = first.parent();
            let is_source = |(path, variant): &&(FilePath, String)| {
                variant == wanted && path.parent() == folder && has_ending(path.name(), "in")
            };
            Some(candidates.iter().find(is_source).map_or(first, |(path, _)| path).clone())
        };
        let chosen = if let Some(path) = MAIN.iter().find_map(|wanted| preferred(wanted)) {
            path
        } else {
            let mut others: Vec<&FilePath> = candidates
                .iter()
                .filter(|(path, variant)| !is_for_tools(variant) && is_named(path))
                .map(|(path, _)| path)
                .collect();
            others.retain(|path| !has_ending(path.name(), "txt") || !self.has_source(path));
            match others.as_slice() {
                [] => return Ok(None),
                [only] => (*only).clone(),
                // All are installed: the first one, and the others beside it.
                [first, ..] if !named.is_empty() => {
                    named.iter().find(|path| others.contains(path)).unwrap_or(first).clone()
                }
                several => {
                    let names: Vec<String> = several.iter().map(|path| format!("`{path}`")).collect();
                    return Err(Problem::new(
                        &DEPENDENCY_UNSUPPORTED,
                        format!("several files may list the dependencies: {}", names.join(", ")),
                    )
                    .at(several[0], 0..0)
                    .help("name the one of the application `requirements.txt`, or include it there with `-r`"));
                }
            }
        };
        self.source_of(chosen).map(Some)
    }

    /// The files that are installed, with all that they include; none where nothing says it. Those of an image become candidates,
    /// whatever their names are.
    fn named(&self, candidates: &mut Vec<(FilePath, String)>) -> Vec<FilePath> {
        let mut named = Vec::new();
        for installed in &self.installed {
            for file in &installed.files {
                let known = candidates.iter().find(|(path, _)| path == file).map(|(_, variant)| variant.clone());
                if known.is_none() && !installed.image {
                    continue;
                }
                let variant = known.clone().unwrap_or_else(|| file.name().to_lowercase());
                if is_for_tools(&variant) {
                    continue;
                }
                if known.is_none() {
                    candidates.push((file.clone(), variant));
                }
                named.push(file.clone());
            }
        }
        reachable(named, |file| self.included(file))
    }

    /// The files of constraints that an install is held to.
    fn constraints(&self) -> Vec<FilePath> {
        let named = self.installed.iter().flat_map(|installed| installed.constraints.iter().cloned());
        reachable(named, |file| self.included(file))
    }

    /// Requirements files that an image installs without `main`: what the application needs has to stand there too.
    fn also(&self, main: &Dependencies) -> Vec<Dependencies> {
        let mut found: Vec<Dependencies> = Vec::new();
        for installed in self.installed.iter().filter(|installed| installed.image) {
            let files = reachable(installed.files.iter().cloned(), |file| self.included(file));
            let is = |file: &FilePath, list: &Dependencies| {
                *file == list.path || list.compiled.as_ref().is_some_and(|(_, compiled)| compiled == file)
            };
            let has = |list: &Dependencies| files.iter().any(|file| is(file, list));
            let of_project = main.format != DependencyFormat::Requirements
                && (installed.project || files.iter().any(|file| self.installs_project(file)));
            if of_project || has(main) || found.iter().any(has) {
                continue;
            }
            let own = installed.files.iter().find(|file| !variant(file.name()).is_some_and(|name| is_for_tools(&name)));
            let list = own.and_then(|file| self.source_of(file.clone()).ok());
            let list = list.and_then(|path| self.requirements_file(path, None).ok());
            let is_written = |list: &Dependencies| {
                let text = self.files.text(&list.path).unwrap_or_default();
                !has_generated_header(&text)
            };
            found.extend(list.filter(|list| list.path != main.path && is_written(list)));
        }
        found
    }

    /// Does a requirements file have the project itself among its lines?
    fn installs_project(&self, path: &FilePath) -> bool {
        let text = self.files.text(path).unwrap_or_default();
        let source = requirements::Source::parse(&text);
        source.requirements().any(|(_, required)| required == "." || required.starts_with(".["))
    }

    /// The command that makes the file that is installed of `path`, and that file.
    fn compiled(&self, path: &FilePath) -> Option<(String, FilePath)> {
        let stem = path.name().strip_suffix(".in")?;
        let compiled = path.parent().unwrap_or_else(FilePath::top).child(&format!("{stem}.txt"));
        let text = self.files.text(&compiled)?;
        let header = text.lines().take(10).take_while(|line| line.starts_with('#'));
        let command = header.map(|line| line.trim_start_matches('#').trim()).find(|line| {
            let starts = ["pip-compile ", "uv pip compile "].iter().any(|tool| line.starts_with(tool));
            starts && line.split_whitespace().any(|word| has_ending(word, "in"))
        });
        let made = || format!("pip-compile {}", path.relative_to(self.root));
        Some((command.map_or_else(made, str::to_owned), compiled))
    }

    /// Is there a `.in` beside the `.txt`?
    fn has_source(&self, path: &FilePath) -> bool {
        let name = path.name().strip_suffix(".txt").map(|stem| format!("{stem}.in"));
        let folder = path.parent().unwrap_or_else(FilePath::top);
        name.is_some_and(|name| self.files.text(&folder.child(&name)).is_some())
    }

    /// The file that is edited for `path`: what it is compiled from, or the only file that it includes.
    fn source_of(&self, mut path: FilePath) -> Result<FilePath, Problem> {
        // A chain of files, and a guard against a ring.
        for _ in 0..8 {
            let text = self.files.text(&path).ok_or_else(|| unreadable(&path))?;
            let folder = path.parent().unwrap_or_else(FilePath::top);
            if let Some(compiled_from) = compiled_from(&text)
                && let Some(from) = [&folder, self.root].into_iter().find_map(|folder| {
                    folder.join(&compiled_from).filter(|from| *from != path && self.files.text(from).is_some())
                })
            {
                path = from;
                continue;
            }
            let source = requirements::Source::parse(&text);
            let mut contents = source.lines.iter().filter(|line| is_content(line));
            match (contents.next().map(|line| &line.kind), contents.next()) {
                (Some(Kind::Include(file)), None) => match folder.join(file) {
                    Some(included) if self.files.text(&included).is_some() => path = included,
                    _ => return Ok(path),
                },
                _ => return Ok(path),
            }
        }
        Ok(path)
    }

    /// The dependencies in the requirements file `path`.
    fn requirements_file(
        &self,
        path: FilePath,
        pyproject: Option<(&Source, &FilePath)>,
    ) -> Result<Dependencies, Problem> {
        let text = self.files.text(&path).ok_or_else(|| unreadable(&path))?;
        if let Some(line) = requirements::Source::parse(&text).hashed() {
            return Err(hashed(&path, line.range.clone()));
        }
        let includes = self.includes(&path);
        self.check_hashes(&path, &includes)?;
        let listed = pyproject.filter(|(source, _)| !development_lists(source).is_empty());
        let development = self.development().or_else(|| listed.map(|(_, path)| path.clone()));
        let development = development.filter(|development| *development != path && !includes.contains(development));
        let compiled = self.compiled(&path);
        Ok(Dependencies {
            format: DependencyFormat::Requirements,
            path,
            development,
            includes,
            constraints: Vec::new(),
            copy: None,
            also: Vec::new(),
            compiled,
        })
    }

    /// One hash makes pip ask for the hash of every package, in whatever file: of those that `path` includes, and of those
    /// that include it.
    fn check_hashes(&self, path: &FilePath, includes: &[FilePath]) -> Result<(), Problem> {
        for file in includes.iter().cloned().chain(self.included_by(path)) {
            let text = self.files.text(&file).unwrap_or_default();
            if let Some(line) = requirements::Source::parse(&text).hashed() {
                let (problem, hashed) = (hashed(&file, line.range.clone()), Location::file(path.clone()));
                return Err(problem.related(hashed, "installed with it, so a line here needs a hash too"));
            }
        }
        Ok(())
    }

    /// The requirements files of the project that include `path`, perhaps through others.
    fn included_by(&self, path: &FilePath) -> Vec<FilePath> {
        let candidates: BTreeSet<FilePath> = self.candidates().into_iter().map(|(file, _)| file).collect();
        let mut includers: BTreeMap<FilePath, Vec<FilePath>> = BTreeMap::new();
        for from in reachable(candidates.iter().cloned(), |from| self.included(from)) {
            for included in self.included(&from) {
                includers.entry(included).or_default().push(from.clone());
            }
        }
        let found = reachable([path.clone()], |of| includers.get(of).cloned().unwrap_or_default());
        found.into_iter().filter(|file| file != path && candidates.contains(file)).collect()
    }

    /// The files that `path` reads with `-r` and `-c`, and those that these read.
    fn includes(&self, path: &FilePath) -> Vec<FilePath> {
        let mut found = reachable([path.clone()], |from| self.included(from));
        found.remove(0);
        found
    }

    /// The files that `path` itself reads with `-r` and `-c`.
    fn included(&self, path: &FilePath) -> Vec<FilePath> {
        if let Some(known) = self.included.borrow().get(path) {
            return known.clone();
        }
        let text = self.files.text(path).unwrap_or_default();
        let folder = path.parent().unwrap_or_else(FilePath::top);
        let lines = requirements::Source::parse(&text).lines.into_iter();
        let files = lines.filter_map(|line| match line.kind {
            Kind::Include(file) | Kind::Constraint(file) => folder.join(&file),
            _ => None,
        });
        let found: Vec<FilePath> = files.filter(|file| self.files.file(file).is_some()).collect();
        self.included.borrow_mut().insert(path.clone(), found.clone());
        found
    }

    /// The requirements file of what only development needs.
    pub(super) fn development(&self) -> Option<FilePath> {
        let candidates = self.candidates();
        let path = DEVELOPMENT.iter().find_map(|wanted| {
            let mut found = candidates.iter().filter(|(_, variant)| variant == wanted).map(|(path, _)| path);
            let first = found.next()?;
            Some(found.find(|path| has_ending(path.name(), "in")).unwrap_or(first))
        })?;
        let text = self.files.text(path)?;
        requirements::Source::parse(&text).hashed().is_none().then(|| path.clone())
    }

    /// The requirements file beside a `pyproject.toml` that lists dependencies too, unless a tool writes it.
    fn copy(&self) -> Option<FilePath> {
        let path = self.requirements().ok()??;
        let text = self.files.text(&path)?;
        let written_by_hand = !text.lines().take(5).any(|line| line.starts_with('#') && line.contains("autogenerated"));
        let source = requirements::Source::parse(&text);
        (written_by_hand && source.hashed().is_none() && source.requirements().next().is_some()).then_some(path)
    }

    /// The requirements file that a `dynamic` list of dependencies comes from.
    fn dynamic(&self, source: &Source, pyproject: &FilePath) -> Result<Option<FilePath>, Problem> {
        let places = [
            &["tool", "setuptools", "dynamic", "dependencies", "file"][..],
            &["tool", "hatch", "metadata", "hooks", "requirements_txt", "files"],
        ];
        for place in places {
            let files = source.strings(place);
            let at = source.item(place).and_then(toml_edit::Item::span).unwrap_or(0..0);
            match files.as_slice() {
                [] => {}
                [file] => {
                    let found = self.root.join(file).filter(|path| self.files.text(path).is_some());
                    return match found {
                        Some(path) => self.source_of(path).map(Some),
                        None => Err(Problem::new(
                            &NO_DEPENDENCY_FILE,
                            format!("the dependencies come from `{file}`, and there is no such file"),
                        )
                        .at(pyproject, at)
                        .help(format!("create `{file}`, or correct its name"))),
                    };
                }
                several => {
                    let names: Vec<String> = several.iter().map(|file| format!("`{file}`")).collect();
                    return Err(Problem::new(
                        &DEPENDENCY_UNSUPPORTED,
                        format!("the dependencies come from several files: {}", names.join(", ")),
                    )
                    .at(pyproject, at)
                    .help("add them to the right one yourself, and go on with `--allow-manual`"));
                }
            }
        }
        // `setup.py` reads a file that it names.
        let Some(setup) = self.files.text(&self.root.child("setup.py")) else { return Ok(None) };
        Ok(self.requirements()?.filter(|path| setup.contains(&path.relative_to(self.root))))
    }
}

/// The file that pip-compile or uv made a requirements file from, as its header says.
fn compiled_from(text: &str) -> Option<String> {
    if !has_generated_header(text) {
        return None;
    }
    text.lines()
        .take(10)
        .take_while(|line| line.starts_with('#'))
        .flat_map(|line| line.split_whitespace())
        .filter(|word| has_ending(word, "in") && !word.starts_with('-'))
        .last()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::package_list;

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    fn with<T>(files: &[(&str, &str)], ask: impl Fn(&Reader) -> T) -> T {
        let files =
            files.iter().map(|(path, text)| (*path, if *text == "binary" { &b"\xff"[..] } else { text.as_bytes() }));
        ask(&Reader::of(files))
    }

    fn found(files: &[(&str, &str)]) -> Dependencies {
        with(files, |files| locate(&FilePath::top(), files)).expect("found")
    }

    fn refused(files: &[(&str, &str)]) -> Problem {
        with(files, |files| locate(&FilePath::top(), files)).expect_err("refused")
    }

    fn check(files: &[(&str, &str)], format: DependencyFormat, file: &str, development: Option<&str>) {
        let found = found(files);
        assert_eq!((found.format, found.path.as_str()), (format, file), "{files:?}");
        assert_eq!(found.development.as_ref().map(FilePath::as_str), development, "{files:?}");
    }

    use DependencyFormat::{Other, Pep621, Poetry, Requirements};

    #[test]
    fn the_lists_of_a_pyproject() {
        check(&[("pyproject.toml", "[project]\ndependencies = [\"a\"]\n")], Pep621, "pyproject.toml", None);
        check(&[("pyproject.toml", "[project]\nname = \"x\"\n")], Pep621, "pyproject.toml", None);
        check(
            &[("pyproject.toml", "[project]\ndependencies = []\n[dependency-groups]\ndev = []\n")],
            Pep621,
            "pyproject.toml",
            Some("pyproject.toml"),
        );
        check(&[("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3\"\n")], Poetry, "pyproject.toml", None);
        check(
            &[(
                "pyproject.toml",
                "[project]\nname = \"x\"\ndynamic = [\"dependencies\"]\n[tool.poetry.dependencies]\na = \"1\"\n[tool.poetry.group.dev.dependencies]\nb = \"1\"\n",
            )],
            Poetry,
            "pyproject.toml",
            Some("pyproject.toml"),
        );
        // Poetry 2: the list of the project counts.
        check(
            &[(
                "pyproject.toml",
                "[project]\ndependencies = [\"a\"]\n[tool.poetry.dependencies]\na = {source = \"x\"}\n",
            )],
            Pep621,
            "pyproject.toml",
            None,
        );
    }

    #[test]
    fn a_requirements_file_beside_a_pyproject_without_dependencies() {
        for text in [
            "[tool.ruff]\n",
            "[project]\nname = \"x\"\n",
            "[project]\ndependencies = []\n",
            "[tool.poetry.dependencies]\npython = \"^3\"\n",
        ] {
            check(&[("pyproject.toml", text), ("requirements.txt", "a\n")], Requirements, "requirements.txt", None);
        }
        let both = [("pyproject.toml", "[project]\ndependencies = [\"a\"]\n"), ("requirements.txt", "a\n")];
        check(&both, Pep621, "pyproject.toml", None);
        assert_eq!(found(&both).copy, Some(path("requirements.txt")));
        let compiled = [both[0], ("requirements.txt", "# This file was autogenerated by uv\na\n")];
        assert_eq!(found(&compiled).copy, None);
    }

    #[test]
    fn what_is_compiled_is_not_edited() {
        check(&[("requirements.in", "a\n"), ("requirements.txt", "a==1\n")], Requirements, "requirements.in", None);
        check(
            &[
                ("requirements.txt", "-r requirements/base.txt\n"),
                ("requirements/base.in", "a\n"),
                (
                    "requirements/base.txt",
                    "# This file is autogenerated by pip-compile\n#    pip-compile requirements/base.in\na==1 \\\n --hash=x\n",
                ),
            ],
            Requirements,
            "requirements/base.in",
            None,
        );
        let problem = refused(&[("requirements.txt", "a==1 \\\n    --hash=sha256:00\n")]);
        assert_eq!((problem.rule.code, problem.at.map(|at| at.range)), ("PX204", Some(0..27)));
    }

    #[test]
    fn requirements_files_by_their_names() {
        check(
            &[("requirements.txt", "a\n"), ("requirements-dev.txt", "b\n")],
            Requirements,
            "requirements.txt",
            Some("requirements-dev.txt"),
        );
        check(
            &[("requirements.txt", "a\n"), ("dev-requirements.txt", "b\n"), ("requirements_wheels.txt", "")],
            Requirements,
            "requirements.txt",
            Some("dev-requirements.txt"),
        );
        check(
            &[
                ("requirements/base.txt", "a\n"),
                ("requirements/production.txt", "-r base.txt\ngunicorn\n"),
                ("requirements/local.txt", "-r base.txt\n"),
            ],
            Requirements,
            "requirements/base.txt",
            Some("requirements/local.txt"),
        );
        check(
            &[("requirements/prod.txt", "a\n"), ("requirements/dev.txt", "b\n")],
            Requirements,
            "requirements/prod.txt",
            Some("requirements/dev.txt"),
        );
        check(
            &[("requirements-cpu.txt", "a\n"), ("requirements-dev.txt", "b\n")],
            Requirements,
            "requirements-cpu.txt",
            Some("requirements-dev.txt"),
        );
        let problem = refused(&[("requirements-cpu.txt", "a\n"), ("requirements-gpu.txt", "b\n")]);
        assert_eq!(problem.rule.code, "PX204");
        assert!(problem.message.contains("`requirements-cpu.txt`, `requirements-gpu.txt`"));
    }

    #[test]
    fn what_a_dockerfile_installs_is_the_list() {
        let serve = "CMD uvicorn app.main:app\n";
        let image = |file: &str| format!("RUN pip install -r {file}\n{serve}");
        let (one, two) = (image("requirements.txt"), image("requirements-pg.txt"));
        let files = [("requirements.txt", "a\n"), ("requirements-pg.txt", "b\n")];
        let also = |dockerfiles: &[(&str, &str)]| {
            let found = found(&[&files[..], dockerfiles].concat());
            let also: Vec<String> = found.also.iter().map(|also| also.path.to_string()).collect();
            (found.path.to_string(), also)
        };
        assert_eq!(also(&[("Dockerfile", &two)]), ("requirements-pg.txt".into(), vec![]));
        assert_eq!(
            also(&[("Dockerfile", &one), ("Dockerfile.pg", &two)]),
            ("requirements.txt".into(), vec!["requirements-pg.txt".into()])
        );
        let both = format!("RUN pip install -r requirements.txt -r requirements-pg.txt\n{serve}");
        assert_eq!(also(&[("Dockerfile", &both)]), ("requirements.txt".into(), vec![]));
        let cpu = [("requirements-cpu.txt", "a\n"), ("requirements-gpu.txt", "b\n")];
        let (first, second) = (image("requirements-gpu.txt"), image("requirements-cpu.txt"));
        let of_images = found(&[&cpu[..], &[("Dockerfile", &*first), ("Dockerfile.cpu", &*second)]].concat());
        assert_eq!((of_images.path.as_str(), of_images.also.len()), ("requirements-gpu.txt", 1));
        let test = image("requirements-test.txt");
        assert_eq!(also(&[("Dockerfile", &test)]), ("requirements.txt".into(), vec![]));
        // By another name, and beside a list that nothing installs.
        let named = image("deploy/pip.txt");
        check(&[("deploy/pip.txt", "a\n"), ("Dockerfile", &named)], Requirements, "deploy/pip.txt", None);
        let project = ("pyproject.toml", "[project]\ndependencies = [\"a\"]\n");
        let beside = found(&[project, files[0], ("Dockerfile", &one)]);
        assert_eq!((beside.path.as_str(), beside.also.len(), beside.copy), ("pyproject.toml", 1, None));
        let with_project = format!("RUN pip install -r requirements.txt && pip install .\n{serve}");
        let beside = found(&[project, files[0], ("Dockerfile", &with_project)]);
        assert_eq!((beside.also.len(), beside.copy), (0, Some(path("requirements.txt"))));
    }

    #[test]
    fn what_is_compiled_has_a_command() {
        let compiled = |header: &str| {
            let files = [("requirements.in", "a\n"), ("requirements.txt", header)];
            found(&files).compiled.map(|(command, _)| command)
        };
        let uv = "# This file was autogenerated by uv via the following command:\n#    uv pip compile requirements.in -o requirements.txt\na==1\n";
        assert_eq!(compiled(uv).as_deref(), Some("uv pip compile requirements.in -o requirements.txt"));
        assert_eq!(compiled("a==1\n").as_deref(), Some("pip-compile requirements.in"));
        assert_eq!(found(&[("requirements.in", "a\n")]).compiled, None);
    }

    #[test]
    fn includes_are_followed() {
        let files = [
            ("requirements.txt", "-r a.txt\nx\n-c c.txt\n"),
            ("a.txt", "-r sub/b.txt\n"),
            ("sub/b.txt", "-r ../a.txt\n-r gone.txt\n"),
            ("c.txt", ""),
        ];
        let includes: Vec<String> = found(&files).includes.iter().map(ToString::to_string).collect();
        assert_eq!(includes, ["a.txt", "c.txt", "sub/b.txt"]);
        check(&[("requirements.txt", "# all\n-r app.txt\n"), ("app.txt", "a\n")], Requirements, "app.txt", None);
        check(&[("requirements.txt", "-r requirements.txt\n")], Requirements, "requirements.txt", None);
    }

    #[test]
    fn dynamic_lists_are_followed_to_their_file() {
        let pyproject = "[project]\nname = \"x\"\ndynamic = [\"version\", \"dependencies\"]\n";
        let setuptools =
            format!("{pyproject}[tool.setuptools.dynamic]\ndependencies = {{file = [\"deps/run.txt\"]}}\n");
        check(&[("pyproject.toml", &setuptools), ("deps/run.txt", "a\n")], Requirements, "deps/run.txt", None);
        assert_eq!(refused(&[("pyproject.toml", &setuptools)]).rule.code, "PX203");
        let hatch =
            format!("{pyproject}[tool.hatch.metadata.hooks.requirements_txt]\nfiles = [\"requirements.txt\"]\n");
        check(&[("pyproject.toml", &hatch), ("requirements.txt", "a\n")], Requirements, "requirements.txt", None);
        let setup = ("setup.py", "install_requires=open('requirements.txt').readlines()");
        check(
            &[("pyproject.toml", pyproject), setup, ("requirements.txt", "a\n")],
            Requirements,
            "requirements.txt",
            None,
        );
        assert_eq!(refused(&[("pyproject.toml", pyproject)]).rule.code, "PX204");
        let two = setuptools.replace("\"]}", "\", \"b.txt\"]}");
        assert!(refused(&[("pyproject.toml", &two), ("deps/run.txt", "")]).message.contains("`b.txt`"));
    }

    #[test]
    fn nothing_to_edit_says_what_was_looked_for() {
        let files = [("requirements.txt", "a\n"), ("api/main.py", "")];
        let problem = with(&files, |files| locate(&path("api"), files)).expect_err("refused");
        assert_eq!(problem.rule.code, "PX203");
        assert!(problem.message.contains("`pyproject.toml`") && problem.message.contains("`requirements.txt`"));
        assert_eq!(problem.related[0].0, Location::file(path("requirements.txt")));
        // With nothing at all, it is made.
        check(&[("main.py", "")], Requirements, "requirements.txt", None);
        check(&[("pyproject.toml", "[tool.ruff]\n")], Requirements, "requirements.txt", None);
        for name in package_list::names() {
            let problem = refused(&[(name, ""), ("pyproject.toml", "[tool.x]\n")]);
            assert_eq!(problem.rule.code, "PX204");
            assert!(problem.message.contains(name));
        }
        assert_eq!(refused(&[("requirements.txt", "binary")]).rule.code, "PX004");
        assert_eq!(refused(&[("pyproject.toml", "binary")]).rule.code, "PX004");
        let problem = refused(&[("pyproject.toml", "[project]\nname = \"x\n")]);
        assert_eq!(problem.rule.code, "PX005");
        assert!(problem.at.is_some_and(|at| at.range.start >= 10));
        assert_eq!(refused(&[("pyproject.toml", "[project]\ndependencies = 1\n")]).rule.code, "PX204");
    }

    #[test]
    fn files_of_other_formats() {
        let setup = ("setup.py", "from setuptools import setup\nsetup(install_requires=['a'])\n");
        let cfg = ("setup.cfg", "[options]\ninstall_requires =\n    a\n");
        let conda = ("environment.yml", "dependencies:\n  - pip:\n      - a\n");
        let pipfile = ("Pipfile", "[packages]\na = \"*\"\n[dev-packages]\n");
        check(&[setup], Other, "setup.py", None);
        check(&[("setup.py", "from setuptools import setup\nsetup()\n"), cfg], Other, "setup.cfg", None);
        check(&[conda], Other, "environment.yml", None);
        check(&[pipfile, setup], Other, "Pipfile", Some("Pipfile"));
        let dynamic = ("pyproject.toml", "[project]\nname = \"x\"\ndynamic = [\"dependencies\"]\n");
        check(&[dynamic, cfg], Other, "setup.cfg", None);
        check(&[("pixi.toml", "[pypi-dependencies]\n")], Other, "pixi.toml", None);
        check(&[cfg, ("requirements.txt", "a\n")], Requirements, "requirements.txt", None);
        assert_eq!(refused(&[("Pipfile", "[packages\n")]).rule.code, "PX005");
    }
}
