//! Finds the project around a folder, and says what is where in it.
//!
//! Nothing is executed. What is not found, or is found more than once, becomes a `Problem` in the layout; only "there is no
//! project here" ends discovery itself.

use std::path::{Path, PathBuf};

use super::base_texts;
use super::choose_application::find_the_application;
use super::choose_settings::{find_the_settings, new_settings, settings_before, settings_gone};
use super::configuration::{self, Choice};
use super::dependencies;
use super::find_alembic::find_alembic;
use super::find_compose::find_compose;
use super::find_env_example::find_env_example;
use super::imports::{self, Files};
use super::installer;
use super::layout::{DependencyFormat, Installer, Layout};
use super::lifespan;
use super::opened::Opened;
use super::options::Options;
use super::read_ahead::read_the_rest;
use super::reader::{Hit, Reader};
pub use super::root::Failure;
use super::root::{self, FASTAPI, HANDLERS, HEALTH, ROUTES, SERVERS, SETTINGS, WIRING, is_secondary};
use super::services_package::{services, wiring_modules};
use super::tests_folder;
use super::unreadable::syntax_error;
use super::{FilePath, Project};
use crate::finding::{self, Problem, Severity};
use crate::lock::{self, Lock};

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
    /// What was opened on the way: a question that comes later opens none of it again.
    pub opened: Opened,
}

/// Finds the project that `start` (an absolute folder) is in.
///
/// # Errors
///
/// There is none.
pub fn discover(start: &Path, options: &Options) -> Result<Discovery, Failure> {
    discover_again(start, options, &Opened::default())
}

/// The same in a run that has `opened` files already: they are not read again.
///
/// # Errors
///
/// There is none.
pub fn discover_again(start: &Path, options: &Options, opened: &Opened) -> Result<Discovery, Failure> {
    let found = root::find(start, options, opened)?;
    let lock = read_lock(&found.reader, &found.folder);
    let discovery = describe(found.reader, lock, found.in_git, &found.folder, &found.hits, options);
    Ok(Discovery { opened: opened.clone(), ..discovery })
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
pub fn recorded(start: &Path, options: &Options, opened: &Opened) -> Option<Discovery> {
    let (reader, in_git, folder) = root::recorded(start, options, opened)?;
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
    let discovery = Discovery { opened: opened.clone(), ..discovery };
    // Handlers may be registered in any module; a lifespan is followed from the application.
    let is_followed = !lifespan::generators(&discovery.project).is_empty();
    (is_followed && discovery.problems.is_empty() && discovery.project.layout.found() == found).then_some(discovery)
}

/// The project with its Python files that have one of `words` too: for questions about the user's code that no requirement asks.
pub fn with_files_that_have(discovery: &Discovery, words: &[String]) -> Project {
    let mut project = discovery.project.clone();
    let words: Vec<(&str, u32)> = words.iter().map(|word| (word.as_str(), 1)).collect();
    let Ok(reader) = Reader::open(&discovery.base, &discovery.opened) else { return project };
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
    let installer = installer::installer(root, &reader, found_dependencies.as_ref().ok());
    let layout = Layout {
        name: installer::project_name(root, &reader).unwrap_or_else(|| folder_name(&reader, root)),
        line_length: installer::line_length(root, &reader),
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
        tests: tests_folder::folder(&reader, root).filter(|_| chosen.tests != Some(false)),
    };
    read_the_rest(&reader, &layout, &paths(ROUTES));
    if let Ok(lock) = &lock {
        tests_folder::read(&reader, &layout, lock);
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
    Discovery {
        base,
        in_git,
        project,
        lock,
        options: recorded,
        tests_are_configured,
        imported,
        problems,
        unsearched,
        opened: Opened::default(),
    }
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
