//! The application in its module: the `FastAPI(...)` call, the variable that holds it, the statements that wire it, and the
//! lifespan or event handlers that it runs.
//!
//! Everything is found anew in the present text, so that it stays right while a plan edits the module.

use std::ops::Range;

use super::imports::{self, Files, is_name};
use super::{FilePath, Layout, Project};
use crate::finding::{self, Location, Problem};
use crate::source::python::{Block, Call, Function, Source, Statement, Usage, Yield};

/// The names that stand for `FastAPI` in a module: imported, or a class of the module that inherits from it.
pub fn fastapi_names(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    for import in &source.imports {
        for imported in &import.names {
            match import.from.as_deref() {
                Some("fastapi" | "fastapi.applications") if imported.name == "FastAPI" => {
                    names.push(imported.bound().to_owned());
                }
                None if imported.name == "fastapi" => names.push(format!("{}.FastAPI", imported.bound())),
                _ => {}
            }
        }
    }
    if !names.is_empty() {
        for class in &source.classes {
            if class.bases.iter().any(|base| names.contains(base)) {
                names.push(class.name.clone());
            }
        }
    }
    names
}

/// The calls that make an application, in the order of the text.
pub fn application_calls(source: &Source) -> Vec<&Call> {
    let names = fastapi_names(source);
    source.calls.iter().filter(|call| names.contains(&call.callee)).collect()
}

/// Where the application is made, and where code that wires it goes.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// The `FastAPI(...)` call.
    pub call: Call,
    /// The variable that holds the application where statements can reach it; empty where none does.
    pub variable: String,
    /// The statement that binds it.
    pub binding: Statement,
    /// The statements behind the binding in the same block.
    pub after: Vec<Statement>,
    /// The function that the block belongs to, as an index; `None` for the module.
    pub function: Option<usize>,
}

/// Finds the application in its module.
///
/// # Errors
///
/// It is not there any more, or its shape leaves no place for statements.
pub fn wiring(project: &Project) -> Result<Wiring, Problem> {
    let wiring = made(project)?;
    if !wiring.variable.is_empty() {
        return Ok(wiring);
    }
    let problem =
        Problem::new(&finding::APPLICATION_UNSUPPORTED, "the application is not held by a variable where it is made");
    let problem = match &project.layout.application {
        Ok(application) => problem.at(&application.path, wiring.call.range),
        Err(_) => problem,
    };
    Err(problem
        .help("assign it to a variable (`app = FastAPI(...)`), so that middleware and routers can be added to it"))
}

/// Finds the application also where no variable holds it: a lifespan is given to the call itself.
///
/// # Errors
///
/// It is not there any more, or its shape leaves no place for statements.
pub fn made(project: &Project) -> Result<Wiring, Problem> {
    let application = project.layout.application.as_ref().map_err(Clone::clone)?;
    let path = &application.path;
    let Some(file) = project.file(path) else {
        return Err(Problem::new(&finding::NO_APPLICATION, format!("`{path}` is not there any more")));
    };
    let source = file.python();
    let calls = application_calls(source);
    let fits = |call: &&&Call| {
        let factory =
            call.scope.function.and_then(|index| source.functions.get(index)).map(|function| function.name.as_str());
        let variable = match &call.usage {
            Usage::Assigned(target) => Some(target.as_str()),
            _ => None,
        };
        factory == application.factory.as_deref() && variable == application.variable.as_deref()
    };
    let mut matching = calls.iter().filter(fits);
    let Some(call) = matching.next() else {
        return Err(Problem::new(
            &finding::NO_APPLICATION,
            format!(
                "no `FastAPI(...)` call for `{}` in `{path}`",
                application.variable.as_deref().unwrap_or("the application")
            ),
        )
        .at(path, 0..0)
        .help("name the application with `--app MODULE:ATTR`"));
    };
    if let Some(other) = matching.next() {
        return Err(Problem::new(&finding::APPLICATION_UNSUPPORTED, "the application is made in two places")
            .at(path, call.range.clone())
            .related(Location::new(path.clone(), other.range.clone()), "and here")
            .help("make it in one place, or name the one to use with `--app MODULE:ATTR`"));
    }
    let (variable, range, function) = if let Usage::Assigned(target) = &call.usage {
        (target.clone(), call.statement.clone(), call.scope.function)
    } else {
        returned_to_module(source, call).unwrap_or_else(|| (String::new(), call.range.clone(), call.scope.function))
    };
    let body: &[Statement] = match function {
        Some(index) => source.functions.get(index).map_or(&[], |function| &function.body.statements),
        None => &source.body,
    };
    let position =
        body.iter().position(|statement| statement.range.start <= range.start && range.end <= statement.range.end);
    let Some(position) = position else {
        return Err(Problem::new(
            &finding::APPLICATION_UNSUPPORTED,
            "the statement that makes the application stands in no block",
        )
        .at(path, range));
    };
    Ok(Wiring {
        call: (**call).clone(),
        variable,
        binding: body[position].clone(),
        after: body[position + 1..].to_vec(),
        function,
    })
}

