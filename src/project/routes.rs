//! Which routes of a project may answer a path: Starlette asks routes in their order, and the first that matches answers.

use memchr::memmem;

use super::application::Wiring;
use super::imports::{self, Files};
use super::{FilePath, Project};
use crate::source::python::{Call, Function, Source, Usage};

/// Texts by which a module is found that may have a route for those who watch over the application.
pub const HEALTH_WORDS: [&str; 4] = ["/health", "/live", "/alive", "/ready"];

/// What such a route is called where it says that the process lives...
const ALIVE: [&str; 9] =
    ["health", "healthz", "health-check", "health_check", "healthcheck", "live", "livez", "liveness", "alive"];

/// ...and where it says that requests can be served.
const READY: [&str; 5] = ["ready", "readyz", "readiness", "is-ready", "is_ready"];

/// A route that watches over the application, by the decorator of its function.
#[derive(Debug)]
pub struct Route<'a> {
    /// The module.
    pub file: &'a FilePath,
    /// Its text.
    pub code: &'a str,
    /// The same, parsed.
    pub source: &'a Source,
    /// The function.
    pub function: &'a Function,
    /// Its decorator.
    pub decorator: &'a Call,
    /// What it is a route of: `router`.
    pub receiver: &'a str,
    /// Its path as the decorator has it, without quotes.
    pub path: String,
    /// The quotes around that.
    pub quote: char,
    /// What it is called: the last part of the path.
    name: String,
}

impl Route<'_> {
    /// Does it say whether requests can be served?
    pub fn is_readiness(&self) -> bool {
        READY.contains(&self.name.as_str())
    }

    /// The path that a readiness route beside it has.
    pub fn readiness_path(&self) -> String {
        let (before, last) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        match last {
            "live" | "alive" => format!("{before}/ready"),
            "livez" => format!("{before}/readyz"),
            "liveness" => format!("{before}/readiness"),
            _ => format!("{}/ready", self.path.trim_end_matches('/')),
        }
    }
}

/// The routes of the project that watch over the application, whatever they say, in the order of the paths and of the text.
pub fn of_health(project: &Project) -> Vec<Route<'_>> {
    let files = project.layout.health.iter().filter_map(|path| Some((path, project.file(path)?)));
    let files = files.filter_map(|(path, file)| Some((path, file.text()?, &**file.python())));
    files
        .filter(|(_, _, source)| source.error.is_none())
        .flat_map(|(path, code, source)| source.calls.iter().filter_map(move |call| route(path, code, source, call)))
        .collect()
}

/// What answers before the routes do, whatever the path: a middleware of the application's module that refuses or redirects.
pub fn gates(project: &Project) -> Vec<String> {
    let Ok(application) = &project.layout.application else { return Vec::new() };
    let Some(file) = project.file(&application.path) else { return Vec::new() };
    let (code, source) = (file.text().unwrap_or_default(), file.python());
    let refuses = |text: &str| {
        ["=401", "=403", "_401_", "_403_", "HTTPException(401", "HTTPException(403", "RedirectResponse("]
            .iter()
            .any(|word| text.replace(' ', "").contains(word))
    };
    let functions = source.functions.iter().filter(|function| {
        function.decorators.iter().any(|decorator| decorator.contains(".middleware("))
            && code.get(function.range.clone()).is_some_and(refuses)
    });
    let known = ["HTTPSRedirectMiddleware", "TrustedHostMiddleware"];
    let added = source.calls.iter().filter(|call| call.callee.ends_with(".add_middleware")).filter_map(|call| {
        let name = code.get(call.first()?.value.clone())?;
        let is_own = || source.class(name).is_some_and(|(_, class)| code.get(class.range.clone()).is_some_and(refuses));
        (known.contains(&name) || is_own()).then(|| name.to_owned())
    });
    functions.map(|function| function.name.clone()).chain(added).collect()
}

