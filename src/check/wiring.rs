//! The application as it is wired: handlers that never run, calls in the wrong order, things that are there twice.

use super::{Found, Subject};
use crate::component::Component;
use crate::finding::{HANDLERS_IGNORED, LIFESPAN_ORDER, Location, Problem, WIRED_TWICE};
use crate::project::application::{self, Wiring};
use crate::project::lifespan::{self, Lifespan};
use crate::project::{FilePath, Project};
use crate::requirement::application_call::{ApplicationCall, Role};
use crate::requirement::lifespan_call::LifespanCall;
use crate::requirement::side::Side;
use crate::source::python::{Call, Function, Source};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let (Ok(wiring), Ok(application)) = (application::wiring(project), &project.layout.application) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for component in subject.components {
        for call in application_calls(component) {
            let problem = wired_twice(project, &application.path, &wiring, &call);
            found.extend(problem.map(|problem| (*component, call.id(), problem)));
        }
    }
    let is_generator = matches!(lifespan::lifespan(project), Ok(Lifespan::Generator(_)));
    for lifespan::Generator { path, function, yields } in lifespan::generators(project) {
        let Some(file) = project.file(&path) else { continue };
        let generator =
            Generator { project, path: &path, source: file.python(), function: &function, yields: yields.range.start };
        for component in subject.components {
            for call in LifespanCall::all_of(component) {
                let problem = generator.twice(&call);
                found.extend(problem.map(|problem| (*component, call.id(), problem)));
            }
            let required = component.manifest.requires.iter().filter_map(|name| Component::find(name));
            for required in required {
                found.extend(
                    generator.order(component, required).into_iter().map(|(id, problem)| (*component, id, problem)),
                );
            }
        }
    }
    // What composes leaves the handlers running.
    let is_given = wiring.call.keyword("lifespan").is_some();
    let with_lifespan = subject.components.iter().find(|component| !component.manifest.lifespan.is_empty());
    if let Some(component) = with_lifespan.filter(|_| is_given && is_generator) {
        let ignored = ignored(subject, &wiring).into_iter();
        found.extend(ignored.map(|problem| (*component, "lifespan".to_owned(), problem)));
    }
    found
}

/// Every statement of a component on the application.
pub(super) fn application_calls(component: &Component) -> Vec<ApplicationCall> {
    let middleware = component.manifest.middleware.iter().map(|entry| (entry.module, entry.name, Role::Middleware));
    let routers = component.manifest.router.iter().map(|entry| {
        let paths = entry.paths.iter().map(|path| path.0).collect();
        (entry.module, entry.name, Role::Router { paths })
    });
    let statements = component
        .manifest
        .statement
        .iter()
        .map(|entry| (entry.module, entry.name, Role::Statement { call: entry.call.0 }));
    middleware
        .chain(routers)
        .chain(statements)
        .map(|(module, name, role)| ApplicationCall { module: module.0, name: name.0, role })
        .collect()
}

/// Calls that may both run: none of them stands below a condition.
fn twice(path: &FilePath, calls: &[&Call], name: &str) -> Option<Problem> {
    let mut sure = calls.iter().filter(|call| !call.scope.guarded);
    let (first, second) = (sure.next()?, sure.next()?);
    if first.scope.function != second.scope.function {
        return None;
    }
    Some(
        Problem::new(&WIRED_TWICE, format!("`{name}` is there twice"))
            .at(path, second.range.clone())
            .related(Location::new(path.clone(), first.range.clone()), "it is here already")
            .help("remove one of the two"),
    )
}

fn wired_twice(project: &Project, path: &FilePath, wiring: &Wiring, call: &ApplicationCall) -> Option<Problem> {
    let file = project.file(path)?;
    let source = file.python();
    let names = application::application_names(source, wiring);
    twice(path, &call.calls(project, path, &names), call.name)
}

/// The lifespan of the application.
struct Generator<'a> {
    project: &'a Project,
    path: &'a FilePath,
    source: &'a Source,
    function: &'a Function,
    yields: usize,
}

