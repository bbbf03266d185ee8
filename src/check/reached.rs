//! Calls of ours that are there and do nothing: behind a `return`, under a name that stands for something else, in a lifespan
//! that another one replaces, on a route that another one answers.
//!
//! Each finding is certain from the text of one function: what depends on a value is the user's own business.

use std::ops::Range;

use super::rebound::rebound;
use super::wiring::application_calls;
use super::{Found, Subject};
use crate::finding::{LIFESPAN_CALL_MISSING, LIFESPAN_UNSUPPORTED, NAME_TAKEN, Problem, ROUTE_TAKEN};
use crate::project::application;
use crate::project::imports::module_file;
use crate::project::lifespan;
use crate::project::{File, FilePath, Project, routes};
use crate::requirement::application_call::Role;
use crate::requirement::lifespan_call::LifespanCall;
use crate::requirement::side::Side;
use crate::source::python::{Call, Function, Source, Usage};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for component in subject.components {
        for call in LifespanCall::all_of(component) {
            let problems = of_lifespan_call(subject.project, &call);
            found.extend(problems.into_iter().map(|problem| (*component, call.id(), problem)));
        }
    }
    found.extend(of_the_application(subject));
    found.extend(replaced(subject));
    found
}

/// The modules whose functions may run when the application starts and stops.
fn modules(project: &Project) -> Vec<(&FilePath, &File)> {
    let layout = &project.layout;
    let mut paths: Vec<FilePath> = layout.application.iter().map(|application| application.path.clone()).collect();
    paths.extend(lifespan::generators(project).into_iter().map(|generator| generator.path));
    paths.extend(layout.handlers.iter().cloned());
    paths.sort();
    paths.dedup();
    let known = project.files().filter(|(path, _)| paths.contains(path));
    known.map(|(path, file)| (path, file.as_ref())).filter(|(_, file)| file.python().error.is_none()).collect()
}

/// What keeps the calls of a start or a stop from running, in each function that has one.
fn of_lifespan_call(project: &Project, wanted: &LifespanCall) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, file) in modules(project) {
        let (text, source) = (file.text().unwrap_or_default(), file.python());
        let mut known = Vec::new();
        let named = source.calls.iter().filter(|call| call.callee == wanted.callee && call.usage == Usage::Statement);
        for call in named {
            let Some((index, function)) =
                call.scope.function.and_then(|index| Some((index, source.functions.get(index)?)))
            else {
                continue;
            };
            if !known.contains(&index) {
                known.push(index);
                let function = Place { path, text, source, index, function };
                problems.extend(function.problems(wanted, call));
                problems.extend(function.rebound(project, wanted));
            }
        }
    }
    problems
}

/// A function that has a call of ours.
struct Place<'a> {
    path: &'a FilePath,
    text: &'a str,
    source: &'a Source,
    index: usize,
    function: &'a Function,
}

impl Place<'_> {
    fn problems(&self, wanted: &LifespanCall, call: &Call) -> Option<Problem> {
        let is_pushed = call.callee.ends_with(".push_async_callback");
        let callee = if is_pushed { wanted.callee } else { &call.callee };
        let name = callee.split('.').next().unwrap_or(callee);
        if let Some(at) = self.hides(name) {
            let message = format!("`{name}` is another thing in `{}` than what is imported", self.function.name);
            return Some(Problem::new(&NAME_TAKEN, message).at(self.path, at).help("give the other one another name"));
        }
        let of_this = |function: Option<usize>| function == Some(self.index);
        let yields = self.source.yields.iter().filter(|found| of_this(found.scope.function));
        if let Some(second) = yields.clone().filter(|found| found.unconditional).nth(1) {
            let message = format!("`{}` yields twice, so the application cannot stop", self.function.name);
            let problem = Problem::new(&LIFESPAN_UNSUPPORTED, message).at(self.path, second.range.clone());
            return Some(problem.help("leave one `yield`, between what runs at the start and what runs at the end"));
        }
        let left = left_before(self.text, self.source, Some(self.index), &call.range).or_else(|| {
            let mut returns = self.source.returns.iter().filter(|found| of_this(found.scope.function));
            let early = returns.find(|found| found.range.start < call.range.start)?;
            // A helper may have its reasons; what the application runs itself had no way around the call when it was put there.
            (wanted.side == Side::Start && self.is_run()).then(|| early.range.clone())
        })?;
        let message = format!("`{}` is left here before `{}` is called", self.function.name, wanted.callee);
        let help = format!("call `{}` before it", wanted.callee);
        Some(Problem::new(&LIFESPAN_CALL_MISSING, message).at(self.path, left).help(help))
    }

    /// Is it surely a function that the application runs, and not a helper?
    fn is_run(&self) -> bool {
        self.source.yields.iter().any(|found| found.scope.function == Some(self.index))
            || self.function.decorators.iter().any(|decorator| decorator.contains(".on_event("))
    }

    /// Where the module makes another thing of what it imports of ours.
    fn rebound(&self, project: &Project, wanted: &LifespanCall) -> Option<Problem> {
        let name = wanted.callee.split('.').next().unwrap_or(wanted.callee);
        is_imported(project, self.path, self.source, wanted.module, name).then_some(())?;
        rebound(self.text, self.source, name, None)
            .filter(|_| self.is_run())
            .map(|found| found.problem(self.path, name))
    }

    /// Where the function binds the name itself.
    fn hides(&self, name: &str) -> Option<Range<usize>> {
        if self.function.parameters.iter().any(|parameter| parameter == name) {
            return Some(self.function.name_range.clone());
        }
        let assigned = self.source.assignments.iter().filter(|found| found.scope.function == Some(self.index));
        let defined = self.source.functions.iter().filter(|found| found.scope.function == Some(self.index));
        let mut places = assigned
            .filter(|found| found.target == name)
            .map(|found| found.range.clone())
            .chain(defined.filter(|found| found.name == name).map(|found| found.name_range.clone()));
        places.next()
    }
}

