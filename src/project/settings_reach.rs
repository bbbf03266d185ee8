//! How the application reaches its settings: which name at module level holds the instance, or hands it out.
//!
//! Only a name that has the instance whenever its module is imported counts, and only a function that returns one. Which of
//! several is decided by what the application imports; where nothing decides, it is a `Problem`.

use super::imports::{self, Files, is_name};
use super::layout::Application;
use super::reader::Reader;
use super::settings_naming::ClassName;
use super::{File, FilePath};
use crate::finding::{self, Location, Problem};
use crate::source::python::{Assignment, Call, Function, Source, Usage};

/// A module-level name by which instances of a class are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The module.
    pub path: FilePath,
    /// The name.
    pub name: String,
    /// Is it a function that hands the instance out?
    pub is_function: bool,
    /// The call that makes the instance, where it is one, and its module.
    pub made: Option<Call>,
}

impl Reach {
    fn is_at(&self, path: &FilePath, name: &str) -> bool {
        self.path == *path && self.name == name
    }
}

/// An instance of the class, with the call that makes it where that is known.
struct Instance {
    made: Option<Call>,
}

/// Where instances of the class are made at module level or handed out by a function.
pub fn reaches(reader: &Reader, roots: &[FilePath], files: &[FilePath], class: &ClassName) -> Vec<Reach> {
    let mut variables = Vec::new();
    let mut functions = Vec::new();
    for path in files {
        let Some(file) = reader.file(path).filter(|file| may_have(file, path, class)) else { continue };
        let module =
            Module { reader, roots, path, source: file.python(), text: file.text().unwrap_or_default(), class };
        module.find(&mut variables, &mut functions);
    }
    variables.extend(functions);
    variables.dedup();
    variables
}

/// May the module have an instance of the class? It has its name, and the class itself or an import of it, or of its module. Most
/// modules that speak of settings only use them, and need not be parsed.
pub(super) fn may_have(file: &File, path: &FilePath, (home, class): &ClassName) -> bool {
    let code = file.text().unwrap_or_default();
    if !code.contains(class.as_str()) {
        return false;
    }
    // The module, or a package that it is reached through: `core.config.Settings()`.
    let is_around = |name: &str| home.as_str().split('/').any(|part| part.trim_end_matches(".py") == name);
    let is_it = |name: &String| name == "*" || name == class || name.rsplit('.').next().is_some_and(is_around);
    path == home || code.contains("TYPE_CHECKING") || file.imports().iter().any(|import| import.names.iter().any(is_it))
}

/// A module in which instances of a class are looked for.
pub(super) struct Module<'a> {
    pub(super) reader: &'a Reader,
    pub(super) roots: &'a [FilePath],
    pub(super) path: &'a FilePath,
    pub(super) source: &'a Source,
    pub(super) text: &'a str,
    pub(super) class: &'a ClassName,
}

