//! Finds the project around a folder, and says what is where in it.
//!
//! Nothing is executed. What is not found, or is found more than once, becomes a `Problem` in the layout; only "there is no
//! project here" ends discovery itself.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::WalkState;

use super::compose;
use super::dependencies;
use super::find_application::{self, Candidate, dotted};
use super::find_settings;
use super::imports::{self, Files};
use super::layout::{Application, Compose, DependencyFormat, Installer, Layout, Services, Settings};
use super::reader::{Hit, Reader, search, to_file_path};
use super::{FilePath, Project};
use super::{application, base_texts};
use crate::component::COMPONENTS;
use crate::finding::{self, Problem};
use crate::lock::{self, Lock};

/// What the user said about the project on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `-C`
    pub project: Option<PathBuf>,
    /// `--app`
    pub app: Option<String>,
    /// `--settings`
    pub settings: Option<String>,
    /// `--compose`
    pub compose: Option<String>,
    /// `--services-dir`
    pub services_dir: Option<String>,
    /// The folder for the state of programs (`$XDG_STATE_HOME`), where there is one.
    pub state: Option<PathBuf>,
}

/// A project that was found.
#[derive(Debug)]
pub struct Discovery {
    /// The absolute folder that all paths are relative to: the top of the git repository, or the project's root.
    pub base: PathBuf,
    /// Is the project inside a git repository?
    pub in_git: bool,
    /// The project.
    pub project: Project,
    /// What `paxx.lock` says; an empty one where there is none.
    pub lock: Result<Lock, Problem>,
    /// Options that were given on the command line, to be recorded.
    pub options: Vec<(String, String)>,
}

impl Discovery {
    /// The folder for the journal and the undo record: `.paxx` at the project's root, or at the top of the repository where
    /// a compose file above the root is used, because other projects may use that one too.
    pub fn state_folder(&self) -> PathBuf {
        let layout = &self.project.layout;
        let shared = layout
            .compose
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .is_some_and(|compose| !compose.path.is_below(&layout.root));
        let folder = if shared { self.base.clone() } else { self.base.join(layout.root.as_str()) };
        folder.join(".paxx")
    }
}

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
const FASTAPI: u32 = 1;
const SETTINGS: u32 = 1 << 1;
const HANDLERS: u32 = 1 << 2;
const ROUTES: u32 = 1 << 3;
const WIRING: u32 = 1 << 4;

/// Finds the project that `start` (an absolute folder) is in.
///
/// # Errors
///
/// There is none.
pub fn discover(start: &Path, options: &Options) -> Result<Discovery, Failure> {
    let given = options.project.as_ref().map(|project| start.join(project));
    let start = given.clone().unwrap_or_else(|| start.to_owned());
    let Ok(start) = std::fs::canonicalize(&start) else {
        let problem = Problem::new(&finding::NOT_A_PROJECT, format!("there is no folder `{}`", start.display()))
            .help("give `-C` the folder of a FastAPI project");
        return Err(Failure::NotAProject { problem, below: Vec::new() });
    };
    let top = start.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    let limit = top.clone().unwrap_or_else(|| start.clone());
    let mut below: Vec<FilePath> = Vec::new();
    let mut unmarked = None;
    for folder in start.ancestors() {
        // Outside of git there is no end that the user drew: the nearest folder that looks like a project counts.
        if top.is_some() && !folder.starts_with(&limit) {
            break;
        }
        let marked = is_marked(folder);
        if marked || folder == start {
            let base = top.clone().unwrap_or_else(|| folder.to_owned());
            let Some(root) = folder.strip_prefix(&base).ok().and_then(to_file_path) else { continue };
            let known_lock = folder.join(lock::NAME).exists();
            let hits = search_words(&base, &root);
            let (own, nested) = split(&base, &root, hits);
            if known_lock || own.iter().any(|hit| hit.words & FASTAPI != 0 && has_application(&base, hit)) {
                if marked {
                    return Ok(describe(base, top.is_some(), &root, &own, options));
                }
                unmarked = Some((base, root, own));
            } else if folder == start {
                below = nested;
            }
        }
        // Without a repository nothing says where to stop: the nearest folder that looks like a project is the last one.
        if given.is_some() || (top.is_none() && marked) {
            break;
        }
    }
    if let Some((base, root, own)) = unmarked {
        return Ok(describe(base, top.is_some(), &root, &own, options));
    }
    let base = top.unwrap_or_else(|| start.clone());
    let here = start.strip_prefix(&base).ok().and_then(to_file_path).unwrap_or_else(FilePath::top);
    let below: Vec<String> = below.iter().map(|folder| folder.relative_to(&here)).collect();
    let mut problem = Problem::new(&finding::NOT_A_PROJECT, format!("no FastAPI project at `{}`", start.display()));
    problem = if below.is_empty() {
        problem.help(
            "run paxx in the folder of a FastAPI project (one with a `FastAPI(...)` call), or name it with `-C DIR`",
        )
    } else {
        let commands: Vec<String> = below.iter().map(|folder| format!("`paxx -C {folder} ...`")).collect();
        problem.help(format!("there are projects below: type {}", commands.join(" or ")))
    };
    Err(Failure::NotAProject { problem, below })
}

