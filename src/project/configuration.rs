//! What was said about the project, by an option, in `[tool.paxx]` of `pyproject.toml`, or by `paxx.lock`; in that order.
//!
//! A value that cannot be used is a problem with its place. It is never passed over for another one.

use std::collections::BTreeMap;
use std::ops::Range;

use super::FilePath;
use super::imports::{Files, is_name};
use super::options::Options;
use super::reader::Reader;
use crate::component::COMPONENTS;
use crate::finding::{self, Location, Problem, is_selector};
use crate::lock::{self, Lock};
use crate::source::toml;

/// The keys of `[tool.paxx]`. Options have the same names, but for the last one.
const KEYS: [&str; 9] =
    ["app", "settings", "compose", "service", "services-dir", "modules", "tests", "ignore", "per-file-ignores"];

/// A value, and where it was said.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// Its place; `None` for an option.
    at: Option<Location>,
}

impl Choice {
    /// Is it written in a file of the project?
    pub fn is_written(&self) -> bool {
        self.at.is_some()
    }

    /// A problem with this choice, at its place unless it has one of its own.
    #[must_use]
    pub fn blame(&self, mut problem: Problem) -> Problem {
        problem.at = problem.at.or_else(|| self.at.clone());
        problem
    }
}

/// Everything that was said.
#[derive(Debug, Default)]
pub struct Choices {
    /// `MODULE:ATTR`
    pub app: Option<Choice>,
    /// `PATH:CLASS`
    pub settings: Option<Choice>,
    /// A path, or `none`.
    pub compose: Option<Choice>,
    /// The compose service that runs the application.
    pub service: Option<Choice>,
    /// A folder.
    pub services_dir: Option<Choice>,
    /// Are tests written for generated modules? `None` where nobody said.
    pub tests: Option<bool>,
    /// Modules of components by their names, and what they are called here.
    pub modules: BTreeMap<String, String>,
    /// `[tool.fastapi] entrypoint`
    pub fastapi_entrypoint: Option<String>,
    /// What cannot be used.
    pub problems: Vec<Problem>,
}

/// Reads what was said about the project at `root`.
pub fn read(reader: &Reader, root: &FilePath, options: &Options, lock: Option<&Lock>) -> Choices {
    let path = root.child("pyproject.toml");
    // That it is no TOML is said where its dependencies are looked for.
    let source = reader.file(&path).and_then(|file| file.toml().ok());
    let mut problems = source.as_deref().map(|source| problems_of(source, &path)).unwrap_or_default();
    let lock_path = root.child(lock::NAME);
    let lock_text = reader.file(&lock_path);
    let choose = |key: &str, option: Option<&String>| {
        if let Some(option) = option {
            return Some(Choice { value: option.clone(), at: None });
        }
        let keys = ["tool", "paxx", key];
        if let Some(source) = &source
            && let Some(value) = source.string(&keys)
        {
            let place = place_of_value(source, &keys);
            return Some(Choice { value: value.to_owned(), at: Some(Location::new(path.clone(), place)) });
        }
        let value = lock?.option(key)?;
        let text = lock_text.as_ref().and_then(|file| file.text()).unwrap_or_default();
        let start = text.find(&format!("{key} = ")).unwrap_or_default();
        let end = text.get(start..).and_then(|rest| rest.lines().next()).map_or(start, |line| start + line.len());
        Some(Choice { value: value.to_owned(), at: Some(Location::new(lock_path.clone(), start..end)) })
    };
    // One that is named on the command line comes beside those that were named before.
    let said = choose("modules", None);
    let mut modules = BTreeMap::new();
    for pair in said.iter().flat_map(|said| said.value.split(',')).chain(options.modules.iter().map(String::as_str)) {
        match module_name(pair) {
            Ok((name, here)) => {
                modules.insert(name, here);
            }
            Err(problem) => problems.push(said.as_ref().map_or(problem.clone(), |said| said.blame(problem))),
        }
    }
    let mut choices = Choices {
        modules,
        app: choose("app", options.app.as_ref()),
        settings: choose("settings", options.settings.as_ref()),
        compose: choose("compose", options.compose.as_ref()),
        service: choose("service", options.service.as_ref()),
        services_dir: choose("services-dir", options.services_dir.as_ref()),
        tests: source
            .as_ref()
            .and_then(|source| source.item(&["tool", "paxx", "tests"])?.as_bool())
            .or_else(|| lock?.option("tests").map(|value| value == "true")),
        fastapi_entrypoint: source
            .as_ref()
            .and_then(|source| source.string(&["tool", "fastapi", "entrypoint"]))
            .map(str::to_owned),
        problems: Vec::new(),
    };
    if let Some(folder) = choices.services_dir.take_if(|folder| !is_package_folder(&folder.value)) {
        problems.push(folder.blame(no_package_folder(&folder.value)));
    }
    choices.problems = problems;
    choices
}

