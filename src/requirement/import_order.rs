//! What a module does between its imports, and an import of ours must not overtake: whoever imports a generated module imports
//! the settings, and these read the environment as it is then.
//!
//! ```text
//! from dotenv import load_dotenv
//!
//! load_dotenv("dev.env")
//!
//! from app.services.cache import start_redis        not above: the settings would not see what `dev.env` has
//! ```

use std::ops::Range;

use memchr::memmem;

use crate::finding::{APPLICATION_UNSUPPORTED, Location, Problem};
use crate::project::imports::{leads_to, module_file};
use crate::project::{FilePath, Project};
use crate::source::python::{Call, Import, Source, Statement, StatementKind};
use crate::source::text;

/// Calls that change what modules see that are imported later.
const CALLS: [&str; 17] = [
    "load_dotenv",
    "read_env",
    "read_envfile",
    "read_dotenv",
    "load_env",
    "patch_all",
    "monkey_patch",
    "putenv",
    "unsetenv",
    "chdir",
    "addsitedir",
    "environ.setdefault",
    "environ.update",
    "environ.pop",
    "environ.clear",
    "install_import_hook",
    "set_event_loop_policy",
];
/// What is assigned to, or called a method of, with the same effect.
const STATE: [&str; 2] = ["sys.path", "sys.modules"];

/// The last statement before `before` whose effect the settings of the module at `path` see, and that stands above the import
/// by which they are there already.
pub(super) fn barrier(
    project: &Project,
    path: &FilePath,
    code: &str,
    source: &Source,
    before: usize,
) -> Option<Range<usize>> {
    let mut barriers =
        barriers(project, path, code, source).into_iter().filter(|barrier| barrier.end <= before).peekable();
    barriers.peek()?;
    let known = first_import_of_settings(project, path, source).unwrap_or(code.len());
    barriers.rfind(|barrier| barrier.start < known)
}

/// The problem of a module that the application imports above what the settings are to see, where the module did not import
/// them until now.
pub(super) fn too_early(project: &Project, path: &FilePath) -> Option<Problem> {
    let application = project.layout.application.as_ref().ok()?;
    let settings = project.layout.settings.as_ref().ok()?;
    let roots = &project.layout.import_roots;
    if *path == application.path || leads_to(project, roots, path, &settings.path) {
        return None;
    }
    let file = project.file(&application.path)?;
    let (code, source) = (file.text()?, file.python());
    let mut modules = source.imports.iter().filter(|import| import.scope.is_module() && !import.scope.type_checking);
    let import = modules.find(|import| {
        targets(project, &application.path, import).iter().any(|target| leads_to(project, roots, target, path))
    })?;
    let barrier = barrier(project, &application.path, code, source, code.len())?;
    if barrier.end <= import.range.start {
        return None;
    }
    let statement = text::first_line(code.get(barrier.clone()).unwrap_or_default());
    Some(
        Problem::new(
            &APPLICATION_UNSUPPORTED,
            format!("`{path}` is imported above `{statement}`, so the settings would be read before it"),
        )
        .at(&application.path, import.range.clone())
        .related(Location::new(application.path.clone(), barrier), "what the settings are to see")
        .help("move that import below it, or import the settings there first"),
    )
}

/// Where the module first imports the settings, directly or through others.
fn first_import_of_settings(project: &Project, path: &FilePath, source: &Source) -> Option<usize> {
    let settings = project.layout.settings.as_ref().ok().filter(|settings| !settings.create)?;
    if *path == settings.path {
        return Some(0);
    }
    let roots = &project.layout.import_roots;
    let mut imports = source
        .imports
        .iter()
        .filter(|import| import.scope.is_module() && !import.scope.guarded && !import.scope.type_checking);
    let leads = |import: &&Import| {
        targets(project, path, import).iter().any(|target| leads_to(project, roots, target, &settings.path))
    };
    imports.find(leads).map(|import| import.range.start)
}

/// The files of the project that a statement imports.
pub(super) fn targets(project: &Project, path: &FilePath, import: &Import) -> Vec<FilePath> {
    let roots = &project.layout.import_roots;
    let of = |dotted: &str| module_file(project, roots, path, dotted);
    let names = import.names.iter().filter_map(|name| match &import.from {
        Some(from) => of(&format!("{from}{}{}", if from.ends_with('.') { "" } else { "." }, name.name)),
        None => of(&name.name),
    });
    names.chain(import.from.as_deref().and_then(of)).collect()
}

