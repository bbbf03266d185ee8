//! Which settings class the application uses, and how it reaches the instance.
//!
//! What counts is the `BaseSettings` ancestor and which class is made an instance of, not the name.

use std::ops::Range;

use super::FilePath;
use super::find_application::dotted;
use super::imports::{self, Files};
use super::layout::{Application, Settings};
use super::reader::Reader;
use crate::finding::{self, Location, Problem};
use crate::source::python::{Class, Source, Usage};

/// A class that inherits from `BaseSettings`.
#[derive(Debug, Clone)]
struct Candidate {
    path: FilePath,
    name: String,
    place: Range<usize>,
    bases: Vec<(FilePath, String)>,
    pydantic_v1: bool,
}

/// How an instance is reached: a module-level name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reach {
    path: FilePath,
    name: String,
    is_function: bool,
}

/// Finds the settings class among `files`, the Python files of the project that speak of settings.
///
/// # Errors
///
/// Several classes that the application may use.
pub fn find(
    reader: &Reader,
    roots: &[FilePath],
    files: &[FilePath],
    application: Option<&Application>,
    wanted: Option<&(FilePath, String)>,
) -> Result<Option<Settings>, Problem> {
    let classes = settings_classes(reader, roots, files);
    if classes.is_empty() && wanted.is_none() {
        return Ok(None);
    }
    let chosen = match wanted {
        Some((path, name)) => {
            let found = classes.iter().find(|class| class.path == *path && class.name == *name);
            found.cloned().ok_or_else(|| {
                Problem::new(
                    &finding::NO_SETTINGS_CLASS,
                    format!("`{path}` has no class `{name}` that inherits from `BaseSettings`"),
                )
                .help("name it with `--settings PATH:CLASS`")
            })?
        }
        None => choose(reader, roots, files, &classes, application)?,
    };
    if let Some(file) = reader.file(&chosen.path) {
        let same = file.python().classes.iter().filter(|class| class.scope.is_module() && class.name == chosen.name);
        if let [first, second, ..] = same.collect::<Vec<_>>().as_slice() {
            return Err(Problem::new(
                &finding::SEVERAL_SETTINGS_CLASSES,
                format!("`{}` is defined twice", chosen.name),
            )
            .at(&chosen.path, first.name_range.clone())
            .related(Location::new(chosen.path.clone(), second.name_range.clone()), "and here")
            .help("define it once, so that a new setting has one place"));
        }
    }
    let is_circular = |path: &FilePath| {
        application.is_some_and(|application| imports::leads_to(reader, roots, path, &application.path))
    };
    if is_circular(&chosen.path) {
        let class = &chosen.name;
        return Err(Problem::new(
            &finding::SETTINGS_UNREACHABLE,
            format!("`{class}` stands in a module that imports the application, so no module of the application can import it"),
        )
        .at(&chosen.path, chosen.place.clone())
        .help(format!("move `{class}` and its instance to a module of their own, such as `settings.py`")));
    }
    // As the application itself does: an instance elsewhere (of a script, of Alembic) is not its own.
    let is_used = |path: &FilePath| {
        application.is_none_or(|application| imports::leads_to(reader, roots, &application.path, path))
            && !is_circular(path)
    };
    let reach = reach(reader, roots, files, &classes, &chosen, &is_used);
    Ok(Some(describe(reader, roots, &chosen, reach.as_ref(), application)))
}

