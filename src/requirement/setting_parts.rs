//! A URL whose parts the settings have already: a property that is made of them, instead of a second source of truth.
//!
//! ```text
//! redis_host: str = "localhost"          redis_host: str = "localhost"
//! redis_port: int = 6379           ->    redis_port: int = 6379
//!
//!                                        @property
//!                                        def redis_url(self) -> str:
//!                                            """The URL of Redis, from its parts."""
//!                                            return f"redis://{self.redis_host}:{self.redis_port}/0"
//! ```

use std::ops::Range;

use super::import::Import;
use super::setting_provision::{Provision, provision};
use crate::component::{COMPONENTS, manifest};
use crate::project::{FilePath, Project};
use crate::source::python::{Function, Source};
use crate::source::text;

/// A field that a part is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// The variable, as the component's folder has it.
    variable: &'static str,
    field: String,
    annotation: String,
}

impl Part {
    /// May it be `None`?
    fn is_optional(&self) -> bool {
        self.annotation.contains("None") || self.annotation.contains("Optional")
    }

    fn is_secret(&self) -> bool {
        self.annotation.contains("SecretStr")
    }
}

/// Is it made of other settings, or will it be?
pub fn is_computed(project: &Project, setting: &manifest::Setting) -> bool {
    matches!(provision(project, &setting.name), Provision::Property { .. }) || Parts::of(project, setting).is_some()
}

/// The parts that the settings have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    host: Part,
    port: Option<Part>,
    user: Option<Part>,
    password: Option<Part>,
    database: Option<Part>,
}

impl Parts {
    /// The parts of a URL that the settings do not have itself.
    pub(super) fn of(project: &Project, setting: &manifest::Setting) -> Option<Self> {
        matches!(provision(project, &setting.name), Provision::Absent).then(|| Self::there(project, setting)).flatten()
    }

    fn there(project: &Project, setting: &manifest::Setting) -> Option<Self> {
        let parts = setting.parts.as_ref()?;
        let find = |names: &manifest::List<manifest::Text>| {
            names.iter().find_map(|name| match provision(project, name) {
                Provision::Field { field, .. } => {
                    Some(Part { variable: name.0, annotation: field.annotation?, field: field.target })
                }
                _ => None,
            })
        };
        let host = find(&parts.host).filter(|host| !host.is_optional() && !host.is_secret())?;
        let number = |names| find(names).filter(|part| !part.is_optional() && !part.is_secret());
        Some(Self {
            host,
            port: number(&parts.port),
            user: find(&parts.user).filter(|user| !user.is_secret()),
            password: find(&parts.password),
            database: number(&parts.database),
        })
    }

    /// The names of the fields, as a phrase.
    pub(super) fn fields(&self) -> String {
        let others = [&self.port, &self.user, &self.password, &self.database];
        let all = std::iter::once(&self.host).chain(others.into_iter().flatten());
        all.map(|part| format!("`{}`", part.field)).collect::<Vec<_>>().join(", ")
    }

    /// What the property needs, where it has something to quote.
    pub(super) fn import(&self, project: &Project, path: &FilePath) -> Option<Import> {
        let is_quoted = self.user.is_some() || self.password.is_some();
        is_quoted.then(|| Import::named(project, path, "urllib.parse".to_owned(), "quote"))
    }

    /// The property, without the indentation of its class. Its steps are indented by `step`.
    pub(super) fn property(
        &self,
        name: &str,
        setting: &manifest::Setting,
        quote: &str,
        step: &str,
        width: usize,
    ) -> Option<String> {
        let url = setting.default.0.trim_matches('"');
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let usual_port = authority.split_once(':').map_or("", |(_, port)| port);
        let read = |part: &Part| format!("{{self.{}}}", part.field);
        let port = self.port.as_ref().map_or_else(|| usual_port.to_owned(), read);
        let database = self.database.as_ref().map_or_else(|| path.to_owned(), read);
        let mut lines = Vec::new();
        if let Some(user) = &self.user {
            let value = if user.is_optional() {
                format!("self.{} or \"\"", user.field)
            } else {
                format!("self.{}", user.field)
            };
            lines.push(format!("user = {quote}({value}, safe=\"\")"));
        }
        if let Some(password) = &self.password {
            let field = format!("self.{}", password.field);
            let value = match (password.is_secret(), password.is_optional()) {
                (false, false) => field,
                (false, true) => format!("{field} or \"\""),
                (true, false) => format!("{field}.get_secret_value()"),
                (true, true) => {
                    lines.push(format!("secret = {field}"));
                    "secret.get_secret_value() if secret else \"\"".to_owned()
                }
            };
            lines.push(format!("password = {quote}({value}, safe=\"\")"));
        }
        let credentials = match (&self.user, &self.password) {
            (None, None) => "",
            (Some(_), None) => "f\"{user}@\" if user",
            (None, Some(_)) => "f\":{password}@\" if password",
            (Some(_), Some(_)) => "f\"{user}:{password}@\" if user or password",
        };
        let mut written = "";
        if !credentials.is_empty() {
            lines.push(format!("credentials = {credentials} else \"\""));
            written = "{credentials}";
        }
        let host = read(&self.host);
        let whole = format!("return f\"{scheme}://{written}{host}:{port}/{database}\"");
        if 2 * step.len() + whole.len() > width {
            lines.push(format!("address = f\"{host}:{port}\""));
            lines.push(format!("return f\"{scheme}://{written}{{address}}/{database}\""));
        } else {
            lines.push(whole);
        }
        let title = setting.name.trim_end_matches("_URL").replace('_', " ").to_lowercase();
        let body: Vec<String> = lines.iter().map(|line| format!("\n{step}{line}")).collect();
        Some(format!(
            "@property\ndef {name}(self) -> str:\n{step}\"\"\"The URL of {title}, from its parts.\"\"\"{}",
            body.concat()
        ))
    }
}

/// The variable with the host of a URL that the settings make of its parts, whoever wrote that.
pub fn host_variable(project: &Project, variable: &str) -> Option<String> {
    let settings = project.layout.settings.as_ref().ok()?;
    let mut all = COMPONENTS.iter().flat_map(|component| component.manifest.setting.iter());
    let setting = all.find(|setting| setting.name.0 == variable)?;
    let parts = Parts::there(project, setting)?;
    let is_made_of_it = match provision(project, variable) {
        Provision::Absent => true,
        Provision::Field { .. } => false,
        Provision::Property { path, name, .. } => {
            let file = project.file(&path)?;
            let function = file.python().functions.iter().find(|function| function.name_range == name.1)?;
            file.text()?.get(function.range.clone())?.contains(&format!("self.{}", parts.host.field))
        }
    };
    is_made_of_it.then(|| settings.environment(parts.host.variable))
}

/// A method with its decorators.
pub(super) fn whole(code: &str, function: &Function) -> Range<usize> {
    let mut start = text::line_start(code, function.range.start);
    while start > 0 {
        let above = text::line_start(code, start - 1);
        if !code[above..start].trim_start().starts_with('@') {
            break;
        }
        start = above;
    }
    start..function.range.end
}

/// Code without the indentation that its first line has.
pub(super) fn dedented(code: &str) -> String {
    let indentation = &code[..code.len() - code.trim_start_matches([' ', '\t']).len()];
    let lines = code.lines().map(|line| line.strip_prefix(indentation).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Is a property of this name in the class?
pub(super) fn method<'a>(source: &'a Source, class: usize, name: &str) -> Option<&'a Function> {
    source.methods_of(class).find(|method| method.name == name)
}
