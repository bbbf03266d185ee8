//! The line of a component in the route that says whether the application is ready for requests.
//!
//! ```text
//! @router.get("/health")               @router.get("/health")
//! async def health() -> dict: ...      async def health() -> dict: ...
//!                                 ->
//!                                      @router.get("/health/ready")
//!                                      async def health_ready() -> JSONResponse:
//!                                          checks = {
//!                                              "redis": check_redis(),
//!                                          }
//!                                          ...
//! ```
//!
//! It is made beside the project's own health route, once: the next component adds a line to it. Where there is no health route, or
//! a readiness route of the user's own, nothing is done: liveness and what a deployment asks for are his decisions.

use std::ops::Range;

use super::import::Import;
use super::placement::definition_away;
use super::steps::Steps;
use super::{Assessment, Fix, Recorded, Retraction, same_code};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::project::routes::{self, Route};
use crate::project::{FilePath, Project};
use crate::source::python::Argument;
use crate::source::text::{self, LineEnding};

/// The dictionary of the route that has the checks.
const LIST: &str = "checks";

/// A check of a component, in the project's readiness route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The component.
    pub name: &'static str,
    /// The module of the services package that the check comes from.
    pub module: &'static str,
    /// The function, which raises where the component cannot work.
    pub check: &'static str,
}