/// The module-level variable that takes what the factory around `call` returns.
fn returned_to_module(source: &Source, call: &Call) -> Option<(String, Range<usize>, Option<usize>)> {
    if call.usage != Usage::Returned {
        return None;
    }
    let factory = source.functions.get(call.scope.function?)?;
    source.calls.iter().find_map(|other| match &other.usage {
        Usage::Assigned(target) if other.callee == factory.name && other.scope.is_module() => {
            Some((target.clone(), other.statement.clone(), None))
        }
        _ => None,
    })
}

/// What runs when the application starts and stops.
#[derive(Debug, Clone)]
pub enum Lifespan {
    /// An async generator function with one `yield`.
    Generator {
        /// The module with the function; not always the application's.
        path: FilePath,
        /// The function.
        function: Function,
        /// Its `yield`.
        yields: Box<Yield>,
    },
    /// Event handlers: FastAPI ignores them as soon as a lifespan is given, so they are used.
    Handlers {
        /// How handlers are registered here.
        style: HandlerStyle,
        /// The module that registers them.
        path: FilePath,
        /// An async handler that runs at the start; the last one.
        startup: Option<(FilePath, Function)>,
        /// An async handler that runs at the end; the first one.
        shutdown: Option<(FilePath, Function)>,
    },
    /// Nothing yet.
    Absent,
}

/// How event handlers are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerStyle {
    /// `@app.on_event("startup")`
    Decorator,
    /// `app.add_event_handler("startup", f)`
    Method,
    /// `FastAPI(on_startup=[f])`
    Argument,
}

/// Finds what runs when the application starts and stops.
///
/// # Errors
///
/// A lifespan that cannot be followed, or that has not exactly one `yield`.
pub fn lifespan(project: &Project) -> Result<Lifespan, Problem> {
    let wiring = made(project)?;
    let Ok(application) = project.layout.application.as_ref() else { return Ok(Lifespan::Absent) };
    lifespan_of(project, &project.layout, &application.path, &wiring)
}

/// The same for a place where files come from, which discovery uses to read the files that a lifespan leads to.
///
/// # Errors
///
/// As for [`lifespan`].
pub fn lifespan_of(files: &dyn Files, layout: &Layout, path: &FilePath, wiring: &Wiring) -> Result<Lifespan, Problem> {
    let roots = &layout.import_roots;
    let Some(file) = files.file(path) else { return Ok(Lifespan::Absent) };
    let (source, text) = (file.python(), file.text().unwrap_or_default());
    let context = format!("{}.router.lifespan_context", wiring.variable);
    let given = wiring.call.keyword("lifespan").map(|argument| argument.value.clone()).or_else(|| {
        let assigned = source.assignments.iter().find(|assignment| assignment.target == context)?;
        assigned.value.clone()
    });
    if let Some(value) = given {
        let code = text.get(value.clone()).unwrap_or_default();
        if code != "None" {
            return generator(files, roots, path, wiring.call.scope.function, code, value);
        }
    }
    let names = application_names(source, wiring);
    if let Some(found) = registered(files, roots, path, Some(&names)) {
        return Ok(found);
    }
    if let Some(found) = listed(files, roots, path, text, wiring)? {
        return Ok(found);
    }
    // A helper in another module registers them on the application that it is given, or on a router that is included.
    if let Some(found) =
        layout.handlers.iter().filter(|other| *other != path).find_map(|other| registered(files, roots, other, None))
    {
        return Ok(found);
    }
    if let Some(argument) = wiring.call.arguments.iter().find(|argument| argument.unpacks) {
        let code = text.get(argument.range.clone()).unwrap_or_default();
        if !mapping_is_known_without_lifespan(source, text, code) {
            return Err(Problem::new(
                &finding::LIFESPAN_UNSUPPORTED,
                format!("`{code}` may hold a `lifespan`, which cannot be told without running it"),
            )
            .at(path, argument.range.clone())
            .help("write `lifespan=...` as a keyword of the call"));
        }
    }
    Ok(Lifespan::Absent)
}

