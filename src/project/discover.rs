//! Finds the project around a folder, and says what is where in it.
//!
//! Nothing is executed. What is not found, or is found more than once, becomes a `Problem` in the layout; only "there is no
//! project here" ends discovery itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::application;
use super::base_texts;
use super::compose::{self, model::Model};
use super::configuration::{self, Choice};
use super::dependencies;
use super::find_application::{self, Candidate, dotted};
use super::find_settings;
use super::imports::{self, Files};
use super::layout::{Application, Compose, DependencyFormat, Installer, Layout, Services, Settings};
use super::lifespan;
use super::own_settings;
use super::reader::{Hit, Reader};
use super::root::{self, FASTAPI, HANDLERS, HEALTH, ROUTES, SERVERS, SETTINGS, WIRING, is_secondary};
use super::routes;
use super::tests;
use super::weigh_applications;
use super::{FilePath, Project};
use crate::component::COMPONENTS;
use crate::finding::{self, Problem, Severity};
use crate::lock::{self, Lock};
use crate::source::python::StatementKind;

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
    /// `--service`
    pub service: Option<String>,
    /// `--services-dir`
    pub services_dir: Option<String>,
    /// `--module`, each `NAME=OTHER`
    pub modules: Vec<String>,
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
    /// Was it said whether tests are written for generated modules?
    pub tests_are_configured: bool,
    /// Packages that the project's own code imports already, of those that are to be listed.
    pub imported: Vec<String>,
    /// Why nothing can be said of the project: files that cannot be read, a configuration that cannot be used.
    pub problems: Vec<Problem>,
    /// Parts of the project that were not searched.
    pub unsearched: Vec<Problem>,
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

/// Finds the project that `start` (an absolute folder) is in.
///
/// # Errors
///
/// There is none.
pub fn discover(start: &Path, options: &Options) -> Result<Discovery, Failure> {
    let found = root::find(start, options)?;
    let lock = read_lock(&found.reader, &found.folder);
    Ok(describe(found.reader, lock, found.in_git, &found.folder, &found.hits, options))
}

/// The project of these files alone, at their top: no disk is read.
///
/// # Errors
///
/// They are no project.
pub fn discover_in(reader: Reader, options: &Options) -> Result<Discovery, Failure> {
    let found = root::find_in(reader)?;
    let lock = read_lock(&found.reader, &found.folder);
    Ok(describe(found.reader, lock, found.in_git, &found.folder, &found.hits, options))
}

/// Finds a project again whose `paxx.lock` says where its application and settings are, without a search over all files.
///
/// `None` where it does not say, or where they are not found there any more. What came since (a second application, a
/// route that is taken) is not seen: good for "all is well", and for nothing else.
pub fn recorded(start: &Path, options: &Options) -> Option<Discovery> {
    let (reader, in_git, folder) = root::recorded(start, options)?;
    let lock = read_lock(&reader, &folder).ok()?;
    // The readiness route may be in any module.
    if lock.components.iter().flat_map(|entry| &entry.requirements).any(|known| known.id.starts_with("readiness:")) {
        return None;
    }
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
    let discovery = describe(reader, Ok(lock), in_git, &folder, &hits, options);
    // Handlers may be registered in any module; a lifespan is followed from the application.
    let is_followed = !lifespan::generators(&discovery.project).is_empty();
    (is_followed && discovery.problems.is_empty() && discovery.project.layout.found() == found).then_some(discovery)
}

/// The project with its Python files that have one of `words` too: for questions about the user's code that no requirement asks.
pub fn with_files_that_have(discovery: &Discovery, words: &[String]) -> Project {
    let mut project = discovery.project.clone();
    let words: Vec<(&str, u32)> = words.iter().map(|word| (word.as_str(), 1)).collect();
    let Ok(reader) = Reader::open(&discovery.base) else { return project };
    for hit in reader.search(&project.layout.root, &words) {
        if project.file(&hit.path).is_none()
            && let Some(file) = reader.file(&hit.path)
        {
            project.add(hit.path, file);
        }
    }
    project
}