impl Module<'_> {
    fn find(&self, variables: &mut Vec<Reach>, functions: &mut Vec<Reach>) {
        let reach = |name: &str, is_function: bool, made: Option<&Call>| Reach {
            path: self.path.clone(),
            name: name.to_owned(),
            is_function,
            made: made.cloned(),
        };
        let mut own: Vec<Reach> = Vec::new();
        for assignment in self.bindings() {
            let made = self.instance(assignment.value.clone().unwrap_or(0..0));
            let annotated = assignment.annotation.as_deref().is_some_and(|name| self.means(name));
            let is_call =
                assignment.value.clone().and_then(|range| self.text.get(range)).is_some_and(|code| code.ends_with(')'));
            if made.is_some() || (annotated && is_call) {
                own.push(reach(&assignment.target, false, made.and_then(|instance| instance.made).as_ref()));
            }
        }
        for function in self.source.functions.iter().filter(|function| is_getter(self.text, function)) {
            if let Some(made) = self.returned(function, &own) {
                functions.push(reach(&function.name, true, made.made.as_ref()));
            }
        }
        // `settings = get_settings()`
        for assignment in self.bindings() {
            let value = assignment.value.clone().and_then(|range| self.text.get(range)).unwrap_or_default();
            let getter =
                functions.iter().find(|getter| value == format!("{}()", getter.name) && getter.path == *self.path);
            if let Some(getter) = getter.filter(|_| !own.iter().any(|known| known.name == assignment.target)) {
                own.push(reach(&assignment.target, false, getter.made.as_ref()));
            }
        }
        variables.append(&mut own);
    }

    /// Does the name, as seen in the module, mean the class?
    pub(super) fn means(&self, name: &str) -> bool {
        let name = name.trim_matches(['"', '\'']);
        let (home, class) = self.class;
        if name == class && self.path == home {
            return true;
        }
        let simple = name.rsplit('.').next().unwrap_or(name);
        if let Some((module, _)) = name.rsplit_once('.') {
            let target = if is_name(module) {
                imports::module_of_name(self.reader, self.roots, self.path, module)
            } else {
                imports::module_file(self.reader, self.roots, self.path, module)
            };
            return simple == class
                && target.is_some_and(|target| {
                    imports::definition(self.reader, self.roots, &target, simple).as_ref() == Some(self.class)
                });
        }
        // An alias has another name.
        let imported = self.source.import_of(name).is_some_and(|(_, imported)| imported.name == *class);
        (imported || simple == class)
            && imports::definition(self.reader, self.roots, self.path, name).as_ref() == Some(self.class)
    }

    /// The assignments at module level that a name has its value from, once the module is imported.
    fn bindings(&self) -> Vec<&Assignment> {
        let module = || {
            self.source
                .assignments
                .iter()
                .filter(|assignment| assignment.scope.is_module() && is_name(&assignment.target))
        };
        let holds = |assignment: &&Assignment| {
            let name = &assignment.target;
            let is_last = !module().any(|other| {
                other.target == *name && !other.scope.guarded && other.range.start > assignment.range.start
            });
            is_last && !self.is_deleted(name) && (!assignment.scope.guarded || self.is_in_every_branch(assignment))
        };
        module().filter(holds).collect()
    }

    fn is_deleted(&self, name: &str) -> bool {
        self.source.body.iter().any(|statement| {
            let code = self.text.get(statement.range.clone()).unwrap_or_default();
            code.strip_prefix("del ").is_some_and(|names| names.split(',').any(|deleted| deleted.trim() == name))
        })
    }

    /// Is the name bound in each branch of the `if` or `try` that the assignment stands in?
    fn is_in_every_branch(&self, assignment: &Assignment) -> bool {
        let around =
            |range: &std::ops::Range<usize>| range.start <= assignment.range.start && assignment.range.end <= range.end;
        let Some(statement) = self.source.body.iter().find(|statement| around(&statement.range)) else { return false };
        let code = self.text.get(statement.range.clone()).unwrap_or_default();
        let begins =
            |line: &str, word: &str| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ':', '(']));
        let branches = |words: &[&str]| code.lines().filter(|line| words.iter().any(|word| begins(line, word))).count();
        let needed = if begins(code, "if") && branches(&["else"]) == 1 {
            branches(&["if", "elif", "else"])
        } else if begins(code, "try") && branches(&["else", "finally"]) == 0 {
            branches(&["try", "except"])
        } else {
            return false;
        };
        let bound = self.source.assignments.iter().filter(|other| {
            other.scope.is_module()
                && other.target == assignment.target
                && statement.range.start <= other.range.start
                && other.range.end <= statement.range.end
        });
        bound.count() >= needed
    }

    /// Is the expression an instance of the class: a call of it, one of two calls, or a call of what a dict of classes has?
    /// With the call, where it is one.
    fn instance(&self, range: std::ops::Range<usize>) -> Option<Instance> {
        let code = self.text.get(range.clone())?;
        let mut calls = self.source.calls_within(&range);
        if let Some(call) = calls.find(|call| self.means(&call.callee)) {
            let is_whole = call.range == range;
            let is_chosen = code.contains(" if ") && code.contains(" else ") && call.usage == Usage::Part;
            return (is_whole || is_chosen).then(|| Instance { made: is_whole.then(|| call.clone()) });
        }
        // `CONFIGS[environment]()`, `CONFIGS.get(environment, Base)()`
        let inner = code.strip_suffix("()")?;
        let name = inner.split(['[', '.']).next().filter(|name| is_name(name) && inner.ends_with([']', ')']))?;
        let table = self.source.assignments.iter().find(|other| other.scope.is_module() && other.target == name)?;
        let entries =
            self.text.get(table.value.clone()?).filter(|code| code.starts_with('{') || code.starts_with("dict("))?;
        let words =
            || entries.split(|character: char| !character.is_alphanumeric() && character != '_' && character != '.');
        words().any(|word| !word.is_empty() && self.means(word)).then_some(Instance { made: None })
    }

    /// Does each `return` of the function hand out an instance? With the call that makes it, where that is known.
    fn returned(&self, function: &Function, known: &[Reach]) -> Option<Instance> {
        let index = self.source.functions.iter().position(|other| other.range == function.range)?;
        let annotated = function.returns.as_deref().is_some_and(|name| self.means(name));
        let mut made = None;
        let mut returns = self.source.returns.iter().filter(|found| found.scope.function == Some(index)).peekable();
        returns.peek()?;
        for found in returns {
            let value = found.value.as_deref().filter(|value| *value != "None")?;
            let range = found.range.end - value.len()..found.range.end;
            if let Some(instance) = self.instance(range) {
                made = instance.made.or(made);
                continue;
            }
            let local = self
                .source
                .assignments
                .iter()
                .filter(|other| other.scope.function == Some(index) && other.target == value);
            let mut local = local.filter_map(|other| self.instance(other.value.clone()?));
            match (local.next(), known.iter().find(|reach| reach.name == value)) {
                (Some(instance), _) => made = instance.made.or(made),
                (None, Some(reach)) => made = reach.made.clone().or(made),
                (None, None) if annotated => {}
                (None, None) => return None,
            }
        }
        Some(Instance { made })
    }
}

