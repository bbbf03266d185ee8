//! What runs when the application starts and stops, and how much of that is proved.
//!
//! Code of ours goes into a function of the user's only where it is proved that this function runs exactly once, on every path,
//! for this application and no other. Everywhere else it is composed: a statement behind the making of the application wraps
//! whatever runs there, so that nothing has to be known about it. A doubt is therefore no refusal here, only [`Lifespan::Unknown`].

use super::application::{Wiring, application_names, made};
use super::imports::{self, Files, is_name};
use super::{FilePath, Layout, Project};
use crate::component::COMPONENTS;
use crate::finding::{Location, Problem};
use crate::source::python::{self, Call, Function, Source, StatementKind, Usage, Yield};

/// What runs when the application starts and stops.
#[derive(Debug, Clone)]
pub enum Lifespan {
    /// A function that is proved to run once, with one `yield` that every path reaches.
    Generator(Box<Generator>),
    /// Event handlers, proved to be all that there are: the last one at the start and the first one at the end.
    Handlers {
        /// It runs at the start, to its end.
        startup: Box<(FilePath, Function)>,
        /// It runs at the end.
        shutdown: Box<(FilePath, Function)>,
    },
    /// Proved to be nothing, so that a lifespan that is given to the application silences nothing.
    Absent,
    /// It cannot be told without running it.
    Unknown,
}

/// An async generator function with a `yield`.
#[derive(Debug, Clone)]
pub struct Generator {
    /// Its module; not always the application's.
    pub path: FilePath,
    /// The function.
    pub function: Function,
    /// Its only `yield`.
    pub yields: Yield,
}

/// A function that wraps the lifespan that the application has, and the statement that calls it.
#[derive(Debug, Clone)]
pub struct Composed {
    /// What runs within the application's own lifespan.
    pub generator: Generator,
    /// The function around it, which is called with the application.
    pub function: Function,
    /// That call.
    pub call: Call,
}

/// Words of a module that has to do with what runs at the start and the end of an application.
pub const WORDS: [&str; 5] = ["on_event", "add_event_handler", "on_startup", "on_shutdown", "lifespan_context"];

/// What runs when the application starts and stops, as far as it is proved.
///
/// # Errors
///
/// The application is not there any more.
pub fn lifespan(project: &Project) -> Result<Lifespan, Problem> {
    let wiring = made(project)?;
    if let Some(composed) = composed(project, &wiring) {
        return Ok(Lifespan::Generator(Box::new(composed.generator)));
    }
    let proof = Proof::of(project, &wiring);
    Ok(proof
        .and_then(|proof| proof.generator().or_else(|| proof.handlers()).or_else(|| proof.absent()))
        .unwrap_or(Lifespan::Unknown))
}

/// The generator functions that run with the application, proved or not: ours, and the one that `lifespan=` leads to.
pub fn generators(project: &Project) -> Vec<Generator> {
    let (Ok(wiring), Ok(application)) = (made(project), &project.layout.application) else { return Vec::new() };
    let given = given(project, &project.layout, &application.path, &wiring);
    composed(project, &wiring).map(|composed| composed.generator).into_iter().chain(given).collect()
}

/// Reads what a proof looks at: the module of the lifespan, and helpers that are handed the application.
pub fn read(files: &dyn Files, layout: &Layout, path: &FilePath, wiring: &Wiring) {
    given(files, layout, path, wiring);
    if let Some(file) = files.file(path) {
        let names = application_names(file.python(), wiring);
        is_handed_out(files, layout, path, &Within::Block(wiring.function), &names, DEEPEST);
    }
}

/// The generator function that `lifespan=` or an assignment of `lifespan_context` leads to.
fn given(files: &dyn Files, layout: &Layout, path: &FilePath, wiring: &Wiring) -> Option<Generator> {
    let file = files.file(path)?;
    let (source, text) = (file.python(), file.text()?);
    let value = wiring.call.keyword("lifespan").map(|argument| argument.value.clone()).or_else(|| {
        let context = format!("{}.router.lifespan_context", wiring.variable);
        source.assignments.iter().find(|assignment| assignment.target == context)?.value.clone()
    })?;
    let code = text.get(value)?;
    let (path, function) = imports::function(files, &layout.import_roots, path, wiring.call.scope.function, code)?;
    let file = files.file(&path)?;
    generator(&path, file.python(), function)
}