/// Finds a project again whose `paxx.lock` says where its application and settings are, without a search over all files.
///
/// `None` where it does not say, or where they are not found there any more. What came since (a second application, a
/// route that is taken) is not seen: good for "all is well", and for nothing else.
pub fn recorded(start: &Path, options: &Options) -> Option<Discovery> {
    let given = options.project.as_ref().map(|project| start.join(project));
    let start = std::fs::canonicalize(given.as_deref().unwrap_or(start)).ok()?;
    let top = start.ancestors().find(|folder| folder.join(".git").exists());
    let has_lock = |folder: &&Path| folder.join(lock::NAME).exists();
    let root = match (&given, top) {
        (Some(_), _) => Some(start.as_path()).filter(has_lock)?,
        (None, Some(top)) => start.ancestors().take_while(|folder| folder.starts_with(top)).find(has_lock)?,
        (None, None) => start.ancestors().find(has_lock)?,
    };
    let base = top.unwrap_or(root).to_owned();
    let folder = to_file_path(root.strip_prefix(&base).ok()?)?;
    let in_git = top.is_some();
    let reader = Reader::new(base);
    let lock = read_lock(&reader, &folder).ok()?;
    let found = lock.found.clone();
    let mut hits: Vec<Hit> = found
        .iter()
        .filter_map(|place| folder.join(place.rsplit_once(':')?.0))
        .map(|path| Hit { path, words: FASTAPI | SETTINGS })
        .collect();
    hits.sort_by(|left, right| left.path.cmp(&right.path));
    hits.dedup_by(|left, right| left.path == right.path);
    if hits.is_empty() {
        return None;
    }
    let discovery = describe_by(reader, Ok(lock), in_git, &folder, &hits, options);
    // Handlers may be registered in any module; a lifespan is followed from the application.
    let is_followed = matches!(application::lifespan(&discovery.project), Ok(application::Lifespan::Generator { .. }));
    (is_followed && discovery.project.layout.found() == found).then_some(discovery)
}

/// Reads the project's Python files that have one of `words`: for questions about the user's code that no requirement asks.
pub fn read_files_with(discovery: &mut Discovery, words: &[String]) {
    let words: Vec<(&str, u32)> = words.iter().map(|word| (word.as_str(), 1)).collect();
    let reader = Reader::new(discovery.base.clone());
    for hit in search(&discovery.base, &discovery.project.layout.root, &words) {
        if discovery.project.file(&hit.path).is_none()
            && let Some(file) = reader.file(&hit.path)
        {
            discovery.project.add(hit.path, file);
        }
    }
}