/// A module-level function without parameters that must be given.
fn is_getter(code: &str, function: &Function) -> bool {
    function.scope.is_module() && !function.scope.guarded && !function.is_async && has_defaults(code, function)
}

/// Has each parameter a default?
fn has_defaults(code: &str, function: &Function) -> bool {
    if function.parameters.is_empty() {
        return true;
    }
    let header = code.get(function.name_range.end..function.body.range.start).unwrap_or_default();
    let mut depth = 0_usize;
    let mut defaults = 0_usize;
    for character in header.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 1 => break,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '=' if depth == 1 => defaults += 1,
            _ => {}
        }
    }
    defaults == function.parameters.len()
}

/// May the module have the name from another one?
fn may_import(file: &File, name: &str) -> bool {
    let is_it = |imported: &String| imported == "*" || imported == name;
    file.imports().iter().any(|import| import.names.iter().any(is_it))
        || file.text().is_some_and(|text| text.contains(&format!(" as {name}")))
}

/// All definitions that a name of a module may have: each branch may import it from somewhere else.
fn definitions(reader: &Reader, roots: &[FilePath], path: &FilePath, name: &str) -> Vec<(FilePath, String)> {
    let mut found: Vec<(FilePath, String)> = Vec::new();
    let mut waiting = vec![(path.clone(), name.to_owned())];
    let mut seen: Vec<(FilePath, String)> = Vec::new();
    while let Some(place) = waiting.pop() {
        if seen.contains(&place) {
            continue;
        }
        seen.push(place.clone());
        let (path, name) = place;
        let Some(file) = reader.file(&path) else { continue };
        if !may_import(&file, &name) {
            // It is here or nowhere, and need not be parsed to say so.
            if file.text().is_some_and(|text| text.contains(name.as_str())) {
                found.push((path, name));
            }
            continue;
        }
        let source = file.python();
        if source.definition_of(&name).is_some() {
            found.push((path.clone(), name.clone()));
        }
        let mut is_named = false;
        for import in source.imports.iter().filter(|import| import.scope.is_module() && !import.scope.type_checking) {
            let Some(module) = import.from.as_deref() else { continue };
            for imported in import.names.iter().filter(|imported| imported.bound() == name) {
                is_named = true;
                if let Some(target) = imports::module_file(reader, roots, &path, module) {
                    waiting.push((target, imported.name.clone()));
                }
            }
            if import.wildcard
                && !is_named
                && let Some(target) = imports::module_file(reader, roots, &path, module)
            {
                waiting.push((target, name.clone()));
            }
        }
    }
    found
}