/// A function with the one `yield` that it has.
fn generator(path: &FilePath, source: &Source, function: Function) -> Option<Generator> {
    let index = source.functions.iter().position(|known| known.range == function.range)?;
    let mut yields = source.yields.iter().filter(|found| found.scope.function == Some(index));
    let only = yields.next()?.clone();
    yields.next().is_none().then(|| Generator { path: path.clone(), function, yields: only })
}

/// The function that wraps the application's lifespan, and is called with the application.
///
/// ```text
/// def add_services(app: FastAPI) -> None:
///     application_lifespan = app.router.lifespan_context
///
///     @asynccontextmanager
///     async def with_services(app: FastAPI) -> AsyncIterator[Any]:
///         async with application_lifespan(app) as state:
///             yield state
///
///     app.router.lifespan_context = with_services
/// ```
pub fn composed(project: &Project, wiring: &Wiring) -> Option<Composed> {
    let path = &project.layout.application.as_ref().ok()?.path;
    let file = project.file(path)?;
    let (source, text) = (file.python(), file.text()?);
    let names = application_names(source, wiring);
    source.calls.iter().find_map(|call| {
        let [argument] = call.arguments.as_slice() else { return None };
        let is_ours = call.usage == Usage::Statement
            && names.iter().any(|name| text.get(argument.range.clone()) == Some(name))
            && (call.scope.function.is_none() || call.scope.function == wiring.function);
        let function = source.function(&call.callee).filter(|_| is_ours)?;
        let generator = wrapping(path, source, text, function)?;
        Some(Composed { generator, function: function.clone(), call: call.clone() })
    })
}

/// The generator with which a function wraps the lifespan of the application that it is given.
fn wrapping(path: &FilePath, source: &Source, text: &str, function: &Function) -> Option<Generator> {
    let index = source.functions.iter().position(|known| known.range == function.range);
    let context = format!("{}.router.lifespan_context", function.parameters.first()?);
    let mut assigned = source.assignments.iter().filter(|assignment| assignment.scope.function == index);
    let outer =
        assigned.clone().find(|found| found.value.clone().and_then(|value| text.get(value)) == Some(&context))?;
    let inner = text.get(assigned.find(|found| found.target == context)?.value.clone()?)?;
    let nested = source.functions.iter().find(|known| known.scope.function == index && known.name == inner)?;
    let generator = generator(path, source, nested.clone())?;
    let within = format!("{}({})", outer.target, nested.parameters.first()?);
    let wraps = generator.yields.withs.iter().flatten().any(|(item, _)| *item == within);
    (wraps && nested.is_async && generator.yields.alone && generator.yields.unconditional).then_some(generator)
}

/// Where something else than ours gives an application another lifespan after it is made.
pub fn replacements(project: &Project) -> Vec<(FilePath, python::Assignment)> {
    let ours = made(project).ok().and_then(|wiring| composed(project, &wiring)).map(|composed| composed.function.range);
    let application = project.layout.application.as_ref().ok().map(|application| &application.path);
    let mut found = Vec::new();
    for (path, file) in modules(project) {
        let replaces = |assignment: &&python::Assignment| {
            assignment.target.ends_with(".lifespan_context")
                && !(application == Some(path)
                    && ours.as_ref().is_some_and(|ours| ours.contains(&assignment.range.start)))
        };
        if speaks_of(file.text().unwrap_or_default(), "lifespan_context") {
            found.extend(file.python().assignments.iter().filter(replaces).map(|found| (path.clone(), found.clone())));
            // `setattr(app.router, "lifespan_context", ...)`
            let text = file.text().unwrap_or_default();
            let sets = |call: &&Call| {
                call.callee.ends_with("setattr")
                    && text.get(call.arguments_range.clone()).is_some_and(|code| code.contains("lifespan_context"))
            };
            found.extend(file.python().calls.iter().filter(sets).map(|call| {
                let assignment = python::Assignment {
                    range: call.range.clone(),
                    target: text.get(call.range.clone()).unwrap_or_default().to_owned(),
                    annotation: None,
                    annotation_range: None,
                    value: None,
                    scope: call.scope,
                };
                (path.clone(), assignment)
            }));
        }
    }
    found
}