fn route<'a>(file: &'a FilePath, code: &'a str, source: &'a Source, call: &'a Call) -> Option<Route<'a>> {
    let (receiver, "get") = call.callee.rsplit_once('.')? else { return None };
    if call.usage != Usage::Decorator {
        return None;
    }
    let function = source.functions.iter().find(|function| function.range.start == call.statement.start)?;
    if function.scope.class.is_some() {
        return None;
    }
    let written = code.get(call.first().or(call.keyword("path"))?.value.clone())?;
    let path = literal(written)?.to_owned();
    let router = source.calls.iter().find(|made| made.usage == Usage::Assigned(receiver.to_owned()));
    let prefix = router.and_then(|made| literal(code.get(made.keyword("prefix")?.value.clone())?)).unwrap_or_default();
    let full = format!("{prefix}{path}");
    let name = full.trim_end_matches('/').rsplit('/').next()?.to_ascii_lowercase();
    let is_watching = ALIVE.contains(&name.as_str()) || READY.contains(&name.as_str());
    let quote = written.chars().next()?;
    (is_watching && !full.contains('{')).then_some(Route {
        file,
        code,
        source,
        function,
        decorator: call,
        receiver,
        path,
        quote,
        name,
    })
}

/// Would another route of the same router answer for `path` too?
pub fn is_answered_beside(route: &Route<'_>, path: &str) -> bool {
    route.source.calls.iter().any(|call| {
        let is_beside = call.callee.rsplit_once('.').is_some_and(|(receiver, _)| receiver == route.receiver);
        is_beside && answers(route.code, call, &[path])
    })
}

/// Texts by which a module is found that may have a route which answers for others.
pub const WORDS: [&str; 5] = [":path}", "\"/{", "'/{", ".mount(", "Mount("];

/// Does a route with the path `route` answer a request for `path`?
pub fn may_answer(route: &str, path: &str) -> bool {
    let mut wanted = path.trim_start_matches('/').split('/');
    for segment in route.trim_start_matches('/').split('/') {
        let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match parameter.map(|parameter| parameter.split_once(':').map_or("str", |(_, kind)| kind)) {
            Some("path") => return true,
            Some("str") if wanted.next().is_some_and(|part| !part.is_empty()) => {}
            None if wanted.next() == Some(segment) => {}
            _ => return false,
        }
    }
    wanted.next().is_none()
}

/// Does a call register, on anything, what answers a GET request for one of `paths` or may do so?
pub fn answers(code: &str, call: &Call, paths: &[&str]) -> bool {
    let Some((_, method)) = call.callee.rsplit_once('.') else { return false };
    let Some(path) = call.first().or(call.keyword("path")).and_then(|argument| code.get(argument.value.clone())) else {
        return false;
    };
    let literal = literal(path);
    match method {
        "mount" => literal.is_none_or(|path| path.is_empty() || path == "/"),
        "get" | "head" | "route" | "api_route" | "add_api_route" | "add_route" => {
            literal.is_some_and(|route| paths.iter().any(|path| route != *path && may_answer(route, path)))
        }
        _ => false,
    }
}

/// The text of a plain string.
fn literal(code: &str) -> Option<&str> {
    let inner = ['"', '\''].into_iter().find_map(|quote| code.strip_prefix(quote)?.strip_suffix(quote))?;
    (!inner.contains(['"', '\'', '\\'])).then_some(inner)
}

/// Does a router, a helper or another module register a route that may answer for one of `paths`? What the block of the application
/// registers on the application itself can be seen there, and does not count.
pub fn answered_elsewhere(project: &Project, wiring: &Wiring, names: &[String], paths: &[&str]) -> bool {
    let application = project.layout.application.as_ref().ok().map(|application| &application.path);
    let services = &project.layout.services.folder;
    project.files().filter(|(path, _)| path.as_str().ends_with(".py") && !path.is_below(services)).any(
        |(path, file)| {
            let code = file.text().unwrap_or_default();
            if !WORDS.iter().any(|word| memchr::memmem::find(code.as_bytes(), word.as_bytes()).is_some()) {
                return false;
            }
            let source = file.python();
            source.calls.iter().any(|call| {
                let (receiver, method) = call.callee.rsplit_once('.').unwrap_or_default();
                let is_seen = application == Some(path)
                    && call.scope.function == wiring.function
                    && names.iter().any(|name| name == receiver);
                if is_seen || !answers(code, call, paths) {
                    return false;
                }
                let first = call.first().or(call.keyword("path"));
                let route = first.and_then(|argument| code.get(argument.value.clone())).unwrap_or_default();
                let takes_all = method == "mount" || route.contains(":path}");
                takes_all || !is_prefixed(project, path, source, receiver)
            })
        },
    )
}

