//! Which FastAPI application a project runs, and what decided that.
//!
//! Evidence comes before heuristics: options, configuration, the command that starts the server, and only then "the only one
//! there is". Two candidates without evidence are a refusal that names both.

use super::FilePath;
use super::application::{application_calls, fastapi_names};
use super::imports::{self, Files, is_name};
use super::layout::Application;
use super::reader::Reader;
use crate::source::python::{Call, Source, Usage, stdlib};

/// A call that makes an application.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its module.
    pub path: FilePath,
    /// The call.
    pub call: Call,
    /// The function around it.
    pub factory: Option<String>,
    /// The variable that it is assigned to.
    pub variable: Option<String>,
    /// The module-level variable by which a server would find it: the variable itself, or what takes a factory's result.
    pub target: Option<String>,
}

/// The calls of a module that make an application.
pub fn candidates(path: &FilePath, source: &Source) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = application_calls(source)
        .into_iter()
        .filter(|call| call.scope.class.is_none())
        .map(|call| {
            let factory =
                call.scope.function.and_then(|index| source.functions.get(index)).map(|function| function.name.clone());
            let variable = match &call.usage {
                Usage::Assigned(target) => Some(target.clone()),
                _ => None,
            };
            let target = match &factory {
                None => variable.clone(),
                Some(factory) => source.calls.iter().find_map(|other| match &other.usage {
                    Usage::Assigned(target) if &other.callee == factory && other.scope.is_module() => {
                        Some(target.clone())
                    }
                    _ => None,
                }),
            };
            Candidate { path: path.clone(), call: call.clone(), factory, variable, target }
        })
        .collect();
    // One name that is made in the branches of an `if` is one application.
    let mut index = 0;
    while let Some(candidate) = candidates.get(index) {
        let (factory, variable) = (candidate.factory.clone(), candidate.variable.clone());
        let is_same = |other: &Candidate| variable.is_some() && other.variable == variable && other.factory == factory;
        let mut position = 0;
        candidates.retain(|other| {
            position += 1;
            position <= index + 1 || !is_same(other)
        });
        index += 1;
    }
    candidates
}

/// Is the application of `candidate` mounted on another one in its module: by its variable, by a call of its factory, or where
/// it is made?
pub fn is_mounted(source: &Source, text: &str, candidate: &Candidate) -> bool {
    let factory =
        candidate.factory.as_ref().filter(|_| candidate.target.is_none()).map(|factory| format!("{factory}("));
    source.calls.iter().filter(|call| call.callee.ends_with(".mount")).any(|call| {
        call.arguments.iter().any(|argument| {
            let value = text.get(argument.value.clone()).unwrap_or_default();
            candidate.variable.as_deref() == Some(value)
                || factory.as_ref().is_some_and(|factory| value.starts_with(factory))
                || argument.value == candidate.call.range
        })
    })
}

/// A place that says which application is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The module, dotted, or a path that ends in `.py`.
    pub module: String,
    /// The variable or factory; `None` where only a file is named.
    pub attribute: Option<String>,
    /// Where it was found, in words.
    pub place: String,
}

/// Reads `MODULE:ATTR` targets from the lines of a text that start a server.
pub fn evidence_in(text: &str, place: &str) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut continued = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        let is_between = |character: char| character.is_whitespace() || "\"`',[]();".contains(character);
        let words: Vec<&str> = line.split(is_between).filter(|word| !word.is_empty()).collect();
        let program = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
        let by_path = words.windows(2).any(|pair| program(pair[0]) == "fastapi" && matches!(pair[1], "run" | "dev"));
        let starts = words.iter().any(|word| {
            matches!(
                program(word).as_str(),
                "uvicorn" | "gunicorn" | "hypercorn" | "granian" | "uvicorn.run" | "wsgi_app"
            ) || word.ends_with("UvicornWorker")
        });
        let speaks = starts || by_path || continued;
        continued = speaks && line.ends_with(['\\', ',', '[']);
        if !speaks {
            continue;
        }
        for word in words {
            let target =
                word.split_once(':').filter(|(module, attribute)| module.split('.').all(is_name) && is_name(attribute));
            let (module, attribute) = match target {
                Some((module, attribute)) => (module, Some(attribute.to_owned())),
                None if by_path && word.ends_with(".py") => (word, None),
                None => continue,
            };
            found.push(Evidence { module: module.to_owned(), attribute, place: place.to_owned() });
        }
    }
    found
}