/// Where what serves the application is told to leave its lifespan out: `uvicorn --lifespan off`, `Mangum(app, lifespan="off")`.
/// Files for which `counts` says no, such as tests, are passed over.
pub fn switched_off(project: &Project, counts: impl Fn(&FilePath) -> bool) -> Option<Location> {
    project.files().filter(|(path, _)| counts(path)).find_map(|(path, file)| {
        let text = file.text().filter(|text| speaks_of(text, "lifespan") && speaks_of(text, "off"))?;
        if !path.as_str().ends_with(".py") {
            let word = "--lifespan";
            let at = text.match_indices(word).map(|(at, _)| at).find(|at| {
                let rest = text.get(at + word.len()..).unwrap_or_default();
                let line = text.get(..*at).and_then(|before| before.lines().last()).unwrap_or_default();
                !line.trim_start().starts_with('#')
                    && rest.trim_start_matches(|between: char| " =\"',".contains(between)).starts_with("off")
            })?;
            return Some(Location::new(path.clone(), at..at + word.len()));
        }
        if !speaks_of(text, "\"off\"") && !speaks_of(text, "'off'") {
            return None;
        }
        let serves = |callee: &str| matches!(callee.rsplit('.').next(), Some("Mangum" | "run" | "Config"));
        let is_off = |value: &str| matches!(value, "\"off\"" | "'off'");
        file.python().calls.iter().filter(|call| serves(&call.callee)).find_map(|call| {
            let option =
                call.keyword("lifespan").filter(|option| text.get(option.value.clone()).is_some_and(is_off))?;
            Some(Location::new(path.clone(), option.range.clone()))
        })
    })
}

/// Where the module of the application gives it another router, or other routes: what was added to it before is gone, and a
/// router has a lifespan of its own.
pub fn replaced_router(project: &Project) -> Option<(FilePath, python::Assignment)> {
    let (Ok(wiring), Ok(application)) = (made(project), &project.layout.application) else { return None };
    let source = project.file(&application.path)?.python();
    let names = super::application::application_names(source, &wiring);
    let is_router = |target: &str| {
        let object = target.strip_suffix(".router.routes").or_else(|| target.strip_suffix(".router"));
        object.is_some_and(|object| !object.is_empty() && names.iter().any(|name| name == object))
    };
    source
        .assignments
        .iter()
        .find(|assignment| wiring.call.range.end <= assignment.range.start && is_router(&assignment.target))
        .map(|assignment| (application.path.clone(), assignment.clone()))
}

/// The modules that components bring.
fn brought(layout: &Layout) -> Vec<FilePath> {
    let modules = COMPONENTS.iter().flat_map(|component| component.manifest.module.iter());
    modules.map(|module| layout.services.file(&module.path)).collect()
}

/// The Python modules of the project that were read, but for those that components brought.
fn modules(project: &Project) -> impl Iterator<Item = (&FilePath, &super::File)> {
    let brought = brought(&project.layout);
    project
        .files()
        .map(|(path, file)| (path, file.as_ref()))
        .filter(move |(path, _)| path.as_str().ends_with(".py") && !brought.contains(path))
}

fn speaks_of(text: &str, word: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// What is looked at to prove something of the application's start and end.
struct Proof<'a> {
    project: &'a Project,
    wiring: &'a Wiring,
    path: &'a FilePath,
    source: &'a Source,
    text: &'a str,
    names: Vec<String>,
}

impl<'a> Proof<'a> {
    /// `None` where nothing can be proved: the call is of a class with a constructor of its own, it is one of several, or
    /// something replaces the lifespan later.
    fn of(project: &'a Project, wiring: &'a Wiring) -> Option<Self> {
        let path = &project.layout.application.as_ref().ok()?.path;
        let file = project.file(path)?;
        let (source, text) = (file.python(), file.text()?);
        let is_own_class = source.classes.iter().any(|class| class.name == wiring.call.callee);
        let replaced = modules(project)
            .filter(|(other, _)| *other != path)
            .any(|(_, file)| file.text().is_some_and(|text| speaks_of(text, "lifespan_context")))
            || speaks_of(text, "lifespan_context");
        let names = application_names(source, wiring);
        (!is_own_class && !wiring.repeated && !replaced).then_some(Self { project, wiring, path, source, text, names })
    }

    /// A lifespan that is one function, of this application alone, with one `yield` on every path.
    fn generator(&self) -> Option<Lifespan> {
        let argument = self.wiring.call.keyword("lifespan")?;
        let code = self.text.get(argument.value.clone())?;
        let generator = given(self.project, &self.project.layout, self.path, self.wiring)?;
        let (function, yields) = (&generator.function, &generator.yields);
        let is_plain = code.split('.').all(is_name)
            && function.is_async
            && !function.body.inline
            && !function.scope.guarded
            && function.scope.class.is_none()
            && yields.alone
            && yields.unconditional
            && yields.finally.as_ref().is_none_or(|(_, block)| !block.inline);
        let file = self.project.file(&generator.path)?;
        let (source, text) = (file.python(), file.text()?);
        let index = source.functions.iter().position(|known| known.range == function.range);
        let returns_before =
            source.returns.iter().any(|found| found.scope.function == index && found.range.start < yields.range.start);
        let shares_line = !crate::source::text::is_first_on_line(text, yields.statement.start);
        let proved = is_plain
            && !returns_before
            && !shares_line
            && function.decorators.iter().all(|decorator| is_context_manager(source, decorator))
            && self.is_used_once(&generator, code);
        proved.then(|| Lifespan::Generator(Box::new(generator)))
    }