/// Is `**name` a dictionary of this module whose text does not speak of a lifespan or of handlers?
fn mapping_is_known_without_lifespan(source: &Source, text: &str, code: &str) -> bool {
    let name = code.trim_start_matches('*').trim();
    if !is_name(name) {
        return false;
    }
    let mut values = source.assignments.iter().filter(|assignment| assignment.target == name).peekable();
    let assigned = values.peek().is_some();
    let speaks = |code: &str| code.contains("lifespan") || code.contains("on_startup") || code.contains("on_shutdown");
    assigned
        && values.all(|assignment| {
            let value = assignment.value.clone().and_then(|range| text.get(range)).unwrap_or_default();
            (value.starts_with('{') || value.starts_with("dict(")) && !speaks(value) && !value.contains("**")
        })
        && !text.contains(&format!("{name}[\"lifespan\"]"))
        && !text.contains(&format!("{name}['lifespan']"))
        && !text.contains(&format!("{name}.update("))
}

fn generator(
    files: &dyn Files,
    roots: &[FilePath],
    path: &FilePath,
    within: Option<usize>,
    code: &str,
    value: Range<usize>,
) -> Result<Lifespan, Problem> {
    let Some((target, function)) = imports::function(files, roots, path, within, code) else {
        return Err(Problem::new(
            &finding::LIFESPAN_UNSUPPORTED,
            format!("the lifespan `{code}` leads to no function of this project"),
        )
        .at(path, value)
        .help("give `lifespan=` the name of an async generator function with one `yield`"));
    };
    let Some(file) = files.file(&target) else { return Ok(Lifespan::Absent) };
    let source = file.python();
    let index = source.functions.iter().position(|known| known.range == function.range);
    let yields: Vec<&Yield> = source.yields.iter().filter(|found| found.scope.function == index).collect();
    let name = &function.name;
    if !function.is_async {
        return Err(Problem::new(
            &finding::LIFESPAN_UNSUPPORTED,
            format!("the lifespan `{name}` is not an `async def`"),
        )
        .at(&target, function.name_range.clone())
        .help("make it an async generator function, so that it can await the start of a service"));
    }
    if function.body.inline {
        return Err(Problem::new(
            &finding::LIFESPAN_UNSUPPORTED,
            format!("the body of the lifespan `{name}` stands on one line"),
        )
        .at(&target, function.name_range.clone())
        .help("put its body on lines of its own"));
    }
    match yields.as_slice() {
        [only] if only.alone => {
            Ok(Lifespan::Generator { path: target, function: function.clone(), yields: Box::new((*only).clone()) })
        }
        [only] => Err(Problem::new(
            &finding::LIFESPAN_UNSUPPORTED,
            format!("the `yield` of the lifespan `{name}` is part of another statement"),
        )
        .at(&target, only.range.clone())
        .help("put the `yield` on a line of its own")),
        [] => Err(Problem::new(
            &finding::LIFESPAN_UNSUPPORTED,
            format!("the lifespan `{name}` has no `yield` of its own"),
        )
        .at(&target, function.name_range.clone())
        .help("give `lifespan=` an async generator function with one `yield`")),
        [first, second, ..] => {
            Err(Problem::new(&finding::LIFESPAN_UNSUPPORTED, format!("the lifespan `{name}` has two `yield`s"))
                .at(&target, first.range.clone())
                .related(Location::new(target.clone(), second.range.clone()), "the second one")
                .help("bring it to one `yield`, so that there is one place to start before and to stop after"))
        }
    }
}