/// What is wrong with the keys of `[tool.paxx]` and the types of their values.
fn problems_of(source: &toml::Source, path: &FilePath) -> Vec<Problem> {
    let keys = ["tool", "paxx"];
    if !source.has(&keys) {
        return Vec::new();
    }
    let Some(table) = source.table(&keys) else {
        let problem = Problem::new(&finding::CONFIGURATION, "`[tool.paxx]` is no table");
        let help = format!("write a table with keys of its own: {}", quoted(&KEYS));
        return vec![problem.at(path, place_of_value(source, &keys)).help(help)];
    };
    let problem = |entry: &toml::Entry| {
        let key = entry.key.as_str();
        if !KEYS.contains(&key) {
            let nearest = KEYS
                .iter()
                .map(|known| (strsim::damerau_levenshtein(&key.to_lowercase().replace('_', "-"), known), known))
                .min()
                .filter(|(distance, known)| *distance <= 2.max(known.len() / 3));
            let known = format!("the keys are {}", quoted(&KEYS));
            let help = match nearest {
                Some((_, nearest)) => format!("did you mean `{nearest}`? {known}"),
                None => known,
            };
            let place = if entry.key_range.is_empty() { entry.range.clone() } else { entry.key_range.clone() };
            let message = format!("`[tool.paxx]` has no key `{}`", key.escape_debug());
            return Some(Problem::new(&finding::CONFIGURATION, message).at(path, place).help(help));
        }
        if ["ignore", "per-file-ignores"].contains(&key) {
            return ignored(source, path, key);
        }
        if key == "tests" {
            let keys = ["tool", "paxx", key];
            let is_bool = source.item(&keys).is_some_and(toml_edit::Item::is_bool);
            return (!is_bool).then(|| {
                Problem::new(&finding::CONFIGURATION, "`tests` of `[tool.paxx]` is neither `true` nor `false`")
                    .at(path, place_of_value(source, &keys))
                    .help("write it as `tests = false`")
            });
        }
        if source.string(&["tool", "paxx", key]).is_some() {
            return None;
        }
        let place = place_of_value(source, &["tool", "paxx", key]);
        let message = format!("`{key}` of `[tool.paxx]` is no string");
        let help = format!("write it as `{key} = \"{}\"`", example(key));
        Some(Problem::new(&finding::CONFIGURATION, message).at(path, place).help(help))
    };
    table.entries.iter().filter_map(problem).collect()
}

/// What is wrong with the codes to ignore: a list of them, or a table of lists by path.
fn ignored(source: &toml::Source, path: &FilePath, key: &str) -> Option<Problem> {
    let keys = ["tool", "paxx", key];
    let list = |keys: &[&str]| {
        let place = place_of_value(source, keys);
        if source.array(keys).is_none() {
            let help = "write a list of codes, such as `[\"PX106\"]`";
            let message = format!("`{}` of `[tool.paxx]` is no list", keys.last().unwrap_or(&key).escape_debug());
            return Some(Problem::new(&finding::CONFIGURATION, message).at(path, place).help(help));
        }
        let wrong = source.strings(keys).into_iter().find(|code| !is_selector(code))?;
        let help =
            "write codes, such as `PX106`, or how they begin, such as `PX3`; `paxx explain CODE` says what each means";
        let message = format!("`[tool.paxx]` ignores `{}`, which is no code of a finding", wrong.escape_debug());
        Some(Problem::new(&finding::CONFIGURATION, message).at(path, place).help(help))
    };
    if key == "ignore" {
        return list(&keys);
    }
    if source.table(&keys).is_none() {
        let help = "write a table of paths, such as `per-file-ignores = { \"app/legacy.py\" = [\"PX106\"] }`";
        let problem = Problem::new(&finding::CONFIGURATION, format!("`{key}` of `[tool.paxx]` is no table"));
        return Some(problem.at(path, place_of_value(source, &keys)).help(help));
    }
    source.keys(&keys).iter().find_map(|file| list(&[keys[0], keys[1], keys[2], file]))
}

fn place_of_value(source: &toml::Source, keys: &[&str]) -> Range<usize> {
    source.item(keys).and_then(toml_edit::Item::span).unwrap_or(0..0)
}

fn example(key: &str) -> &'static str {
    match key {
        "app" => "app.main:app",
        "settings" => "app/core/config.py:Settings",
        "compose" => "compose.yml",
        "service" => "web",
        "modules" => "cache=redis_cache",
        _ => "app/services",
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `NAME=OTHER`: a module of a component, and what it is called in this project.
///
/// # Errors
///
/// It is written in another way, or no component has such a module.
pub fn module_name(pair: &str) -> Result<(String, String), Problem> {
    let modules = || COMPONENTS.iter().flat_map(|component| component.manifest.module.iter());
    let known = |name: &str| modules().any(|module| module.path.strip_suffix(".py") == Some(name));
    let refused = |what: String| {
        let help = "write the component's module, `=` and its name here, as in `cache=redis_cache`";
        Err(Problem::new(&finding::CONFIGURATION, what).help(help))
    };
    let Some((name, here)) = pair.trim().split_once('=').map(|(name, here)| (name.trim(), here.trim())) else {
        return refused(format!("`{}` does not name a module", pair.escape_debug()));
    };
    let here = here.trim_end_matches(".py");
    let name = name.trim_end_matches(".py");
    if !known(name) {
        return refused(format!("no component has a module `{}`", name.escape_debug()));
    }
    if !is_name(here) || known(here) || here.starts_with("__") {
        return refused(format!("a module cannot be called `{}`", here.escape_debug()));
    }
    Ok((name.to_owned(), here.to_owned()))
}

/// The names of modules as the lock has them.
pub fn as_text(modules: &BTreeMap<String, String>) -> String {
    modules.iter().map(|(name, here)| format!("{name}={here}")).collect::<Vec<_>>().join(",")
}

/// Can generated modules go to this folder, and be imported from there? It lies in the project, and its parts are identifiers.
pub fn is_package_folder(folder: &str) -> bool {
    FilePath::new(folder).is_some_and(|path| path != FilePath::top() && path.parts().all(is_name))
}

/// The problem with a folder that is none for generated modules.
pub fn no_package_folder(folder: &str) -> Problem {
    Problem::new(&finding::CONFIGURATION, format!("`{}` is no folder for generated modules", folder.escape_debug()))
        .help("name a folder inside the project whose parts are Python names, such as `app/services`")
}
