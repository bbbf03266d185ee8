//! A statement that wires the application: a middleware, a router, or a set-up call.
//!
//! ```text
//! app.include_router(api, prefix="/api")        app.include_router(api, prefix="/api")
//!                                         ->    app.include_router(metrics_router)
//! app.mount("/", StaticFiles(...))
//!                                               app.mount("/", StaticFiles(...))
//! ```
//!
//! Each goes behind the last statement of its kind in the block where the application is made, and before a `mount("/")` or a
//! route that catches all: Starlette asks routes in their order.

use std::ops::Range;

use super::elsewhere::use_elsewhere;
use super::import::Import;
use super::placement;
use super::steps::{Steps, is_alone, without_statement};
use super::{Assessment, Fix, Recorded, Retraction};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem, Rule};
use crate::project::application::{self, Wiring};
use crate::project::lifespan::{self, Lifespan};
use crate::project::routes;
use crate::project::{FilePath, Project};
use crate::source::python::{Call, Function, Source, Statement, StatementKind, Usage};
use crate::source::text;

/// What the statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// `app.add_middleware(Name)`
    Middleware,
    /// `app.include_router(name)`
    Router {
        /// The paths that it takes.
        paths: Vec<&'static str>,
    },
    /// A call; `{app}` is the application's variable.
    Statement {
        /// The call, as the manifest has it.
        call: &'static str,
    },
}

/// A statement after the application is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCall {
    /// The module of the services package that the name comes from.
    pub module: &'static str,
    /// The name that is imported.
    pub name: &'static str,
    /// What is done with it.
    pub role: Role,
}

