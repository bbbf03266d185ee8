//! The function that composes our calls with whatever the application runs at its start and end, and the statement that calls it.
//!
//! ```text
//!                                               def add_services(app: FastAPI) -> None:
//!                                                   application_lifespan = app.router.lifespan_context
//!
//!                                                   @asynccontextmanager
//!                                                   async def with_services(app: FastAPI) -> AsyncIterator[Any]:
//!                                                       async with application_lifespan(app) as state:
//!                                                           await start_redis()
//!                                         ->                yield state
//!                                                           await stop_redis()
//!
//!                                                   app.router.lifespan_context = with_services
//!
//!
//! app = FastAPI(**options)                      app = FastAPI(**options)
//!                                               add_services(app)
//! ```
//!
//! It asks nothing of what is there: a lifespan with the state that it yields, event handlers, or the lifespans of routers run as
//! without it, and ours run within them. Starlette has had `lifespan_context` in this form since the release that FastAPI 0.70 uses.

use super::import::Import;
use super::placement;
use super::side::Side;
use super::steps::Steps;
use super::{Recorded, same_code};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::lock::{Made, ScaffoldingKey};
use crate::project::application::{self, Wiring};
use crate::project::lifespan::{self, Composed};
use crate::project::{FilePath, Project};
use crate::source::python::{self, Call, Function, Source, Statement, StatementKind, Usage, indentation_step};
use crate::source::text::{self, LineEnding};

/// The first FastAPI whose router runs a `lifespan_context` that is an async context manager.
pub(super) const OLDEST: &str = "fastapi>=0.70";
const NAMES: [&str; 3] = ["add_services", "add_service_lifespan", "compose_lifespan_with_services"];

/// Brings the function and its statement, with one call in it; what came into being.
pub(super) fn bring(steps: &mut Steps, wiring: &Wiring, side: Side, call: &str) -> Result<Made, Problem> {
    let (code, source) = (steps.text.clone(), steps.source());
    let path = steps.path.clone();
    let (anchor, variable) = anchor(steps.project, &path, &code, &source, wiring)?;
    let ending = LineEnding::of(&code).as_str();
    let is_free = |name: &&&str| python::uses_of(&code, name).is_empty();
    let name = NAMES.iter().find(is_free).copied().unwrap_or(NAMES[2]);
    let class = resolvable_class(&source);
    let class_name = class.clone().unwrap_or_else(|| "FastAPI".to_owned());
    let function = function_text(name, &class_name, &indentation_step(&code, &source), side, call);
    let (insertion, between) =
        placement::definition_before(&code, &source, wiring.call.range.start, &function.replace('\n', ending));
    let statement = placement::statement_after(&code, &source, &anchor, &format!("{name}({variable})"))?;
    steps.take(&[insertion, statement]);
    let mut made =
        vec![(ScaffoldingKey::ComposedLifespan, None), (ScaffoldingKey::ComposedLifespanPlace, Some(between))];
    let mut imports =
        vec![("contextlib", "asynccontextmanager"), ("collections.abc", "AsyncIterator"), ("typing", "Any")];
    if class.is_none() {
        imports.push(("fastapi", "FastAPI"));
    }
    for (module, name) in imports {
        made.extend(import(&path, module, name).take(steps)?);
    }
    Ok(made)
}

fn import(path: &FilePath, module: &str, name: &str) -> Import {
    Import { path: path.clone(), module: module.to_owned(), names: vec![name.to_owned()] }
}

/// The text of the function; with LF, at column 0.
fn function_text(name: &str, class: &str, step: &str, side: Side, call: &str) -> String {
    let deep = step.repeat(3);
    let (before, after) = match side {
        Side::Start => (format!("{deep}{call}\n"), String::new()),
        Side::Stop => (String::new(), format!("\n{deep}{call}")),
    };
    format!(
        "def {name}(app: {class}) -> None:\n\
         {step}\"\"\"Start and stop services within the lifespan that the application has.\"\"\"\n\
         {step}application_lifespan = app.router.lifespan_context\n\
         \n\
         {step}@asynccontextmanager\n\
         {step}async def with_services(app: {class}) -> AsyncIterator[Any]:\n\
         {step}{step}async with application_lifespan(app) as state:\n\
         {before}{deep}yield state{after}\n\
         \n\
         {step}app.router.lifespan_context = with_services"
    )
}

