//! What kind of an application a module makes: the one of the project, an example, or a part of another.

use super::FilePath;
use super::find_application::Candidate;
use super::imports::Files;
use super::reader::Reader;
use crate::source::python::Usage;

/// How an application is made, the fields in the order of what they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// Could a server reach it, by a variable of its module or by a function that returns it?
    pub(super) is_reachable: bool,
    /// Does it stand where applications do, and not among middleware, exporters or scripts?
    pub(super) is_central: bool,
    /// Are routers included in it?
    pub(super) routers: bool,
    /// Has it routes of its own?
    pub(super) routes: bool,
}

impl Shape {
    /// Is it sure that an application of this shape is the main one, and not that of `other`?
    pub(super) fn is_clear(self, other: Self) -> bool {
        let place = (self.is_reachable, self.is_central);
        place > (other.is_reachable, other.is_central)
            || (place == (other.is_reachable, other.is_central) && self.routers && !other.routers && !other.routes)
    }
}

/// How the application is made.
pub(super) fn shape_of(reader: &Reader, root: &FilePath, candidate: &Candidate) -> Shape {
    let Some(file) = reader.file(&candidate.path) else {
        return Shape { is_reachable: false, is_central: false, routers: false, routes: false };
    };
    let source = file.python();
    let function = candidate.call.scope.function;
    let variable = candidate.variable.as_deref().unwrap_or_default();
    let is_returned = candidate.call.usage == Usage::Returned
        || source
            .returns
            .iter()
            .any(|found| found.scope.function == function && found.value.as_deref() == Some(variable));
    let is_reachable = match candidate.factory {
        None => candidate.variable.is_some(),
        Some(_) => candidate.target.is_some() || is_returned,
    };
    let names: Vec<&str> = candidate.variable.as_deref().into_iter().chain(candidate.target.as_deref()).collect();
    let on_it = |callee: &str, methods: &[&str]| {
        callee.split_once('.').is_some_and(|(object, method)| names.contains(&object) && methods.contains(&method))
    };
    let calls = |methods: &[&str]| source.calls.iter().any(|call| on_it(&call.callee, methods));
    // A helper that takes the application may include its routers.
    let is_given = source.calls.iter().any(|call| {
        call.arguments.iter().any(|argument| {
            let value = file.text().and_then(|text| text.get(argument.value.clone()));
            value.is_some_and(|value| names.contains(&value))
        }) && (call.callee.contains("rout") || call.callee.contains("regist"))
    });
    Shape {
        is_reachable,
        is_central: is_central(&candidate.path.relative_to(root)),
        routers: is_given || calls(&["include_router", "mount", "add_routes"]),
        routes: calls(&["get", "post", "put", "patch", "delete", "websocket", "api_route", "add_api_route", "route"]),
    }
}

/// Does a module of this path stand where applications do?
pub(super) fn is_central(relative: &str) -> bool {
    const ASIDE: &[&str] = &[
        "middleware",
        "middlewares",
        "metrics",
        "exporter",
        "exporters",
        "monitoring",
        "telemetry",
        "email",
        "emails",
        "mail",
        "mailer",
        "mock",
        "mocks",
        "fake",
        "fakes",
        "stub",
        "stubs",
        "scripts",
        "script",
        "tools",
        "utils",
        "util",
        "helpers",
        "demo",
        "demos",
        "sandbox",
        "playground",
        "bench",
        "benchmark",
        "legacy",
        "deprecated",
        "snippets",
        "templates",
    ];
    let words = relative.trim_end_matches(".py").split(['/', '_', '-']);
    !words.into_iter().any(|word| ASIDE.contains(&word.to_lowercase().as_str()))
}