/// Statements of the module that change what is imported behind them, in the order of the text.
fn barriers(project: &Project, path: &FilePath, code: &str, source: &Source) -> Vec<Range<usize>> {
    let last_import = source.body.iter().rposition(|statement| statement.kind == StatementKind::Import);
    let application = project.layout.application.as_ref().ok().filter(|application| application.path == *path);
    // What is told to the application, by us for example, is not told to the modules that are imported later.
    let is_of_application = |call: &Call| {
        application.and_then(|application| application.variable.as_deref()).is_some_and(|variable| {
            call.callee.strip_prefix(variable).is_some_and(|rest| rest.starts_with('.'))
                || call.arguments.iter().any(|argument| code.get(argument.value.clone()) == Some(variable))
        })
    };
    let is_barrier = |position: usize, statement: &Statement| match statement.kind {
        StatementKind::Function | StatementKind::Class => false,
        StatementKind::Import => source
            .import_at(&statement.range)
            .is_some_and(|import| targets(project, path, import).iter().any(|target| prepares(project, target))),
        _ => {
            let text = code.get(statement.range.clone()).unwrap_or_default();
            !is_main_guard(text)
                && (changes_surroundings(text, source, &statement.range)
                    || calls_what_prepares(project, path, source, &statement.range)
                    // What is called between imports has its reasons to be there.
                    || (statement.kind == StatementKind::Expression
                        && last_import.is_some_and(|last| position < last)
                        && source
                            .calls_within(&statement.range)
                            .any(|call| call.range == statement.range && !is_of_application(call))
                        && !is_harmless(text)))
        }
    };
    let positions = source.body.iter().enumerate().filter(|(position, statement)| is_barrier(*position, statement));
    positions.map(|(_, statement)| statement.range.clone()).collect()
}

fn is_main_guard(text: &str) -> bool {
    text.starts_with("if") && text::first_line(text).contains("__name__")
}

/// Calls that only say something.
fn is_harmless(text: &str) -> bool {
    ["logging.", "logger.", "log.", "warnings.", "print(", "structlog."].iter().any(|start| text.starts_with(start))
}

/// Does the statement set a variable of the environment, or the like?
fn changes_surroundings(text: &str, source: &Source, range: &Range<usize>) -> bool {
    let is_one = |callee: &str| {
        CALLS.iter().any(|name| callee == *name || callee.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
            || STATE.iter().any(|name| callee.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    };
    let changes = |target: &str| {
        let target = target.strip_prefix("os.").unwrap_or(target);
        target.starts_with("environ[") || STATE.iter().any(|name| target.starts_with(name))
    };
    source.calls_within(range).any(|call| is_one(&call.callee))
        || source.assignments_within(range).any(|assignment| changes(&assignment.target))
        // `os.environ |= {...}`, `sys.path += [...]`, `del os.environ["A"]`
        || ["environ |=", "sys.path +=", "del os.environ", "del environ"].iter().any(|code| text.contains(code))
}

/// Does the statement call a function of the project that does?
fn calls_what_prepares(project: &Project, path: &FilePath, source: &Source, range: &Range<usize>) -> bool {
    let roots = &project.layout.import_roots;
    source.calls_within(range).any(|call| {
        let Some((home, function)) = crate::project::imports::function(project, roots, path, None, &call.callee) else {
            return false;
        };
        let Some(file) = project.file(&home) else { return false };
        let text = file.text().unwrap_or_default();
        changes_surroundings(text.get(function.range.clone()).unwrap_or_default(), file.python(), &function.range)
    })
}

/// Does a module do it when it is imported?
fn prepares(project: &Project, path: &FilePath) -> bool {
    let Some(file) = project.file(path) else { return false };
    let code = file.text().unwrap_or_default();
    // Most modules do nothing of it anywhere, and need not be parsed to say so.
    let words = CALLS.iter().chain(&STATE).chain(&["environ"]);
    if !words.into_iter().any(|word| memmem::find(code.as_bytes(), word.as_bytes()).is_some()) {
        return false;
    }
    let source = file.python();
    source.body.iter().any(|statement| {
        let text = code.get(statement.range.clone()).unwrap_or_default();
        !matches!(statement.kind, StatementKind::Function | StatementKind::Class | StatementKind::Import)
            && !is_main_guard(text)
            && changes_surroundings(text, source, &statement.range)
    })
}

/// isort's order of modules: without regard to case first.
pub(super) fn sort_key(module: &str) -> (String, String) {
    (module.to_lowercase(), module.to_owned())
}

/// isort's order of members (`order-by-type`): constants, classes, the rest.
pub(super) fn member_key(name: &str) -> (u8, String, String) {
    let name = name.split_whitespace().next().unwrap_or(name);
    let is_constant = name.len() > 1 && name.chars().all(|character| !character.is_lowercase());
    let kind = if is_constant { 0 } else { u8::from(!name.chars().next().is_some_and(char::is_uppercase)) + 1 };
    (kind, name.to_lowercase(), name.to_owned())
}