/// Handlers that the module at `path` registers, on one of `names` or, with none given, on anything.
fn registered(files: &dyn Files, roots: &[FilePath], path: &FilePath, names: Option<&[String]>) -> Option<Lifespan> {
    let file = files.file(path)?;
    let (source, text) = (file.python(), file.text().unwrap_or_default());
    let mut style = None;
    let mut found: [Vec<(FilePath, Function)>; 2] = [Vec::new(), Vec::new()];
    for call in &source.calls {
        let Some((receiver, method)) = call.callee.rsplit_once('.') else { continue };
        if names.is_some_and(|names| !names.iter().any(|name| name == receiver)) {
            continue;
        }
        let event = call.first().and_then(|argument| text.get(argument.value.clone())).unwrap_or_default();
        let side = match event.trim_matches(['"', '\'']) {
            "startup" => 0,
            "shutdown" => 1,
            _ => continue,
        };
        let is_usable = |function: &Function| function.is_async && !function.body.inline;
        match (method, &call.usage) {
            ("on_event", Usage::Decorator) => {
                style.get_or_insert(HandlerStyle::Decorator);
                let function = source.functions.iter().find(|function| function.range == call.statement);
                found[side].extend(
                    function.filter(|function| is_usable(function)).map(|function| (path.clone(), function.clone())),
                );
            }
            ("add_event_handler", _) => {
                style.get_or_insert(HandlerStyle::Method);
                let handler = call.arguments.get(1).and_then(|argument| text.get(argument.value.clone()));
                let function =
                    handler.and_then(|code| imports::function(files, roots, path, call.scope.function, code));
                found[side].extend(function.filter(|(_, function)| is_usable(function)));
            }
            _ => {}
        }
    }
    let [startup, shutdown] = found;
    Some(Lifespan::Handlers {
        style: style?,
        path: path.clone(),
        startup: startup.into_iter().last(),
        shutdown: shutdown.into_iter().next(),
    })
}

/// Handlers that the application is given as `on_startup=[...]` and `on_shutdown=[...]`.
fn listed(
    files: &dyn Files,
    roots: &[FilePath],
    path: &FilePath,
    text: &str,
    wiring: &Wiring,
) -> Result<Option<Lifespan>, Problem> {
    let mut found: [Vec<(FilePath, Function)>; 2] = [Vec::new(), Vec::new()];
    let mut is_any = false;
    for (side, keyword) in ["on_startup", "on_shutdown"].into_iter().enumerate() {
        let Some(argument) = wiring.call.keyword(keyword) else { continue };
        is_any = true;
        let code = text.get(argument.value.clone()).unwrap_or_default();
        let Some(items) = code.trim().strip_prefix(['[', '(']).and_then(|rest| rest.strip_suffix([']', ')'])) else {
            return Err(Problem::new(
                &finding::LIFESPAN_UNSUPPORTED,
                format!("`{keyword}={code}` is not a list of handlers"),
            )
            .at(path, argument.range.clone())
            .help("write the handlers as a list of names, or use a lifespan"));
        };
        for item in items.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let function = imports::function(files, roots, path, wiring.call.scope.function, item);
            found[side].extend(function.filter(|(_, function)| function.is_async && !function.body.inline));
        }
    }
    let [startup, shutdown] = found;
    Ok(is_any.then(|| Lifespan::Handlers {
        style: HandlerStyle::Argument,
        path: path.clone(),
        startup: startup.into_iter().last(),
        shutdown: shutdown.into_iter().next(),
    }))
}

/// The names that hold the application in its module: where it is made, and the module variable that a factory's result is
/// assigned to.
pub fn application_names(source: &Source, wiring: &Wiring) -> Vec<String> {
    let mut names = vec![wiring.variable.clone()];
    if let Some(factory) = wiring.call.scope.function.and_then(|index| source.functions.get(index)) {
        names.extend(source.calls.iter().filter_map(|call| match &call.usage {
            Usage::Assigned(target) if call.callee == factory.name && call.scope.is_module() => Some(target.clone()),
            _ => None,
        }));
    }
    names
}

/// The block of a function's body without its docstring.
pub fn without_docstring<'a>(block: &'a Block, text: &str) -> &'a [Statement] {
    match block.statements.first() {
        Some(first) if first.is_string(text) => &block.statements[1..],
        _ => &block.statements,
    }
}