/// Every class that inherits from `BaseSettings`, directly or through classes of the project.
fn settings_classes(reader: &Reader, roots: &[FilePath], files: &[FilePath]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    // A base may be defined in a later file: until nothing new is found.
    for _ in 0..4 {
        let before = found.len();
        for path in files {
            let Some(file) = reader.file(path) else { continue };
            let source = file.python();
            for class in source.classes.iter().filter(|class| class.scope.is_module()) {
                if found.iter().any(|known| known.path == *path && known.name == class.name) {
                    continue;
                }
                if let Some(pydantic_v1) = settings_ancestor(reader, roots, path, source, class, &found) {
                    let (name, place) = (class.name.clone(), class.name_range.clone());
                    let bases = bases(reader, roots, path, &name);
                    found.push(Candidate { path: path.clone(), name, place, bases, pydantic_v1 });
                }
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// Does the class inherit from `BaseSettings`, directly or through one of `known`? Of pydantic 1, or of pydantic-settings?
fn settings_ancestor(
    reader: &Reader,
    roots: &[FilePath],
    path: &FilePath,
    source: &Source,
    class: &Class,
    known: &[Candidate],
) -> Option<bool> {
    class.bases.iter().find_map(|base| {
        let base = base.split('[').next().unwrap_or(base);
        let last = base.rsplit('.').next().unwrap_or(base);
        let from = match base.split_once('.') {
            Some((module, _)) => {
                source.import_of(module).map(|(import, name)| import.from.clone().unwrap_or_else(|| name.name.clone()))
            }
            None => source.import_of(base).and_then(|(import, _)| import.from.clone()),
        };
        let original = source.import_of(base).map_or(last, |(_, name)| name.name.as_str());
        if let Some(from) = from.as_deref().filter(|_| original == "BaseSettings" || last == "BaseSettings") {
            if from.starts_with("pydantic_settings") {
                return Some(false);
            }
            if from == "pydantic" || from.starts_with("pydantic.") {
                return Some(true);
            }
        }
        let (home, name) = class_of(reader, roots, path, base)?;
        known.iter().find(|known| known.path == home && known.name == name).map(|parent| parent.pydantic_v1)
    })
}

/// The project's own classes that a class inherits from, nearest first. Fields of any class count, also of a mixin that is
/// no settings class itself.
fn bases(reader: &Reader, roots: &[FilePath], path: &FilePath, name: &str) -> Vec<(FilePath, String)> {
    let mut found: Vec<(FilePath, String)> = Vec::new();
    let mut waiting = vec![(path.clone(), name.to_owned())];
    while let Some(class) = waiting.pop() {
        if found.contains(&class) {
            continue;
        }
        if let Some(file) = reader.file(&class.0)
            && let Some((_, definition)) = file.python().class(&class.1)
        {
            let own = definition.bases.iter().rev();
            waiting.extend(own.filter_map(|base| class_of(reader, roots, &class.0, base)));
        }
        found.push(class);
    }
    // The first one is the class itself.
    found.split_off(1)
}

/// The class of the project that the expression `base` means in the module at `path`.
fn class_of(reader: &Reader, roots: &[FilePath], path: &FilePath, base: &str) -> Option<(FilePath, String)> {
    let base = base.split('[').next().unwrap_or(base);
    let (home, name) = match base.rsplit_once('.') {
        Some((module, name)) if imports::is_name(module) => {
            (imports::module_of_name(reader, roots, path, module)?, name)
        }
        Some((module, name)) => (imports::module_file(reader, roots, path, module)?, name),
        None => (path.clone(), base),
    };
    let (home, name) = imports::definition(reader, roots, &home, name)?;
    reader.file(&home)?.python().class(&name)?;
    Some((home, name))
}

/// Where instances of a class are made at module level or handed out by a function.
fn reaches(reader: &Reader, roots: &[FilePath], files: &[FilePath], class: &Candidate) -> Vec<Reach> {
    let mut variables = Vec::new();
    let mut functions = Vec::new();
    for path in files {
        let Some(file) = reader.file(path) else { continue };
        let source = file.python();
        let text = file.text().unwrap_or_default();
        let means = |name: &str| {
            let name = name.trim_matches(['"', '\'']);
            if name == class.name && *path == class.path {
                return true;
            }
            name.rsplit('.').next() == Some(class.name.as_str())
                && imports::definition(reader, roots, path, name)
                    .is_some_and(|(home, found)| home == class.path && found == class.name)
        };
        for call in source.calls.iter().filter(|call| call.scope.class.is_none() && means(&call.callee)) {
            match (&call.usage, call.scope.function) {
                (Usage::Assigned(target), None) if imports::is_name(target) => {
                    variables.push(Reach { path: path.clone(), name: target.clone(), is_function: false });
                }
                (Usage::Returned | Usage::Assigned(_), Some(index)) => {
                    if let Some(function) = source.functions.get(index).filter(|function| is_getter(function)) {
                        functions.push(Reach { path: path.clone(), name: function.name.clone(), is_function: true });
                    }
                }
                _ => {}
            }
        }
        for function in source.functions.iter().filter(|function| is_getter(function)) {
            if function.returns.as_deref().is_some_and(means) {
                functions.push(Reach { path: path.clone(), name: function.name.clone(), is_function: true });
            }
        }
        // `settings = get_settings()`, `settings: Settings = ...`
        for assignment in source
            .assignments
            .iter()
            .filter(|assignment| assignment.scope.is_module() && imports::is_name(&assignment.target))
        {
            let value = assignment.value.clone().and_then(|range| text.get(range)).unwrap_or_default();
            let by_getter =
                functions.iter().any(|getter| value == format!("{}()", getter.name) && getter.path == *path);
            if by_getter || assignment.annotation.as_deref().is_some_and(means) {
                variables.push(Reach { path: path.clone(), name: assignment.target.clone(), is_function: false });
            }
        }
    }
    variables.extend(functions);
    variables.dedup();
    variables
}

/// A module-level function without parameters that must be given.
fn is_getter(function: &crate::source::python::Function) -> bool {
    function.scope.is_module() && !function.is_async && function.parameters.is_empty()
}

fn reach(
    reader: &Reader,
    roots: &[FilePath],
    files: &[FilePath],
    classes: &[Candidate],
    chosen: &Candidate,
    is_used: &dyn Fn(&FilePath) -> bool,
) -> Option<Reach> {
    let mut own = reaches(reader, roots, files, chosen);
    // One subclass per environment: what hands out a subclass hands out the fields of the base.
    if own.is_empty() {
        for class in classes.iter().filter(|class| class.bases.contains(&(chosen.path.clone(), chosen.name.clone()))) {
            own.extend(reaches(reader, roots, files, class));
        }
    }
    // The class's own module first; a variable before a function.
    own.sort_by_key(|reach| (reach.is_function, reach.path != chosen.path));
    own.into_iter().find(|reach| reach.path == chosen.path || is_used(&reach.path))
}

/// The class that the application uses.
fn choose(
    reader: &Reader,
    roots: &[FilePath],
    files: &[FilePath],
    classes: &[Candidate],
    application: Option<&Application>,
) -> Result<Candidate, Problem> {
    if let [only] = classes {
        return Ok(only.clone());
    }
    let used: Vec<(&Candidate, Vec<Reach>)> = classes
        .iter()
        .map(|class| (class, reaches(reader, roots, files, class)))
        .filter(|(_, reaches)| !reaches.is_empty())
        .collect();
    let mut candidates: Vec<&Candidate> = match used.len() {
        // Nothing is made an instance of: the one that no other one holds or inherits from.
        0 => classes.iter().filter(|class| !is_part(reader, classes, class)).collect(),
        _ => used.iter().map(|(class, _)| *class).collect(),
    };
    if candidates.len() > 1 {
        // The application's own imports decide.
        if let Some(application) = application {
            let imported: Vec<&Candidate> = used
                .iter()
                .filter(|(_, reaches)| reaches.iter().any(|reach| is_imported(reader, roots, &application.path, reach)))
                .map(|(class, _)| *class)
                .collect();
            if !imported.is_empty() {
                candidates = imported;
            }
        }
    }
    if candidates.len() > 1 {
        let whole: Vec<&Candidate> =
            candidates.iter().filter(|class| !is_part(reader, classes, class)).copied().collect();
        if !whole.is_empty() {
            candidates = whole;
        }
    }
    match candidates.as_slice() {
        [only] => return Ok((*only).clone()),
        [] => {}
        several => {
            // One subclass per environment: the fields go to what all of them inherit.
            let is_common = |base: &(FilePath, String)| several.iter().all(|class| class.bases.contains(base));
            let common = several[0]
                .bases
                .iter()
                .filter(|base| is_common(base))
                .find_map(|(path, name)| classes.iter().find(|class| class.path == *path && class.name == *name));
            if let Some(base) = common {
                return match several.iter().find(|class| prefix_of(reader, class) != prefix_of(reader, base)) {
                    Some(class) => Err(own_prefix(reader, class, base)),
                    None => Ok(base.clone()),
                };
            }
        }
    }
    let named: Vec<&Candidate> = if candidates.is_empty() { classes.iter().collect() } else { candidates };
    let mut problem =
        Problem::new(&finding::SEVERAL_SETTINGS_CLASSES, format!("there are {} settings classes", named.len()));
    let mut options = Vec::new();
    for (index, class) in named.iter().enumerate() {
        options.push(format!("`--settings {}:{}`", class.path, class.name));
        problem = if index == 0 {
            problem.at(&class.path, class.place.clone())
        } else {
            problem.related(Location::new(class.path.clone(), class.place.clone()), "another one")
        };
    }
    Err(problem.help(format!("say which one the application uses: {}", options.join(" or "))))
}

/// Is the class a field's type, or a base, of another settings class?
fn is_part(reader: &Reader, classes: &[Candidate], class: &Candidate) -> bool {
    classes.iter().filter(|other| other.path != class.path || other.name != class.name).any(|other| {
        if other.bases.contains(&(class.path.clone(), class.name.clone())) {
            return true;
        }
        let Some(file) = reader.file(&other.path) else { return false };
        let source = file.python();
        let Some((index, _)) = source.class(&other.name) else { return false };
        source.annotations_of(index).any(|field| {
            let annotation = field.annotation.as_deref().unwrap_or_default();
            annotation
                .split(|character: char| !character.is_alphanumeric() && character != '_')
                .any(|word| word == class.name)
        })
    })
}

fn is_imported(reader: &Reader, roots: &[FilePath], from: &FilePath, reach: &Reach) -> bool {
    let Some(file) = reader.file(from) else { return false };
    let source = file.python();
    from == &reach.path
        || source.imports.iter().flat_map(|import| &import.names).any(|name| {
            imports::definition(reader, roots, from, name.bound())
                .is_some_and(|(path, found)| path == reach.path && found == reach.name)
        })
}

fn describe(
    reader: &Reader,
    roots: &[FilePath],
    class: &Candidate,
    reach: Option<&Reach>,
    application: Option<&Application>,
) -> Settings {
    let root = roots.first().cloned().unwrap_or_else(FilePath::top);
    let (import, expression) = match reach {
        Some(reach) => {
            let module = imported_as(reader, roots, application, reach).unwrap_or_else(|| dotted(&reach.path, &root));
            let call = if reach.is_function { "()" } else { "" };
            (format!("from {module} import {}", reach.name), format!("{}{call}", reach.name))
        }
        None => (format!("from {} import {}", dotted(&class.path, &root), class.name), format!("{}()", class.name)),
    };
    let mut upper = 0_usize;
    let mut lower = 0_usize;
    let mut case_sensitive = false;
    let own = std::iter::once((class.path.clone(), class.name.clone()));
    for (path, name) in own.chain(class.bases.iter().cloned()) {
        let Some(file) = reader.file(&path) else { continue };
        let (source, text) = (file.python(), file.text().unwrap_or_default());
        let Some((index, found)) = source.class(&name) else { continue };
        for field in source.annotations_of(index).filter(|field| field.target != "model_config") {
            if field.target.chars().any(char::is_lowercase) {
                lower += 1;
            } else {
                upper += 1;
            }
        }
        case_sensitive |= configured(source, text, index, found, "case_sensitive").as_deref() == Some("True");
    }
    Settings {
        path: class.path.clone(),
        class: class.name.clone(),
        import,
        expression,
        upper_case: upper > lower,
        env_prefix: prefix_of(reader, class),
        case_sensitive,
        pydantic_v1: class.pydantic_v1,
        create: false,
        bases: class.bases.clone(),
    }
}

/// The `env_prefix` of a class, its own or inherited; empty where there is none.
fn prefix_of(reader: &Reader, class: &Candidate) -> String {
    let own = std::iter::once((class.path.clone(), class.name.clone()));
    let mut prefixes = own.chain(class.bases.iter().cloned()).filter_map(|(path, name)| {
        let file = reader.file(&path)?;
        let source = file.python();
        let (index, found) = source.class(&name)?;
        configured(source, file.text().unwrap_or_default(), index, found, "env_prefix")
    });
    prefixes.find(|prefix| !prefix.is_empty()).unwrap_or_default()
}

/// A field of `base` would be read by another name for each environment, and nothing here says which one it is.
fn own_prefix(reader: &Reader, class: &Candidate, base: &Candidate) -> Problem {
    let (name, prefix) = (&class.name, prefix_of(reader, class));
    Problem::new(
        &finding::SEVERAL_SETTINGS_CLASSES,
        format!("`{name}` reads variables that begin with `{prefix}`, other classes on `{}` do not", base.name),
    )
    .at(&class.path, class.place.clone())
    .related(Location::new(base.path.clone(), base.place.clone()), "the class that all of them inherit from")
    .help(format!(
        "choose where the fields go: `--settings {}:{}` for all (their variables are written without a prefix, and you set them \
         with it), or `--settings {}:{name}` for that one",
        base.path, base.name, class.path
    ))
}

/// The module by which the application itself imports the instance, where it does so absolutely.
fn imported_as(
    reader: &Reader,
    roots: &[FilePath],
    application: Option<&Application>,
    reach: &Reach,
) -> Option<String> {
    let application = application?;
    let file = reader.file(&application.path)?;
    let source = file.python();
    source.imports.iter().filter(|import| import.scope.is_module()).find_map(|import| {
        let from = import.from.as_deref().filter(|from| !from.starts_with('.'))?;
        let name = import.names.iter().find(|name| name.name == reach.name && name.alias.is_none())?;
        let (path, found) = imports::definition(reader, roots, &application.path, name.bound())?;
        (path == reach.path && found == reach.name).then(|| from.to_owned())
    })
}

/// A value of the class's configuration, without quotes: in `model_config`, in a nested `Config`, or in the class statement.
fn configured(source: &Source, text: &str, index: usize, class: &Class, key: &str) -> Option<String> {
    let unquoted = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    if let Some((_, value)) = class.keywords.iter().find(|(name, _)| name == key) {
        return Some(unquoted(value));
    }
    let config = source
        .assignments
        .iter()
        .find(|assignment| assignment.scope.class == Some(index) && assignment.target == "model_config");
    if let Some(range) = config.and_then(|config| config.value.clone()) {
        let call = source.calls.iter().find(|call| call.range == range);
        if let Some(argument) = call.and_then(|call| call.keyword(key)) {
            return text.get(argument.value.clone()).map(unquoted);
        }
        // `model_config = {"env_prefix": "APP_"}`
        let code = text.get(range)?;
        for quote in ['"', '\''] {
            if let Some((_, rest)) = code.split_once(&format!("{quote}{key}{quote}")) {
                let value = rest.trim_start().strip_prefix(':')?;
                let value = value.split([',', '}', '\n']).next()?;
                return Some(unquoted(value));
            }
        }
    }
    let nested = source.classes.iter().position(|other| other.name == "Config" && other.scope.class == Some(index))?;
    let assignment = source
        .assignments
        .iter()
        .find(|assignment| assignment.scope.class == Some(nested) && assignment.target == key)?;
    text.get(assignment.value.clone()?).map(unquoted)
}