/// Folders below `start` that have a `paxx.lock`, for a check of all of them, sorted.
pub fn locked_projects(start: &Path) -> Vec<PathBuf> {
    let found = Mutex::new(Vec::new());
    let walker = ignore::WalkBuilder::new(start)
        .require_git(false)
        .git_global(false)
        .threads(2)
        .filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            !matches!(name, "node_modules" | "site-packages" | "__pycache__" | "venv")
        })
        .build_parallel();
    walker.run(|| {
        Box::new(|entry| {
            if let Ok(entry) = entry
                && entry.file_name() == lock::NAME
                && let Some(folder) = entry.path().parent()
                && let Ok(mut found) = found.lock()
            {
                found.push(folder.to_owned());
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort();
    found
}

/// Has the folder a file that projects have at their root?
fn is_marked(folder: &Path) -> bool {
    const NAMES: &[&str] = &[
        "pyproject.toml",
        "requirements.txt",
        "requirements.in",
        "setup.cfg",
        "Pipfile",
        "poetry.lock",
        "uv.lock",
        "environment.yml",
        "requirements",
        lock::NAME,
    ];
    NAMES.iter().any(|name| folder.join(name).exists()) || has_setup_script(folder)
}

/// A `setup.py` of setuptools, not a module of that name.
fn has_setup_script(folder: &Path) -> bool {
    let script = folder.join("setup.py");
    std::fs::read_to_string(script).is_ok_and(|text| text.contains("setuptools") || text.contains("distutils"))
}

fn search_words(base: &Path, root: &FilePath) -> Vec<Hit> {
    let mut words = vec![
        ("FastAPI", FASTAPI),
        ("Settings", SETTINGS),
        ("on_event", HANDLERS),
        ("add_event_handler", HANDLERS),
        ("Instrumentator", ROUTES),
    ];
    for manifest in COMPONENTS.iter().map(|component| &component.manifest) {
        let paths = manifest.router.iter().flat_map(|router| router.paths.iter());
        words.extend(paths.map(|path| (path.0, ROUTES)));
        let calls = manifest.lifespan.iter().flat_map(|entry| [entry.start, entry.stop]).flatten();
        words.extend(calls.filter_map(|callee| callee.0.rsplit('.').next()).map(|name| (name, WIRING)));
        words.extend(manifest.middleware.iter().map(|entry| (entry.name.0, WIRING)));
        words.extend(manifest.router.iter().map(|entry| (entry.name.0, WIRING)));
        words.extend(manifest.statement.iter().map(|entry| (entry.name.0, WIRING)));
    }
    search(base, root, &words)
}

/// The files of the project itself, and the roots of projects below that have an application.
fn split(base: &Path, root: &FilePath, hits: Vec<Hit>) -> (Vec<Hit>, Vec<FilePath>) {
    let marked_here = is_marked(&base.join(root.as_str()));
    let is_project = |folder: &FilePath| {
        let folder = base.join(folder.as_str());
        let strong = ["pyproject.toml", "Pipfile", lock::NAME].iter().any(|name| folder.join(name).exists());
        strong || has_setup_script(&folder) || (!marked_here && is_marked(&folder))
    };
    let mut known: std::collections::BTreeMap<FilePath, Option<FilePath>> = std::collections::BTreeMap::new();
    let mut own = Vec::new();
    let mut nested = Vec::new();
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
                    && has_application(base, &hit)
                {
                    nested.push(project);
                }
            }
        }
    }
    (own, nested)
}

/// Does the file look as if it made an application, or a class of applications? Parsing comes later.
fn has_application(base: &Path, hit: &Hit) -> bool {
    // Bytes: that a file is not UTF-8 is reported where it is read.
    std::fs::read(base.join(hit.path.as_str())).is_ok_and(|bytes| {
        [&b"FastAPI("[..], b"(FastAPI", b"FastAPI as "].iter().any(|text| memchr::memmem::find(&bytes, text).is_some())
    })
}

/// Tests, examples and the like: what they have counts only where nothing else has it.
fn is_secondary(path: &FilePath, root: &FilePath) -> bool {
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

/// The keys of `[tool.paxx]`.
#[derive(Debug, Default)]
struct Configuration {
    app: Option<String>,
    settings: Option<String>,
    compose: Option<String>,
    services_dir: Option<String>,
    fastapi_entrypoint: Option<String>,
}

fn configuration(reader: &Reader, root: &FilePath) -> Configuration {
    let file = reader.file(&root.child("pyproject.toml"));
    let Some(source) = file.and_then(|file| file.toml().ok()) else { return Configuration::default() };
    let value = |path: &[&str]| source.string(path).map(str::to_owned);
    Configuration {
        app: value(&["tool", "paxx", "app"]),
        settings: value(&["tool", "paxx", "settings"]),
        compose: value(&["tool", "paxx", "compose"]),
        services_dir: value(&["tool", "paxx", "services-dir"]),
        fastapi_entrypoint: value(&["tool", "fastapi", "entrypoint"]),
    }
}

fn describe(base: PathBuf, in_git: bool, root: &FilePath, hits: &[Hit], options: &Options) -> Discovery {
    let reader = Reader::new(base);
    let lock = read_lock(&reader, root);
    describe_by(reader, lock, in_git, root, hits, options)
}

/// What `paxx.lock` says; an empty one where there is none.
fn read_lock(reader: &Reader, root: &FilePath) -> Result<Lock, Problem> {
    let path = root.child(lock::NAME);
    let Some(file) = reader.file(&path) else {
        if !reader.exists(&path) {
            return Ok(Lock::default());
        }
        let why = "it is no file inside the repository, or may not be read";
        return Err(Problem::new(&finding::LOCK_UNREADABLE, format!("`{path}` cannot be read: {why}"))
            .at(&path, 0..0)
            .help("take it back from git (`git checkout -- paxx.lock`)"));
    };
    match file.text() {
        Some(text) => Lock::parse(&path, text),
        None => Err(Problem::new(&finding::LOCK_UNREADABLE, format!("`{path}` is not UTF-8 text")).at(&path, 0..0)),
    }
}

fn describe_by(
    reader: Reader,
    lock: Result<Lock, Problem>,
    in_git: bool,
    root: &FilePath,
    hits: &[Hit],
    options: &Options,
) -> Discovery {
    let given = [
        ("app", &options.app),
        ("settings", &options.settings),
        ("compose", &options.compose),
        ("services-dir", &options.services_dir),
    ];
    let recorded: Vec<(String, String)> = given
        .iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| ((*key).to_owned(), value.clone())))
        .collect();
    let mut configured = configuration(&reader, root);
    let locked = |key: &str| lock.as_ref().ok().and_then(|lock| lock.option(key)).map(str::to_owned);
    let app = options.app.clone().or(configured.app.take()).or_else(|| locked("app"));
    let settings = options.settings.clone().or(configured.settings.take()).or_else(|| locked("settings"));
    let compose_file = options.compose.clone().or(configured.compose.take()).or_else(|| locked("compose"));
    let services_dir =
        options.services_dir.clone().or(configured.services_dir.take()).or_else(|| locked("services-dir"));

    let read = |path: &FilePath| reader.text(path);
    let list = |folder: &FilePath| reader.list(folder);
    let paths = |word: u32| -> Vec<FilePath> {
        let primary: Vec<FilePath> = hits
            .iter()
            .filter(|hit| hit.words & word != 0 && !is_secondary(&hit.path, root))
            .map(|hit| hit.path.clone())
            .collect();
        if primary.is_empty() && word == FASTAPI {
            return hits.iter().filter(|hit| hit.words & word != 0).map(|hit| hit.path.clone()).collect();
        }
        primary
    };
    let fastapi_files = paths(FASTAPI);
    let found =
        find_the_application(&reader, root, &fastapi_files, app.as_deref(), configured.fastapi_entrypoint.as_deref());
    let (application, import_root) = match found {
        Ok((application, import_root)) => (Ok(application), import_root),
        Err(problem) => (Err(problem), root.clone()),
    };
    let mut import_roots = vec![import_root.clone()];
    for other in [root.clone(), root.child("src")] {
        if !import_roots.contains(&other) && reader.is_folder(&other) {
            import_roots.push(other);
        }
    }
    let mut first_party: Vec<String> = Vec::new();
    for import_root in &import_roots {
        for name in reader.list(import_root) {
            let name = match name.strip_suffix(".py") {
                Some(stem) => stem.to_owned(),
                None if !name.starts_with('.')
                    && imports::is_name(&name)
                    && reader.is_folder(&import_root.child(&name)) =>
                {
                    name
                }
                None => continue,
            };
            if !first_party.contains(&name) {
                first_party.push(name);
            }
        }
    }
    let settings = find_the_settings(
        &reader,
        root,
        &import_roots,
        &paths(SETTINGS),
        application.as_ref().ok(),
        settings.as_deref(),
    );
    let settings = match (settings, lock.as_ref().ok().and_then(settings_before)) {
        (Ok(None), Some(before)) => Err(settings_gone(root, &before)),
        (settings, _) => settings,
    };
    let settings =
        settings.map(|found| found.unwrap_or_else(|| new_settings(&reader, &import_root, application.as_ref().ok())));
    // What was read from a file with a syntax error is a guess, also where nothing in it must change.
    let settings = settings.and_then(|settings| {
        let error = reader.file(&settings.path).and_then(|file| file.python().error.clone());
        error.map_or(Ok(settings.clone()), |error| Err(syntax_error(&settings.path, error)))
    });
    let services = services(&reader, root, &import_root, application.as_ref().ok(), services_dir.as_deref());
    let wiring = wiring_modules(&reader, &import_roots, &services, application.as_ref().ok(), paths(WIRING));
    let compose = find_compose(&reader, root, application.as_ref().ok(), compose_file.as_deref());
    let found_dependencies = dependencies::locate(root, &read, &list);
    let installer = dependencies::installer(root, &read, &|path| reader.exists(path), found_dependencies.as_ref().ok());
    let layout = Layout {
        name: dependencies::project_name(root, &read).unwrap_or_else(|| folder_name(&reader, root)),
        line_length: dependencies::line_length(root, &read),
        env_example: find_env_example(&reader, root),
        ignore_files: [".gitignore", ".dockerignore"]
            .iter()
            .map(|name| root.child(name))
            .filter(|path| reader.file(path).is_some())
            .collect(),
        alembic: find_alembic(&reader, root),
        root: root.clone(),
        import_roots,
        first_party,
        services,
        application,
        settings,
        compose,
        dependencies: found_dependencies,
        installer,
        handlers: paths(HANDLERS),
        wiring,
    };
    read_the_rest(&reader, &layout, &paths(ROUTES));
    let base = reader.base.clone();
    let base_texts = match (&options.state, &lock) {
        (Some(state), Ok(lock)) => base_texts::find(state, &reader, lock, &layout.services.folder),
        _ => std::collections::BTreeMap::new(),
    };
    let (files, links) = reader.into_files();
    let project = Project::new(layout, files).with_links(links).with_base_texts(base_texts);
    Discovery { base, in_git, project, lock, options: recorded }
}