/// What a module imports and is one of the reaches: the name where it is defined; or, where several are chosen from, the name
/// in the module that chooses.
fn imported(reader: &Reader, roots: &[FilePath], from: &FilePath, reaches: &[Reach]) -> Vec<Reach> {
    let Some(file) = reader.file(from) else { return Vec::new() };
    let source = file.python();
    let mut found: Vec<Reach> = Vec::new();
    let mut add = |reach: Reach| {
        if !found.iter().any(|known| known.is_at(&reach.path, &reach.name)) {
            found.push(reach);
        }
    };
    for import in source.imports.iter().filter(|import| !import.scope.type_checking) {
        for name in &import.names {
            let (home, original) = if let Some(module) = &import.from {
                let dot = if module.ends_with('.') { "" } else { "." };
                // `from app import config` and `config.settings`.
                if let Some(module) = imports::module_file(reader, roots, from, &format!("{module}{dot}{}", name.name))
                {
                    used_of_module(file.text().unwrap_or_default(), name.bound(), &module, reaches).for_each(&mut add);
                    continue;
                }
                let Some(home) = imports::module_file(reader, roots, from, module) else { continue };
                (home, name.name.clone())
            } else {
                let spelled = name.alias.as_ref().unwrap_or(&name.name);
                if let Some(module) = imports::module_file(reader, roots, from, &name.name) {
                    used_of_module(file.text().unwrap_or_default(), spelled, &module, reaches).for_each(&mut add);
                }
                continue;
            };
            let definitions = definitions(reader, roots, &home, &original);
            let known: Vec<&Reach> = definitions
                .iter()
                .filter_map(|(path, name)| reaches.iter().find(|reach| reach.is_at(path, name)))
                .collect();
            match known.as_slice() {
                [] => {}
                [only] if definitions.len() == 1 => add((*only).clone()),
                [first, ..] => {
                    add(Reach { path: home, name: original, is_function: first.is_function, made: first.made.clone() });
                }
            }
        }
    }
    found
}

fn used_of_module<'a>(
    text: &'a str,
    bound: &'a str,
    module: &'a FilePath,
    reaches: &'a [Reach],
) -> impl Iterator<Item = Reach> + 'a {
    reaches
        .iter()
        .filter(move |reach| reach.path == *module && text.contains(&format!("{bound}.{}", reach.name)))
        .cloned()
}

/// Does the module import one of the reaches, or have it itself?
pub fn is_imported(reader: &Reader, roots: &[FilePath], from: &FilePath, reaches: &[Reach]) -> bool {
    if reaches.iter().any(|reach| reach.path == *from) {
        return true;
    }
    let Some(file) = reader.file(from) else { return false };
    let names = file.python().imports.iter().flat_map(|import| &import.names);
    names.into_iter().any(|name| {
        let found = definitions(reader, roots, from, name.bound());
        found.iter().any(|(path, name)| reaches.iter().any(|reach| reach.is_at(path, name)))
    })
}

