//! Names that a component needs: each one that its modules and the inserted lines read must be bound somewhere.
//!
//! What is looked at is what paxx wrote: its modules, its fields of the settings class, the lifespan that its calls stand in. The
//! rest of the project is the user's own.

use crate::requirement::setting_provision;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::rebound::{How, Rebound, rebound};
use super::{Found, Subject};
use crate::component::Component;
use crate::component::manifest::Setting;
use crate::finding::{LIFESPAN_UNSUPPORTED, NAME_UNKNOWN, Problem, SETTING_TYPE};
use crate::lock::blob_id;
use crate::project::application;
use crate::project::imports::{self, module_file};
use crate::project::lifespan;
use crate::project::{File, FilePath, Project};
use crate::source::python::{Class, Function, Source, StatementKind, names};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let unbound = Unbound::default();
    for component in subject.components {
        for module in &component.manifest.module {
            let path = subject.project.layout.services.file(&module.path);
            let id = format!("module:{}", module.path);
            let Some(file) = subject.project.file(&path) else { continue };
            if is_as_written(subject, &id, file) && reads_only_known(subject, &path, file, component) {
                continue;
            }
            if file.python().error.is_some() {
                continue;
            }
            let problems = imported(subject.project, &path, file)
                .into_iter()
                .chain(unbound.problems(&path, file, &(0..file.bytes().len()), component))
                .chain(settings_read(subject.project, &path, file, component));
            found.extend(problems.map(|problem| (*component, id.clone(), problem)));
        }
        found.extend(of_fields(subject.project, component, &unbound));
    }
    found.extend(of_the_lifespan(subject, &unbound));
    found
}

/// Is it the text that was written, which binds all that it reads and has no syntax error?
fn is_as_written(subject: &Subject<'_>, id: &str, file: &File) -> bool {
    let recorded = subject.lock.requirement(id).and_then(|record| record.blob.as_deref());
    let text = file.text().map(|text| text.replace("\r\n", "\n"));
    recorded.is_some_and(|blob| text.is_some_and(|text| blob == blob_id(&text)))
}

/// Does the project surely have all that the module needs of it? Found by a look at the text: a generated module is long, and most
/// of them need no syntax tree to be right.
fn reads_only_known(subject: &Subject<'_>, path: &FilePath, file: &File, component: &Component) -> bool {
    let project = subject.project;
    let roots = &project.layout.import_roots;
    let text = file.text().unwrap_or_default();
    let (Ok(settings), Some(known)) = (&project.layout.settings, known_fields(project)) else { return false };
    let has_all = file.imports().iter().all(|import| {
        let Some(from) = import.from.as_deref() else { return true };
        let is_own = |name: &str| project.layout.first_party.iter().any(|known| known == name);
        match module_file(project, roots, path, from).and_then(|home| Some((project.file(&home)?, home))) {
            Some((there, home)) => {
                let id = format!("module:{}", home.relative_to(&project.layout.services.folder));
                let code = there.text().unwrap_or_default();
                let is_generated = is_as_written(subject, &id, there);
                let has = |name: &String| {
                    if is_generated {
                        defines(code, name)
                    } else {
                        has_name(there.python(), code, name) && taken(text, there, name).is_none()
                    }
                };
                import.names.iter().all(has) && (is_generated || there.python().error.is_none())
            }
            None => !from.starts_with('.') && !is_own(from.split('.').next().unwrap_or(from)),
        }
    });
    let is_ours =
        |name: &str| component.manifest.setting.iter().any(|setting| setting.name.0.eq_ignore_ascii_case(name));
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let object = format!("{}.", settings.expression);
    let mut read = text
        .split(object.as_str())
        .skip(1)
        .map(|rest| rest.split(|character| !is_word(character)).next().unwrap_or_default());
    let is_plain = |setting: &Setting| {
        let plain = format!("{}.{}", settings.expression, setting_provision::field_name(project, &setting.name));
        setting_provision::expression(project, &setting.name) == plain || !text.contains(&plain)
    };
    has_all
        && read.all(|name| is_ours(name) || known.iter().any(|field| field == name))
        && component.manifest.setting.iter().all(is_plain)
}

/// Does a line of the module begin with what binds the name?
fn defines(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let line = ["async def ", "def ", "class "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':', '(', '[']))
    })
}

