//! What the project's own code uses of a component that is to be removed.
//!
//! Where it uses a module, a setting or a variable that would go, nothing is removed: the application would not start any more, or
//! would fail later. A package that it imports stays in the list of dependencies.

use std::ops::Range;

use crate::component::Component;
use crate::component::registry::with_required;
use crate::finding::{self, Location, Problem};
use crate::lock::Lock;
use crate::project::imports::{definition, is_name, module_file};
use crate::project::root::is_secondary;
use crate::project::{File, FilePath, Project};
use crate::requirement::dependency::specifier::name_and_bound;
use crate::requirement::dependency::{Use, listed};
use crate::requirement::setting_provision;
use crate::source::python::Import;
use crate::source::python::names::{attributes_of, strings_with};
use crate::source::python::scan::ScannedImport;
use crate::source::{python, text};

/// What goes with the components.
#[derive(Debug, Default)]
pub(super) struct Going {
    /// Modules that are deleted.
    pub modules: Vec<FilePath>,
    /// Fields of the settings class.
    pub fields: Vec<String>,
    /// Variables of the application's compose service.
    pub variables: Vec<String>,
}

/// Words that a Python file has where it uses something of these components.
pub fn words(project: &Project, components: &[&'static Component]) -> Vec<String> {
    let mut words = Vec::new();
    for component in components {
        let manifest = &component.manifest;
        let stems = manifest.module.iter().filter_map(|module| module.path.0.strip_suffix(".py"));
        words.extend(stems.map(str::to_owned));
        for setting in &manifest.setting {
            words.push(setting_provision::field_name(project, &setting.name));
            let variable = project.layout.settings.as_ref().map(|settings| settings.environment(&setting.name));
            words.extend(variable);
        }
        let packages = manifest.dependency.iter().filter_map(|dependency| name_and_bound(&dependency.requirement));
        words.extend(packages.map(|(name, _)| word_of(&name)));
    }
    words.sort();
    words.dedup();
    words
}

/// What stands in each import of a distribution: `a-b` is imported as `a_b` or as `a.b`, and its first part is in both.
pub fn word_of(distribution: &str) -> String {
    distribution.split(['-', '.', '_']).next().unwrap_or(distribution).to_owned()
}

/// The packages of these components that the application's dependencies do not list.
pub fn unlisted(project: &Project, named: &[&'static Component]) -> Vec<String> {
    let Ok(listed) = listed(project) else { return Vec::new() };
    let is_listed = |name: &String| listed.iter().any(|entry| entry.name == *name && entry.used == Use::Application);
    let components = with_required(named);
    let dependencies = components.iter().flat_map(|(component, _)| component.manifest.dependency.iter());
    let packages = dependencies.filter_map(|dependency| Some(name_and_bound(&dependency.requirement)?.0));
    let mut packages: Vec<String> = packages.filter(|name| !is_listed(name)).collect();
    packages.sort();
    packages.dedup();
    packages
}

/// Those of these packages that the project's own code imports, though nothing listed them: by way of another package, or where
/// they happen to be installed. `project` has the files with their words.
pub fn imported(project: &Project, packages: &[String], lock: &Lock) -> Vec<String> {
    let folder = &project.layout.services.folder;
    let records = lock.components.iter().flat_map(|component| &component.requirements);
    let ours: Vec<FilePath> = records.filter_map(|record| folder.join(record.id.strip_prefix("module:")?)).collect();
    packages.iter().filter(|name| import_of(project, name, &ours).is_some()).cloned().collect()
}

/// Where code outside of `ours` imports this distribution.
pub(super) fn import_of(project: &Project, distribution: &str, ours: &[FilePath]) -> Option<Location> {
    let word = word_of(distribution);
    let is_it = |module: &str| {
        let mut parts = String::new();
        module.split('.').any(|part| {
            if !parts.is_empty() {
                parts.push('-');
            }
            parts.push_str(&part.to_lowercase().replace('_', "-"));
            parts == distribution
        })
    };
    let imports_it = |from: Option<&str>, names: &[&str]| match from {
        Some(from) => {
            !from.starts_with('.') && (is_it(from) || names.iter().any(|name| is_it(&format!("{from}.{name}"))))
        }
        None => names.iter().any(|name| is_it(name)),
    };
    let found = |import: &ScannedImport| {
        let names: Vec<&str> = import.names.iter().map(String::as_str).collect();
        imports_it(import.from.as_deref(), &names)
    };
    // What only type checkers see is an import too, and most files need not be parsed to see that they have none.
    let may_import = |file: &File| {
        file.text().is_some_and(|code| {
            code.contains(&word) && (code.contains("TYPE_CHECKING") || file.imports().iter().any(found))
        })
    };
    let is_import = |import: &&Import| {
        let names: Vec<&str> = import.names.iter().map(|name| name.name.as_str()).collect();
        imports_it(import.from.as_deref(), &names)
    };
    // What tests import is a dependency of the tests.
    let is_code = |path: &FilePath| !is_secondary(path, &project.layout.root);
    let is_candidate = |path: &FilePath| path.as_str().ends_with(".py") && !ours.contains(path) && is_code(path);
    project.files().filter(|(path, _)| is_candidate(path)).find_map(|(path, file)| {
        let import = may_import(file).then(|| file.python().imports.iter().find(is_import)).flatten()?;
        Some(Location::new(path.clone(), import.range.clone()))
    })
}

/// Where one of these modules reads the setting.
pub(super) fn read_of(project: &Project, field: &str, modules: &[FilePath]) -> Option<Location> {
    modules.iter().find_map(|path| {
        let (range, _) = attributes_of(project.text(path)?, field).into_iter().next()?;
        Some(Location::new(path.clone(), range))
    })
}

/// Each thing that goes and that code outside of `ours` uses, with every place. `before` is the project as it is, `after` as it
/// would be, and the places are in the latter.
pub(super) fn of_what_goes(before: &Project, after: &Project, going: &Going, ours: &[FilePath]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for module in &going.modules {
        let places = uses_of_module(before, after, module, ours);
        problems.extend(in_use(&format!("`{module}`"), places));
    }
    for field in &going.fields {
        problems.extend(in_use(&format!("the setting `{field}`"), uses_of_field(after, field, ours)));
    }
    for variable in &going.variables {
        problems.extend(in_use(&format!("the variable `{variable}`"), uses_of_variable(after, variable, ours)));
    }
    problems
}

fn in_use(what: &str, places: Vec<Location>) -> Option<Problem> {
    let mut places = places.into_iter();
    let first = places.next()?;
    let problem = Problem::new(&finding::IN_USE, format!("{what} would be removed, and is used here"))
        .at(&first.path, first.range)
        .help("take the use out first, or leave the component installed");
    Some(places.fold(problem, |problem, place| problem.related(place, "and here")))
}

/// The Python files that have `word` in them, but for `ours`. The others need not be parsed.
fn python_files<'a>(
    project: &'a Project,
    ours: &'a [FilePath],
    word: &'a str,
) -> impl Iterator<Item = (&'a FilePath, &'a str, &'a python::Source)> {
    project
        .files()
        .filter(|(path, _)| path.as_str().ends_with(".py") && !ours.contains(path))
        .filter(move |(_, file)| file.text().is_some_and(|code| code.contains(word)))
        .filter_map(|(path, file)| Some((path, file.text()?, file.python().as_ref())))
}

fn uses_of_module(before: &Project, after: &Project, module: &FilePath, ours: &[FilePath]) -> Vec<Location> {
    let roots = &before.layout.import_roots;
    let stem = module.name().trim_end_matches(".py");
    let dotted = format!("{}.{stem}", before.layout.services.package);
    let mut places = Vec::new();
    for (path, code, source) in python_files(after, ours, stem) {
        let is_it = |name: &str| module_file(before, roots, path, name).as_ref() == Some(module);
        // What the `__init__.py` binds itself comes before a module of that name.
        let is_of_package = |path: &FilePath, from: &str, name: &str| {
            let package = module_file(after, roots, path, from).and_then(|package| after.file(&package));
            package.is_some_and(|package| package.python().definition_of(name).is_some())
        };
        let imports_it = |import: &&Import| match &import.from {
            Some(from) => {
                let dot = if from.ends_with('.') { "" } else { "." };
                let is_submodule =
                    |name: &str| is_it(&format!("{from}{dot}{name}")) && !is_of_package(path, from, name);
                is_it(from) || import.names.iter().any(|name| is_submodule(&name.name))
            }
            None => import.names.iter().any(|name| is_it(&name.name)),
        };
        let imports = source.imports.iter().filter(imports_it).map(|import| import.range.clone());
        let mut ranges: Vec<Range<usize>> = imports.chain(strings_with(code, &dotted)).collect();
        ranges.sort_by_key(|range| range.start);
        places.extend(ranges.into_iter().map(|range| Location::new(path.clone(), range)));
    }
    places
}

fn uses_of_field(project: &Project, field: &str, ours: &[FilePath]) -> Vec<Location> {
    let Ok(settings) = &project.layout.settings else { return Vec::new() };
    let instance = settings.expression.trim_end_matches("()").rsplit('.').next().unwrap_or_default().to_lowercase();
    let mut places = Vec::new();
    for (path, code, source) in python_files(project, ours, field) {
        let is_class_module = *path == settings.path || settings.bases.iter().any(|(base, _)| base == path);
        let is_settings = |object: &str| {
            let called = object.split('(').next().unwrap_or(object);
            let name = called.rsplit('.').next().unwrap_or(called).trim_start_matches('_').to_lowercase();
            name == instance
                || ["settings", "config", "conf", "cfg"].iter().any(|word| name.contains(word))
                || (is_class_module && matches!(name.as_str(), "self" | "cls"))
        };
        let is_ours = |range: &Range<usize>, object: &str| {
            is_settings(object) && !is_of_another(project, path, (range.start, object), field)
        };
        let attributes = attributes_of(code, field).into_iter().filter(|(range, object)| is_ours(range, object));
        let mut ranges: Vec<Range<usize>> = attributes.map(|(range, _)| range).collect();
        for call in &source.calls {
            let callee = call.callee.rsplit('.').next().unwrap_or_default();
            if callee == settings.class {
                ranges.extend(call.keyword(field).map(|argument| argument.range.clone()));
            } else if callee == "getattr" {
                let named = call.arguments.iter().filter(|argument| is_string(code, &argument.value, field));
                ranges.extend(named.map(|argument| argument.value.clone()));
            }
        }
        if is_class_module {
            // A validator names its field by a string, a default of another field by its name.
            ranges.extend(strings_with(code, field).into_iter().filter(|range| is_whole(code, range)));
            ranges.extend(python::uses_of(code, field));
        }
        ranges.sort_by_key(|range| range.start);
        ranges.dedup();
        places.extend(ranges.into_iter().map(|range| Location::new(path.clone(), range)));
    }
    places
}

/// Is the object, by its annotation or by what makes it, of a class with a field of that name that is not the settings'?
fn is_of_another(project: &Project, path: &FilePath, (at, object): (usize, &str), field: &str) -> bool {
    let Ok(settings) = &project.layout.settings else { return false };
    let Some(file) = project.file(path) else { return false };
    let (code, source) = (file.text().unwrap_or_default(), file.python());
    let said = if let Some(attribute) = object.strip_prefix("self.").filter(|attribute| is_name(attribute)) {
        let mut made = source.assignments.iter().filter(|made| made.target == object && !made.scope.is_module());
        made.find_map(|made| {
            let value = made.value.clone().and_then(|value| code.get(value)).unwrap_or_default();
            let taker = made.scope.function.and_then(|index| source.functions.get(index));
            let given = || {
                annotation_of(code, taker.filter(|function| function.parameters.contains(&value.to_owned()))?, value)
            };
            made.annotation.clone().or_else(given).or_else(|| callee_of(value))
        })
        .or_else(|| {
            let mut declared = source.assignments.iter().filter(|made| made.target == attribute);
            declared.find_map(|made| made.annotation.clone().filter(|_| made.scope.class.is_some()))
        })
    } else if is_name(object) {
        let around = || source.functions.iter().enumerate().filter(|(_, function)| function.range.contains(&at)).rev();
        let is_taken = |function: &python::Function| function.parameters.iter().any(|name| name == object);
        let local = |index: usize| {
            let made =
                source.assignments.iter().find(|made| made.target == object && made.scope.function == Some(index))?;
            made.annotation.clone().or_else(|| callee_of(code.get(made.value.clone()?)?))
        };
        let is_bound = |index: usize, function: &python::Function| {
            is_taken(function)
                || source.assignments.iter().any(|made| made.target == object && made.scope.function == Some(index))
        };
        match around().find(|(index, function)| is_bound(*index, function)) {
            Some((_, function)) if is_taken(function) => annotation_of(code, function, object),
            Some((index, _)) => local(index),
            None => definition(project, &project.layout.import_roots, path, object).and_then(|(home, name)| {
                let file = project.file(&home)?;
                let made =
                    file.python().assignments.iter().rfind(|made| made.target == name && made.scope.is_module())?;
                callee_of(file.text()?.get(made.value.clone()?)?)
            }),
        }
    } else {
        None
    };
    let Some(said) = said else { return false };
    let names = said.split(|end: char| !end.is_alphanumeric() && end != '_').filter(|name| is_name(name));
    let mut is_another = false;
    for name in names {
        match definition(project, &project.layout.import_roots, path, name) {
            // Whatever it is called here.
            Some((home, class)) if settings.is_of(&home, &class) => return false,
            Some((home, class)) => is_another |= project.file(&home).is_some_and(|file| declares(file, &class, field)),
            // Behind a module's name, or known to type checkers alone: any class of that name.
            None => {
                is_another |= project.files().any(|(home, file)| {
                    home.as_str().ends_with(".py") && !settings.is_of(home, name) && declares(file, name, field)
                });
            }
        }
    }
    is_another
}

/// Has the file a class of this name with this field? A protocol only says what others have, the settings perhaps.
fn declares(file: &File, class: &str, field: &str) -> bool {
    if !file.text().is_some_and(|code| code.contains(class) && code.contains(field)) {
        return false;
    }
    let source = file.python();
    source.class(class).is_some_and(|(index, class)| {
        let is_protocol = |base: &String| base.rsplit('.').next().is_some_and(|base| base.starts_with("Protocol"));
        !class.bases.iter().any(is_protocol) && source.annotations_of(index).any(|annotated| annotated.target == field)
    })
}

/// What is called, where the expression is a call.
fn callee_of(value: &str) -> Option<String> {
    value.split_once('(').map(|(callee, _)| callee.to_owned())
}

/// The annotation of a function's parameter, as written.
fn annotation_of(code: &str, function: &python::Function, parameter: &str) -> Option<String> {
    let end = function.body.statements.first()?.range.start;
    let head = code.get(function.name_range.end..end)?;
    let behind = head.match_indices(parameter).find_map(|(at, _)| {
        let is_whole = !head[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        head[at + parameter.len()..].trim_start().strip_prefix(':').filter(|_| is_whole)
    })?;
    let mut depth = 0;
    let end = behind.find(|next: char| {
        depth += i32::from(next == '[') - i32::from(next == ']');
        depth == 0 && matches!(next, ',' | '=' | ')')
    });
    Some(behind[..end?].trim().to_owned())
}

fn uses_of_variable(project: &Project, variable: &str, ours: &[FilePath]) -> Vec<Location> {
    let mut places = Vec::new();
    for (path, code, _) in python_files(project, ours, variable) {
        let reads = strings_with(code, variable).into_iter().filter(|range| {
            let before = code.get(text::line_start(code, range.start)..range.start).unwrap_or_default();
            let behind = code.get(range.end + 1..).unwrap_or_default().trim_start_matches([']', ' ']);
            let is_set = before.contains("setdefault") || (behind.starts_with('=') && !behind.starts_with("=="));
            is_whole(code, range) && (before.contains("environ") || before.contains("getenv")) && !is_set
        });
        places.extend(reads.map(|range| Location::new(path.clone(), range)));
    }
    places
}

/// Is what stands at `range` all of its string?
fn is_whole(code: &str, range: &Range<usize>) -> bool {
    let before = code.get(..range.start).and_then(|before| before.chars().next_back());
    let behind = code.get(range.end..).and_then(|behind| behind.chars().next());
    matches!(before, Some('"' | '\'')) && before == behind
}

fn is_string(code: &str, range: &Range<usize>, text: &str) -> bool {
    code.get(range.clone()).is_some_and(|written| written.trim_matches(['"', '\'']) == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::discover::discover_in;
    use crate::project::options::Options;
    use crate::project::reader::Reader;

    /// What is said to use the field, in a project with these files.
    fn used(field: &str, files: &[(&str, &str)]) -> Vec<String> {
        let base = [
            ("app/main.py", "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI()\n"),
            (
                "app/config.py",
                "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    name: str = \"app\"\n\n\nsettings = Settings()\n",
            ),
        ];
        let all: Vec<(&str, &str)> = base.iter().chain(files).copied().collect();
        let reader = Reader::of(all.iter().map(|(path, text)| (*path, text.as_bytes())));
        let mut project = discover_in(reader, &Options::default()).expect("a project").project;
        for (path, text) in all {
            project.add(FilePath::new(path).expect("a path"), File::new(text.as_bytes().to_vec()).into());
        }
        let uses = uses_of_field(&project, field, &[]);
        uses.iter()
            .map(|at| {
                project.text(&at.path).unwrap_or_default()[at.range.clone()].to_owned() + " in " + at.path.as_str()
            })
            .collect()
    }

    #[test]
    fn a_field_of_that_name_of_another_class_is_no_use() {
        let provider = "from pydantic import BaseModel\n\n\nclass EmailConfig(BaseModel):\n    smtp_port: int | None = None\n\n\ndefaults = EmailConfig()\n";
        for code in [
            "from app.provider import EmailConfig\n\n\nclass Mailer:\n    def __init__(self, config: EmailConfig) -> None:\n        self.port = config.smtp_port\n",
            "from app.provider import EmailConfig\n\n\ndef send(retries: int, config: \"EmailConfig | None\" = None) -> int:\n    return config.smtp_port\n",
            "from app.provider import EmailConfig\n\n\ndef send() -> int:\n    config = EmailConfig.load()\n    return config.smtp_port\n",
            "from app.provider import defaults as config\n\nPORT = config.smtp_port\n",
            "from app.provider import EmailConfig\n\n\nclass Mailer:\n    def __init__(self, config: EmailConfig) -> None:\n        self.config = config\n\n    def port(self) -> int:\n        return self.config.smtp_port\n",
            "from app.provider import EmailConfig\n\n\nclass Mailer:\n    def __init__(self, values) -> None:\n        self.mail_config = EmailConfig.model_validate(values)\n\n    def port(self) -> int:\n        return self.mail_config.smtp_port\n",
            "from app.provider import EmailConfig\n\n\nclass Mailer:\n    config: EmailConfig\n\n    def port(self) -> int:\n        return self.config.smtp_port\n",
        ] {
            assert_eq!(used("smtp_port", &[("app/provider.py", provider), ("app/mail.py", code)]), [""; 0], "{code}");
        }
    }

    #[test]
    fn what_may_be_the_settings_is_a_use() {
        for code in [
            "from app.config import settings\n\nPORT = settings.smtp_port\n",
            "from app.config import Settings\n\n\ndef send(config: Settings) -> int:\n    return config.smtp_port\n",
            "from app.config import Settings as Config\n\n\ndef send(config: Config) -> int:\n    return config.smtp_port\n",
            "from app.ports import HasPort\n\n\ndef send(config: HasPort) -> int:\n    return config.smtp_port\n",
            "def send(config) -> int:\n    return config.smtp_port\n",
            "from app.other import Other\n\n\ndef send(config: Other) -> int:\n    return config.smtp_port\n",
        ] {
            let other =
                ("app/other.py", "class Other:\n    port: int = 25\n\n\nclass Config:\n    smtp_port: int = 25\n");
            let ports =
                ("app/ports.py", "from typing import Protocol\n\n\nclass HasPort(Protocol):\n    smtp_port: int\n");
            assert_eq!(
                used("smtp_port", &[("app/mail.py", code), other, ports]),
                ["smtp_port in app/mail.py"],
                "{code}"
            );
        }
    }
}