/// Reads what the requirements look at: the modules of components, and the files that a lifespan leads to.
fn read_the_rest(reader: &Reader, layout: &Layout, routes: &[FilePath]) {
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
        if let Some(path) = services.join(&module.path) {
            reader.file(&path);
        }
    }
    for path in layout.handlers.iter().chain(&layout.wiring).chain(routes) {
        reader.file(path);
    }
    if let Some(folder) = &layout.alembic {
        reader.file(&folder.child("env.py"));
        reader.file(&folder.child("script.py.mako"));
    }
    if let Some(path) = &layout.env_example {
        reader.file(path);
    }
    for path in
        layout.dependencies.iter().flat_map(|found| found.includes.iter().chain(&found.copy).chain(&found.development))
    {
        reader.file(path);
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
            let _ = application::lifespan_of(reader, layout, &application.path, &wiring);
        }
    }
}

fn find_the_application(
    reader: &Reader,
    root: &FilePath,
    files: &[FilePath],
    app: Option<&str>,
    entrypoint: Option<&str>,
) -> Result<(Application, FilePath), Problem> {
    let roots = [root.clone(), root.child("src")];
    let make = |candidate: &Candidate, evidence: String, hint: Option<&str>| {
        let import_root = find_application::import_root(reader, root, &candidate.path, hint);
        let module = dotted(&candidate.path, &import_root);
        (find_application::application(candidate, module, evidence), import_root)
    };
    let explicit = |target: &str, place: &str| -> Result<(Application, FilePath), Problem> {
        let wrong = |why: &str| {
            Problem::new(&finding::CONFIGURATION, format!("{place} `{target}`: {why}"))
                .help("write it as `MODULE:ATTR`, such as `app.main:app`")
        };
        let (module, attribute) = target.split_once(':').ok_or_else(|| wrong("there is no `:` in it"))?;
        let attribute = attribute.trim_end_matches("()");
        let path = find_application::file_of_module(reader, &roots, files, module)
            .ok_or_else(|| wrong("there is no such module"))?;
        let mut import_roots = roots.to_vec();
        import_roots.insert(0, find_application::import_root(reader, root, &path, Some(module)));
        let found = find_application::follow(reader, &import_roots, &path, attribute)
            .ok_or_else(|| wrong(&format!("`{attribute}` leads to no `FastAPI(...)` call")))?;
        Ok(make(&found, place.to_owned(), (found.path == path).then_some(module)))
    };
    if let Some(target) = app {
        return explicit(target, "the application");
    }
    let mut candidates = Vec::new();
    let mut unparsable = None;
    for path in files {
        let Some(file) = reader.file(path) else { continue };
        let source = file.python();
        let text = file.text().unwrap_or_default();
        if file.text().is_none() {
            unparsable.get_or_insert_with(|| not_text(path));
        } else if let Some(error) = source.error.clone().filter(|_| text.contains("FastAPI(")) {
            unparsable.get_or_insert_with(|| syntax_error(path, error));
        }
        let own = find_application::candidates(path, source);
        candidates.extend(own.into_iter().filter(|candidate| !find_application::is_mounted(source, text, candidate)));
    }
    if let Some(target) = entrypoint
        && let Ok(found) = explicit(target, "`[tool.fastapi] entrypoint`")
    {
        return Ok(found);
    }
    if let Some(problem) = unparsable.filter(|_| candidates.is_empty()) {
        return Err(problem);
    }
    let mut named: Vec<(Candidate, String, String)> = Vec::new();
    for path in find_application::evidence_files(reader, root) {
        let Some(text) = reader.text(&path) else { continue };
        let place = format!("the start command in `{}`", path.relative_to(root));
        for evidence in find_application::evidence_in(&text, &place) {
            let Some(module) = find_application::file_of_module(reader, &roots, files, &evidence.module)
                .or_else(|| find_application::file_of_module(reader, &roots, &[], &evidence.module))
            else {
                continue;
            };
            let mut import_roots = roots.to_vec();
            import_roots.insert(0, find_application::import_root(reader, root, &module, Some(&evidence.module)));
            let found = match &evidence.attribute {
                Some(attribute) => find_application::follow(reader, &import_roots, &module, attribute),
                None => candidates.iter().find(|candidate| candidate.path == module).cloned(),
            };
            if let Some(found) = found
                && !named.iter().any(|(known, ..)| known.path == found.path && known.call.range == found.call.range)
            {
                let hint = if found.path == module { evidence.module.clone() } else { String::new() };
                named.push((found, evidence.place, hint));
            }
        }
    }
    if let [(candidate, place, hint)] = named.as_slice() {
        return Ok(make(candidate, place.clone(), Some(hint.as_str()).filter(|hint| !hint.is_empty())));
    }
    match candidates.as_slice() {
        [] => Err(Problem::new(&finding::NO_APPLICATION, "no `FastAPI(...)` call was found")
            .help("name the application with `--app MODULE:ATTR`")),
        [only] => Ok(make(only, "the only application there is".to_owned(), None)),
        several => {
            let several: Vec<Candidate> = if named.is_empty() {
                several.to_vec()
            } else {
                named.into_iter().map(|(candidate, ..)| candidate).collect()
            };
            Err(find_application::several(&several, root))
        }
    }
}