/// Names that a module imports from a module of the project that does not have them.
fn imported(project: &Project, path: &FilePath, file: &File) -> Vec<Problem> {
    let roots = &project.layout.import_roots;
    let mut problems = Vec::new();
    // That the settings are not there is a finding of its own.
    let lost = project.layout.settings.as_ref().err().and_then(|problem| Some(&problem.at.as_ref()?.path));
    for import in file.python().imports.iter().filter(|import| !import.scope.guarded && !import.wildcard) {
        let Some(from) = import.from.as_deref() else { continue };
        let home = module_file(project, roots, path, from).filter(|home| Some(home) != lost);
        let Some(home) = home else {
            let is_own = |name: &str| project.layout.first_party.iter().any(|known| known == name);
            let dot = if from.ends_with('.') { "" } else { "." };
            let submodule = |name: &str| module_file(project, roots, path, &format!("{from}{dot}{name}"));
            let is_lost = module_file(project, roots, path, from).is_none()
                && (from.starts_with('.') || is_own(from.split('.').next().unwrap_or(from)))
                && import.names.iter().all(|name| submodule(&name.name).is_none());
            if is_lost && import.scope.is_module() {
                problems.push(
                    Problem::new(&NAME_UNKNOWN, format!("there is no module `{from}`"))
                        .at(path, import.range.clone())
                        .help("bring it back, or import what it had from where that is now"),
                );
            }
            continue;
        };
        let Some(there) = project.file(&home).filter(|there| there.python().error.is_none()) else { continue };
        let dot = if from.ends_with('.') { "" } else { "." };
        for name in &import.names {
            if let Some(rebound) = taken(file.text().unwrap_or_default(), there, &name.name) {
                let message = format!("`{}` is {} here, and `{path}` imports it", name.name, rebound.how.word());
                problems.push(
                    Problem::new(&NAME_UNKNOWN, message)
                        .at(&home, rebound.range)
                        .help(format!("give it another name, so that `{}` stays what it was", name.name)),
                );
                continue;
            }
            let is_module = || module_file(project, roots, path, &format!("{from}{dot}{}", name.name)).is_some();
            if has_name(there.python(), there.text().unwrap_or_default(), &name.name) || is_module() {
                continue;
            }
            let message = format!("`{}` is imported from `{home}`, which has no such name", name.name);
            problems.push(
                Problem::new(&NAME_UNKNOWN, message)
                    .at(path, name.range.clone())
                    .help(format!("bring `{}` back there, or import the name that it has now", name.name)),
            );
        }
    }
    problems
}

/// Where a module takes away the name that `ours` imports from it: deletes it, or makes `None` of what is read there without a look.
fn taken(ours: &str, there: &File, name: &str) -> Option<Rebound> {
    let rebound = rebound(there.text()?, there.python(), name, None)?;
    let is_read = || ours.contains(&format!("{name}.")) && !ours.contains(&format!("if {name}"));
    match rebound.how {
        How::Deleted => Some(rebound),
        How::Nothing => Some(rebound).filter(|_| is_read()),
        How::Another => None,
    }
}

/// May the module have this name: is it bound outside of functions and classes, or by something that cannot be followed?
fn has_name(source: &Source, text: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    source.definition_of(name).is_some_and(|place| !is_for_scripts(source, text, &place))
        || source.import_of(name).is_some()
        || source.imports.iter().any(|import| import.wildcard)
        || source.definition_of("__getattr__").is_some()
        // `a, b = ...` and what a function binds by `global`.
        || source
            .assignments
            .iter()
            .filter(|assignment| assignment.scope.class.is_none())
            .filter(|assignment| assignment.scope.function.is_none() || assignment.target == name)
            .filter(|assignment| !is_for_scripts(source, text, &assignment.range))
            .any(|assignment| assignment.target.split(|character| !is_word(character)).any(|word| word == name))
}

/// Is the place below `if __name__ == "__main__":`, so that no import comes by there?
fn is_for_scripts(source: &Source, text: &str, place: &Range<usize>) -> bool {
    let first_line =
        |range: &Range<usize>| text.get(range.clone()).and_then(|code| code.lines().next()).unwrap_or_default();
    source.body.iter().any(|statement| {
        statement.kind == StatementKind::If
            && statement.range.start <= place.start
            && place.end <= statement.range.end
            && first_line(&statement.range).contains("__main__")
    })
}