/// Decides whether tests are written for generated modules, which is recorded.
pub fn decide_tests(discovery: &mut Discovery, wanted: bool) {
    if !wanted {
        let mut layout = (*discovery.project.layout).clone();
        layout.tests = None;
        discovery.project.layout = layout.into();
    }
    discovery.options.push(("tests".to_owned(), wanted.to_string()));
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

fn describe(
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
        ("service", &options.service),
        ("services-dir", &options.services_dir),
    ];
    let mut recorded: Vec<(String, String)> = given
        .iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| ((*key).to_owned(), value.clone())))
        .collect();
    let chosen = configuration::read(&reader, root, options, lock.as_ref().ok());
    if !options.modules.is_empty() {
        recorded.push(("modules".to_owned(), configuration::as_text(&chosen.modules)));
    }
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
    // A module of ours may make an application of its own, for what wants one where there is none.
    let is_ours = |path: &FilePath| {
        let stem = path.name().trim_end_matches(".py");
        let name = chosen.modules.iter().find(|(_, here)| *here == stem).map_or(stem, |(name, _)| name);
        let is_recorded = |lock: &Lock| lock.requirement(&format!("module:{name}.py")).is_some();
        let folder = chosen.services_dir.as_ref().map_or("services", |folder| folder.value.as_str());
        lock.as_ref().is_ok_and(is_recorded)
            && path
                .parent()
                .is_some_and(|parent| parent.as_str() == folder || parent.as_str().ends_with(&format!("/{folder}")))
    };
    let fastapi_files: Vec<FilePath> = paths(FASTAPI).into_iter().filter(|path| !is_ours(path)).collect();
    let app = chosen.app.as_ref();
    let found = find_the_application(
        &reader,
        root,
        &fastapi_files,
        &paths(SERVERS),
        app.map(|app| app.value.as_str()),
        chosen.fastapi_entrypoint.as_deref(),
        lock.as_ref().ok().and_then(|lock| lock.found.first()).map(String::as_str),
    );
    let mut problems = Vec::new();
    let found = found.map_err(|problem| blame(app, problem, &mut problems));
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
        for name in &*reader.list(import_root) {
            let name = match name.strip_suffix(".py") {
                Some(stem) => stem.to_owned(),
                None if !name.starts_with('.')
                    && imports::is_name(name)
                    && reader.is_folder(&import_root.child(name)) =>
                {
                    name.clone()
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
        chosen.settings.as_ref().map(|settings| settings.value.as_str()),
        lock.as_ref().ok().and_then(|lock| lock.found.get(1)).map(String::as_str),
    );
    let settings = settings.map_err(|problem| blame(chosen.settings.as_ref(), problem, &mut problems));
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
    let services = services(
        &reader,
        root,
        &import_root,
        application.as_ref().ok(),
        chosen.services_dir.as_ref(),
        chosen.modules.clone(),
    );
    problems.extend(chosen.problems);
    let services = services.unwrap_or_else(|(services, problem)| {
        problems.push(problem);
        services
    });
    let wiring = wiring_modules(&reader, &import_roots, &services, application.as_ref().ok(), paths(WIRING));
    let mut health = paths(HEALTH);
    health.retain(|path| {
        !path.is_below(&services.folder)
            && application.as_ref().is_ok_and(|application| {
                *path == application.path || imports::leads_to(&reader, &import_roots, &application.path, path)
            })
    });
    let compose_file = chosen.compose.as_ref();
    let service = chosen.service.as_ref();
    let compose = find_compose(
        &reader,
        root,
        application.as_ref().ok(),
        compose_file.map(|path| path.value.as_str()),
        service.map(|service| service.value.as_str()),
    )
    .map_err(|problem| blame(compose_file.or(service), problem, &mut problems));
    let found_dependencies = dependencies::locate(root, &reader);
    let installer = dependencies::installer(root, &reader, found_dependencies.as_ref().ok());
    let layout = Layout {
        name: dependencies::project_name(root, &reader).unwrap_or_else(|| folder_name(&reader, root)),
        line_length: dependencies::line_length(root, &reader),
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
        health,
        tests: tests::folder(&reader, root).filter(|_| chosen.tests != Some(false)),
    };
    read_the_rest(&reader, &layout, &paths(ROUTES));
    if let Ok(lock) = &lock {
        tests::read(&reader, &layout, lock);
    }
    let (unread, unsearched) =
        reader.problems().into_iter().partition::<Vec<_>, _>(|problem| problem.rule.severity == Severity::Error);
    problems.extend(unread);
    let base = reader.base.clone();
    let base_texts = match (&options.state, &lock) {
        (Some(state), Ok(lock)) => base_texts::find(state, &reader, lock, &layout),
        _ => std::collections::BTreeMap::new(),
    };
    let (files, links) = reader.into_files();
    let project = Project::new(layout, files).with_links(links).with_base_texts(base_texts);
    let tests_are_configured = chosen.tests.is_some();
    let imported = Vec::new();
    Discovery { base, in_git, project, lock, options: recorded, tests_are_configured, imported, problems, unsearched }
}

/// A problem with a choice has its place. What is written down and cannot be used ends every command.
fn blame(choice: Option<&Choice>, problem: Problem, problems: &mut Vec<Problem>) -> Problem {
    let Some(choice) = choice else { return problem };
    let problem = choice.blame(problem);
    if choice.is_written() && problem.rule == &finding::CONFIGURATION {
        problems.push(problem.clone());
    }
    problem
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
        for path in found
            .includes
            .iter()
            .chain(&found.constraints)
            .chain(&found.copy)
            .chain(&found.development)
            .chain([&found.path])
        {
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

fn find_the_application(
    reader: &Reader,
    root: &FilePath,
    files: &[FilePath],
    servers: &[FilePath],
    app: Option<&str>,
    entrypoint: Option<&str>,
    recorded: Option<&str>,
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
        let text = file.text().unwrap_or_default();
        if file.text().is_none() {
            unparsable.get_or_insert_with(|| not_text(path));
        }
        if !application::may_make(&file) {
            continue;
        }
        let source = file.python();
        if let Some(error) = source.error.clone().filter(|_| text.contains("FastAPI(")) {
            unparsable.get_or_insert_with(|| syntax_error(path, error));
        }
        let own = find_application::candidates(path, source);
        candidates.extend(own.into_iter().filter(|candidate| !find_application::is_mounted(source, text, candidate)));
    }
    // One that another module mounts is served by the application there, and its own start and end never run.
    candidates.retain(|candidate| {
        let name = candidate.target.as_ref().or(candidate.factory.as_ref());
        let roots = [root.clone(), root.child("src"), candidate.path.parent().unwrap_or_else(|| root.clone())];
        let is_mounted =
            |path: &FilePath| name.is_some_and(|name| routes::mounts(reader, &roots, path, (&candidate.path, name)));
        !files.iter().filter(|path| **path != candidate.path).any(is_mounted)
    });
    if let Some(target) = entrypoint
        && let Ok(found) = explicit(target, "`[tool.fastapi] entrypoint`")
    {
        return Ok(found);
    }
    if let Some(problem) = unparsable.filter(|_| candidates.is_empty()) {
        return Err(problem);
    }
    let weighed = weigh_applications::weigh(reader, root, files, servers, &candidates);
    if let [first, ..] = weighed.as_slice()
        && weigh_applications::is_decided(&weighed)
    {
        return Ok(make(&first.candidate, first.evidence(), Some(first.hint.as_str()).filter(|hint| !hint.is_empty())));
    }
    if let Some(found) = recorded {
        // What was wired before is the application, whatever has come beside it.
        let is_it = |one: &&weigh_applications::Weighed| {
            let name = one.candidate.factory.as_ref().or(one.candidate.variable.as_ref()).map_or("", String::as_str);
            format!("{}:{name}", one.candidate.path.relative_to(root)) == found
        };
        if let Some(known) = weighed.iter().find(is_it) {
            let hint = Some(known.hint.as_str()).filter(|hint| !hint.is_empty());
            return Ok(make(&known.candidate, "`paxx.lock`".to_owned(), hint));
        }
    }
    match (weighed.as_slice(), candidates.as_slice()) {
        ([], []) => Err(Problem::new(&finding::NO_APPLICATION, "no `FastAPI(...)` call was found")
            .help("name the application with `--app MODULE:ATTR`")),
        ([], [only, ..]) => Ok(make(only, "the only application there is".to_owned(), None)),
        _ => Err(weigh_applications::several(&weighed, root)),
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
    recorded: Option<&str>,
) -> Result<Option<Settings>, Problem> {
    let has_class = |place: &&str| {
        place.rsplit_once(':').is_some_and(|(path, class)| {
            let file = root.join(path).and_then(|path| reader.file(&path));
            file.is_some_and(|file| file.python().class(class).is_some())
        })
    };
    // Once it is made, the class of our own is a class like any other.
    let wanted = if wanted == Some("new") {
        let Some(made) = recorded.filter(has_class) else {
            let classes = find_settings::classes(reader, roots, files);
            return if classes.is_empty() { Ok(None) } else { own_settings::beside(reader, roots, &classes).map(Some) };
        };
        Some(made)
    } else {
        wanted
    };
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
    let found = find_settings::find(reader, root, roots, &files, application, wanted.as_ref());
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
        delimiter: String::new(),
        aliases: Vec::new(),
        pydantic_v1: false,
        create: true,
        made: None,
        bases: Vec::new(),
    }
}

fn services(
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
            && !modules().any(|module| services.file(&module.path) == *path)
            && imports::leads_to(reader, import_roots, &application.path, path)
    });
    files
}

