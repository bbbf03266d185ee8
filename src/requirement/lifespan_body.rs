//! A call in a lifespan of the user's: before its `yield`, or behind it, in the order that the components ask for.

use super::Assessment;
use super::lifespan_call::LifespanCall;
use super::side::Side;
use crate::component::{COMPONENTS, Component};
use crate::edit::Edit;
use crate::finding::{self, Problem};
use crate::project::lifespan::Generator;
use crate::project::{FilePath, Project};
use crate::source::python::{Call, Function, Source};
use crate::source::text::{self, LineEnding};

impl LifespanCall {
    /// What is to say of the call that is in the lifespan already, if it is.
    pub(super) fn in_generator(&self, project: &Project, generator: &Generator) -> Option<Assessment> {
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
    pub(super) fn add_to_generator(&self, project: &Project, generator: &Generator) -> Assessment {
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
}