/// Has a router a prefix, by itself or wherever it is included?
fn is_prefixed(project: &Project, path: &FilePath, source: &Source, router: &str) -> bool {
    let own = source.calls.iter().find(|call| call.usage == Usage::Assigned(router.to_owned()));
    if own.is_some_and(|made| made.keyword("prefix").is_some()) {
        return true;
    }
    let mut included =
        project.files().filter(|(other, _)| other.as_str().ends_with(".py")).flat_map(|(other, file)| {
            let (code, source) = (file.text().unwrap_or_default(), file.python());
            source.calls.iter().filter(|call| call.callee.ends_with(".include_router")).filter(move |call| {
                let argument = call.first().or(call.keyword("router"));
                let value = argument.and_then(|argument| code.get(argument.value.clone())).unwrap_or_default();
                leads_to(project, other, value, path, router)
            })
        });
    // One that is included nowhere answers nothing.
    included.all(|call| call.keyword("prefix").is_some())
}

/// Does the expression `value` in the module at `from` mean the name `router` of the module at `path`?
fn leads_to(project: &Project, from: &FilePath, value: &str, path: &FilePath, router: &str) -> bool {
    let roots = &project.layout.import_roots;
    match value.rsplit_once('.') {
        Some((module, name)) => {
            name == router
                && imports::module_of_name(project, roots, from, module)
                    .or_else(|| imports::module_file(project, roots, from, module))
                    .is_none_or(|module| module == *path)
        }
        None if project.file(from).is_some_and(|file| file.python().definition_of(value).is_some()) => {
            from == path && value == router
        }
        None => imports::definition(project, roots, from, value)
            .is_some_and(|(module, name)| module == *path && name == router),
    }
}

/// The module that mounts the application of the project on another one, whose start and end run instead of its own.
pub fn mounted_in(project: &Project) -> Option<&FilePath> {
    let application = project.layout.application.as_ref().ok()?;
    let name = application.variable.as_deref().or(application.factory.as_deref())?;
    let mut modules = project.files().filter(|(path, _)| {
        path.as_str().ends_with(".py") && mounts(project, &project.layout.import_roots, path, (&application.path, name))
    });
    modules.next().map(|(path, _)| path)
}

/// Is the application of one module mounted on another one in the module at `path`?
pub fn mounts(files: &dyn Files, roots: &[FilePath], path: &FilePath, mounted: (&FilePath, &str)) -> bool {
    let Some(file) = files.file(path) else { return false };
    let code = file.text().unwrap_or_default();
    // Most modules mount nothing, and need not be parsed to say so.
    let has = |word: &str| memmem::find(code.as_bytes(), word.as_bytes()).is_some();
    if !(has(".mount") || has("Mount")) || !has(mounted.1) {
        return false;
    }
    file.python().calls.iter().filter(|call| call.callee.ends_with(".mount") || call.callee == "Mount").any(|call| {
        call.arguments.iter().any(|argument| {
            let value = code.get(argument.value.clone()).unwrap_or_default().trim_end_matches("()");
            let found = match value.rsplit_once('.') {
                Some((module, name)) => {
                    imports::module_of_name(files, roots, path, module).map(|module| (module, name.to_owned()))
                }
                None => imports::definition(files, roots, path, value),
            };
            found.is_some_and(|(module, name)| module == *mounted.0 && name == mounted.1)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_answers_what_its_path_matches() {
        for route in ["/{path:path}", "/{name}", "/{a:str}", "{full_path:path}", "/metrics", "/metrics/{rest:path}"] {
            assert!(may_answer(route, "/metrics"), "{route}");
        }
        for route in ["/", "", "/{a}/{b}", "/{id:int}", "/users/{path:path}", "/metrics/x", "/items/{id}"] {
            assert!(!may_answer(route, "/metrics"), "{route}");
        }
    }
}