fn not_text(path: &FilePath) -> Problem {
    Problem::new(&finding::NOT_TEXT, format!("`{path}` is not UTF-8 text")).at(path, 0..0).help("convert it to UTF-8")
}

/// The problem of a Python file with a syntax error.
pub fn syntax_error(path: &FilePath, place: std::ops::Range<usize>) -> Problem {
    Problem::new(&finding::SYNTAX_ERROR, format!("`{path}` has a syntax error"))
        .at(path, place)
        .help("mend it first: a file that cannot be parsed is not edited")
}

fn find_the_settings(
    reader: &Reader,
    root: &FilePath,
    roots: &[FilePath],
    files: &[FilePath],
    application: Option<&Application>,
    wanted: Option<&str>,
) -> Result<Option<Settings>, Problem> {
    let wanted = match wanted {
        None => None,
        Some(option) => {
            let wrong = |why: &str| {
                Problem::new(&finding::CONFIGURATION, format!("the settings class `{option}`: {why}"))
                    .help("write it as `PATH:CLASS`, such as `app/core/config.py:Settings`")
            };
            let (path, class) = option.rsplit_once(':').ok_or_else(|| wrong("there is no `:` in it"))?;
            let path = root
                .join(path)
                .filter(|path| reader.file(path).is_some())
                .ok_or_else(|| wrong("there is no such file"))?;
            Some((path, class.to_owned()))
        }
    };
    let mut files = files.to_vec();
    if let Some((path, _)) = &wanted
        && !files.contains(path)
    {
        files.push(path.clone());
    }
    let found = find_settings::find(reader, roots, &files, application, wanted.as_ref());
    let broken = || {
        files.iter().find_map(|path| {
            let file = reader.file(path)?;
            match file.text() {
                None if memchr::memmem::find(file.bytes(), b"BaseSettings").is_some() => Some(not_text(path)),
                Some(text) if text.contains("BaseSettings") => {
                    file.python().error.clone().map(|error| syntax_error(path, error))
                }
                _ => None,
            }
        })
    };
    match found {
        // A settings module that cannot be parsed is not "no settings class".
        Ok(None) | Err(_) => match broken().or_else(|| linked_outside(reader, roots, application)) {
            Some(problem) => Err(problem),
            None => found,
        },
        found => found,
    }
}