/// The files of a project that may say how its server is started, in the order of their weight.
pub fn evidence_files(reader: &Reader, root: &FilePath) -> Vec<FilePath> {
    let mut files = Vec::new();
    let names = reader.list(root);
    let is_wanted = |name: &str| {
        let lower = name.to_lowercase();
        lower.starts_with("dockerfile")
            || lower.ends_with(".dockerfile")
            || lower == "procfile"
            || lower == "makefile"
            || lower == "justfile"
            || lower.ends_with(".sh")
            || (lower.contains("compose") && (lower.ends_with(".yml") || lower.ends_with(".yaml")))
            || matches!(lower.as_str(), "fly.toml" | "render.yaml" | "railway.json" | "app.yaml" | "taskfile.yml")
            // Of a frontend that starts the application beside itself.
            || lower == "package.json"
            || lower == "launch.json"
            || matches!(lower.as_str(), "gunicorn.conf.py" | "gunicorn_conf.py" | "heroku.yml" | "nixpacks.toml")
            || lower.starts_with("containerfile")
            // Of systemd and supervisor.
            || lower.ends_with(".service")
            || (lower.ends_with(".conf") && !lower.starts_with("nginx"))
            || lower == "supervisord.ini"
    };
    files.extend(names.iter().filter(|name| is_wanted(name)).map(|name| root.child(name)));
    let folders = [
        "docker",
        "deploy",
        "scripts",
        "script",
        "bin",
        ".docker",
        "app",
        "src",
        "deployment",
        "systemd",
        "supervisor",
        "conf",
        "config",
        "etc",
        "infra",
        "ops",
        ".vscode",
    ];
    for folder in folders {
        if names.iter().any(|name| name == folder) {
            let folder = root.child(folder);
            files.extend(reader.list(&folder).iter().filter(|name| is_wanted(name)).map(|name| folder.child(name)));
        }
    }
    files
}