/// The lines to write by hand, where there is no place for them.
pub(super) fn by_hand(side: Side, call: &str) -> String {
    function_text(NAMES[0], "FastAPI", "    ", side, call)
        + "\n\n\n"
        + NAMES[0]
        + "(app)  # behind the statement that makes `app`"
}

/// The name by which an annotation at module level can say `FastAPI`.
pub(super) fn resolvable_class(source: &Source) -> Option<String> {
    let mut imports = source.imports.iter().filter(|import| import.scope.is_module() && !import.scope.type_checking);
    imports.find_map(|import| {
        import.names.iter().find_map(|imported| match import.from.as_deref() {
            Some("fastapi" | "fastapi.applications") if imported.name == "FastAPI" => Some(imported.bound().to_owned()),
            None if imported.name == "fastapi" => Some(format!("{}.FastAPI", imported.bound())),
            _ => None,
        })
    })
}

/// The statement that ours goes behind, and the variable that holds the application there: the one that makes the application, or
/// the last one that touches it, where something gives it another lifespan after it is made.
fn anchor(
    project: &Project,
    path: &FilePath,
    code: &str,
    source: &Source,
    wiring: &Wiring,
) -> Result<(Statement, String), Problem> {
    let replaced = lifespan::replacements(project);
    // FastAPI joins the start and the end of a router to what the application has when the router is included.
    let includes = |call: &Call| call.callee.rsplit('.').next() == Some("include_router");
    if replaced.is_empty() && !source.calls.iter().any(includes) {
        return Ok((wiring.binding.clone(), wiring.variable.clone()));
    }
    let callers = callers(project, &replaced);
    let mut blocks = vec![(wiring.binding.clone(), wiring.after.clone(), wiring.function, wiring.variable.clone())];
    blocks.extend(module_variable(source, wiring));
    for (binding, after, function, variable) in blocks {
        let names = application::application_names(source, wiring);
        let uses: Vec<_> = names.iter().flat_map(|name| python::uses_of(code, name)).collect();
        let touches = |statement: &&Statement| uses.iter().any(|place| statement.range.contains(&place.start));
        let runs = after.iter().take_while(|statement| {
            statement.kind != StatementKind::Return
                && !application::returns_within(source, function, statement)
                && !placement::is_main_guard(code, statement)
        });
        let last = runs.filter(touches).last().unwrap_or(&binding).clone();
        let is_before = |found: &(FilePath, python::Assignment)| {
            let is_here = found.0 == *path && found.1.scope.function == function && found.1.range.end <= last.range.end;
            let is_called = enclosing(project, found).is_some_and(|name| {
                let names = callers.iter().find(|(first, _)| *first == name).map(|(_, names)| names);
                source.calls.iter().any(|call| {
                    call.scope.function == function
                        && binding.range.start <= call.range.start
                        && call.range.end <= last.range.end
                        && names.is_some_and(|names| names.iter().any(|known| last_part(&call.callee) == known))
                })
            });
            is_here || is_called
        };
        if replaced.iter().all(is_before) {
            return Ok((last, variable));
        }
    }
    let problem = Problem::new(
        &finding::LIFESPAN_UNSUPPORTED,
        "the application is given another lifespan after it is made, where it cannot be told when",
    );
    let (at, found) =
        replaced.first().map_or((path, wiring.call.range.clone()), |(path, found)| (path, found.range.clone()));
    Err(problem
        .at(at, found)
        .related(Location::new(path.clone(), wiring.call.range.clone()), "the application is made here")
        .help("give it to the application as `lifespan=`, or call the function that sets it where the application is made"))
}