    /// Is the function named where it is defined, where it is imported, and where the application is made, and nowhere else? Then it
    /// is not defined twice, not wrapped, and not the lifespan of another application.
    fn is_used_once(&self, generator: &Generator, code: &str) -> bool {
        let name = &generator.function.name;
        modules(self.project).all(|(path, file)| {
            let text = file.text().unwrap_or_default();
            if !speaks_of(text, name) {
                return true;
            }
            // Most modules that have the word only speak of it.
            let is_bound = || file.imports().iter().any(|import| import.bound.contains(name));
            if path != self.path && path != &generator.path && name.is_ascii() && !is_bound() {
                return true;
            }
            let source = file.python();
            let imports =
                || source.imports.iter().filter(|import| import.names.iter().any(|known| known.bound() == name));
            let leads_here = |import: &python::Import| {
                let from = import.from.as_deref().unwrap_or_default();
                imports::module_file(self.project, &self.project.layout.import_roots, path, from).is_some()
            };
            let is_import = |place: usize| source.imports.iter().any(|import| import.range.contains(&place));
            let others = python::uses_of(text, name).into_iter().filter(|place| !is_import(place.start));
            if path == self.path {
                let once = imports().count() <= 1 && imports().all(|import| !import.scope.guarded);
                let own = usize::from(path == &generator.path);
                let given = usize::from(is_name(code));
                let dotted = if is_name(code) { 0 } else { python::uses_of(text, code).len() };
                return once && others.count() == own + given && dotted <= 1;
            }
            if path == &generator.path {
                return others.count() == 1;
            }
            // Another module may pass it on, and use it for itself where it does more than that.
            imports().filter(|import| leads_here(import)).all(|import| !import.scope.guarded)
                && (imports().next().is_none() || others.count() == 0)
        })
    }

    /// Handlers that are all registered by decorators on the application in its own module, unconditionally.
    fn handlers(&self) -> Option<Lifespan> {
        let none = |keyword: &str| self.is_none(keyword);
        if !(none("lifespan") && none("on_startup") && none("on_shutdown")) || self.unpacks() || self.is_handed_out() {
            return None;
        }
        let mut found: [Vec<&Function>; 2] = [Vec::new(), Vec::new()];
        let mut count = 0;
        for call in &self.source.calls {
            let Some((receiver, "on_event")) = call.callee.rsplit_once('.') else { continue };
            let event = call.first().and_then(|argument| self.text.get(argument.value.clone()))?;
            let side = match event.trim_matches(['"', '\'']) {
                "startup" => 0,
                "shutdown" => 1,
                _ => return None,
            };
            let is_proved = call.usage == Usage::Decorator
                && !call.scope.guarded
                && call.scope.class.is_none()
                && call.scope.function == self.wiring.function
                && self.names.iter().any(|name| name == receiver);
            if !is_proved {
                return None;
            }
            found[side].push(self.source.functions.iter().find(|function| function.range == call.statement)?);
            count += 1;
        }
        let words: usize = WORDS.iter().map(|word| self.text.matches(word).count()).sum();
        let elsewhere = modules(self.project)
            .filter(|(path, _)| *path != self.path)
            .any(|(_, file)| WORDS.iter().any(|word| file.text().is_some_and(|text| speaks_of(text, word))));
        if words != count || elsewhere {
            return None;
        }
        let (startup, shutdown) = (found[0].last()?, found[1].first()?);
        let is_named_once = |function: &Function| python::uses_of(self.text, &function.name).len() == 1;
        let is_usable = |function: &Function| {
            function.is_async && !function.body.inline && function.decorators.len() == 1 && is_named_once(function)
        };
        let usable = is_usable(startup) && is_usable(shutdown) && self.runs_to_its_end(startup);
        let place = |function: &Function| Box::new((self.path.clone(), function.clone()));
        usable.then(|| Lifespan::Handlers { startup: place(startup), shutdown: place(shutdown) })
    }