/// Names that nothing in a module binds, found once for each module: a settings class is asked for each of its fields.
#[derive(Default)]
struct Unbound(RefCell<BTreeMap<FilePath, Vec<Range<usize>>>>);

impl Unbound {
    /// One for each such name in `within`.
    fn problems(&self, path: &FilePath, file: &File, within: &Range<usize>, component: &Component) -> Vec<Problem> {
        let text = file.text().unwrap_or_default();
        let mut known = self.0.borrow_mut();
        let ranges = known.entry(path.clone()).or_insert_with(|| names::unbound(text));
        let mut problems: Vec<Problem> = Vec::new();
        for range in ranges.iter().filter(|range| within.start <= range.start && range.end <= within.end) {
            let message = format!("`{}` is read here, and nothing in `{path}` binds it", &text[range.clone()]);
            if problems.iter().all(|known| known.message != message) {
                problems.push(
                    Problem::new(&NAME_UNKNOWN, message)
                        .at(path, range.clone())
                        .help(format!("bring its import back; `{}` needs it", component.id())),
                );
            }
        }
        problems
    }
}

/// Settings that a module reads and the class does not have, or has as another type than the module takes them for.
fn settings_read(project: &Project, path: &FilePath, file: &File, component: &Component) -> Vec<Problem> {
    let (Ok(settings), Some(text)) = (&project.layout.settings, file.text()) else { return Vec::new() };
    let mut problems = Vec::new();
    if let Some(known) = known_fields(project) {
        let all = component.manifest.setting.iter().map(|setting| setting.name.0);
        let ours: Vec<&str> = all.collect();
        for (range, name) in names::attributes_on(text, &settings.expression) {
            // What differs in case alone is said by another family, and what the class lacks by its requirement.
            let is_ours = ours.iter().any(|variable| variable.eq_ignore_ascii_case(&name));
            let is_inherited = name.starts_with("model_") || name.starts_with("__") || METHODS.contains(&name.as_str());
            if is_ours || is_inherited || known.contains(&name) {
                continue;
            }
            let message =
                format!("`{}.{name}` is read here, and `{}` has no `{name}`", settings.expression, settings.class);
            problems
                .push(Problem::new(&NAME_UNKNOWN, message).at(path, range).help("read the name that the field has"));
        }
    }
    for setting in &component.manifest.setting {
        let wanted = setting_provision::expression(project, &setting.name);
        // What may be `None` has its default, which the module can take.
        if wanted.contains(" or ") {
            continue;
        }
        let plain = format!("{}.{}", settings.expression, setting_provision::field_name(project, &setting.name));
        if wanted == plain {
            continue;
        }
        let field = setting_provision::field_name(project, &setting.name);
        let reads = names::attributes_of(text, &field).into_iter().filter(|(_, object)| *object == settings.expression);
        for (range, object) in reads {
            let start = range.start.saturating_sub(object.len() + 1);
            if text.get(..start).is_some_and(|before| before.trim_end().to_lowercase().ends_with("str(")) {
                continue;
            }
            let message =
                format!("`{plain}` is read as `{}`, and has another type in `{}`", setting.annotation, settings.class);
            problems
                .push(Problem::new(&SETTING_TYPE, message).at(path, start..range.end).help(format!("read `{wanted}`")));
        }
    }
    problems
}

/// What pydantic's own classes have.
const METHODS: &[&str] = &["dict", "json", "copy", "Config", "schema", "fields"];

/// The names in the settings class and its bases; `None` where a base is not of the project.
fn known_fields(project: &Project) -> Option<Vec<String>> {
    let settings = project.layout.settings.as_ref().ok()?;
    let own = std::iter::once((&settings.path, settings.class.as_str()));
    let classes: Vec<(&FilePath, &str)> =
        own.chain(settings.bases.iter().map(|(path, class)| (path, class.as_str()))).collect();
    let mut known = Vec::new();
    for (path, name) in &classes {
        let source = project.file(path)?.python();
        let (index, class) = source.class(name)?;
        let is_known = |base: &String| {
            let base = base.rsplit('.').next().unwrap_or(base);
            matches!(base, "BaseSettings" | "BaseModel") || classes.iter().any(|(_, known)| *known == base)
        };
        if !class.bases.iter().all(is_known) {
            return None;
        }
        known.extend(source.annotations_of(index).map(|field| field.target.clone()));
        known.extend(source.methods_of(index).map(|method| method.name.clone()));
    }
    Some(known)
}