/// Does the module import this name of ours, and by that name?
fn is_imported(project: &Project, path: &FilePath, source: &Source, module: &str, name: &str) -> bool {
    let file = |dotted: &str| module_file(project, &project.layout.import_roots, path, dotted);
    let ours = file(&project.layout.services.module(module));
    source.import_of(name).is_some_and(|(import, imported)| {
        imported.name == name && ours.is_some() && import.from.as_deref().and_then(file) == ours
    })
}

/// The statement behind which nothing of its block runs, where `call` stands behind one.
fn left_before(text: &str, source: &Source, function: Option<usize>, call: &Range<usize>) -> Option<Range<usize>> {
    const LEAVES: [&str; 4] = ["return", "raise", "break", "continue"];
    let within =
        function.and_then(|index| source.functions.get(index)).map_or(0..text.len(), |found| found.range.clone());
    let holds = |range: &Range<usize>| range.start <= call.start && call.end <= range.end;
    let mut blocks = source.blocks.iter().filter(|block| block.iter().any(holds));
    let leaves = |statement: &&Range<usize>| {
        let code = text.get((*statement).clone()).unwrap_or_default();
        let word = code.split(|character: char| !character.is_alphabetic()).next().unwrap_or_default();
        statement.end <= call.start && within.start <= statement.start && LEAVES.contains(&word)
    };
    blocks.find_map(|block| block.iter().find(leaves)).cloned()
}

/// Statements on the application that are not reached, and a route of ours that another one answers first.
fn of_the_application(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let (Ok(wiring), Ok(application)) = (application::wiring(project), &project.layout.application) else {
        return Vec::new();
    };
    let Some(file) = project.file(&application.path).filter(|file| file.python().error.is_none()) else {
        return Vec::new();
    };
    let (text, source) = (file.text().unwrap_or_default(), file.python());
    let names = application::application_names(source, &wiring);
    let mut found = Vec::new();
    for component in subject.components {
        for wanted in application_calls(component) {
            let calls = wanted.calls(project, &application.path, &names);
            let Some(call) = calls.first() else { continue };
            if let Some(left) = left_before(text, source, call.scope.function, &call.range) {
                let problem =
                    Problem::new(wanted.rule(), format!("`{}` stands behind this, and never runs", wanted.name))
                        .at(&application.path, left)
                        .help("move it up, to where the application is made");
                found.push((*component, wanted.id(), problem));
            }
            if call.scope.is_module() && is_imported(project, &application.path, source, wanted.module, wanted.name) {
                let rebound = rebound(text, source, wanted.name, Some(call.range.start));
                let problem = rebound.map(|rebound| rebound.problem(&application.path, wanted.name));
                found.extend(problem.map(|problem| (*component, wanted.id(), problem)));
            }
            let Role::Router { paths } = &wanted.role else { continue };
            let is_first = |other: &&Call| {
                let receiver = other.callee.rsplit_once('.').map(|(receiver, _)| receiver);
                other.range.end <= call.range.start
                    && other.scope.function == call.scope.function
                    && receiver.is_some_and(|receiver| names.iter().any(|name| name == receiver))
                    && (routes::answers(text, other, paths)
                        || (call.arguments.len() == 1 && is_route(text, other, paths)))
            };
            if let Some(other) = source.calls.iter().find(is_first) {
                let message = format!("this answers `{}` before `{}` does", paths.join("`, `"), wanted.name);
                let problem = Problem::new(&ROUTE_TAKEN, message)
                    .at(&application.path, other.range.clone())
                    .help(format!("include `{}` before it", wanted.name));
                found.push((*component, wanted.id(), problem));
            }
        }
    }
    found
}

/// Does a decorator make a route for just one of these paths, in any case?
fn is_route(text: &str, call: &Call, paths: &[&str]) -> bool {
    let path = call.first().and_then(|argument| text.get(argument.value.clone())).unwrap_or_default();
    call.usage == Usage::Decorator
        && !call.scope.guarded
        && call.callee.ends_with(".get")
        && paths.iter().any(|taken| path.trim_matches(['"', '\'']) == *taken)
}

/// A lifespan with our calls that something else replaces, and does not run itself.
fn replaced(subject: &Subject<'_>) -> Option<Found> {
    let project = subject.project;
    let component = subject.components.iter().find(|component| !component.manifest.lifespan.is_empty())?;
    let wiring = application::wiring(project).ok()?;
    if lifespan::composed(project, &wiring).is_some() || wiring.call.keyword("lifespan").is_none() {
        return None;
    }
    let is_installed = subject.lock.component(component.id()).is_some();
    lifespan::replacements(project).into_iter().filter(|_| is_installed).find_map(|(path, assignment)| {
        // Where the module reads it as well, it may be wrapped.
        let text = project.text(&path)?;
        let problem = Problem::new(&LIFESPAN_CALL_MISSING, "the lifespan of the application is replaced here")
            .at(&path, assignment.range)
            .help("run the other one within it, or give this one to the application as `lifespan=`");
        (text.matches("lifespan_context").count() == 1).then_some((*component, "lifespan".to_owned(), problem))
    })
}
