//! A call that is awaited before or after the `yield` of the lifespan, or in the event handlers that the project uses.
//!
//! ```text
//! async def lifespan(app):                      async def lifespan(app):
//!     try:                                          try:
//!         yield                        ->               await start_redis()
//!     finally:                                          yield
//!         await close_db()                          finally:
//!                                                       await stop_redis()
//!                                                       await close_db()
//! ```
//!
//! Starts go directly before the `yield` and stops directly after it, so that stops run in the reverse order of the starts.
//! That, and a call in a handler, is done only where the function is proved to run once, on every path. Where there is proved to be
//! neither a lifespan nor a handler, a lifespan is made and given to `FastAPI(`: FastAPI ignores handlers as soon as it has one
//! (FastAPI's documentation, "Lifespan Events"). Everywhere else the calls are composed with what is there ([`super::composition`]).

use super::dependency::{self, specifier::name_and_bound};
use super::elsewhere::use_elsewhere;
use super::import::Import;
use super::side::Side;
use super::steps::{Steps, is_alone, without_statement};
use super::{Assessment, Fix, Recorded, Retraction};
use super::{composition, placement};
use crate::component::{Component, manifest};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::application;
use crate::project::lifespan::{self, Generator, Lifespan};
use crate::project::root::is_secondary;
use crate::project::routes;
use crate::project::{FilePath, Project};
use crate::source::python::{self, Call, Function, Source, Usage};
use crate::source::text::{self, LineEnding};

/// A call around the `yield`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifespanCall {
    /// The module of the services package that it comes from.
    pub module: &'static str,
    /// What is called: `start_redis` or `manager.start_pubsub`.
    pub callee: &'static str,
    /// On which side.
    pub side: Side,
}

