//! A settings class, where the project has none.

use super::dependency::specifier::name_and_bound;
use super::dependency::{Dependency, Use, listed};
use super::{Assessment, Change, Fix, Recorded, Retraction, same_code};
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::project::Project;
use crate::project::imports::module_file;
use crate::source::python::Source;
use crate::source::text::LineEnding;

/// The class, and the module variable that holds its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingsClass;

const TEXT: &str = "\"\"\"Settings of the application, read from environment variables and `.env`.\"\"\"

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    \"\"\"What can be configured: each field is an environment variable.\"\"\"

    model_config = SettingsConfigDict(
        env_file=\".env\",
        extra=\"ignore\",
        hide_input_in_errors=True,
    )


settings = Settings()
";

/// For Pydantic 1, which has such a class itself. It needs `python-dotenv` for the file, and shows no values in its errors.
const TEXT_FOR_1: &str = "\"\"\"Settings of the application, read from environment variables and `.env`.\"\"\"

from pydantic import BaseSettings


class Settings(BaseSettings):
    \"\"\"What can be configured: each field is an environment variable.\"\"\"

    class Config:
        \"\"\"Where the values come from.\"\"\"

        env_file = \".env\"


settings = Settings()
";

/// What leaves room for Pydantic 2: `pydantic-settings` needs that.
const PYDANTIC_2: [&str; 2] = ["pydantic>=2.0", "fastapi>=0.100"];

/// Do the project's dependencies leave Pydantic 1 alone?
fn has_pydantic_1(project: &Project) -> bool {
    let listed = listed(project).unwrap_or_default();
    PYDANTIC_2.iter().filter_map(|needed| name_and_bound(needed)).any(|(name, needed)| {
        listed.iter().any(|entry| {
            entry.name == name
                && matches!(entry.used, Use::Application | Use::Constraint)
                && entry.bound.excludes(&needed)
        })
    })
}

/// Names under which settings are handed on.
const SETTINGS: [&str; 5] = ["settings", "Settings", "get_settings", "config", "Config"];

/// The settings that the application's module imports from outside of the project, such as another member of its workspace, and
/// the module that they come from.
fn from_elsewhere(project: &Project) -> Option<(String, String)> {
    let path = &project.layout.application.as_ref().ok()?.path;
    let is_outside = |module: &str| {
        !module.starts_with('.') && module_file(project, &project.layout.import_roots, path, module).is_none()
    };
    project.file(path)?.python().imports.iter().find_map(|import| {
        let from = import.from.as_deref().filter(|from| is_outside(from))?;
        let name = import.names.iter().find(|name| SETTINGS.contains(&name.name.as_str()))?;
        Some((name.bound().to_owned(), from.to_owned()))
    })
}

impl SettingsClass {
    /// The package that the class comes from, or reads its file with.
    pub fn dependency(project: &Project) -> Dependency {
        Dependency::of(if has_pydantic_1(project) { "python-dotenv>=0.10.4" } else { "pydantic-settings>=2.0" })
    }

    /// The stable name in `paxx.lock`.
    pub fn id(self) -> String {
        "settings-class".to_owned()
    }

    /// What it is, for the summary.
    pub fn title(self, project: &Project) -> String {
        match &project.layout.settings {
            Ok(settings) => format!("settings class `{}` in `{}`", settings.class, settings.path),
            Err(_) => "settings class".to_owned(),
        }
    }

    /// Is there one?
    pub fn assess(self, project: &Project) -> Assessment {
        let settings = match &project.layout.settings {
            Ok(settings) => settings,
            Err(problem) => return Assessment::Blocked { problem: problem.clone() },
        };
        let class = project
            .file(&settings.path)
            .and_then(|file| file.python().class(&settings.class).map(|(_, class)| class.name_range.clone()));
        if let Some(place) = class {
            return Assessment::Met { at: Some(Location::new(settings.path.clone(), place)) };
        }
        let problem =
            Problem::new(&finding::NO_SETTINGS_CLASS, "the project has no settings class").at(&settings.path, 0..0);
        if let Some(made) = &settings.made {
            let code = project.text(&settings.path).unwrap_or_default();
            let ending = LineEnding::of(code).as_str();
            // The last line ends as it did.
            let (before, after) = if code.ends_with('\n') { ("\n\n", "\n") } else { ("\n\n\n", "") };
            let text = format!("{before}{made}{after}").replace('\n', ending);
            let mut fix = Fix::edit(&settings.path, vec![Edit::insert(code.len(), text)]);
            // Pydantic forbids what a class does not know, unless it says otherwise: variables of ours in the file that it reads.
            if code.contains("env_file") && !code.contains("extra") && !has_pydantic_1(project) {
                fix = fix.note(format!(
                    "a class of `{}` reads an env file and forbids what it does not know: give it `extra=\"ignore\"` before \
                     variables of ours stand in that file",
                    settings.path
                ));
            }
            return Assessment::Missing { problem, fix };
        }
        let text = if has_pydantic_1(project) { TEXT_FOR_1 } else { TEXT };
        let change = Change::Write { path: settings.path.clone(), text: text.to_owned() };
        let fix = Fix { changes: vec![change], ..Fix::default() };
        let fix = match from_elsewhere(project) {
            Some((name, module)) => fix.note(format!(
                "`{name}` of the application comes from `{module}`, outside of this project: ours are in a class of their own"
            )),
            None => fix,
        };
        Assessment::Missing { problem, fix }
    }

    /// How it is taken out again: where it is as it was made.
    pub fn retract(self, project: &Project, _recorded: &Recorded) -> Retraction {
        let Ok(settings) = &project.layout.settings else { return Retraction::Gone };
        let Some(text) = project.text(&settings.path) else { return Retraction::Gone };
        let path = settings.path.clone();
        if [TEXT, TEXT_FOR_1].iter().any(|ours| same_code(text, ours)) {
            return Retraction::Remove(Fix { changes: vec![Change::Delete { path }], ..Fix::default() });
        }
        match beside_others(text, &settings.class) {
            Some(edit) => Retraction::Remove(Fix::edit(&path, vec![edit])),
            None => Retraction::Keep { at: Some(Location::file(path)), why: "the settings class is in use".to_owned() },
        }
    }
}

/// Takes a class that was made beside others away, and its instance: where they are at the end, and no field is left.
fn beside_others(code: &str, name: &str) -> Option<Edit> {
    let source = Source::of(code);
    let (index, class) = source.class(name)?;
    let made = source.calls.iter().find(|call| call.callee == name && call.scope.is_module())?;
    let position = source.body.iter().position(|statement| statement.range == class.range)?;
    let [_, instance] = source.body.get(position..)? else { return None };
    let has_others = source.classes.iter().any(|other| other.name != name && other.scope.is_module());
    let is_bare = source.annotations_of(index).all(|field| field.target == "model_config");
    if instance.range != made.statement || !has_others || !is_bare || source.methods_of(index).next().is_some() {
        return None;
    }
    let ending = LineEnding::of(code).as_str();
    let ends = code.get(instance.range.end..)? == ending;
    let before = ending.repeat(if ends { 2 } else { 3 });
    let start = code.get(..class.range.start)?.strip_suffix(&before)?.len();
    (ends || instance.range.end == code.len()).then(|| Edit::delete(start..code.len()))
}