impl<'a> Generator<'a> {
    fn calls(&self, call: &LifespanCall) -> Vec<&'a Call> {
        call.calls(self.project, self.path, self.source, self.function)
    }

    fn twice(&self, call: &LifespanCall) -> Option<Problem> {
        twice(self.path, &self.calls(call), call.callee)
    }

    /// What a component requires starts before it and stops after it.
    fn order(&self, component: &Component, required: &Component) -> Vec<(String, Problem)> {
        let mut found = Vec::new();
        for own in LifespanCall::all_of(component) {
            for theirs in LifespanCall::all_of(required).into_iter().filter(|theirs| theirs.side == own.side) {
                let (Some(mine), Some(base)) = (self.only(&own), self.only(&theirs)) else { continue };
                let is_start = own.side == Side::Start;
                // On an exit stack what was pushed last runs first.
                let pushed = |call: &Call| call.callee.ends_with(".push_async_callback");
                let base_must_be_first = match (is_start, pushed(mine), pushed(base)) {
                    (true, false, false) | (false, true, true) => true,
                    (false, false, false) => false,
                    _ => continue,
                };
                let base_is_first = base.range.start < mine.range.start;
                if base_is_first == base_must_be_first {
                    continue;
                }
                let (verb, when) = if is_start { ("starts", "after") } else { ("stops", "before") };
                let message = format!(
                    "`{}` {verb} `{}` {when} `{}`, which requires it",
                    self.function.name,
                    required.id(),
                    component.id()
                );
                let problem = Problem::new(&LIFESPAN_ORDER, message)
                    .at(self.path, base.range.clone())
                    .related(Location::new(self.path.clone(), mine.range.clone()), "what requires it")
                    .help(format!(
                        "move `{}` {} `{}`",
                        theirs.callee,
                        if base_is_first { "behind" } else { "before" },
                        own.callee
                    ));
                found.push((theirs.id(), problem));
            }
        }
        found
    }

    /// The only call of it, on the side where it belongs; another side is another finding.
    fn only(&self, wanted: &LifespanCall) -> Option<&'a Call> {
        let calls = self.calls(wanted);
        let [call] = calls.as_slice() else { return None };
        let is_pushed = call.callee.ends_with(".push_async_callback");
        let is_before = call.range.end <= self.yields;
        (is_before == (wanted.side == Side::Start || is_pushed)).then_some(*call)
    }
}

/// Handlers of the application that a lifespan keeps from running.
fn ignored(subject: &Subject<'_>, wiring: &Wiring) -> Vec<Problem> {
    // Before anything of ours is installed this is the user's own business.
    let is_installed = subject.components.iter().any(|component| subject.lock.component(component.id()).is_some());
    let application = subject.project.layout.application.as_ref().ok().filter(|_| is_installed);
    let Some((path, file)) =
        application.and_then(|application| Some((&application.path, subject.project.file(&application.path)?)))
    else {
        return Vec::new();
    };
    let (code, source) = (file.text().unwrap_or_default(), file.python());
    let names = application::application_names(source, wiring);
    let registers = |call: &&Call| {
        let (receiver, method) = call.callee.rsplit_once('.').unwrap_or_default();
        let event = call.first().and_then(|argument| code.get(argument.value.clone())).unwrap_or_default();
        names.iter().any(|name| name == receiver)
            && matches!(method, "on_event" | "add_event_handler")
            && matches!(event.trim_matches(['"', '\'']), "startup" | "shutdown")
    };
    let calls = source.calls.iter().filter(registers).map(|call| (call.callee.as_str(), call.range.clone()));
    let arguments = ["on_startup", "on_shutdown"].into_iter().filter_map(|name| {
        let argument = wiring.call.keyword(name)?;
        (code.get(argument.value.clone()) != Some("None")).then(|| (name, argument.range.clone()))
    });
    arguments
        .chain(calls)
        .map(|(name, range)| {
            Problem::new(&HANDLERS_IGNORED, format!("`{name}` has no effect, because the application has a lifespan"))
                .at(path, range)
                .help("move what the handler does into the lifespan: before its `yield`, or after it")
        })
        .collect()
}