impl LifespanCall {
    /// Every call of a component.
    pub(crate) fn all_of(component: &Component) -> Vec<Self> {
        let of = |entry: &manifest::Lifespan, side| {
            let callee = if side == Side::Start { entry.start } else { entry.stop };
            callee.map(|callee| Self { module: entry.module.0, callee: callee.0, side })
        };
        let entries = component.manifest.lifespan.iter();
        entries.flat_map(|entry| [of(entry, Side::Start), of(entry, Side::Stop)]).flatten().collect()
    }

    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("lifespan:{}", self.callee)
    }

    /// What it is, for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!(
            "`await {}()` at the {} of the application",
            self.callee,
            if self.side == Side::Start { "start" } else { "end" }
        )
    }

    /// The statement, as it is in the module at `path`.
    pub(super) fn code(&self, project: &Project, path: &FilePath) -> String {
        format!("await {}()", self.called(project, path))
    }

    /// What is called, by the name that it goes by in the module at `path`.
    pub(super) fn called(&self, project: &Project, path: &FilePath) -> String {
        let first = self.callee.split('.').next().unwrap_or(self.callee);
        self.callee.replacen(first, self.import(project, path).bound(), 1)
    }

    pub(super) fn import(&self, project: &Project, path: &FilePath) -> Import {
        let name = self.callee.split('.').next().unwrap_or(self.callee);
        let module = project.layout.services.module(self.module);
        Import::named(project, path, module, name)
    }

    /// Is it called where the application starts or stops?
    pub fn assess(&self, project: &Project) -> Assessment {
        let mut here = self.assess_here(project);
        // What is there already is not asked again whether it may run.
        if matches!(here, Assessment::Missing { .. })
            && let Some(problem) = self.never_runs(project)
        {
            here = Assessment::Blocked { problem };
        }
        let is_doubtful = match &here {
            Assessment::Missing { .. } => true,
            Assessment::Blocked { problem } => {
                problem.rule == &finding::LIFESPAN_UNSUPPORTED || problem.rule == &finding::NAME_TAKEN
            }
            _ => false,
        };
        let elsewhere = if is_doubtful { self.use_elsewhere(project) } else { None };
        elsewhere.map_or(here, |at| Assessment::Met { at: Some(at) })
    }

    fn use_elsewhere(&self, project: &Project) -> Option<Location> {
        use_elsewhere(project, &project.layout.services.module(self.module), self.callee)
    }

    /// Why a call that is added now would never run: the application gets another router.
    fn never_runs(&self, project: &Project) -> Option<Problem> {
        if let Some(at) = lifespan::switched_off(project, |path| !is_secondary(path, &project.layout.root)) {
            let message = "the server is told to run no lifespan here, so nothing starts with the application";
            let problem = Problem::new(&finding::LIFESPAN_UNSUPPORTED, message)
                .at(&at.path, at.range)
                .help("take the option away: without it, a server runs the lifespan where there is one");
            return Some(problem.manual(self.by_hand()));
        }
        let (path, assignment) =
            lifespan::replaced_router(project).filter(|(_, assignment)| assignment.target.ends_with(".router"))?;
        let message = format!(
            "`{}` becomes another router here, so the lifespan of the application never runs",
            assignment.target
        );
        let problem = Problem::new(&finding::LIFESPAN_UNSUPPORTED, message)
            .at(&path, assignment.range)
            .help("include the router instead: `app.include_router(...)`");
        Some(problem.manual(self.by_hand()))
    }

    /// The same, by what the lifespan or the handlers say themselves.
    fn assess_here(&self, project: &Project) -> Assessment {
        if let Some(found) =
            lifespan::generators(project).iter().find_map(|generator| self.in_generator(project, generator))
        {
            return found;
        }
        let lifespan = match lifespan::lifespan(project) {
            Ok(lifespan) => lifespan,
            Err(problem) => return Assessment::Blocked { problem: problem.manual(self.by_hand()) },
        };
        if let Some(outer) = routes::mounted_in(project) {
            let message = "the application is mounted on another one, so that what it starts never runs";
            let problem = Problem::new(&finding::LIFESPAN_UNSUPPORTED, message)
                .at(outer, 0..0)
                .help("name the outer application with `--app MODULE:ATTR`");
            return Assessment::Blocked { problem: problem.manual(self.by_hand()) };
        }
        let is_ignored = before(project, "fastapi>=0.93").is_some();
        match lifespan {
            Lifespan::Generator(generator) if self.fits(project, &generator, is_ignored) => {
                self.add_to_generator(project, &generator)
            }
            Lifespan::Handlers { startup, shutdown } => {
                let (path, function) = if self.side == Side::Start { *startup } else { *shutdown };
                self.in_handler(project, &path, &function)
            }
            Lifespan::Absent if !is_ignored => match application::made(project) {
                Ok(wiring) => self.new_lifespan(project, &wiring),
                Err(problem) => Assessment::Blocked { problem: problem.manual(self.by_hand()) },
            },
            _ => self.compose(project),
        }
    }

    /// Is the lifespan run by this FastAPI, and does our name stand for the import in it?
    fn fits(&self, project: &Project, generator: &Generator, is_ignored: bool) -> bool {
        let Some(file) = project.file(&generator.path) else { return false };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        if is_ignored
            && source.functions[..]
                .iter()
                .any(|known| known.range == generator.function.range && known.scope.is_module())
        {
            return false;
        }
        let around =
            source.functions.iter().filter(|function| text::contains(&function.range, &generator.function.range));
        let outermost = around.min_by_key(|function| function.range.start).unwrap_or(&generator.function);
        let import = self.import(project, &generator.path);
        let name = import.bound();
        let is_bound = |place: &std::ops::Range<usize>| {
            let is_pushed = code[..place.start].ends_with("push_async_callback(");
            !is_pushed && !code[place.end..].trim_start().starts_with(['.', '('])
        };
        !python::uses_of(code, name).iter().any(|place| text::contains(&outermost.range, place) && is_bound(place))
    }

    /// Composes the call with what the application runs at its start and end.
    fn compose(&self, project: &Project) -> Assessment {
        let blocked = |problem: Problem| Assessment::Blocked { problem: problem.manual(self.by_hand()) };
        if let Some(held) = before(project, composition::OLDEST) {
            let problem = Problem::new(&finding::LIFESPAN_UNSUPPORTED, "FastAPI is held below 0.70")
                .at(&held.path, held.range)
                .help("raise the bound");
            return blocked(problem);
        }
        let (wiring, application) = match (application::wiring(project), &project.layout.application) {
            (Ok(wiring), Ok(application)) => (wiring, application),
            (Err(problem), _) => return blocked(problem),
            _ => return Assessment::Met { at: None },
        };
        let path = &application.path;
        let mut steps = Steps::new(project, path);
        let made = composition::bring(&mut steps, &wiring, self.side, &self.code(project, path));
        let made = made.and_then(|made| Ok((made, self.import(project, path).take(&mut steps)?)));
        let (mut scaffolding, imports) = match made {
            Ok(made) => made,
            Err(problem) => {
                let problem = if problem.at.is_none() { problem.at(path, wiring.call.range.clone()) } else { problem };
                return blocked(problem);
            }
        };
        scaffolding.extend(imports);
        let message = format!("nothing calls `{}` at the {}", self.callee, self.when());
        let problem = Problem::new(&finding::LIFESPAN_CALL_MISSING, message)
            .at(path, wiring.call.range.clone())
            .help(format!("wrap `{}.router.lifespan_context` with `{}`", wiring.variable, self.code(project, path)))
            .manual(self.by_hand());
        let mut fix = Fix::edit(path, steps.finish()).text(self.code(project, path)).safe();
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix: self.noting_alias(project, path, fix) }
    }

    fn by_hand(&self) -> String {
        composition::by_hand(self.side, &format!("await {}()", self.callee))
    }

    fn when(&self) -> &'static str {
        if self.side == Side::Start { "start of the application" } else { "end of the application" }
    }

    /// The call of ours in a function, wherever it stands.
    pub(super) fn find<'a>(
        &self,
        project: &Project,
        path: &FilePath,
        source: &'a Source,
        function: &Function,
    ) -> Option<&'a Call> {
        let calls = self.calls(project, path, source, function);
        calls.iter().find(|call| !call.scope.type_checking).or(calls.first()).copied()
    }

    /// Every call of ours in a function; `push_async_callback` of an exit stack counts as one.
    pub(crate) fn calls<'a>(
        &self,
        project: &Project,
        path: &FilePath,
        source: &'a Source,
        function: &Function,
    ) -> Vec<&'a Call> {
        let index = source.functions.iter().position(|known| known.range == function.range);
        let names = self.names(&self.called(project, path), source);
        let is_ours = |call: &&Call| {
            let is_pushed = call.callee.ends_with(".push_async_callback")
                && call.first().is_some_and(|argument| {
                    project
                        .text(path)
                        .and_then(|code| code.get(argument.value.clone()))
                        .is_some_and(|code| names.iter().any(|name| name == code))
                });
            call.scope.function == index && (names.contains(&call.callee) || is_pushed)
        };
        source.calls.iter().filter(is_ours).collect()
    }

    /// The names that the callee goes by: as we write it, and through the alias or module that the user imports it by.
    fn names(&self, called: &str, source: &Source) -> Vec<String> {
        let mut names = vec![called.to_owned()];
        let (first, rest) = self.callee.split_once('.').map_or((self.callee, ""), |(first, rest)| (first, rest));
        for import in &source.imports {
            for imported in &import.names {
                if imported.name == first && imported.alias.is_some() {
                    names.push(if rest.is_empty() {
                        imported.bound().to_owned()
                    } else {
                        format!("{}.{rest}", imported.bound())
                    });
                } else if imported.name == self.module || imported.name.ends_with(&format!(".{}", self.module)) {
                    names.push(format!("{}.{}", imported.alias.as_deref().unwrap_or(&imported.name), self.callee));
                }
            }
        }
        names
    }

    fn in_handler(&self, project: &Project, path: &FilePath, function: &Function) -> Assessment {
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        // Any handler may have it, not only the one that a new call would go to.
        let anywhere = source.functions.iter().find_map(|function| self.find(project, path, source, function));
        if let Some(call) = anywhere {
            return self.with_import(project, path, call);
        }
        let ending = LineEnding::of(code).as_str();
        let statements = &function.body.statements;
        let indentation = text::indentation(code, function.body.range.start);
        let line = format!("{indentation}{}", self.code(project, path));
        let edit = match self.side {
            Side::Start => match statements.last() {
                Some(last) if last.kind == crate::source::python::StatementKind::Return => {
                    Edit::insert_line_before(code, last.range.start, ending, &line)
                }
                _ => Edit::insert_line_after(code, function.body.range.end, ending, &line),
            },
            Side::Stop => match (statements.first(), statements.len()) {
                (Some(first), _) if first.is_string(code) => {
                    Edit::insert_line_after(code, first.range.end, ending, &line)
                }
                _ => Edit::insert_line_before(code, function.body.range.start, ending, &line),
            },
        };
        self.missing(project, path, edit, function.name_range.start, &function.name)
    }

    pub(super) fn with_import(&self, project: &Project, path: &FilePath, call: &Call) -> Assessment {
        if call.scope.type_checking {
            let message = format!("`{}` stands below a condition that never holds", self.callee);
            let problem = Problem::new(&finding::LIFESPAN_CALL_MISSING, message)
                .at(path, call.range.clone())
                .help("take it out of the `if`");
            return Assessment::Drifted { problem, fix: None };
        }
        if call.callee == self.called(project, path) || call.callee.ends_with(".push_async_callback") {
            match self.import(project, path).assess_beside_call(project) {
                Assessment::Met { .. } => {}
                other => return other,
            }
        }
        Assessment::Met { at: Some(Location::new(path.clone(), call.range.clone())) }
    }

    pub(super) fn missing(
        &self,
        project: &Project,
        path: &FilePath,
        edit: Edit,
        place: usize,
        function: &str,
    ) -> Assessment {
        let mut steps = Steps::new(project, path);
        steps.take(&[edit]);
        let scaffolding = match self.import(project, path).take(&mut steps) {
            Ok(made) => made,
            Err(problem) => return Assessment::Blocked { problem: problem.manual(self.code(project, path)) },
        };
        let problem =
            Problem::new(&finding::LIFESPAN_CALL_MISSING, format!("`{function}` does not call `{}`", self.callee))
                .at(path, place..place)
                .help(format!("add `{}`", self.code(project, path)))
                .manual(self.code(project, path));
        let mut fix = Fix::edit(path, steps.finish()).text(self.code(project, path)).safe();
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix: self.noting_alias(project, path, fix) }
    }

    /// Says by which name ours goes, where its own stands for something else.
    pub(super) fn noting_alias(&self, project: &Project, path: &FilePath, fix: Fix) -> Fix {
        let called = self.called(project, path);
        if called == self.callee {
            return fix;
        }
        fix.note(format!("`{}` stands for something else in `{path}`: ours is `{called}` there", self.callee))
    }

    /// How the call is taken out again; what was made for it goes with the last call.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let place = self.holder(project);
        let Some((path, function)) = place else { return Retraction::Gone };
        let Some(file) = project.file(&path) else { return Retraction::Gone };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let mut steps = Steps::new(project, &path);
        match self.find(project, &path, source, &function) {
            Some(call) => {
                // A comment behind it is about what goes; a call inside of another expression is the user's.
                let is_ours = call.usage == Usage::Statement && is_alone(code, &call.statement);
                if !is_ours {
                    let at = Some(Location::new(path.clone(), call.range.clone()));
                    return Retraction::Keep { at, why: format!("the call of `{}` was changed", self.callee) };
                }
                let composed = application::made(project).ok().and_then(|wiring| lifespan::composed(project, &wiring));
                let composed = composed.filter(|composed| composition::holds(composed, &path, call));
                let is_gone = composed.is_some_and(|found| composition::take_back(&mut steps, &found, call, recorded))
                    || Self::take_lifespan_back(&mut steps, code, &function, call, recorded);
                if !is_gone {
                    let lines = || Edit::delete(text::lines_with_ending_before(code, call.statement.clone()));
                    steps.take(&[without_statement(code, source, &call.statement).unwrap_or_else(lines)]);
                }
            }
            None if !self.import(project, &path).names.is_empty() => {}
            None => return Retraction::Gone,
        }
        self.import(project, &path).take_back(&mut steps, recorded);
        placement::blank_lines_at_the_top_away(
            &mut steps,
            recorded,
            &[ScaffoldingKey::LifespanPlace, ScaffoldingKey::ComposedLifespanPlace],
        );
        let edits = steps.finish();
        if !edits.is_empty() {
            return Retraction::Remove(Fix::edit(&path, edits));
        }
        self.use_elsewhere(project).map_or(Retraction::Gone, |at| Retraction::Keep {
            at: Some(at),
            why: format!("`{}` is still used", self.callee),
        })
    }

    /// The function that the call stands in: the lifespan, or a handler.
    fn holder(&self, project: &Project) -> Option<(FilePath, Function)> {
        let lifespans = lifespan::generators(project).into_iter().map(|found| (found.path, found.function));
        let application = project.layout.application.as_ref().ok().map(|application| &application.path);
        let paths = application.into_iter().chain(&project.layout.handlers).chain(&project.layout.wiring);
        let runs_with_it = |function: &&Function| {
            let mut decorators = function.decorators.iter();
            decorators.any(|decorator| decorator.contains("contextmanager") || decorator.contains(".on_event("))
        };
        let others = paths.flat_map(|path| {
            let functions = project.file(path).map_or(&[][..], |file| &file.python().functions);
            functions.iter().filter(runs_with_it).map(|function| (path.clone(), function.clone()))
        });
        lifespans.chain(others).find(|(path, function)| {
            project.file(path).is_some_and(|file| self.find(project, path, file.python(), function).is_some())
        })
    }
}

/// The bound of FastAPI, where it excludes `needed`: `lifespan=` came with 0.93 (FastAPI's release notes).
pub(super) fn before(project: &Project, needed: &str) -> Option<Location> {
    let (_, needed) = name_and_bound(needed)?;
    let listed = dependency::listed(project).ok()?;
    listed.into_iter().find(|entry| entry.name == "fastapi" && entry.bound.excludes(&needed)).map(|entry| entry.at)
}
