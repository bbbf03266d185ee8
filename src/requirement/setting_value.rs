//! What an env file that the settings read says of a setting that comes: a value that its type does not take would keep the
//! application from starting. Such files are not part of the repository as a rule, and hold secrets: no value is ever shown.

use crate::component::manifest::Setting;
use crate::finding::{self, Problem};
use crate::project::find_env_example::ENV_FILE;
use crate::project::{FilePath, Project};
use crate::source::{dotenv, text};

/// The value of the setting in an env file that the settings read, where the setting's type does not take it.
pub(super) fn refused(project: &Project, setting: &Setting) -> Option<Problem> {
    let settings = project.layout.settings.as_ref().ok()?;
    let homes = std::iter::once(&settings.path).chain(settings.bases.iter().map(|(path, _)| path));
    let homes = homes.chain(project.layout.application.iter().map(|application| &application.path));
    let texts: Vec<&str> = homes.filter_map(|path| project.text(path)).collect();
    let says = |word: &str| texts.iter().any(|text| text.contains(word));
    if !says("env_file") && !says("load_dotenv") {
        return None;
    }
    let variable = settings.environment(&setting.name);
    let folders = std::iter::successors(Some(project.layout.root.clone()), FilePath::parent);
    folders.map(|folder| folder.child(ENV_FILE)).find_map(|path| {
        let text = project.text(&path)?;
        let variables = dotenv::variables(text);
        // The last one counts.
        let is_it = |name: &str| name == variable || (!settings.case_sensitive && name.eq_ignore_ascii_case(&variable));
        let said = variables.iter().rfind(|known| !known.commented && is_it(&known.name))?;
        let value = dotenv::value(text.get(said.range.clone())?)?;
        // With `env_ignore_empty` the default counts in its place.
        if takes(setting, value) || (value.is_empty() && says("env_ignore_empty")) {
            return None;
        }
        let what = if value.is_empty() { "nothing" } else { "what is none" };
        let annotation = setting.annotation;
        let message = format!("`{path}` says {what} for `{}`, which is to be `{annotation}`", said.name);
        let problem = Problem::new(&finding::SETTING_VALUE, message).at(&path, said.range.clone());
        Some(problem.help(format!(
            "give it a value that is `{annotation}`, or take the line away: `{}` is the default",
            setting.default
        )))
    })
}

/// Does pydantic make this text of the environment into the type? Only for types that not every text is of.
fn takes(setting: &Setting, value: &str) -> bool {
    let plain = value.trim();
    match setting.annotation.0 {
        "int" => {
            let number = plain.replace('_', "");
            let (whole, rest) = number.split_once('.').unwrap_or((&number, ""));
            let whole = whole.parse::<i64>().ok().filter(|_| rest.bytes().all(|digit| digit == b'0'));
            whole.is_some_and(|number| setting.ge.is_none_or(|least| number >= least))
        }
        "float" => plain.parse::<f64>().is_ok(),
        "bool" => {
            let words = ["0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"];
            words.contains(&plain.to_ascii_lowercase().as_str())
        }
        // A client takes no empty text for the address of its server.
        "str" | "SecretStr" if setting.name.ends_with("_URL") && setting.default.contains("://") => !plain.is_empty(),
        annotation => literals(annotation).is_none_or(|values| values.contains(&value)),
    }
}

/// The texts of a `Literal[...]`.
pub(super) fn literals(annotation: &str) -> Option<Vec<&str>> {
    let values = annotation.trim().strip_prefix("Literal[")?.strip_suffix(']')?;
    Some(values.split(',').map(|value| text::unquoted(value.trim())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Component;

    fn setting(component: &str, name: &str) -> &'static Setting {
        let component = Component::find(component).expect("a component");
        component.manifest.setting.iter().find(|setting| setting.name.0 == name).expect("a setting")
    }

    #[test]
    fn what_pydantic_takes() {
        for (component, name, good, bad) in [
            ("redis", "REDIS_MAX_CONNECTIONS", &["1", "1_000", " 7 ", "10.0"][..], &["", "many", "1.5", "-3"][..]),
            ("metrics", "METRICS_ENABLED", &["1", "Off", "TRUE", "y"], &["", "maybe", "2"]),
            ("storage", "STORAGE_BACKEND", &["local", "s3"], &["", "S3", "minio"]),
            ("redis", "REDIS_URL", &["redis://a", "unix:///b"], &["", " "]),
            ("mongodb", "MONGODB_URL", &["mongodb://a"], &[""]),
            ("redis", "CACHE_KEY_PREFIX", &["", "anything"], &[]),
        ] {
            let setting = setting(component, name);
            for value in good {
                assert!(takes(setting, value), "{name}={value}");
            }
            for value in bad {
                assert!(!takes(setting, value), "{name}={value}");
            }
        }
    }
}
