//! A settings class, where the project has none.

use super::{Assessment, Change, Fix, Retraction, same_code};
use crate::finding::{self, Location, Problem};
use crate::project::Project;

/// The class, and the module variable that holds its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl SettingsClass {
    /// The stable name in `paxx.lock`.
    pub fn id() -> String {
        "settings-class".to_owned()
    }

    /// What it is, for the summary.
    pub fn title(project: &Project) -> String {
        match &project.layout.settings {
            Ok(settings) => format!("settings class `{}` in `{}`", settings.class, settings.path),
            Err(_) => "settings class".to_owned(),
        }
    }

    /// Is there one?
    pub fn assess(project: &Project) -> Assessment {
        let settings = match &project.layout.settings {
            Ok(settings) => settings,
            Err(problem) => return Assessment::Blocked { problem: problem.clone() },
        };
        let class = project.file(&settings.path).and_then(|file| file.python().class(&settings.class).map(|(_, class)| class.name_range.clone()));
        if let Some(place) = class {
            return Assessment::Met { at: Some(Location::new(settings.path.clone(), place)) };
        }
        let problem = Problem::new(&finding::NO_SETTINGS_CLASS, "the project has no settings class").at(&settings.path, 0..0);
        let change = Change::Write { path: settings.path.clone(), text: TEXT.to_owned() };
        Assessment::Missing { problem, fix: Fix { changes: vec![change], ..Fix::default() } }
    }

    /// How it is taken out again: where it is as it was made.
    pub fn retract(project: &Project) -> Retraction {
        let Ok(settings) = &project.layout.settings else { return Retraction::Gone };
        let Some(text) = project.text(&settings.path) else { return Retraction::Gone };
        let path = settings.path.clone();
        if !same_code(text, TEXT) {
            return Retraction::Keep { at: Some(Location::file(path)), why: "the settings class is in use".to_owned() };
        }
        Retraction::Remove(Fix { changes: vec![Change::Delete { path }], ..Fix::default() })
    }
}