/// Names that our fields of the settings class read.
fn of_fields(project: &Project, component: &'static Component, unbound: &Unbound) -> Vec<Found> {
    let mut found = Vec::new();
    for setting in &component.manifest.setting {
        let setting_provision::Provision::Field { path, field, .. } =
            setting_provision::provision(project, &setting.name)
        else {
            continue;
        };
        let Some(file) = project.file(&path) else { continue };
        let problems = unbound.problems(&path, file, &field.range, component).into_iter();
        found.extend(problems.map(|problem| (component, format!("setting:{}", setting.name), problem)));
    }
    found
}

/// The lifespan with our calls: it yields, and the names in it are bound.
fn of_the_lifespan(subject: &Subject<'_>, unbound: &Unbound) -> Vec<Found> {
    let project = subject.project;
    let is_installed = |component: &&&Component| {
        !component.manifest.lifespan.is_empty() && subject.lock.component(component.id()).is_some()
    };
    let Some(component) = subject.components.iter().find(is_installed) else { return Vec::new() };
    let (Ok(wiring), Ok(application)) = (application::wiring(project), &project.layout.application) else {
        return Vec::new();
    };
    let value = wiring.call.keyword("lifespan").map(|argument| argument.value.clone());
    let code = project.text(&application.path).unwrap_or_default();
    let Some(code) = value.and_then(|range| code.get(range)) else { return Vec::new() };
    let roots = &project.layout.import_roots;
    let Some((path, function)) = imports::function(project, roots, &application.path, wiring.function, code) else {
        return Vec::new();
    };
    let Some(file) = project.file(&path) else { return Vec::new() };
    let source = file.python();
    let index = source.functions.iter().position(|known| known.range == function.range);
    let mut problems = unbound.problems(&path, file, &function.range, component);
    let is_generator = function.decorators.iter().any(|decorator| decorator.contains("contextmanager"));
    if is_generator && !source.yields.iter().any(|found| found.scope.function == index) {
        problems.push(
            Problem::new(
                &LIFESPAN_UNSUPPORTED,
                format!("`{}` has no `yield`, so the application cannot start", function.name),
            )
            .at(&path, function.name_range.clone())
            .help("write `yield` between what runs at the start and what runs at the end"),
        );
    }
    let is_own_class = |class: &Class| class.name == wiring.call.callee;
    let is_given_as_it_is = code.split('.').all(imports::is_name)
        && project.file(&application.path).is_some_and(|file| {
            !file.text().unwrap_or_default().contains("lifespan_context")
                && !file.python().classes.iter().any(is_own_class)
        });
    if is_given_as_it_is && source.yields.iter().any(|found| found.scope.function == index) {
        problems.extend(not_async(source, &function).map(|(place, message)| {
            Problem::new(&LIFESPAN_UNSUPPORTED, format!("{message}, so the application cannot start"))
                .at(&path, place)
                .help("write `@asynccontextmanager` and `async def`")
        }));
    }
    problems.into_iter().map(|problem| (*component, "lifespan".to_owned(), problem)).collect()
}

/// Why what the function makes is no asynchronous context manager, where that is certain.
fn not_async(source: &Source, function: &Function) -> Option<(Range<usize>, String)> {
    let [decorator] = function.decorators.as_slice() else { return None };
    if source.definition_of(decorator).is_some() {
        return None;
    }
    let (is_plain, is_async) = ("contextmanager", "asynccontextmanager");
    let is = |name: &str| lifespan::is_of_contextlib(source, decorator, name);
    if is(is_plain) && !is(is_async) {
        return Some((function.name_range.clone(), format!("`{}` has `@{decorator}`", function.name)));
    }
    let message = || format!("`{}` is not `async`", function.name);
    (is(is_async) && !function.is_async).then(|| (function.name_range.clone(), message()))
}