impl Readiness {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("readiness:{}", self.name)
    }

    /// What it is, for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("`{}()` in the readiness route", self.check)
    }

    /// Is it asked there?
    pub fn assess(&self, project: &Project) -> Assessment {
        let by_hand = |why: &str| Assessment::NotApplicable {
            note: format!(
                "{why}: `await {}()` of `{}.{}` raises where {} cannot be used",
                self.check, project.layout.services.package, self.module, self.name
            ),
        };
        let routes = routes::of_health(project);
        let (ready, alive): (Vec<&Route<'_>>, Vec<&Route<'_>>) = routes.iter().partition(|route| route.is_readiness());
        if let Some((route, place)) = ready.iter().find_map(|route| Some((route, self.call_in(route)?))) {
            return Assessment::Met { at: Some(Location::new(route.file.clone(), place)) };
        }
        let (route, edit, is_new) = match (ready.as_slice(), alive.as_slice()) {
            ([], []) => return by_hand("no health route to put a readiness route beside"),
            ([route], _) => match self.entry(route) {
                Some(edit) => (*route, edit, false),
                None => return by_hand(&format!("`{}` of `{}` is your own readiness route", route.path, route.file)),
            },
            ([], [first, rest @ ..]) => {
                let last = rest.last().unwrap_or(first);
                let is_one = |other: &&Route<'_>| other.file == first.file && other.receiver == first.receiver;
                if !rest.iter().all(is_one) {
                    return by_hand("several health routes, and no readiness route");
                }
                match self.definition(project, first, last) {
                    Some(edit) => (*last, edit, true),
                    None => return by_hand(&format!("no readiness route fits beside `{}`", first.path)),
                }
            }
            _ => return by_hand("several readiness routes"),
        };
        let place = edit.range.clone();
        let mut steps = Steps::new(project, route.file);
        steps.take(&[edit]);
        let mut scaffolding = Vec::new();
        for import in self.imports(project, route.file).iter().take(if is_new { 3 } else { 1 }) {
            match import.take(&mut steps) {
                Ok(made) => scaffolding.extend(made),
                Err(problem) => return by_hand(&problem.message),
            }
        }
        let problem =
            Problem::new(&finding::READINESS_MISSING, format!("the readiness route does not ask `{}`", self.name))
                .at(route.file, place)
                .help(format!("`paxx check --fix` adds `await {}()`", self.check));
        let mut fix = Fix::edit(route.file, steps.finish()).safe();
        fix.record.scaffolding = scaffolding;
        Assessment::Missing { problem, fix }
    }

    /// How the line is taken out again; with the last one, the route.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let routes = routes::of_health(project);
        let found =
            routes.iter().filter(|route| route.is_readiness()).find_map(|route| Some((route, self.call_in(route)?)));
        let Some((route, place)) = found else { return Retraction::Gone };
        let keep = || Retraction::Keep {
            at: Some(Location::new(route.file.clone(), place.clone())),
            why: "the readiness route was changed".to_owned(),
        };
        let Some((_, entries)) = list_of(route) else { return keep() };
        let Some(position) = entries.iter().position(|entry| *entry == place) else { return keep() };
        let mut steps = Steps::new(project, route.file);
        let is_whole = entries.len() == 1 && self.is_as_written(route);
        steps.take(&[if is_whole {
            definition_away(route.code, route.function, None)
        } else {
            without_entry(route.code, &entries, position)
        }]);
        let [own, others @ ..] = self.imports(project, route.file);
        own.take_back(&mut steps, recorded);
        if is_whole {
            for import in &others {
                import.take_back(&mut steps, recorded);
            }
        }
        Retraction::Remove(Fix::edit(route.file, steps.finish()))
    }

    /// What the route needs, what this line alone needs first.
    fn imports(&self, project: &Project, file: &FilePath) -> [Import; 3] {
        let import = |module: String, name: &str| Import { path: file.clone(), module, names: vec![name.to_owned()] };
        [
            import(format!("{}.{}", project.layout.services.package, self.module), self.check),
            import("asyncio".to_owned(), "gather"),
            import("fastapi.responses".to_owned(), "JSONResponse"),
        ]
    }

    /// The call of our check in a route.
    fn call_in(&self, route: &Route<'_>) -> Option<Range<usize>> {
        let within = |call: &&crate::source::python::Call| text::contains(&route.function.range, &call.range);
        let mut calls = route.source.calls.iter().filter(within);
        calls.find(|call| call.callee.rsplit('.').next() == Some(self.check)).map(|call| call.range.clone())
    }

    /// A line more in the checks of a route.
    fn entry(&self, route: &Route<'_>) -> Option<Edit> {
        let (code, quote) = (route.code, route.quote);
        let entry = format!("{quote}{}{quote}: {}()", self.name, self.check);
        let (list, entries) = list_of(route)?;
        let Some(last) = entries.last() else {
            return code[list.clone()].strip_prefix('{').map(|_| Edit::insert(list.start + 1, entry));
        };
        let behind = code[last.end..].trim_start_matches([' ', '\t']);
        let comma = behind.starts_with(',').then(|| code.len() - behind.len() + 1);
        let is_alone = text::line_start(code, last.start) > list.start;
        Some(match comma {
            Some(comma) if is_alone => {
                let indentation = text::indentation(code, last.start);
                Edit::insert(comma, format!("{}{indentation}{entry},", LineEnding::of(code).as_str()))
            }
            _ => Edit::insert(last.end, format!(", {entry}")),
        })
    }

    /// The route with our line alone, behind `last`.
    fn definition(&self, project: &Project, first: &Route<'_>, last: &Route<'_>) -> Option<Edit> {
        let (code, function) = (last.code, last.function);
        let path = first.readiness_path();
        if routes::is_answered_beside(last, &path) {
            return None;
        }
        let is_free = |name: &String| {
            last.source.definition_of(name).is_none()
                && last.source.import_of(name).is_none()
                && !last.source.functions.iter().any(|function| function.name == *name)
        };
        let name = [format!("{}_ready", first.function.name), "health_ready".to_owned(), "readiness".to_owned()]
            .into_iter()
            .find(is_free)?;
        let indentation = text::indentation(code, function.range.start);
        let step = text::indentation(code, function.body.range.start).strip_prefix(indentation).unwrap_or("    ");
        let step = if function.body.inline || step.is_empty() { "    " } else { step };
        let decorator = Self::decorator(project, first, &path, indentation.len());
        let ending = LineEnding::of(code).as_str();
        let lines = std::iter::once(decorator).chain(self.lines(&name, last.quote, step));
        let text: Vec<String> = lines.map(|line| format!("{indentation}{line}")).collect();
        let gap = ending.repeat(if indentation.is_empty() { 3 } else { 2 });
        let end = text::line_end(code, function.range.end);
        Some(Edit::insert(end, format!("{gap}{}", text.join(ending))))
    }

    /// The decorator, with what that of the health route says of the documentation.
    fn decorator(project: &Project, first: &Route<'_>, path: &str, indentation: usize) -> String {
        let quote = first.quote;
        let plain = format!("@{}.get({quote}{path}{quote}", first.receiver);
        let shared = first
            .decorator
            .arguments
            .iter()
            .filter(|argument| matches!(argument.keyword.as_deref(), Some("tags" | "include_in_schema")));
        let shared = shared.filter_map(|argument| first.code.get(argument.range.clone()));
        let shared: String = shared.map(|argument| format!(", {argument}")).collect();
        let is_short = indentation + plain.len() + shared.len() < project.layout.line_length;
        let shared = if is_short && !shared.contains('\n') { shared } else { String::new() };
        format!("{plain}{shared})")
    }

    /// The function with our line alone.
    fn lines(&self, name: &str, quote: char, step: &str) -> Vec<String> {
        let (component, check) = (self.name, self.check);
        let q = quote;
        vec![
            format!("async def {name}() -> JSONResponse:"),
            format!("{step}\"\"\"Tell whether what requests need is there: 200 if so, else 503.\"\"\""),
            format!("{step}{LIST} = {{"),
            format!("{step}{step}{q}{component}{q}: {check}(),"),
            format!("{step}}}"),
            format!("{step}found = await gather(*{LIST}.values(), return_exceptions=True)"),
            format!("{step}failed = [name for i, name in enumerate({LIST}) if found[i] is not None]"),
            format!("{step}code = 503 if failed else 200"),
            format!("{step}return JSONResponse({{{q}ready{q}: not failed, {q}failed{q}: failed}}, code)"),
        ]
    }

    /// Is the route as it was written, with our line alone?
    fn is_as_written(&self, route: &Route<'_>) -> bool {
        let (code, function) = (route.code, route.function);
        let indentation = text::indentation(code, function.range.start);
        let start = text::line_start(code, function.name_range.start);
        let dedented = |text: &str| -> String {
            text.lines().map(|line| format!("{}\n", line.strip_prefix(indentation).unwrap_or(line))).collect()
        };
        let written = self.lines(&function.name, route.quote, "    ").join("\n");
        let mut arguments = route.decorator.arguments.iter();
        function.decorators.len() == 1
            && arguments
                .all(|argument| matches!(argument.keyword.as_deref(), None | Some("tags" | "include_in_schema")))
            && same_code(&dedented(&code[start..function.range.end]), &written)
    }
}

