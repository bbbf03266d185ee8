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
//! Where there is neither a lifespan nor a handler, a lifespan is made and given to `FastAPI(`. Where there are handlers,
//! they are used: FastAPI ignores them as soon as a lifespan is given (FastAPI's documentation, "Lifespan Events").

use super::dependency::{self, specifier::name_and_bound};
use super::import::{Import, use_elsewhere};
use super::steps::{Steps, is_alone, without_statement};
use super::{Assessment, Fix, Recorded, Retraction};
use crate::component::{COMPONENTS, Component, manifest};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::project::application::{self, HandlerStyle, Lifespan, Wiring};
use crate::project::{FilePath, Project};
use crate::source::python::{Call, Function, Source, Usage, Yield, indentation_step};
use crate::source::text::{self, LineEnding};

/// Which side of the `yield`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before it: at the start of the application.
    Start,
    /// After it: at the end.
    Stop,
}

impl Side {
    fn event(self) -> &'static str {
        match self {
            Self::Start => "startup",
            Self::Stop => "shutdown",
        }
    }
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
    pub fn title(&self) -> String {
        format!(
            "`await {}()` at the {} of the application",
            self.callee,
            if self.side == Side::Start { "start" } else { "end" }
        )
    }

    fn code(&self) -> String {
        format!("await {}()", self.callee)
    }

    fn import(&self, project: &Project, path: &FilePath) -> Import {
        let name = self.callee.split('.').next().unwrap_or(self.callee).to_owned();
        let module = format!("{}.{}", project.layout.services.package, self.module);
        Import { path: path.clone(), module, names: vec![name] }
    }

    /// Is it called where the application starts or stops?
    pub fn assess(&self, project: &Project) -> Assessment {
        let here = self.assess_here(project);
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
        use_elsewhere(project, &format!("{}.{}", project.layout.services.package, self.module), self.callee)
    }

    /// The same, by what the lifespan or the handlers say themselves.
    fn assess_here(&self, project: &Project) -> Assessment {
        let blocked = |problem: Problem| Assessment::Blocked {
            problem: problem.manual(format!(
                "{}  # {} the `yield` of the lifespan",
                self.code(),
                match self.side {
                    Side::Start => "before",
                    Side::Stop => "after",
                }
            )),
        };
        let lifespan = match application::lifespan(project) {
            Ok(lifespan) => lifespan,
            Err(problem) => return blocked(problem),
        };
        match &lifespan {
            Lifespan::Generator { path, function, yields } => self.in_generator(project, path, function, yields),
            Lifespan::Handlers { style, path, startup, shutdown } => {
                let handler = if self.side == Side::Start { startup } else { shutdown };
                match handler {
                    Some((path, function)) => self.in_handler(project, path, function),
                    None if *style == HandlerStyle::Decorator => self.new_handler(project, path),
                    None => blocked(
                        Problem::new(
                            &finding::LIFESPAN_UNSUPPORTED,
                            format!("there is no async `{}` handler to call `{}` in", self.side.event(), self.callee),
                        )
                        .help(format!(
                            "register an `async def` handler for `{}`, or use a lifespan",
                            self.side.event()
                        )),
                    ),
                }
            }
            Lifespan::Absent => match application::made(project) {
                Ok(wiring) => self.new_lifespan(project, &wiring),
                Err(problem) => blocked(problem),
            },
        }
    }

    /// The call of ours in a function, wherever it stands.
    fn find<'a>(
        &self,
        project: &Project,
        path: &FilePath,
        source: &'a Source,
        function: &Function,
    ) -> Option<&'a Call> {
        self.calls(project, path, source, function).into_iter().next()
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
        let names = self.names(source);
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
    fn names(&self, source: &Source) -> Vec<String> {
        let mut names = vec![self.callee.to_owned()];
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

    fn in_generator(&self, project: &Project, path: &FilePath, function: &Function, yields: &Yield) -> Assessment {
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        if let Some(call) = self.find(project, path, source, function) {
            let is_pushed = call.callee.ends_with(".push_async_callback");
            let is_before = call.range.end <= yields.range.start;
            if call.statement == call.range && !is_pushed && is_before == (self.side == Side::Start) {
                let message =
                    format!("`{}` calls `{}` without `await`, which does nothing", function.name, self.callee);
                let problem = Problem::new(&finding::LIFESPAN_CALL_MISSING, message)
                    .at(path, call.range.clone())
                    .help(format!("write `{}`", self.code()));
                return Assessment::Drifted { problem, fix: None };
            }
            if is_before == (self.side == Side::Start || is_pushed) {
                return self.with_import(project, path, call);
            }
            let problem = Problem::new(
                &finding::LIFESPAN_ORDER,
                format!("`{}` is called {} the `yield`", self.callee, if is_before { "before" } else { "after" }),
            )
            .at(path, call.range.clone())
            .help(format!("move it {} the `yield`", if is_before { "after" } else { "before" }));
            return Assessment::Drifted { problem, fix: None };
        }
        if !text::is_first_on_line(code, yields.statement.start) {
            let problem = Problem::new(
                &finding::LIFESPAN_UNSUPPORTED,
                "the `yield` of the lifespan shares its line with other code",
            )
            .at(path, yields.range.clone())
            .help("put the `yield` on a line of its own")
            .manual(self.code());
            return Assessment::Blocked { problem };
        }
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
        let line = format!("{indentation}{}", self.code());
        if let Some(call) = dependent {
            let place = call.statement.clone();
            let edit = match self.side {
                Side::Start => Edit::insert_line_before(code, place.start, ending, &line),
                Side::Stop => Edit::insert_line_after(code, place.end, ending, &line),
            };
            return self.missing(project, path, edit, place.start, &function.name);
        }
        let edit = match (self.side, stack, &yields.finally) {
            (Side::Start, _, _) => {
                Edit::insert_line_before(code, yields.statement.start, ending, &format!("{indentation}{}", self.code()))
            }
            (Side::Stop, Some(stack), _) => {
                let line = format!("{indentation}{stack}.push_async_callback({})", self.callee);
                Edit::insert_line_before(code, yields.statement.start, ending, &line)
            }
            (Side::Stop, None, Some((keyword, block))) if !block.inline => {
                let indentation = text::indentation(code, block.range.start);
                Edit::insert_line_after(code, *keyword, ending, &format!("{indentation}{}", self.code()))
            }
            (Side::Stop, None, Some((keyword, _))) => {
                let problem =
                    Problem::new(&finding::LIFESPAN_UNSUPPORTED, "the `finally` of the lifespan stands on one line")
                        .at(path, *keyword..*keyword + "finally".len())
                        .help("put its statements on lines of their own")
                        .manual(self.code());
                return Assessment::Blocked { problem };
            }
            (Side::Stop, None, None) => {
                Edit::insert_line_after(code, yields.statement.end, ending, &format!("{indentation}{}", self.code()))
            }
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
        let line = format!("{indentation}{}", self.code());
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
        if self.names(&Source::default()).contains(&call.callee) || call.callee.ends_with(".push_async_callback") {
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
            Err(problem) => return Assessment::Blocked { problem: problem.manual(self.code()) },
        };
        let problem =
            Problem::new(&finding::LIFESPAN_CALL_MISSING, format!("`{function}` does not call `{}`", self.callee))
                .at(path, place..place)
                .help(format!("add `{}`", self.code()))
                .manual(self.code());
        let mut fix = Fix::edit(path, steps.finish()).text(self.code()).safe();
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix }
    }

    /// Makes a lifespan with this call in it, and gives it to the application.
    fn new_lifespan(&self, project: &Project, wiring: &Wiring) -> Assessment {
        let Ok(application) = project.layout.application.as_ref() else { return Assessment::Met { at: None } };
        let path = &application.path;
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        if let Some(held) = before_lifespans(project) {
            let problem = Problem::new(
                &finding::LIFESPAN_UNSUPPORTED,
                "FastAPI is held below 0.93, where `lifespan=` came, and the application has no event handlers to use",
            )
            .at(&held.path, held.range)
            .help("raise the bound, or register `@app.on_event(\"startup\")` and `(\"shutdown\")` handlers, which are then used")
            .manual(self.code());
            return Assessment::Blocked { problem };
        }
        let ending = LineEnding::of(code).as_str();
        let is_free = |name: &&&str| {
            source.definition_of(name).is_none()
                && source.import_of(name).is_none()
                && !source.functions.iter().any(|function| function.name == **name)
        };
        let name = [LIFESPAN, "app_lifespan", "paxx_lifespan"].iter().find(is_free).copied().unwrap_or("paxx_lifespan");
        let step = indentation_step(code, source);
        let class = application::fastapi_names(source).into_iter().next().unwrap_or_else(|| "FastAPI".to_owned());
        let (before, after) = match self.side {
            Side::Start => (format!("{step}{}{ending}", self.code()), String::new()),
            Side::Stop => (String::new(), format!("{ending}{step}{}", self.code())),
        };
        let function = format!(
            "@asynccontextmanager{ending}async def {name}(app: {class}) -> AsyncIterator[None]:{ending}\
             {step}{DOCSTRING}{ending}{before}{step}yield{after}"
        );
        // Two blank lines on each side, as PEP 8 wants them, counting those that are there.
        let top = source.body.iter().find(|statement| {
            statement.range.start <= wiring.call.range.start && wiring.call.range.end <= statement.range.end
        });
        let top = leading_comments(code, top.map_or(wiring.call.statement.start, |statement| statement.range.start));
        let blank_from = text::blank_lines_before(code, top);
        let blanks = code[blank_from..top].matches('\n').count();
        let after = ending.repeat(2_usize.saturating_sub(blanks));
        let insertion = if blank_from <= text::bom_length(code) {
            Edit::insert(top, format!("{function}{}", ending.repeat(3)))
        } else {
            Edit::insert(text::line_end(code, blank_from - 1), format!("{}{function}{after}", ending.repeat(3)))
        };
        let original = code[wiring.call.range.clone()].to_owned();
        let mut steps = Steps::new(project, path);
        steps.take(&[insertion, with_argument(code, &wiring.call, name, project.layout.line_length, ending)]);
        let between = if blank_from <= text::bom_length(code) { top } else { text::line_end(code, blank_from - 1) };
        let mut scaffolding =
            vec![(LIFESPAN.to_owned(), Some(original)), (PLACE.to_owned(), Some(code[between..top].to_owned()))];
        let standard = |module: &str, name: &str| Import {
            path: path.clone(),
            module: module.to_owned(),
            names: vec![name.to_owned()],
        };
        let imports = [
            standard("contextlib", "asynccontextmanager"),
            standard("collections.abc", "AsyncIterator"),
            self.import(project, path),
        ];
        for import in imports {
            match import.take(&mut steps) {
                Ok(made) => scaffolding.extend(made),
                Err(problem) => return Assessment::Blocked { problem: problem.manual(self.code()) },
            }
        }
        let problem = Problem::new(
            &finding::LIFESPAN_CALL_MISSING,
            format!("the application has no lifespan that calls `{}`", self.callee),
        )
        .at(path, wiring.call.range.clone())
        .help(format!("give `FastAPI(` a `lifespan` with `{}`", self.code()))
        .manual(self.code());
        let mut fix = Fix::edit(path, steps.finish()).text(self.code());
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix }
    }

    /// Makes an event handler with this call in it, beside those that the project has.
    fn new_handler(&self, project: &Project, path: &FilePath) -> Assessment {
        let Some(file) = project.file(path) else { return Assessment::Met { at: None } };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let event = self.side.event();
        // Directly behind the last handler of the project, whose receiver and indentation it takes.
        let last = source.calls.iter().rev().find_map(|call| {
            let (receiver, method) = call.callee.rsplit_once('.')?;
            let function = source.functions.iter().find(|function| function.range == call.statement)?;
            (method == "on_event").then_some((receiver, function))
        });
        let Some((receiver, last)) = last else { return Assessment::Met { at: None } };
        let ending = LineEnding::of(code).as_str();
        let indentation = text::indentation(code, last.range.start);
        let step = indentation_step(code, source);
        let (name, docstring) = match self.side {
            Side::Start => ("start_services", "\"\"\"Start what the application uses.\"\"\""),
            Side::Stop => ("stop_services", "\"\"\"Stop what the application uses.\"\"\""),
        };
        if let Some(place) = source.functions.iter().find(|function| function.name == name) {
            let problem = Problem::new(&finding::NAME_TAKEN, format!("`{name}` is taken"))
                .at(path, place.name_range.clone())
                .help(format!("register an `async def` handler for `{event}`"))
                .manual(self.code());
            return Assessment::Blocked { problem };
        }
        let blank = ending.repeat(if indentation.is_empty() { 3 } else { 2 });
        let function = format!(
            "{blank}{indentation}@{receiver}.on_event(\"{event}\"){ending}{indentation}async def {name}() -> None:{ending}\
             {indentation}{step}{docstring}{ending}{indentation}{step}{}",
            self.code()
        );
        let edit = Edit::insert(text::line_end(code, last.range.end), function);
        match self.missing(project, path, edit, last.name_range.start, &last.name) {
            Assessment::Missing { problem, fix } => {
                Assessment::Missing { problem, fix: fix.scaffolding(format!("handler:{name}"), None) }
            }
            other => other,
        }
    }

    /// How the call is taken out again; what was made for it goes with the last call.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let place = match application::lifespan(project) {
            Ok(Lifespan::Generator { path, function, .. }) => Some((path, function)),
            Ok(Lifespan::Handlers { startup, shutdown, .. }) => {
                let handler = if self.side == Side::Start { startup } else { shutdown };
                handler.and_then(|(path, handler)| {
                    let source = project.file(&path)?.python();
                    let holder =
                        source.functions.iter().find(|function| self.find(project, &path, source, function).is_some());
                    Some((path.clone(), holder.cloned().unwrap_or(handler)))
                })
            }
            _ => None,
        };
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
                let made = Self::scaffold_of(code, &function, call, recorded);
                match made {
                    Some(Scaffold::Handler(range)) => steps.take(&[Edit::delete(range)]),
                    Some(Scaffold::Lifespan) => {
                        Self::take_lifespan_back(&mut steps, &function, recorded);
                        let standard = [("contextlib", "asynccontextmanager"), ("collections.abc", "AsyncIterator")];
                        for (module, name) in standard {
                            let import =
                                Import { path: path.clone(), module: module.to_owned(), names: vec![name.to_owned()] };
                            import.take_back(&mut steps, recorded);
                        }
                    }
                    None => {
                        let lines = || Edit::delete(text::lines_with_ending_before(code, call.statement.clone()));
                        steps.take(&[without_statement(code, source, &call.statement).unwrap_or_else(lines)]);
                    }
                }
            }
            None if !self.import(project, &path).names.is_empty() => {}
            None => return Retraction::Gone,
        }
        self.import(project, &path).take_back(&mut steps, recorded);
        let edits = steps.finish();
        if !edits.is_empty() {
            return Retraction::Remove(Fix::edit(&path, edits));
        }
        self.use_elsewhere(project).map_or(Retraction::Gone, |at| Retraction::Keep {
            at: Some(at),
            why: format!("`{}` is still used", self.callee),
        })
    }

    /// What was made for the calls and holds nothing but this one.
    fn scaffold_of(code: &str, function: &Function, call: &Call, recorded: &Recorded) -> Option<Scaffold> {
        let mut others = application::without_docstring(&function.body, code)
            .iter()
            .filter(|statement| statement.range != call.statement)
            .map(|statement| code[statement.range.clone()].trim());
        if recorded.scaffolding(&format!("handler:{}", function.name)).is_some() && others.clone().next().is_none() {
            let blank = text::blank_lines_before(code, function.range.start);
            let start = if blank > 0 { text::line_end(code, blank - 1) } else { 0 };
            return Some(Scaffold::Handler(start..text::line_end(code, function.range.end)));
        }
        let is_ours = recorded.scaffolding(LIFESPAN).is_some() && function.name.ends_with(LIFESPAN);
        (is_ours && others.all(|statement| statement == "yield")).then_some(Scaffold::Lifespan)
    }

    fn take_lifespan_back(steps: &mut Steps, function: &Function, recorded: &Recorded) {
        let code = steps.text.clone();
        let ending = LineEnding::of(&code).as_str();
        let Ok(wiring) = application::made(steps.project) else { return };
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
        // The blank lines around the function give way to what was there.
        let blank = text::blank_lines_before(&code, function.range.start);
        let start = if blank > text::bom_length(&code) { text::line_end(&code, blank - 1) } else { blank };
        let end =
            function.range.end + (code.len() - function.range.end - code[function.range.end..].trim_start().len());
        let next = text::line_start(&code, end);
        match recorded.scaffolding(PLACE).flatten() {
            Some(between) if next > function.range.end => edits.push(Edit::replace(start..next, between)),
            _ => edits.push(Edit::delete(start..text::line_end(&code, function.range.end))),
        }
        steps.take(&edits);
    }
}

/// The bound of FastAPI, where it excludes the versions that know `lifespan=` (FastAPI's release notes, 0.93.0).
fn before_lifespans(project: &Project) -> Option<Location> {
    let (_, needed) = name_and_bound("fastapi>=0.93")?;
    let listed = dependency::listed(project).ok()?;
    listed.into_iter().find(|entry| entry.name == "fastapi" && entry.bound.excludes(&needed)).map(|entry| entry.at)
}

enum Scaffold {
    Handler(std::ops::Range<usize>),
    Lifespan,
}

/// The start of the comment lines directly above the line of `offset`, or of that line.
fn leading_comments(code: &str, offset: usize) -> usize {
    let mut start = text::line_start(code, offset);
    while start > text::bom_length(code) {
        let previous = text::line_start(code, start - 1);
        if !code[previous..start].trim_start().starts_with('#') {
            break;
        }
        start = previous;
    }
    start
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