/// The module's statement that takes what the factory returns, with the statements behind it.
fn module_variable(source: &Source, wiring: &Wiring) -> Option<(Statement, Vec<Statement>, Option<usize>, String)> {
    let factory = source.functions.get(wiring.function?)?;
    let (call, target) = source.calls.iter().find_map(|call| match &call.usage {
        Usage::Assigned(target) if call.callee == factory.name && call.scope.is_module() => Some((call, target)),
        _ => None,
    })?;
    let position = source.body.iter().position(|statement| statement.range.contains(&call.range.start))?;
    Some((source.body[position].clone(), source.body[position + 1..].to_vec(), None, target.clone()))
}

/// The name of the function that an assignment stands in; of a constructor, the class.
fn enclosing(project: &Project, (path, found): &(FilePath, python::Assignment)) -> Option<String> {
    let source = project.file(path)?.python();
    let function = source.functions.get(found.scope.function?)?;
    let class = function.scope.class.and_then(|index| source.classes.get(index));
    Some(class.filter(|_| function.name == "__init__").map_or(&function.name, |class| &class.name).clone())
}

fn last_part(callee: &str) -> &str {
    callee.rsplit('.').next().unwrap_or(callee)
}

/// For each function that replaces a lifespan: its name, and the names of those that call it, perhaps through others.
fn callers(project: &Project, replaced: &[(FilePath, python::Assignment)]) -> Vec<(String, Vec<String>)> {
    let names = replaced.iter().filter_map(|found| enclosing(project, found));
    let of = |first: String| {
        let mut names = vec![first.clone()];
        let mut next = 0;
        while let Some(name) = names.get(next).cloned() {
            next += 1;
            for (_, file) in project.files().filter(|(path, _)| path.as_str().ends_with(".py")) {
                let source = file.python();
                let calling = source.calls.iter().filter(|call| last_part(&call.callee) == name);
                for function in calling.filter_map(|call| source.functions.get(call.scope.function?)) {
                    if !names.contains(&function.name) {
                        names.push(function.name.clone());
                    }
                }
            }
        }
        (first, names)
    };
    names.map(of).collect()
}

/// Takes the function and its statement back, where nothing but the one call is in it. Was it so?
pub(super) fn take_back(steps: &mut Steps, composed: &Composed, call: &Call, recorded: &Recorded) -> bool {
    let code = steps.text.clone();
    let source = steps.source();
    let Composed { function, call: statement, generator } = composed;
    let side = if call.range.start < generator.yields.range.start { Side::Start } else { Side::Stop };
    let called = code[call.statement.clone()].trim();
    let class = annotation(&code, function).unwrap_or("FastAPI");
    let untouched = function_text(&function.name, class, "    ", side, called);
    if recorded.scaffolding(&ScaffoldingKey::ComposedLifespan).is_none()
        || !same_code(&untouched, &code[function.range.clone()])
    {
        return false;
    }
    let Ok(wiring) = application::made(steps.project) else { return false };
    let block = if statement.scope.function == wiring.function { wiring.function } else { None };
    let mut edits =
        vec![Edit::delete(placement::statement_with_its_blanks(&code, &source, block, &statement.statement))];
    edits.push(placement::definition_away(
        &code,
        function,
        recorded.scaffolding(&ScaffoldingKey::ComposedLifespanPlace).flatten(),
    ));
    steps.take(&edits);
    let path = steps.path.clone();
    let imports = [
        ("contextlib", "asynccontextmanager"),
        ("collections.abc", "AsyncIterator"),
        ("typing", "Any"),
        ("fastapi", "FastAPI"),
    ];
    for (module, name) in imports {
        import(&path, module, name).take_back(steps, recorded);
    }
    true
}

/// The annotation of the function's parameter, as written.
fn annotation<'a>(code: &'a str, function: &Function) -> Option<&'a str> {
    let header = code.get(function.name_range.end..function.body.range.start)?;
    let (_, rest) = header.split_once(':')?;
    rest.split_once(')').map(|(annotation, _)| annotation.trim())
}

/// Is a call within the function that composes?
pub(super) fn holds(composed: &Composed, path: &FilePath, call: &Call) -> bool {
    composed.generator.path == *path && text::contains(&composed.function.range, &call.range)
}