/// Where `paxx.lock` says that the settings class was, unless we made it: then it is made again.
fn settings_before(lock: &Lock) -> Option<String> {
    let is_ours = lock.scaffolding.iter().any(|scaffolding| scaffolding.name == "settings-class");
    lock.found.get(1).filter(|_| !is_ours && !lock.components.is_empty()).cloned()
}

fn settings_gone(root: &FilePath, before: &str) -> Problem {
    let (path, class) = before.rsplit_once(':').unwrap_or((before, "Settings"));
    let problem = Problem::new(
        &finding::NO_SETTINGS_CLASS,
        format!("the settings class `{class}` is not in `{path}` any more, and there is no other one"),
    )
    .help("take it back from git, or name the class with `--settings PATH:CLASS`");
    match root.join(path) {
        Some(path) => problem.at(&path, 0..0),
        None => problem,
    }
}

/// A module that the application imports and that is a link to something outside of the repository, which is not read.
fn linked_outside(reader: &Reader, roots: &[FilePath], application: Option<&Application>) -> Option<Problem> {
    let application = application?;
    let file = reader.file(&application.path)?;
    let modules = file.python().imports.iter().filter_map(|import| import.from.clone());
    let paths = modules.flat_map(|module| {
        roots.iter().filter_map(move |root| root.join(&format!("{}.py", module.replace('.', "/")))).collect::<Vec<_>>()
    });
    let path =
        paths.into_iter().find(|path| reader.exists(path) && reader.file(path).is_none() && !reader.is_folder(path))?;
    Some(
        Problem::new(
            &finding::OUTSIDE,
            format!("`{path}` leads out of the repository, so it is neither read nor edited"),
        )
        .help("put the file itself there, or name a settings class inside the project with `--settings PATH:CLASS`"),
    )
}