fn find_compose(
    reader: &Reader,
    root: &FilePath,
    application: Option<&Application>,
    option: Option<&str>,
    service: Option<&str>,
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
    let read = |path: &FilePath| reader.file(path);
    let model = Model::of(&path, &read).map_err(|why| {
        Problem::new(&finding::COMPOSE_UNSUPPORTED, why).at(&path, 0..0).help("use `--compose none` to leave it alone")
    })?;
    model.mentioned().iter().for_each(|mentioned| drop(reader.file(mentioned)));
    let application = match (service, application) {
        (Some(name), _) => {
            if model.service(name).is_some_and(|service| service.at.path == path) {
                Ok(Some(name.to_owned()))
            } else {
                let names: Vec<String> = model.services().iter().map(|service| format!("`{}`", service.name)).collect();
                Err(Problem::new(&finding::CONFIGURATION, format!("`{path}` has no service `{name}`"))
                    .at(&path, 0..0)
                    .help(format!("name the one that runs the application with `--service`: {}", names.join(", "))))
            }
        }
        (None, Some(application)) => compose::application_service(&model, &path, root, &application.module, &read),
        (None, None) => Ok(None),
    };
    if let Ok(Some(name)) = &application {
        compose::takes_command(&model, name, &read);
        compose::command_words(&model, name, &read);
    }
    let others = model.files.iter().filter(|other| **other != path && reader.file(other).is_some()).cloned().collect();
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
    let compiled = requirements.and_then(|found| found.compiled.as_ref());
    if let Some((command, compiled)) = compiled {
        return format!("{command} && pip install -r {}", compiled.relative_to(&layout.root));
    }
    match (requirements, layout.installer) {
        (Some(found), _) => format!("pip install -r {}", found.path.relative_to(&layout.root)),
        (None, Installer::Uv) => "uv sync".to_owned(),
        (None, Installer::Poetry) => "poetry lock && poetry install".to_owned(),
        (None, Installer::Pdm) => "pdm install".to_owned(),
        (None, Installer::Pip) => "pip install -e .".to_owned(),
        (None, Installer::Other(tool)) => {
            let file = layout
                .dependencies
                .as_ref()
                .map_or_else(|_| String::new(), |found| found.path.relative_to(&layout.root));
            tool.install.replace("{file}", &file)
        }
    }
}
