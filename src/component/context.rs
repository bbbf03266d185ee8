//! What a template sees of a project: the value `project`.

use std::collections::BTreeMap;

/// The value `project` of the templates; `docs/components.md` lists what it has.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The line that imports the settings as the application itself does.
    pub settings_import: String,
    /// The dotted path of the services package.
    pub services: String,
    /// The project's name.
    pub name: String,
    /// The command that installs the dependencies.
    pub install: String,
    /// What runs a command in the project's environment, with a final blank, or nothing.
    pub run: String,
    /// The port of this machine at which a developer reaches the application.
    pub port: u16,
    /// The compose command, empty where there is no compose file.
    pub compose: String,
    /// Compose services of this project, by the name of the service that they stand for.
    pub compose_services: BTreeMap<String, String>,
    /// Expressions by environment variable.
    pub settings: BTreeMap<String, String>,
    /// Environment variables with their prefix, by the name without.
    pub variables: BTreeMap<String, String>,
}

impl Context {
    /// The expression that reads a setting, given by its environment variable without prefix.
    pub fn setting(&self, variable: &str) -> String {
        self.settings.get(variable).cloned().unwrap_or_else(|| format!("settings.{}", variable.to_lowercase()))
    }

    /// The compose service of this project that stands for the service `name`.
    pub fn service(&self, name: &str) -> String {
        self.compose_services.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// The environment variable, prefix minded.
    pub fn env(&self, variable: &str) -> String {
        self.variables.get(variable).cloned().unwrap_or_else(|| variable.to_owned())
    }
}