/// The file that a module path of a start command means: relative to an import root, or the only one that it is the end of.
pub fn file_of_module(files: &dyn Files, roots: &[FilePath], known: &[FilePath], module: &str) -> Option<FilePath> {
    if let Some(path) = module.strip_suffix(".py") {
        let wanted = format!("{path}.py");
        let mut fitting =
            known.iter().filter(|known| known.as_str() == wanted || known.as_str().ends_with(&format!("/{wanted}")));
        let first = fitting.next()?;
        return fitting.next().is_none().then(|| first.clone());
    }
    if let Some(path) = imports::module_file(files, roots, &FilePath::top(), module) {
        return Some(path);
    }
    let wanted = module.replace('.', "/");
    let endings = [format!("{wanted}.py"), format!("{wanted}/__init__.py")];
    let mut fitting = known.iter().filter(|known| {
        endings.iter().any(|ending| known.as_str() == ending || known.as_str().ends_with(&format!("/{ending}")))
    });
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

/// The candidate that `attribute` of the module at `path` leads to: the variable itself, the factory, or what a chain of
/// imports and factory calls ends in.
pub fn follow(files: &dyn Files, roots: &[FilePath], path: &FilePath, attribute: &str) -> Option<Candidate> {
    let mut path = path.clone();
    let mut name = attribute.to_owned();
    for _ in 0..8 {
        let file = files.file(&path)?;
        let source = file.python();
        let mut own: Vec<Candidate> = candidates(&path, source);
        let fits = |candidate: &Candidate| {
            (candidate.factory.is_none() && candidate.variable.as_deref() == Some(name.as_str()))
                || candidate.target.as_deref() == Some(name.as_str())
                || candidate.factory.as_deref() == Some(name.as_str())
        };
        if let Some(position) = own.iter().position(fits) {
            return Some(own.swap_remove(position));
        }
        // `app = create_app()`, the factory from here or elsewhere.
        let made_by = source.calls.iter().find_map(|call| match &call.usage {
            Usage::Assigned(target) if *target == name && call.scope.is_module() => Some(call.callee.clone()),
            _ => None,
        });
        if let Some(callee) = made_by {
            if let Some((target, function)) = imports::function(files, roots, &path, None, &callee) {
                if target == path && function.name == name {
                    return None;
                }
                path = target;
                name = function.name;
                continue;
            }
            return None;
        }
        // A factory that only calls another one.
        if let Some(index) =
            source.functions.iter().position(|function| function.name == name && function.scope.is_module())
        {
            let inner = source.calls.iter().filter(|call| call.scope.function == Some(index)).find_map(|call| {
                let returned = call.usage == Usage::Returned || matches!(call.usage, Usage::Assigned(_));
                let (target, function) =
                    returned.then(|| imports::function(files, roots, &path, Some(index), &call.callee))??;
                let makes = files.file(&target).is_some_and(|file| {
                    candidates(&target, file.python())
                        .iter()
                        .any(|candidate| candidate.factory.as_deref() == Some(&function.name))
                });
                makes.then_some((target, function.name))
            });
            let (target, function) = inner?;
            path = target;
            name = function;
            continue;
        }
        let (target, definition) = imports::definition(files, roots, &path, &name)?;
        if target == path {
            return None;
        }
        path = target;
        name = definition;
    }
    None
}

/// The dotted path of the module at `path`, seen from the import root `root`.
pub fn dotted(path: &FilePath, root: &FilePath) -> String {
    let relative = path.relative_to(root);
    let module = relative.strip_suffix(".py").unwrap_or(&relative).replace('/', ".");
    module.strip_suffix(".__init__").map_or(module.clone(), str::to_owned)
}

/// The folder that the absolute imports of the module at `path` start from.
///
/// The folder that most of its own absolute imports resolve from, among the folders above it; with none to tell, the one
/// that `hint` (the dotted path of a start command) implies, else the first one that is no package.
pub fn import_root(reader: &Reader, root: &FilePath, path: &FilePath, hint: Option<&str>) -> FilePath {
    let mut folders = Vec::new();
    let mut folder = path.parent();
    while let Some(present) = folder {
        if !present.is_below(root) {
            break;
        }
        folder = present.parent();
        folders.push(present);
    }
    if let Some(hint) = hint {
        let wanted = folders.iter().find(|folder| dotted(path, folder) == hint);
        if let Some(found) = wanted {
            return found.clone();
        }
    }
    let neighbours = neighbours(reader, root, path);
    // Whoever imports relatively is a module of a package, and so are those beside it.
    let above = std::iter::once(path).chain(&neighbours).filter_map(|path| levels(reader, path, &folders)).max();
    folders.drain(..above.unwrap_or_default().min(folders.len().saturating_sub(1)));
    let mut modules = absolute_imports(reader, path);
    // The module's own imports decide; where they are even, those of the modules around it, and the scripts of the project.
    let best = best_root(reader, &folders, &modules).or_else(|| {
        modules.extend(neighbours.iter().flat_map(|path| absolute_imports(reader, path)));
        modules.extend(scripts(reader, root));
        best_root(reader, &folders, &modules)
    });
    if let Some(folder) = best {
        return folder.clone();
    }
    let outside = folders.iter().find(|folder| !reader.exists(&folder.child("__init__.py")));
    outside.or(folders.last()).cloned().unwrap_or_else(|| root.clone())
}

/// The folder that more of the modules resolve from than from any other one.
fn best_root<'a>(reader: &Reader, folders: &'a [FilePath], modules: &[String]) -> Option<&'a FilePath> {
    let count = |folder: &FilePath| modules.iter().filter(|module| resolves(reader, folder, module)).count();
    let mut counted: Vec<(usize, &FilePath)> = folders.iter().map(|folder| (count(folder), folder)).collect();
    counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match counted.as_slice() {
        [] | [(0, _), ..] => None,
        [(first, _), (second, _), ..] if first == second => None,
        [(_, folder), ..] => Some(folder),
    }
}

/// What a module imports by absolute paths, but for the standard library: a module of the project that has the name of one of
/// its modules is no evidence.
fn absolute_imports(reader: &Reader, path: &FilePath) -> Vec<String> {
    let Some(file) = reader.file(path) else { return Vec::new() };
    let imports = file.imports().iter().flat_map(|import| match &import.from {
        Some(from) => vec![from.clone()],
        None => import.names.clone(),
    });
    imports.filter(|module| !module.starts_with('.') && !stdlib::is_standard(module)).collect()
}

