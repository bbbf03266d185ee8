//! A lifespan of ours, where the application has none: how it is written and given to the application, and how it is taken back when
//! nothing is left in it.

use super::import::Import;
use super::lifespan_call::LifespanCall;
use super::side::Side;
use super::steps::Steps;
use super::{Assessment, Fix, Recorded, composition, placement};
use crate::edit::Edit;
use crate::finding::{self, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::Project;
use crate::project::application::{self, Wiring};
use crate::source::python::{self, Call, Function, Source, indentation_step};
use crate::source::text::{self, LineEnding};

/// The lifespan that was made; what it replaced is the call of `FastAPI` as it was.
const LIFESPAN: &str = "lifespan";

const DOCSTRING: &str = "\"\"\"Start and stop what the application uses.\"\"\"";

impl LifespanCall {
    /// Makes a lifespan with this call in it, and gives it to the application.
    pub(super) fn new_lifespan(&self, project: &Project, wiring: &Wiring) -> Assessment {
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
        let mut scaffolding =
            vec![(ScaffoldingKey::Lifespan, Some(original)), (ScaffoldingKey::LifespanPlace, Some(between))];
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

    /// Takes the lifespan back that was made for the calls, where it holds nothing but this one. Was it so?
    pub(super) fn take_lifespan_back(
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
        let is_ours = recorded.scaffolding(&ScaffoldingKey::Lifespan).is_some() && function.name.ends_with(LIFESPAN);
        if !is_ours || !others.all(|statement| statement == "yield") {
            return false;
        }
        let code = steps.text.clone();
        let ending = LineEnding::of(&code).as_str();
        let Ok(wiring) = application::made(steps.project) else { return false };
        let original = recorded.scaffolding(&ScaffoldingKey::Lifespan).flatten().unwrap_or("FastAPI()");
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
        edits.push(placement::definition_away(
            &code,
            function,
            recorded.scaffolding(&ScaffoldingKey::LifespanPlace).flatten(),
        ));
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