    /// Has a function no `return` but a last statement, and no `yield`?
    fn runs_to_its_end(&self, function: &Function) -> bool {
        let index = self.source.functions.iter().position(|known| known.range == function.range);
        let last = function.body.statements.last();
        let is_last = |found: &python::Return| last.is_some_and(|last| last.range == found.range);
        let mut returns = self.source.returns.iter().filter(|found| found.scope.function == index);
        let ends = last.is_none_or(|last| {
            last.kind != StatementKind::Return || self.text.get(last.range.clone()) == Some("return")
        });
        ends && returns.all(is_last) && !self.source.yields.iter().any(|found| found.scope.function == index)
    }

    /// Nothing at all: no lifespan, no handler anywhere, and nobody outside of the project who could register one.
    fn absent(&self) -> Option<Lifespan> {
        let keywords = ["lifespan", "on_startup", "on_shutdown"];
        let silent = modules(self.project)
            .all(|(_, file)| !WORDS.iter().any(|word| file.text().is_some_and(|text| speaks_of(text, word))));
        let proved = silent
            && keywords.iter().all(|keyword| self.wiring.call.keyword(keyword).is_none() || self.is_none(keyword))
            && !self.unpacks()
            && !self.is_handed_out();
        proved.then_some(Lifespan::Absent)
    }

    fn is_none(&self, keyword: &str) -> bool {
        let given = self.wiring.call.keyword(keyword);
        given.is_none_or(|argument| self.text.get(argument.value.clone()) == Some("None"))
    }

    fn unpacks(&self) -> bool {
        self.wiring.call.arguments.iter().any(|argument| argument.unpacks)
    }

    fn is_handed_out(&self) -> bool {
        let within = Within::Block(self.wiring.function);
        is_handed_out(self.project, &self.project.layout, self.path, &within, &self.names, DEEPEST)
    }
}

/// Is it `contextlib.asynccontextmanager`?
fn is_context_manager(source: &Source, decorator: &str) -> bool {
    is_of_contextlib(source, decorator, "asynccontextmanager")
}

/// Does the module import `name` of the standard library's `contextlib` as `decorator`?
pub fn is_of_contextlib(source: &Source, decorator: &str, name: &str) -> bool {
    source.imports.iter().any(|import| {
        import.names.iter().any(|imported| match import.from.as_deref() {
            Some("contextlib") => imported.name == name && imported.bound() == decorator,
            Some(_) => false,
            None => imported.name == "contextlib" && decorator.split_once('.') == Some((imported.bound(), name)),
        })
    })
}

/// How many helpers that hand the application on are followed.
const DEEPEST: usize = 6;

/// Functions of packages that take an application and leave its start and end alone.
const HARMLESS: [&str; 9] =
    ["run", "TestClient", "Mangum", "print", "isinstance", "id", "instrument_app", "ASGITransport", "hasattr"];

/// Which calls of a module are looked at.
enum Within<'a> {
    /// Those of the module itself, and of the function that makes the application.
    Block(Option<usize>),
    /// Those of a function.
    Function(&'a Function),
}

/// Is what `names` stand for handed to code outside of the project, which may register handlers on it?
fn is_handed_out(
    files: &dyn Files,
    layout: &Layout,
    path: &FilePath,
    within: &Within<'_>,
    names: &[String],
    depth: usize,
) -> bool {
    let Some(file) = files.file(path) else { return true };
    let (source, text) = (file.python(), file.text().unwrap_or_default());
    let is_within = |call: &&Call| match within {
        Within::Block(function) => call.scope.function.is_none() || call.scope.function == *function,
        Within::Function(function) => function.range.contains(&call.range.start),
    };
    source.calls.iter().filter(is_within).any(|call| {
        let is_handed = |range: &std::ops::Range<usize>| names.iter().any(|name| text.get(range.clone()) == Some(name));
        let Some(position) = call.arguments.iter().position(|argument| is_handed(&argument.value)) else {
            return false;
        };
        let last = call.callee.rsplit('.').next().unwrap_or_default();
        if HARMLESS.contains(&last) {
            return false;
        }
        let found = imports::function(files, &layout.import_roots, path, call.scope.function, &call.callee);
        let Some((target, function)) = found else { return true };
        if brought(layout).contains(&target) {
            return false;
        }
        let parameter = call.arguments[position].keyword.as_ref().or(function.parameters.get(position));
        let (Some(parameter), Some(depth)) = (parameter, depth.checked_sub(1)) else { return true };
        is_handed_out(files, layout, &target, &Within::Function(&function), std::slice::from_ref(parameter), depth)
    })
}
