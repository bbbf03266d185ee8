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
use super::steps::{Steps, is_alone, without_statement};
use super::{Assessment, Fix, Recorded, Retraction};
use super::{composition, placement};
use crate::component::{COMPONENTS, Component, manifest};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::project::application::{self, Wiring};
use crate::project::lifespan::{self, Generator, Lifespan};
use crate::project::routes;
use crate::project::{FilePath, Project};
use crate::source::python::{self, Call, Function, Source, Usage, indentation_step};
use crate::source::text::{self, LineEnding};

/// Which side of the `yield`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before it: at the start of the application.
    Start,
    /// After it: at the end.
    Stop,
}

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

/// The lifespan that was made; what it replaced is the call of `FastAPI` as it was.
const LIFESPAN: &str = "lifespan";
/// The blank lines where it was put.
const PLACE: &str = "lifespan place";
const DOCSTRING: &str = "\"\"\"Start and stop what the application uses.\"\"\"";

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
    fn code(&self, project: &Project, path: &FilePath) -> String {
        format!("await {}()", self.called(project, path))
    }

    /// What is called, by the name that it goes by in the module at `path`.
    fn called(&self, project: &Project, path: &FilePath) -> String {
        let first = self.callee.split('.').next().unwrap_or(self.callee);
        self.callee.replacen(first, self.import(project, path).bound(), 1)
    }

    fn import(&self, project: &Project, path: &FilePath) -> Import {
        let name = self.callee.split('.').next().unwrap_or(self.callee);
        let module = project.layout.services.module(self.module);
        Import::named(project, path, module, name)
    }

    /// Is it called where the application starts or stops?
    pub fn assess(&self, project: &Project) -> Assessment {
        let here = match (self.assess_here(project), self.never_runs(project)) {
            (Assessment::Missing { .. }, Some(problem)) => Assessment::Blocked { problem },
            (here, _) => here,
        };
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
    fn find<'a>(
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

    /// What is to say of the call that is in the lifespan already, if it is.
    fn in_generator(&self, project: &Project, generator: &Generator) -> Option<Assessment> {
        let Generator { path, function, yields } = generator;
        let source = project.file(path)?.python();
        let call = self.find(project, path, source, function)?;
        let is_pushed = call.callee.ends_with(".push_async_callback");
        let is_before = call.range.end <= yields.range.start;
        if call.statement == call.range && !is_pushed && is_before == (self.side == Side::Start) {
            let message = format!("`{}` calls `{}` without `await`, which does nothing", function.name, self.callee);
            let problem = Problem::new(&finding::LIFESPAN_CALL_MISSING, message)
                .at(path, call.range.clone())
                .help(format!("write `{}`", self.code(project, path)));
            return Some(Assessment::Drifted { problem, fix: None });
        }
        if is_before == (self.side == Side::Start || is_pushed) {
            return Some(self.with_import(project, path, call));
        }
        let problem = Problem::new(
            &finding::LIFESPAN_ORDER,
            format!("`{}` is called {} the `yield`", self.callee, if is_before { "before" } else { "after" }),
        )
        .at(path, call.range.clone())
        .help(format!("move it {} the `yield`", if is_before { "after" } else { "before" }));
        Some(Assessment::Drifted { problem, fix: None })
    }

    /// Puts the call into the lifespan, beside its `yield`.
    fn add_to_generator(&self, project: &Project, generator: &Generator) -> Assessment {
        let Generator { path, function, yields } = generator;
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let ending = LineEnding::of(code).as_str();
        let indentation = text::indentation(code, yields.statement.start);
        let stack = yields.withs.iter().flatten().find_map(|(item, alias)| {
            let is_stack = item.ends_with("AsyncExitStack()");
            alias.as_ref().filter(|_| is_stack)
        });
        let dependent = self.dependent(project, path, source, function).filter(|call| {
            let is_before = call.range.end <= yields.range.start;
            is_before == (self.side == Side::Start)
                && stack.is_none()
                && text::is_first_on_line(code, call.statement.start)
                && text::indentation(code, call.statement.start) == indentation
        });
        let line = format!("{indentation}{}", self.code(project, path));
        if let Some(call) = dependent {
            let place = call.statement.clone();
            let edit = match self.side {
                Side::Start => Edit::insert_line_before(code, place.start, ending, &line),
                Side::Stop => Edit::insert_line_after(code, place.end, ending, &line),
            };
            return self.missing(project, path, edit, place.start, &function.name);
        }
        let edit = match (self.side, stack, &yields.finally) {
            (Side::Start, _, _) => Edit::insert_line_before(
                code,
                yields.statement.start,
                ending,
                &format!("{indentation}{}", self.code(project, path)),
            ),
            (Side::Stop, Some(stack), _) => {
                let line = format!("{indentation}{stack}.push_async_callback({})", self.called(project, path));
                Edit::insert_line_before(code, yields.statement.start, ending, &line)
            }
            (Side::Stop, None, Some((keyword, block))) => {
                let indentation = text::indentation(code, block.range.start);
                Edit::insert_line_after(code, *keyword, ending, &format!("{indentation}{}", self.code(project, path)))
            }
            (Side::Stop, None, None) => Edit::insert_line_after(
                code,
                yields.statement.end,
                ending,
                &format!("{indentation}{}", self.code(project, path)),
            ),
        };
        let place = if self.side == Side::Start { yields.statement.start } else { yields.statement.end };
        self.missing(project, path, edit, place, &function.name)
    }

    /// The call of a component that requires ours: the first one that starts, or the last one that stops. Ours starts before
    /// it and stops after it.
    fn dependent<'a>(
        &self,
        project: &Project,
        path: &FilePath,
        source: &'a Source,
        function: &Function,
    ) -> Option<&'a Call> {
        let own = COMPONENTS.iter().find(|component| Self::all_of(component).iter().any(|call| call == self))?;
        let requires_ours = |component: &&Component| component.manifest.requires.iter().any(|name| name.0 == own.id());
        let calls = COMPONENTS.iter().filter(requires_ours).flat_map(Self::all_of);
        let calls = calls.filter(|call| call.side == self.side);
        let calls = calls.flat_map(|call| call.calls(project, path, source, function));
        match self.side {
            Side::Start => calls.min_by_key(|call| call.range.start),
            Side::Stop => calls.max_by_key(|call| call.range.start),
        }
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

    fn with_import(&self, project: &Project, path: &FilePath, call: &Call) -> Assessment {
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

    fn missing(&self, project: &Project, path: &FilePath, edit: Edit, place: usize, function: &str) -> Assessment {
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
    fn noting_alias(&self, project: &Project, path: &FilePath, fix: Fix) -> Fix {
        let called = self.called(project, path);
        if called == self.callee {
            return fix;
        }
        fix.note(format!("`{}` stands for something else in `{path}`: ours is `{called}` there", self.callee))
    }

    /// Makes a lifespan with this call in it, and gives it to the application.
    fn new_lifespan(&self, project: &Project, wiring: &Wiring) -> Assessment {
        let Ok(application) = project.layout.application.as_ref() else { return Assessment::Met { at: None } };
        let path = &application.path;
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let ending = LineEnding::of(code).as_str();
        let is_free = |name: &&&str| python::uses_of(code, name).is_empty();
        let name = [LIFESPAN, "app_lifespan", "paxx_lifespan"].iter().find(is_free).copied().unwrap_or("paxx_lifespan");
        let step = indentation_step(code, source);
        let resolvable = composition::resolvable_class(source);
        let class = resolvable.as_deref().unwrap_or("FastAPI");
        let (before, after) = match self.side {
            Side::Start => (format!("{step}{}{ending}", self.code(project, path)), String::new()),
            Side::Stop => (String::new(), format!("{ending}{step}{}", self.code(project, path))),
        };
        let function = format!(
            "@asynccontextmanager{ending}async def {name}(app: {class}) -> AsyncIterator[None]:{ending}\
             {step}{DOCSTRING}{ending}{before}{step}yield{after}"
        );
        let (insertion, between) = placement::definition_before(code, source, wiring.call.range.start, &function);
        let original = code[wiring.call.range.clone()].to_owned();
        let mut steps = Steps::new(project, path);
        steps.take(&[insertion, with_argument(code, &wiring.call, name, project.layout.line_length, ending)]);
        let mut scaffolding = vec![(LIFESPAN.to_owned(), Some(original)), (PLACE.to_owned(), Some(between))];
        let standard = |module: &str, name: &str| Import {
            path: path.clone(),
            module: module.to_owned(),
            names: vec![name.to_owned()],
        };
        let mut imports =
            vec![standard("contextlib", "asynccontextmanager"), standard("collections.abc", "AsyncIterator")];
        // A factory may import it for itself.
        imports.extend(resolvable.is_none().then(|| standard("fastapi", "FastAPI")));
        imports.push(self.import(project, path));
        for import in imports {
            match import.take(&mut steps) {
                Ok(made) => scaffolding.extend(made),
                Err(problem) => return Assessment::Blocked { problem: problem.manual(self.code(project, path)) },
            }
        }
        let problem = Problem::new(
            &finding::LIFESPAN_CALL_MISSING,
            format!("the application has no lifespan that calls `{}`", self.callee),
        )
        .at(path, wiring.call.range.clone())
        .help(format!("give `FastAPI(` a `lifespan` with `{}`", self.code(project, path)))
        .manual(self.code(project, path));
        let mut fix = Fix::edit(path, steps.finish()).text(self.code(project, path));
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix: self.noting_alias(project, path, fix) }
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
        placement::blank_lines_at_the_top_away(&mut steps, recorded, &[PLACE, composition::PLACE]);
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

    /// Takes the lifespan back that was made for the calls, where it holds nothing but this one. Was it so?
    fn take_lifespan_back(
        steps: &mut Steps,
        text: &str,
        function: &Function,
        call: &Call,
        recorded: &Recorded,
    ) -> bool {
        let mut others = application::without_docstring(&function.body, text)
            .iter()
            .filter(|statement| statement.range != call.statement)
            .map(|statement| text[statement.range.clone()].trim());
        let is_ours = recorded.scaffolding(LIFESPAN).is_some() && function.name.ends_with(LIFESPAN);
        if !is_ours || !others.all(|statement| statement == "yield") {
            return false;
        }
        let code = steps.text.clone();
        let ending = LineEnding::of(&code).as_str();
        let Ok(wiring) = application::made(steps.project) else { return false };
        let original = recorded.scaffolding(LIFESPAN).flatten().unwrap_or("FastAPI()");
        let mut edits = Vec::new();
        if let Some(argument) = wiring.call.keyword("lifespan") {
            let present = &code[wiring.call.range.clone()];
            let before = Source::parse(original);
            let again = before.calls.first().and_then(|call| {
                let edit = with_argument(original, call, &function.name, usize::MAX, ending);
                crate::edit::apply(original, &[edit])
            });
            let untouched = again.is_some_and(|again| super::same_code(&again, present));
            edits.push(if untouched {
                Edit::replace(wiring.call.range.clone(), original)
            } else {
                without_argument(&code, &wiring.call, &argument.range)
            });
        }
        edits.push(placement::definition_away(&code, function, recorded.scaffolding(PLACE).flatten()));
        steps.take(&edits);
        let path = steps.path.clone();
        let standard =
            [("contextlib", "asynccontextmanager"), ("collections.abc", "AsyncIterator"), ("fastapi", "FastAPI")];
        for (module, name) in standard {
            let import = Import { path: path.clone(), module: module.to_owned(), names: vec![name.to_owned()] };
            import.take_back(steps, recorded);
        }
        true
    }
}

/// The bound of FastAPI, where it excludes `needed`: `lifespan=` came with 0.93 (FastAPI's release notes).
fn before(project: &Project, needed: &str) -> Option<Location> {
    let (_, needed) = name_and_bound(needed)?;
    let listed = dependency::listed(project).ok()?;
    listed.into_iter().find(|entry| entry.name == "fastapi" && entry.bound.excludes(&needed)).map(|entry| entry.at)
}

/// Gives a call the argument `lifespan=name`, in the layout that the call has.
fn with_argument(code: &str, call: &Call, name: &str, line_length: usize, ending: &str) -> Edit {
    if let Some(given) = call.keyword("lifespan") {
        return Edit::replace(given.value.clone(), name);
    }
    let argument = format!("lifespan={name}");
    let inner = call.arguments_range.start + 1..call.arguments_range.end - 1;
    let Some(last) = call.arguments.last() else {
        return Edit::insert(inner.start, argument);
    };
    let behind = &code[last.range.end..inner.end];
    let comma = behind.trim_start().starts_with(',');
    let several_lines = code[call.arguments_range.clone()].contains('\n');
    if several_lines && text::is_first_on_line(code, last.range.start) {
        let indentation = text::indentation(code, last.range.start);
        let line_end = text::line_end(code, last.range.end);
        if line_end <= inner.end {
            let tail = if comma { "," } else { "" };
            let line = format!("{ending}{indentation}{argument}{tail}");
            if comma {
                return Edit::insert(line_end, line);
            }
            // The comma goes before a comment, the argument behind it.
            return Edit::replace(last.range.end..line_end, format!(",{}{line}", &code[last.range.end..line_end]));
        }
        return Edit::insert(last.range.end, format!(",{ending}{indentation}{argument}"));
    }
    if several_lines || comma {
        let at = if comma { last.range.end + behind.find(',').map_or(0, |at| at + 1) } else { last.range.end };
        return Edit::insert(at, if comma { format!(" {argument},") } else { format!(", {argument}") });
    }
    let line = text::line_start(code, call.range.start);
    let length = code[line..text::line_end(code, call.range.end)].chars().count();
    if length + argument.len() + 2 > line_length {
        let indentation = text::indentation(code, call.range.start);
        let present = call.arguments.iter().map(|argument| &code[argument.range.clone()]);
        let arguments: Vec<&str> = present.chain(std::iter::once(argument.as_str())).collect();
        let step = format!("{ending}{indentation}    ");
        let arguments = arguments.join(&format!(",{step}"));
        return Edit::replace(inner, format!("{step}{arguments},{ending}{indentation}"));
    }
    Edit::insert(last.range.end, format!(", {argument}"))
}

/// Takes an argument out of a call, with the comma and the line that it leaves empty.
fn without_argument(code: &str, call: &Call, argument: &std::ops::Range<usize>) -> Edit {
    let previous = call.arguments.iter().rev().find(|other| other.range.end <= argument.start);
    let behind = &code[argument.end..call.arguments_range.end - 1];
    let comma_end = if behind.trim_start().starts_with(',') {
        argument.end + behind.find(',').unwrap_or(0) + 1
    } else {
        argument.end
    };
    if text::is_first_on_line(code, argument.start)
        && code[comma_end..text::line_end(code, comma_end)].trim().is_empty()
    {
        return Edit::delete(text::lines_with_ending_before(code, argument.start..comma_end));
    }
    match previous {
        Some(previous) => Edit::delete(previous.range.end..argument.end),
        None => Edit::delete(argument.start..comma_end),
    }
}