/// Where a router is included that is not included in the application itself.
enum Elsewhere<'a> {
    /// In a router that the application includes.
    Within(&'a Call),
    /// In another application.
    Other(&'a Call),
}

impl ApplicationCall {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        let kind = match self.role {
            Role::Middleware => "middleware",
            Role::Router { .. } => "router",
            Role::Statement { .. } => "statement",
        };
        format!("{kind}:{}", self.name)
    }

    /// What it is, for the summary.
    pub fn title(&self, _project: &Project) -> String {
        match &self.role {
            Role::Middleware => format!("middleware `{}`", self.name),
            Role::Router { paths } => format!("router `{}` ({})", self.name, paths.join(", ")),
            Role::Statement { call } => format!("`{}`", call.replace("{app}", "app")),
        }
    }

    /// The statement, where the name goes by `bound`.
    fn code(&self, variable: &str, bound: &str) -> String {
        match &self.role {
            Role::Middleware => format!("{variable}.add_middleware({bound})"),
            Role::Router { .. } => format!("{variable}.include_router({bound})"),
            Role::Statement { call } => call.replacen(self.name, bound, 1).replace("{app}", variable),
        }
    }

    /// What is said where it is not there.
    pub(crate) fn rule(&self) -> &'static Rule {
        match self.role {
            Role::Middleware => &finding::MIDDLEWARE_MISSING,
            Role::Router { .. } => &finding::ROUTER_MISSING,
            Role::Statement { .. } => &finding::STATEMENT_MISSING,
        }
    }

    fn import(&self, project: &Project, path: &FilePath) -> Import {
        let module = project.layout.services.module(self.module);
        Import::named(project, path, module, self.name)
    }

    /// Is the application wired with it?
    pub fn assess(&self, project: &Project) -> Assessment {
        let here = self.assess_here(project);
        let is_doubtful = match &here {
            Assessment::Missing { problem, .. } => problem.rule != &finding::ROUTER_ELSEWHERE,
            Assessment::Blocked { problem } => {
                problem.rule == &finding::APPLICATION_UNSUPPORTED || problem.rule == &finding::NAME_TAKEN
            }
            _ => false,
        };
        let elsewhere = if is_doubtful { self.use_elsewhere(project) } else { None };
        elsewhere.map_or(here, |at| Assessment::Met { at: Some(at) })
    }

    fn use_elsewhere(&self, project: &Project) -> Option<Location> {
        use_elsewhere(project, &project.layout.services.module(self.module), self.name)
    }

    /// The same, by what the application's own module says of it.
    fn assess_here(&self, project: &Project) -> Assessment {
        let wiring = match application::wiring(project) {
            Ok(wiring) => wiring,
            Err(problem) => return Assessment::Blocked { problem: problem.manual(self.code("app", self.name)) },
        };
        let Ok(application) = project.layout.application.as_ref() else { return Assessment::Met { at: None } };
        let path = &application.path;
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        if let Some(problem) = self.too_late(project, &wiring) {
            return Assessment::Drifted { problem, fix: None };
        }
        let import = self.import(project, path);
        if let Some(call) = self.find(project, path, &wiring) {
            return match import.assess_beside_call(project) {
                Assessment::Met { .. } => Assessment::Met { at: Some(Location::new(path.clone(), call.range.clone())) },
                other => other,
            };
        }
        let elsewhere = self.elsewhere(code, source, &wiring, import.bound());
        if let Some(Elsewhere::Within(call)) = elsewhere {
            return Assessment::Met { at: Some(Location::new(path.clone(), call.range.clone())) };
        }
        if let Some(problem) = self.taken_path(project) {
            return Assessment::Blocked { problem };
        }
        if let (Role::Router { .. }, Some((path, assignment))) = (&self.role, lifespan::replaced_router(project)) {
            let message = format!("`{}` is replaced here, so a route that was added before is gone", assignment.target);
            let problem = Problem::new(&finding::APPLICATION_UNSUPPORTED, message)
                .at(&path, assignment.range)
                .help("add the routes instead: `app.include_router(...)`, `app.router.routes.extend(...)`");
            return Assessment::Blocked { problem: problem.manual(self.code(&wiring.variable, import.bound())) };
        }
        if let Some(problem) = self.behind_given_routes(code, path, &wiring) {
            return Assessment::Blocked { problem };
        }
        let statement = self.code(&wiring.variable, import.bound());
        let edit = match self.insertion(project, code, source, &wiring, &statement) {
            Ok(edit) => edit,
            Err(problem) => {
                let problem = problem.at(path, wiring.binding.range.clone()).manual(statement);
                return Assessment::Blocked { problem };
            }
        };
        let mut steps = Steps::new(project, path);
        steps.take(&[edit]);
        let scaffolding = match import.take(&mut steps) {
            Ok(made) => made,
            Err(problem) => return Assessment::Blocked { problem: problem.manual(statement) },
        };
        let what = match self.role {
            Role::Middleware => "is not added",
            Role::Router { .. } => "is not included",
            Role::Statement { .. } => "is not called",
        };
        let problem = match elsewhere {
            Some(Elsewhere::Other(call)) => {
                let message = format!("`{}` is included in another application than `{}`", self.name, wiring.variable);
                Problem::new(&finding::ROUTER_ELSEWHERE, message)
                    .at(path, call.range.clone())
                    .related(Location::new(path.clone(), wiring.binding.range.clone()), "the application in use")
                    .help(format!("write `{statement}` where `{}` is wired", wiring.variable))
            }
            _ => Problem::new(self.rule(), format!("`{}` {what} for `{}`", self.name, wiring.variable))
                .at(path, wiring.binding.range.clone())
                .help(format!("add `{statement}` after it")),
        };
        let problem = problem.manual(statement.clone());
        let mut fix = Fix::edit(path, steps.finish()).text(statement).safe();
        fix.record.scaffolding = scaffolding;
        if import.bound() != self.name {
            fix = fix.note(format!(
                "`{}` stands for something else in `{path}`: ours is `{}` there",
                self.name,
                import.bound()
            ));
        }
        if let Role::Router { paths } = &self.role
            && asks_for_dependencies(code, source, &wiring)
        {
            fix = fix.note(format!(
                "`{}` asks for the `dependencies` of the application, as all its routes do: let them through, or give what reads it what \
                 they want",
                paths.join("`, `")
            ));
        }
        Assessment::Missing { problem, fix }
    }

    /// Our call on the application in use, or on one of its names.
    pub(super) fn find<'a>(&self, project: &'a Project, path: &FilePath, wiring: &Wiring) -> Option<&'a Call> {
        let names = application::application_names(project.file(path)?.python(), wiring);
        self.calls(project, path, &names).into_iter().next()
    }

    /// Every call of ours on what one of `names` stands for.
    pub(crate) fn calls<'a>(&self, project: &'a Project, path: &FilePath, names: &[String]) -> Vec<&'a Call> {
        let Some(file) = project.file(path) else { return Vec::new() };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let import = self.import(project, path);
        let bound = import.bound();
        let is_ours = |call: &&Call| {
            let (receiver, method) = call.callee.rsplit_once('.').unwrap_or(("", &call.callee));
            let on_application = names.iter().any(|name| name == receiver);
            match self.role {
                Role::Middleware => on_application && self.adds(code, call, bound),
                Role::Router { .. } => on_application && self.includes(code, call, bound),
                Role::Statement { .. } => {
                    (call.callee == bound || (!receiver.is_empty() && method == self.name))
                        && call.arguments.iter().any(|argument| {
                            names.iter().any(|name| code.get(argument.value.clone()) == Some(name.as_str()))
                        })
                }
            }
        };
        source.calls.iter().filter(is_ours).collect()
    }

    fn adds(&self, code: &str, call: &Call, bound: &str) -> bool {
        let added = call.first().or(call.keyword("middleware_class"));
        call.callee.ends_with(".add_middleware") && added.is_some_and(|added| self.is_named(code, &added.value, bound))
    }

    fn includes(&self, code: &str, call: &Call, bound: &str) -> bool {
        let included = call.first().or(call.keyword("router"));
        call.callee.ends_with(".include_router")
            && included.is_some_and(|router| self.is_named(code, &router.value, bound))
    }

    fn is_named(&self, code: &str, argument: &Range<usize>, bound: &str) -> bool {
        let argument = code.get(argument.clone()).unwrap_or_default();
        argument == bound || argument.ends_with(&format!(".{}", self.name))
    }

    /// Our call where the application runs already: in its lifespan, or in a handler of its start.
    fn too_late(&self, project: &Project, wiring: &Wiring) -> Option<Problem> {
        if matches!(self.role, Role::Router { .. }) {
            return None;
        }
        let started = match lifespan::lifespan(project) {
            Ok(Lifespan::Handlers { startup, .. }) => Some(*startup),
            _ => None,
        };
        let generators = lifespan::generators(project).into_iter().map(|found| (found.path, found.function));
        generators.chain(started).find_map(|(path, function)| self.called_in(project, wiring, &path, &function))
    }

    /// Our call in a function that runs when the application starts.
    fn called_in(&self, project: &Project, wiring: &Wiring, path: &FilePath, function: &Function) -> Option<Problem> {
        let file = project.file(path)?;
        let source = file.python();
        let index = source.functions.iter().position(|known| known.range == function.range);
        let mut names = application::application_names(source, wiring);
        names.extend(function.parameters.iter().cloned());
        let call = self.calls(project, path, &names).into_iter().find(|call| call.scope.function == index)?;
        let message =
            format!("`{}` is called in `{}`, when `{}` runs already", self.name, function.name, wiring.variable);
        Some(
            Problem::new(&finding::WIRED_TOO_LATE, message)
                .at(path, call.range.clone())
                .help(format!("move it behind the statement that makes `{}`", wiring.variable)),
        )
    }

    /// A router that this module includes in something else than the application in use.
    fn elsewhere<'a>(&self, code: &str, source: &'a Source, wiring: &Wiring, bound: &str) -> Option<Elsewhere<'a>> {
        let Role::Router { .. } = self.role else { return None };
        let names = application::application_names(source, wiring);
        let call = source.calls.iter().find(|call| self.includes(code, call, bound))?;
        let (receiver, _) = call.callee.rsplit_once('.')?;
        let is_within = source.calls.iter().any(|other| {
            let (outer, method) = other.callee.rsplit_once('.').unwrap_or_default();
            let included = other.first().or(other.keyword("router"));
            method == "include_router"
                && names.iter().any(|name| name == outer)
                && included.is_some_and(|router| code.get(router.value.clone()) == Some(receiver))
        });
        if is_within {
            return Some(Elsewhere::Within(call));
        }
        let applications = application::application_calls(source);
        let is_other = applications.iter().any(|made| {
            made.range != wiring.call.range && matches!(&made.usage, Usage::Assigned(target) if target == receiver)
        });
        is_other.then_some(Elsewhere::Other(call))
    }

    /// Routes that the application is made with stand before all others: may one of them answer for a path of ours?
    fn behind_given_routes(&self, code: &str, path: &FilePath, wiring: &Wiring) -> Option<Problem> {
        let Role::Router { paths } = &self.role else { return None };
        let routes = wiring.call.keyword("routes")?;
        let written = code.get(routes.value.clone()).unwrap_or_default();
        let takes_all = ["Mount(\"\"", "Mount(''", "Mount(\"/\"", "Mount('/'", ":path}", "(\"/{", "('/{"];
        (!written.starts_with('[') || takes_all.iter().any(|taker| written.contains(taker))).then(|| {
            Problem::new(
                &finding::ROUTE_TAKEN,
                format!("the `routes` that the application is made with may answer for `{}`", paths.join("`, `")),
            )
            .at(path, routes.range.clone())
            .help(format!("append them to `{}.router.routes` after the application is wired", wiring.variable))
        })
    }

    fn insertion(
        &self,
        project: &Project,
        code: &str,
        source: &Source,
        wiring: &Wiring,
        statement: &str,
    ) -> Result<Edit, Problem> {
        let names = application::application_names(source, wiring);
        let mut anchor = self.anchor(project, code, source, wiring, &names);
        let path = &project.layout.application.as_ref().map_err(Clone::clone)?.path;
        // What a function names is looked up when it is called.
        if wiring.function.is_none()
            && let Some(first) = self.import(project, path).first_use_behind(project, code, source)
            && anchor.range.end < first.start
        {
            // The import goes to those that stand there.
            let mut above: Vec<&Statement> = Vec::new();
            for statement in &wiring.after {
                if statement.range.start > first.start && statement.kind != StatementKind::Import {
                    break;
                }
                above.push(statement);
            }
            let hides = |call: &&Call| {
                above
                    .iter()
                    .any(|statement| statement.range.start <= call.range.start && call.range.end <= statement.range.end)
                    && self.is_behind(code, call, &names)
            };
            if let Some(call) = source.calls.iter().find(hides) {
                let text = text::first_line(code.get(first.clone()).unwrap_or_default());
                return Err(Problem::new(
                    &finding::APPLICATION_UNSUPPORTED,
                    format!(
                        "`{}` has to stand above a route that answers for its paths, and below `{text}`",
                        self.name
                    ),
                )
                .related(Location::new(path.clone(), call.range.clone()), "the route")
                .help("move that route below the imports"));
            }
            anchor = above.last().map_or(anchor, |last| (*last).clone());
        }
        placement::statement_after(code, source, &anchor, statement)
    }

    /// The statement that ours goes behind: the last one of its kind, else of any kind that wires the application, else the
    /// one that makes it.
    fn anchor(&self, project: &Project, code: &str, source: &Source, wiring: &Wiring, names: &[String]) -> Statement {
        if let Role::Router { paths } = &self.role
            && routes::answered_elsewhere(project, wiring, names, paths)
        {
            return wiring.binding.clone();
        }
        let mut own = None;
        let mut other = None;
        for statement in &wiring.after {
            if statement.kind == StatementKind::Return
                || application::returns_within(source, wiring.function, statement)
                || placement::is_main_guard(code, statement)
            {
                break;
            }
            let calls: Vec<&Call> =
                source.calls_within(&statement.range).filter(|call| call.scope.function == wiring.function).collect();
            if calls.iter().any(|call| self.is_behind(code, call, names)) {
                break;
            }
            let has = |methods: &[&str]| {
                calls.iter().any(|call| {
                    let (receiver, method) = call.callee.rsplit_once('.').unwrap_or(("", &call.callee));
                    methods.contains(&method) && names.iter().any(|name| name == receiver)
                })
            };
            // `register_routers(app)`: a helper that is handed the application.
            let is_helped = calls.iter().any(|call| {
                call.usage == Usage::Statement
                    && call.callee != "uvicorn.run"
                    && call
                        .arguments
                        .iter()
                        .any(|argument| names.iter().any(|name| code.get(argument.value.clone()) == Some(name)))
            });
            // Code that goes through the routes knows its own: ours comes behind it. What adds to them may answer for all paths.
            let own_routes = self.role != Role::Middleware && {
                let written = code.get(statement.range.clone()).unwrap_or_default();
                let reads = |list: &str| {
                    let mut uses =
                        written.match_indices(list).map(|(at, _)| written.get(at + list.len()..).unwrap_or_default());
                    let adds = |rest: &&str| {
                        [".append(", ".insert(", ".extend(", " +="].iter().any(|word| rest.starts_with(word))
                    };
                    written.contains(list) && !uses.any(|rest| adds(&rest))
                };
                names.iter().any(|name| [".routes", ".router.routes"].iter().any(|end| reads(&format!("{name}{end}"))))
            };
            let (middleware, router) = (has(&["add_middleware", "middleware"]), has(&["include_router"]));
            let is_own = match self.role {
                Role::Middleware => middleware || is_helped,
                Role::Router { .. } => router || is_helped || own_routes,
                Role::Statement { .. } => middleware || router || is_helped || own_routes,
            };
            if is_own {
                own = Some(statement);
            } else if middleware && self.role != Role::Middleware {
                other = Some(statement);
            }
        }
        own.or(other).unwrap_or(&wiring.binding).clone()
    }

    /// Would it never be asked behind this call, which registers what answers for our paths?
    fn is_behind(&self, code: &str, call: &Call, names: &[String]) -> bool {
        let on_application =
            call.callee.rsplit_once('.').is_some_and(|(receiver, _)| names.iter().any(|name| name == receiver));
        match &self.role {
            Role::Middleware => false,
            Role::Router { paths } => on_application && routes::answers(code, call, paths),
            Role::Statement { .. } => on_application && routes::answers(code, call, &[]),
        }
    }

    /// How the statement is taken out again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let (Ok(wiring), Ok(application)) = (application::wiring(project), project.layout.application.as_ref()) else {
            return Retraction::Gone;
        };
        let path = &application.path;
        let Some(file) = project.file(path) else { return Retraction::Gone };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let mut steps = Steps::new(project, path);
        if let Some(call) = self.find(project, path, &wiring) {
            // A prefix, tags or a comment that it got are about what goes. What uses its value stays.
            if call.usage != Usage::Statement || !is_alone(code, &call.statement) {
                let at = Some(Location::new(path.clone(), call.range.clone()));
                return Retraction::Keep { at, why: format!("the statement with `{}` was changed", self.name) };
            }
            steps.take(&[without_statement(code, source, &call.statement).unwrap_or_else(|| {
                Edit::delete(placement::statement_with_its_blanks(code, source, wiring.function, &call.statement))
            })]);
        }
        self.import(project, path).take_back(&mut steps, recorded);
        let edits = steps.finish();
        if !edits.is_empty() {
            return Retraction::Remove(Fix::edit(path, edits));
        }
        self.use_elsewhere(project).map_or(Retraction::Gone, |at| Retraction::Keep {
            at: Some(at),
            why: format!("`{}` is still used", self.name),
        })
    }
}

/// Does every route of the application depend on something, those of ours too?
fn asks_for_dependencies(code: &str, source: &Source, wiring: &Wiring) -> bool {
    let of_router: Vec<String> = application::application_names(source, wiring)
        .iter()
        .map(|name| format!("{name}.router.dependencies"))
        .collect();
    wiring.call.keyword("dependencies").is_some()
        || of_router.iter().any(|dependencies| !crate::source::python::uses_of(code, dependencies).is_empty())
}