/// A settings class that the plan would make, beside the application.
fn new_settings(reader: &Reader, import_root: &FilePath, application: Option<&Application>) -> Settings {
    let folder = application.and_then(|application| application.path.parent()).unwrap_or_else(|| import_root.clone());
    let names = ["settings.py", "config.py", "app_settings.py", "paxx_settings.py"];
    let is_ours = |path: &FilePath| reader.text(path).is_some_and(|text| text.contains("class Settings(BaseSettings)"));
    let free = |name: &&&str| {
        let path = folder.child(name);
        let package = folder.child(name.trim_end_matches(".py"));
        (!reader.exists(&path) && !reader.exists(&package)) || is_ours(&path)
    };
    let name = names.iter().find(free).copied().unwrap_or("paxx_settings.py");
    let path = folder.child(name);
    Settings {
        import: format!("from {} import settings", dotted(&path, import_root)),
        path,
        class: "Settings".to_owned(),
        expression: "settings".to_owned(),
        upper_case: false,
        env_prefix: String::new(),
        case_sensitive: false,
        pydantic_v1: false,
        create: true,
        bases: Vec::new(),
    }
}

fn services(
    reader: &Reader,
    root: &FilePath,
    import_root: &FilePath,
    application: Option<&Application>,
    option: Option<&str>,
) -> Services {
    let folder = if let Some(folder) = option.and_then(|option| root.join(option)) {
        folder
    } else {
        // An application in a package's `__init__.py` is in that package; one in a module at the root is in none.
        let package = application.and_then(|application| match application.module.split_once('.') {
            Some((package, _)) => Some(package),
            None if application.path.name() == "__init__.py" => Some(application.module.as_str()),
            None => None,
        });
        let parent = package.map_or_else(|| import_root.clone(), |package| import_root.child(package));
        parent.child("services")
    };
    let needs_init = !reader.exists(&folder.child("__init__.py"));
    Services { package: folder.relative_to(import_root).replace('/', "."), folder, needs_init }
}

/// Of the modules that speak of what a component is wired with, those that the application imports, perhaps through others.
/// The modules of the components speak of one another, and wire nothing.
fn wiring_modules(
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
            && !modules().any(|module| services.folder.join(&module.path).as_ref() == Some(path))
            && imports::leads_to(reader, import_roots, &application.path, path)
    });
    files
}

