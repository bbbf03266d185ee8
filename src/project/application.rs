//! The application in its module: the `FastAPI(...)` call, the variable that holds it, and the statements that wire it.
//!
//! Everything is found anew in the present text, so that it stays right while a plan edits the module.

use std::ops::Range;

use super::imports::is_name;
use super::{File, FilePath, Project};
use crate::finding::{self, Location, Problem};
use crate::source::python::{Block, Call, Source, Statement, StatementKind, Usage};

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

/// May the module make an application? It imports `FastAPI`, and calls it, renames it or inherits from it. Most modules that name
/// it only say what a parameter is, and need not be parsed.
pub fn may_make(file: &File) -> bool {
    let text = file.text().unwrap_or_default();
    let is_imported = || {
        file.imports().iter().any(|import| match import.from.as_deref() {
            Some("fastapi" | "fastapi.applications") => import.names.iter().any(|name| name == "FastAPI"),
            Some(_) => false,
            None => import.names.iter().any(|name| name == "fastapi"),
        })
    };
    let is_called = || {
        text.split("FastAPI").skip(1).any(|rest| {
            let rest = rest.trim_start_matches([' ', '\t', '\\', '\r', '\n']);
            rest.starts_with('(') || rest.starts_with("as ")
        })
    };
    let is_base = || file.bases().iter().flatten().any(|base| base == "FastAPI");
    is_imported() && (is_called() || is_base())
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
    /// Is the application made by another call too, in another branch of the binding statement?
    pub repeated: bool,
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
    let others: Vec<&&Call> = matching.collect();
    let (variable, range, function) = if let Usage::Assigned(target) = &call.usage {
        (target.clone(), call.statement.clone(), call.scope.function)
    } else {
        returned_to_module(source, call)
            .or_else(|| held_by_another(source, file.text().unwrap_or_default(), call))
            .unwrap_or_else(|| (String::new(), call.range.clone(), call.scope.function))
    };
    let body: &[Statement] = match function {
        Some(index) => source.functions.get(index).map_or(&[], |function| &function.body.statements),
        None => &source.body,
    };
    let position = body.iter().position(|statement| covers(statement, &range));
    let Some(position) = position else {
        return Err(Problem::new(
            &finding::APPLICATION_UNSUPPORTED,
            "the statement that makes the application stands in no block",
        )
        .at(path, range));
    };
    let outer = &body[position];
    if let Some(other) = others.iter().find(|other| !covers(outer, &other.range)) {
        return Err(in_two_places(path, call, other));
    }
    // A block that the function returns from has no place behind it.
    let is_left = outer.range != range && returns_within(source, function, outer);
    if let Some(other) = others.first().filter(|_| is_left) {
        return Err(in_two_places(path, call, other));
    }
    let inner = Statement { range, kind: StatementKind::Expression };
    Ok(Wiring {
        call: (**call).clone(),
        variable,
        binding: if is_left { inner } else { outer.clone() },
        after: if is_left { Vec::new() } else { body[position + 1..].to_vec() },
        function,
        repeated: !others.is_empty(),
    })
}

fn covers(statement: &Statement, range: &Range<usize>) -> bool {
    statement.range.start <= range.start && range.end <= statement.range.end
}

/// Does a statement of a function hold one of its `return`s?
pub fn returns_within(source: &Source, function: Option<usize>, statement: &Statement) -> bool {
    function.is_some()
        && source.returns.iter().any(|found| found.scope.function == function && covers(statement, &found.range))
}

fn in_two_places(path: &FilePath, first: &Call, second: &Call) -> Problem {
    Problem::new(&finding::APPLICATION_UNSUPPORTED, "the application is made in two places")
        .at(path, first.range.clone())
        .related(Location::new(path.clone(), second.range.clone()), "and here")
        .help("make it in one place, or name the one to use with `--app MODULE:ATTR`")
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

/// The attribute of an object that takes the application and hands it out: `api = Api(app=FastAPI())`, and `api.app` where it is
/// served, there or by who calls the function.
fn held_by_another(source: &Source, text: &str, call: &Call) -> Option<(String, Range<usize>, Option<usize>)> {
    let takes =
        |other: &&Call| other.scope == call.scope && other.keyword("app").is_some_and(|app| app.value == call.range);
    let holder = source.calls.iter().find(takes)?;
    let Usage::Assigned(target) = &holder.usage else { return None };
    let returns = |function: Option<usize>, value: &str| {
        source.returns.iter().any(|found| found.scope.function == function && found.value.as_deref() == Some(value))
    };
    let is_served = |function: Option<usize>, object: &str| {
        let application = format!("{object}.app");
        let assigned = source.assignments.iter().any(|other| {
            let value = other.value.clone().and_then(|value| text.get(value));
            other.scope.function == function && is_name(&other.target) && value == Some(application.as_str())
        });
        assigned || returns(function, &application)
    };
    let factory = call.scope.function.and_then(|index| source.functions.get(index));
    let by_caller = || {
        let factory = factory.filter(|_| returns(call.scope.function, target))?;
        source.calls.iter().find(|other| match &other.usage {
            Usage::Assigned(object) => other.callee == factory.name && is_served(other.scope.function, object),
            _ => false,
        })
    };
    (is_served(call.scope.function, target) || by_caller().is_some())
        .then(|| (format!("{target}.app"), holder.statement.clone(), call.scope.function))
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