/// How many of the folders above the module at `path` are packages, as its relative imports say.
fn levels(reader: &Reader, path: &FilePath, folders: &[FilePath]) -> Option<usize> {
    let file = reader.file(path)?;
    let folder = folders.iter().position(|folder| path.parent().as_ref() == Some(folder))?;
    // `try: from .a import b` and `except ImportError: from a import b` say nothing.
    let relative = file.imports().iter().filter(|import| !import.guarded);
    let dots = relative
        .filter_map(|import| import.from.as_deref().map(|from| from.len() - from.trim_start_matches('.').len()));
    dots.max().filter(|dots| *dots > 0).map(|dots| folder + dots)
}

/// Modules that may say how the one at `path` is imported: those beside it, those at the root, and tests.
fn neighbours(reader: &Reader, root: &FilePath, path: &FilePath) -> Vec<FilePath> {
    /// Each is read.
    const MOST: usize = 40;
    let folders = path.parent().into_iter().chain([root.clone(), root.child("tests"), root.child("test")]);
    let mut found: Vec<FilePath> = Vec::new();
    for folder in folders {
        let names = reader.list(&folder);
        found.extend(names.iter().filter(|name| name.ends_with(".py")).map(|name| folder.child(name)));
    }
    found.sort();
    found.dedup();
    found.retain(|other| other != path);
    found.truncate(MOST);
    found
}

/// The modules of the scripts that `pyproject.toml` declares.
fn scripts(reader: &Reader, root: &FilePath) -> Vec<String> {
    let Some(source) = reader.file(&root.child("pyproject.toml")).and_then(|file| file.toml().ok()) else {
        return Vec::new();
    };
    let tables = [&["project", "scripts"][..], &["tool", "poetry", "scripts"]];
    let targets = tables.iter().flat_map(|table| {
        source.keys(table).into_iter().filter_map(|name| {
            let mut keys = table.to_vec();
            keys.push(&name);
            source.string(&keys).and_then(|target| target.split(':').next()).map(str::to_owned)
        })
    });
    targets.collect()
}

fn resolves(reader: &Reader, folder: &FilePath, module: &str) -> bool {
    let mut parts = module.split('.');
    let (Some(first), second) = (parts.next(), parts.next()) else { return false };
    let Some(target) = folder.join(first) else { return false };
    if reader.is_folder(&target) {
        // A folder that happens to have the name of a library must have the module's next part too.
        return match second {
            Some(second) => {
                reader.exists(&target.child(&format!("{second}.py"))) || reader.is_folder(&target.child(second))
            }
            None => reader.exists(&target.child("__init__.py")),
        };
    }
    // A module has no modules below it.
    second.is_none() && reader.exists(&folder.child(&format!("{first}.py")))
}

/// Turns a candidate into the application of the layout.
pub fn application(candidate: &Candidate, module: String, evidence: String) -> Application {
    Application {
        path: candidate.path.clone(),
        factory: candidate.factory.clone(),
        variable: candidate.variable.clone(),
        module,
        evidence,
    }
}

/// The refusal for an application that is made in a shape that is not followed.
pub fn has_fastapi(source: &Source) -> bool {
    !fastapi_names(source).is_empty()
}

/// Is the application's call one that `application::wiring` can work with, so far as its module tells?
pub fn is_wirable(candidate: &Candidate) -> bool {
    candidate.variable.is_some() || candidate.target.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_commands_name_the_application() {
        let targets = |text: &str| -> Vec<String> {
            evidence_in(text, "x")
                .into_iter()
                .map(|found| format!("{}:{}", found.module, found.attribute.unwrap_or_default()))
                .collect()
        };
        assert_eq!(targets("CMD [\"uvicorn\", \"app.main:app\", \"--host\", \"0.0.0.0\"]"), ["app.main:app"]);
        assert_eq!(
            targets("web: gunicorn -k uvicorn.workers.UvicornWorker demo.main:get_app()"),
            ["demo.main:get_app"]
        );
        assert_eq!(targets("CMD [\"uvicorn\", \\\n  \"main:app\"]"), ["main:app"]);
        assert_eq!(targets("    command: fastapi run app/main.py --port 80"), ["app/main.py:"]);
        assert_eq!(targets("CMD [\"/srv/.venv/bin/fastapi\", \"run\", \"birds/main.py\"]"), ["birds/main.py:"]);
        assert_eq!(targets("# uvicorn old:app\nservices:\n  image: redis:7"), Vec::<String>::new());
    }
}