/// The one of the reaches that the application uses: what its module imports, else what the modules that it leads to import,
/// else the only one there is. `is_used` says which are not out of its reach.
///
/// # Errors
///
/// There are several, and nothing says which one.
pub fn choose(
    reader: &Reader,
    roots: &[FilePath],
    reaches: Vec<Reach>,
    home: &FilePath,
    application: Option<&Application>,
    is_used: &dyn Fn(&FilePath) -> bool,
) -> Result<Option<Reach>, Problem> {
    let mut own: Vec<Reach> = reaches.into_iter().filter(|reach| reach.path == *home || is_used(&reach.path)).collect();
    // The class's own module first; a variable before a function.
    own.sort_by_key(|reach| (reach.is_function, reach.path != *home));
    let variables = own.iter().filter(|reach| !reach.is_function).count();
    let (Some(first), true) = (own.first().cloned(), own.len() > 1 || !own.is_empty()) else { return Ok(None) };
    let Some(application) = application else { return Ok(Some(first)) };
    let in_application: Vec<Reach> = own.iter().filter(|reach| reach.path == application.path).cloned().collect();
    let direct = imported(reader, roots, &application.path, &own);
    let preferred = |found: Vec<Reach>| {
        let first_variable = found.iter().find(|reach| !reach.is_function).cloned();
        first_variable.or_else(|| found.into_iter().next())
    };
    if own.len() == 1 && direct.is_empty() {
        return Ok(Some(first));
    }
    if let [_, ..] = direct.as_slice() {
        // Where there is one instance, a variable is as good as the function that hands it out.
        let by_function = direct.iter().all(|reach| reach.is_function);
        if by_function && variables == 1 && own.iter().any(|reach| *reach == first && reach.path == direct[0].path) {
            return Ok(Some(first));
        }
        let distinct = direct.iter().filter(|reach| !reach.is_function).count();
        if distinct <= 1 {
            return Ok(preferred(direct));
        }
        return Err(several(&direct));
    }
    if !in_application.is_empty() || variables <= 1 && own.iter().all(|reach| reach.path == first.path) {
        return Ok(preferred(in_application).or(Some(first)));
    }
    let counted = importers(reader, roots, &application.path, &own);
    match counted.as_slice() {
        [] if variables <= 1 => Ok(Some(first)),
        [(_, only)] => Ok(Some(only.clone())),
        [(most, found), (next, _), ..] if most > next || variables <= 1 => Ok(Some(found.clone())),
        _ => Err(several(&own)),
    }
}

/// How many of the modules that the application leads to import each of the reaches, the most first.
pub fn importers(reader: &Reader, roots: &[FilePath], start: &FilePath, reaches: &[Reach]) -> Vec<(usize, Reach)> {
    let mut counted: Vec<(usize, Reach)> = Vec::new();
    let mut seen = std::collections::BTreeSet::from([start.clone()]);
    let mut waiting = vec![start.clone()];
    while let Some(path) = waiting.pop() {
        for reach in imported(reader, roots, &path, reaches) {
            match counted.iter_mut().find(|(_, known)| known.is_at(&reach.path, &reach.name)) {
                Some((count, _)) => *count += 1,
                None => counted.push((1, reach)),
            }
        }
        let Some(file) = reader.file(&path) else { continue };
        for import in &file.python().imports {
            let names = import.names.iter().filter_map(|name| match &import.from {
                Some(from) => {
                    let dot = if from.ends_with('.') { "" } else { "." };
                    imports::module_file(reader, roots, &path, &format!("{from}{dot}{}", name.name))
                }
                None => imports::module_file(reader, roots, &path, &name.name),
            });
            let from = import.from.as_deref().and_then(|from| imports::module_file(reader, roots, &path, from));
            for target in names.chain(from) {
                if seen.insert(target.clone()) {
                    waiting.push(target);
                }
            }
        }
    }
    counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    counted
}

fn several(reaches: &[Reach]) -> Problem {
    let names: Vec<String> = reaches.iter().map(|reach| format!("`{}` in `{}`", reach.name, reach.path)).collect();
    let mut problem = Problem::new(
        &finding::SETTINGS_UNREACHABLE,
        format!("nothing says which instance of the settings the application uses: {}", names.join(", ")),
    )
    .help("import the one that counts in the application's module");
    for (index, reach) in reaches.iter().enumerate() {
        let range = reach.made.as_ref().map_or(0..0, |call| call.range.clone());
        problem = if index == 0 {
            problem.at(&reach.path, range)
        } else {
            problem.related(Location::new(reach.path.clone(), range), "another one")
        };
    }
    problem
}