fn find_compose(
    reader: &Reader,
    root: &FilePath,
    application: Option<&Application>,
    option: Option<&str>,
) -> Result<Option<Compose>, Problem> {
    let path = match option {
        Some("none") => return Ok(None),
        Some(option) => {
            let path = root.join(option).filter(|path| reader.file(path).is_some()).ok_or_else(|| {
                Problem::new(
                    &finding::CONFIGURATION,
                    format!("there is no compose file `{option}` inside the repository"),
                )
                .help("give `--compose` a path relative to the project, or `none`")
            })?;
            Some(path)
        }
        None => compose_file(reader, root),
    };
    let Some(path) = path else { return Ok(None) };
    let path = reader.real(&path).unwrap_or(path);
    let application = match (reader.file(&path).map(|file| file.yaml()), application) {
        (Some(Ok(source)), Some(application)) => {
            compose::application_service(&source, &path, root, &application.module, &|path| reader.text(path))
        }
        _ => Ok(None),
    };
    let others = reader.file(&path).and_then(|file| file.yaml().ok()).map_or_else(Vec::new, |source| {
        let mut others = compose::others(&source, &path);
        others.retain(|other| reader.file(other).is_some());
        others
    });
    Ok(Some(Compose { path, application, others }))
}

fn compose_file(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let in_folder = |folder: &FilePath| {
        compose::NAMES.iter().map(|name| folder.child(name)).find(|path| reader.file(path).is_some())
    };
    if let Some(found) = in_folder(root) {
        return Some(found);
    }
    let mut folder = root.parent();
    while let Some(present) = folder {
        if let Some(found) = in_folder(&present) {
            return Some(found);
        }
        folder = present.parent();
    }
    let below: Vec<FilePath> = [
        "docker",
        "deploy",
        "deployment",
        "deployments",
        ".docker",
        "infra",
        "infrastructure",
        "compose",
        "ops",
        "local",
    ]
    .iter()
    .filter_map(|name| in_folder(&root.child(name)))
    .collect();
    match below.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn find_env_example(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    const NAMES: &[&str] = &[
        ".env.example",
        ".env.template",
        ".env.sample",
        ".env-example",
        ".env.dist",
        ".env_example",
        ".env.example.local",
        ".env.tmpl",
        ".env-template",
        ".env-sample",
        ".env_template",
        ".env_sample",
        "env.example",
        "example.env",
        "sample.env",
        "env.sample",
        "env.template",
        ".example.env",
        ".sample.env",
        ".env.dev.example",
        ".env.local.example",
        ".env.development.example",
        "dotenv.example",
    ];
    let mut folder = Some(root.clone());
    while let Some(present) = folder {
        if let Some(path) = NAMES.iter().map(|name| present.child(name)).find(|path| reader.file(path).is_some()) {
            return Some(reader.real(&path).unwrap_or(path));
        }
        folder = present.parent();
    }
    None
}

fn find_alembic(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let is_one = |folder: &FilePath| {
        reader
            .file(&folder.child("env.py"))
            .is_some_and(|file| file.text().is_some_and(|text| text.contains("alembic")))
    };
    let mut folders = Vec::new();
    for place in [root.clone(), root.child("src"), root.child("app"), root.child("backend")] {
        if let Some(text) = reader.text(&place.child("alembic.ini")) {
            let location =
                text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "script_location");
            if let Some((_, location)) = location {
                let location = location.trim().replace("%(here)s/", "").replace(':', "/");
                folders.extend(place.join(&location));
                folders.extend(root.join(&location));
            }
        }
    }
    folders.extend(
        [
            "alembic",
            "migrations",
            "db/migrations",
            "app/alembic",
            "app/migrations",
            "src/alembic",
            "src/migrations",
            "app/db/migrations",
        ]
        .iter()
        .filter_map(|name| root.join(name)),
    );
    folders.into_iter().find(is_one)
}

fn folder_name(reader: &Reader, root: &FilePath) -> String {
    let name = if root.as_str().is_empty() {
        reader.base.file_name().and_then(|name| name.to_str()).unwrap_or("app").to_owned()
    } else {
        root.name().to_owned()
    };
    if name.is_empty() { "app".to_owned() } else { name }
}

/// How the project's dependencies are installed, as a command.
pub fn install_command(layout: &Layout) -> String {
    let requirements = layout.dependencies.as_ref().ok().filter(|found| found.format == DependencyFormat::Requirements);
    match (requirements, layout.installer) {
        (Some(found), _) => format!("pip install -r {}", found.path.relative_to(&layout.root)),
        (None, Installer::Uv) => "uv sync".to_owned(),
        (None, Installer::Poetry) => "poetry lock && poetry install".to_owned(),
        (None, Installer::Pdm) => "pdm install".to_owned(),
        (None, Installer::Pip) => "pip install -e .".to_owned(),
    }
}