/// The dictionary of checks in a route that gathers them as ours does, and the calls in it.
///
/// A dictionary of that name in a route of the user's own may hold anything.
fn list_of(route: &Route<'_>) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let (code, function) = (route.code, route.function);
    let mut calls = route.source.calls.iter().filter(|call| text::contains(&function.range, &call.range));
    let values = format!("*{LIST}.values()");
    let gathers = |argument: &Argument| code.get(argument.range.clone()) == Some(&values);
    calls.find(|call| call.callee.ends_with("gather") && call.arguments.iter().any(gathers))?;
    let mut assignments = route.source.assignments.iter().filter(|made| text::contains(&function.range, &made.range));
    let list = assignments.find(|made| made.target == LIST)?.value.clone()?;
    if !code.get(list.clone())?.starts_with('{') {
        return None;
    }
    let calls = route.source.calls.iter().filter(|call| text::contains(&list, &call.range));
    Some((list.clone(), calls.map(|call| call.range.clone()).collect()))
}

/// Takes an entry with its key out of a dictionary.
fn without_entry(code: &str, entries: &[Range<usize>], position: usize) -> Edit {
    let own = &entries[position];
    let behind = code[own.end..].trim_start_matches([' ', '\t']);
    let end = if behind.starts_with(',') { code.len() - behind.len() + 1 } else { own.end };
    let line = text::line_start(code, own.start);
    let key = code[line..own.start].trim();
    let rest = code[end..text::line_end(code, end)].trim();
    if key.starts_with(['"', '\'']) && key.matches(':').count() == 1 && rest.is_empty() {
        return Edit::delete(text::lines_with_ending_before(code, own.start..end));
    }
    match (position.checked_sub(1).map(|before| &entries[before]), entries.get(position + 1)) {
        (Some(before), _) => Edit::delete(before.end..own.end),
        (None, Some(next)) => {
            let key = |start: usize| code[..start].rfind(['{', ',']).map_or(start, |at| at + 1);
            Edit::delete(key(own.start)..key(next.start))
        }
        (None, None) => {
            let open = code[..own.start].rfind('{').map_or(own.start, |at| at + 1);
            Edit::delete(open..end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dependency::testing::{Question, check, path, project as files};
    use super::*;
    use crate::finding::NO_DEPENDENCY_FILE;

    const REDIS: Readiness = Readiness { name: "redis", module: "cache", check: "check_redis" };
    const STORAGE: Readiness = Readiness { name: "storage", module: "storage", check: "check_storage" };
    const ARQ: Readiness = Readiness { name: "arq", module: "arq", check: "check_arq" };

    fn project(sources: &[(&str, &str)]) -> Project {
        let mut project = files(sources, Err(Problem::new(&NO_DEPENDENCY_FILE, "none")));
        let mut layout = (*project.layout).clone();
        layout.health = sources.iter().map(|(name, _)| path(name)).collect();
        layout.import_roots = vec![FilePath::top()];
        project.layout = layout.into();
        project
    }

    fn check_add(before: &str, wanted: &[&Readiness], after: &str) {
        let assess: Vec<_> = wanted.iter().map(|one| move |project: &Project| one.assess(project)).collect();
        let retract: Vec<_> = wanted
            .iter()
            .map(|one| move |project: &Project, recorded: &Recorded| one.retract(project, recorded))
            .collect();
        let questions = assess.iter().zip(&retract).map(|(assess, retract)| Question { assess, retract });
        let result = check(&project(&[("health.py", before)]), &questions.collect::<Vec<_>>());
        assert_eq!(result.text(&path("health.py")), Some(after));
    }

    fn note(sources: &[(&str, &str)]) -> String {
        match REDIS.assess(&project(sources)) {
            Assessment::NotApplicable { note } => note,
            other => panic!("it applies: {other:?}"),
        }
    }

    const ROUTER: &str = "from fastapi import APIRouter

router = APIRouter()


@router.get(\"/health\", tags=[\"health\"], response_model=dict)
def health():
    return {\"status\": \"ok\"}


@router.get(\"/users\")
def users():
    return []
";

    fn route(checks: &str) -> String {
        format!(
            "@router.get(\"/health/ready\", tags=[\"health\"])
async def health_ready() -> JSONResponse:
    \"\"\"Tell whether what requests need is there: 200 if so, else 503.\"\"\"
    checks = {{
{checks}    }}
    found = await gather(*checks.values(), return_exceptions=True)
    failed = [name for i, name in enumerate(checks) if found[i] is not None]
    code = 503 if failed else 200
    return JSONResponse({{\"ready\": not failed, \"failed\": failed}}, code)
"
        )
    }

    fn with_route(imports: &str, checks: &str) -> String {
        let imports = format!(
            "from asyncio import gather\n\nfrom fastapi import APIRouter\nfrom fastapi.responses import JSONResponse\n\n{imports}\n"
        );
        ROUTER
            .replace("from fastapi import APIRouter\n\n", &imports)
            .replace("\n\n\n@router.get(\"/users\")", &format!("\n\n\n{}\n\n@router.get(\"/users\")", route(checks)))
    }

    #[test]
    fn the_route_is_made_beside_the_health_route_and_shared() {
        let line = "        \"redis\": check_redis(),\n";
        check_add(ROUTER, &[&REDIS], &with_route("from services.cache import check_redis\n", line));
        check_add(
            ROUTER,
            &[&REDIS, &STORAGE, &ARQ],
            &with_route(
                "from services.arq import check_arq\nfrom services.cache import check_redis\nfrom services.storage import check_storage\n",
                &format!("{line}        \"storage\": check_storage(),\n        \"arq\": check_arq(),\n"),
            ),
        );
    }

    #[test]
    fn in_a_factory_with_its_indentation_and_quotes() {
        let before = "from fastapi import FastAPI


def make():
\tapp = FastAPI()

\t@app.get('/healthz')
\tasync def healthz():
\t\treturn 'ok'

\treturn app
";
        let after = "from asyncio import gather

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from services.cache import check_redis


def make():
\tapp = FastAPI()

\t@app.get('/healthz')
\tasync def healthz():
\t\treturn 'ok'

\t@app.get('/healthz/ready')
\tasync def healthz_ready() -> JSONResponse:
\t\t\"\"\"Tell whether what requests need is there: 200 if so, else 503.\"\"\"
\t\tchecks = {
\t\t\t'redis': check_redis(),
\t\t}
\t\tfound = await gather(*checks.values(), return_exceptions=True)
\t\tfailed = [name for i, name in enumerate(checks) if found[i] is not None]
\t\tcode = 503 if failed else 200
\t\treturn JSONResponse({'ready': not failed, 'failed': failed}, code)

\treturn app
";
        check_add(before, &[&REDIS], after);
    }

    #[test]
    fn a_list_that_is_gathered_is_extended_also_on_one_line() {
        let own = |checks: &str| {
            format!(
                "from services.cache import check_redis{}\n\n\n@app.get(\"/readyz\")\nasync def ready():\n    checks = {checks}\n    return await asyncio.gather(*checks.values())\n",
                if checks.contains("storage") { "\nfrom services.storage import check_storage" } else { "" }
            )
        };
        check_add(
            &own("{\"redis\": check_redis()}"),
            &[&REDIS, &STORAGE],
            &own("{\"redis\": check_redis(), \"storage\": check_storage()}"),
        );
        check_add(
            &own("{\n        \"redis\": check_redis(),\n    }"),
            &[&STORAGE],
            &own("{\n        \"redis\": check_redis(),\n        \"storage\": check_storage(),\n    }"),
        );
    }

    #[test]
    fn the_prefix_of_the_router_and_the_words_for_liveness_count() {
        for (decorator, path) in [
            ("/live", "/ready"),
            ("/livez", "/readyz"),
            ("/health/live", "/health/ready"),
            ("/health/", "/health/ready"),
            ("", "/ready"),
            ("/", "/ready"),
        ] {
            let code =
                format!("router = APIRouter(prefix=\"/health\")\n\n\n@router.get(\"{decorator}\")\ndef alive(): ...\n");
            let Assessment::Missing { fix, .. } = REDIS.assess(&project(&[("health.py", &code)])) else {
                panic!("{decorator}")
            };
            let made = format!("{:?}", fix.changes);
            assert!(made.contains(&format!("@router.get(\\\"{path}\\\")")), "{decorator}: {made}");
        }
    }

    #[test]
    fn nothing_is_done_where_it_is_not_clear_what_is_wanted() {
        assert!(note(&[("main.py", "@app.get(\"/users\")\ndef users(): ...\n")]).contains("no health route"));
        assert!(
            note(&[("main.py", "@app.get(\"/users/{id}/health\")\ndef users(): ...\n")]).contains("no health route")
        );
        let own = "@app.get(\"/ready\")\nasync def ready():\n    return await database.ping()\n";
        assert!(note(&[("main.py", own)]).contains("your own readiness route"));
        let own = "@app.get(\"/readyz\")\nasync def ready():\n    checks: dict[str, str] = {}\n    return checks\n";
        assert!(note(&[("main.py", own)]).contains("your own readiness route"));
        assert!(note(&[("a.py", ROUTER), ("b.py", ROUTER)]).contains("several"));
        let caught = ROUTER.replace("/users", "/health/{part}");
        assert!(note(&[("main.py", &caught)]).contains("no readiness route fits"));
        let taken = format!("gather = 1\n{ROUTER}");
        assert!(note(&[("main.py", &taken)]).contains("`gather` stands for something else"));
    }

    #[test]
    fn what_the_user_made_of_the_route_stays() {
        let line = "        \"redis\": check_redis(),\n";
        let made = with_route("from services.cache import check_redis\n", line);
        let made = made.replace("    code = 503", "    log(failed)\n    code = 503");
        let before = project(&[("health.py", &made)]);
        let Retraction::Remove(fix) = REDIS.retract(&before, &Recorded::default()) else { panic!("kept") };
        let after = super::super::dependency::testing::apply(&before, &fix);
        let text = after.text(&path("health.py")).expect("text");
        assert!(
            !text.contains("check_redis") && text.contains("log(failed)") && text.contains("checks = {\n    }"),
            "{text}"
        );
    }

    #[test]
    fn a_formatter_run_does_not_orphan_it() {
        let line = "        \"redis\": check_redis(),\n";
        let made = with_route("from services.cache import check_redis\n", line);
        let made = made.replace("{\n        \"redis\": check_redis(),\n    }", "{'redis': check_redis()}");
        let before = project(&[("health.py", &made)]);
        let Retraction::Remove(fix) = REDIS.retract(&before, &Recorded::default()) else { panic!("kept") };
        let after = super::super::dependency::testing::apply(&before, &fix);
        assert!(!after.text(&path("health.py")).expect("text").contains("ready"));
    }
}
