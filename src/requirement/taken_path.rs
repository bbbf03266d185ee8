//! Whether the application answers already at the path of a route.

use super::application_call::{ApplicationCall, Role};
use crate::component::options::Values;
use crate::component::{COMPONENTS, Component};
use crate::finding::{self, Candidate, Location, Problem, Question};
use crate::project::Project;
use crate::project::application;
use crate::source::python::{Call, Source, Usage};

impl ApplicationCall {
    /// Who has a path of ours already, in any module that was read.
    pub(super) fn taken_path(&self, project: &Project) -> Option<Problem> {
        let Role::Router { paths } = &self.role else { return None };
        let services = &project.layout.services.folder;
        for (file_path, file) in
            project.files().filter(|(path, _)| path.as_str().ends_with(".py") && !path.is_below(services))
        {
            let code = file.text().unwrap_or_default();
            for path in paths {
                let quoted = [format!("\"{path}\""), format!("'{path}'")];
                let speaks =
                    quoted.iter().any(|quoted| memchr::memmem::find(code.as_bytes(), quoted.as_bytes()).is_some());
                let exposes = *path == "/metrics" && memchr::memmem::find(code.as_bytes(), b".expose(").is_some();
                if !speaks && !exposes {
                    continue;
                }
                let taker = file.python().calls.iter().find(|call| {
                    let method = call.callee.rsplit('.').next().unwrap_or_default();
                    let first =
                        call.first().or(call.keyword("path")).and_then(|argument| code.get(argument.value.clone()));
                    let takes =
                        matches!(method, "get" | "route" | "api_route" | "add_api_route" | "add_route" | "mount")
                            && call.callee.contains('.')
                            && first.is_some_and(|first| {
                                // As it is, or as a name that stands for it.
                                let named = file.python().assignments.iter().filter(|named| named.target == first);
                                let named = named.filter_map(|named| code.get(named.value.clone()?));
                                named.chain([first]).any(|path| quoted.iter().any(|quoted| quoted == path))
                            });
                    let prefixes = matches!(method, "APIRouter" | "include_router")
                        && call.keyword("prefix").and_then(|prefix| code.get(prefix.value.clone())).is_some_and(
                            |prefix| {
                                quoted.iter().any(|quoted| quoted == prefix)
                                    && answers_itself(file.python(), code, call)
                            },
                        );
                    takes || prefixes || (exposes && method == "expose" && is_instrumentator(code))
                });
                if let Some(call) = taker {
                    let what =
                        if call.callee.ends_with("expose") { "is served by an instrumentator" } else { "is taken" };
                    let mut problem =
                        Problem::new(&finding::ROUTE_TAKEN, format!("the path `{path}` of `{}` {what}", self.name))
                            .at(file_path, call.range.clone());
                    let one = "remove one of the two: a path is served by the route that comes first";
                    problem = match self.rest_without_it() {
                        Some((set, gone)) => problem
                            .help(format!("add the rest by `--set {set}`, which leaves {gone} out; or {one}"))
                            .question(Question::new(
                                "set",
                                vec![Candidate { value: set, evidence: format!("the rest, without {gone}") }],
                            )),
                        None => problem.help(one),
                    };
                    if let Ok(application) = &project.layout.application {
                        let place = application::wiring(project).map_or(0..0, |wiring| wiring.call.range);
                        problem = problem.related(
                            Location::new(application.path.clone(), place),
                            "the router would be included here",
                        );
                    }
                    return Some(problem);
                }
            }
        }
        None
    }

    /// What of the component is left where an option leaves ours out: the option with its value, and what goes.
    fn rest_without_it(&self) -> Option<(String, String)> {
        let (component, router) = COMPONENTS.iter().find_map(|component| {
            let router = component.manifest.router.iter().find(|router| router.name.0 == self.name)?;
            Some((component, router))
        })?;
        router.when.0.iter().find_map(|(option, values)| {
            let known = component.option(option)?.values;
            let other = known.iter().find(|value| !values.iter().any(|with| with == *value))?;
            let rest = component.decided(&Values::from([(option.to_string(), other.to_string())]));
            let names = |component: &'static Component| {
                let manifest = &component.manifest;
                let middleware = manifest.middleware.iter().map(|entry| entry.name.0);
                middleware.chain(manifest.router.iter().map(|entry| entry.name.0)).collect::<Vec<_>>()
            };
            let gone = names(component).into_iter().filter(|name| !names(rest).contains(name));
            let gone: Vec<String> = gone.map(|name| format!("`{name}`")).collect();
            Some((format!("{}.{option}={other}", component.id()), gone.join(" and ")))
        })
    }
}

/// May a router with our path as its prefix have a route that is nothing but the prefix?
fn answers_itself(source: &Source, code: &str, call: &Call) -> bool {
    let Usage::Assigned(router) = &call.usage else { return true };
    source.calls.iter().any(|other| {
        let path = other.first().or(other.keyword("path")).and_then(|argument| code.get(argument.value.clone()));
        let method = other.callee.strip_prefix(router.as_str()).and_then(|rest| rest.strip_prefix('.'));
        matches!(method, Some("get" | "api_route" | "add_api_route" | "route")) && matches!(path, Some("\"\"" | "''"))
    })
}

fn is_instrumentator(code: &str) -> bool {
    code.contains("Instrumentator") || code.contains("prometheus")
}
