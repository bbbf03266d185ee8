//! The password that a server of the user's asks for, as it stands in a URL.
//!
//! A variable of the application's service wins over what its `env_file` says: without the password it would cut an application
//! off that reached its server before.

use super::compose::Document;
use crate::component::manifest::Password;
use crate::finding::Problem;
use crate::source::yaml::{Entry, Value};

/// The password of the server that `service` runs, ready for a URL; `None` where it asks for none.
///
/// # Errors
///
/// It asks for one that does not stand in the compose file.
pub(super) fn password_of(
    document: &Document<'_>,
    service: &Entry,
    manifest: &Password,
) -> Result<Option<String>, Problem> {
    let entries = ["entrypoint", "command"].iter().filter_map(|key| document.get(service, key));
    let words: Vec<&str> = entries
        .flat_map(|entry| document.source.scalars(&entry.value))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_matches(['"', '\'']))
        .collect();
    let option = words.iter().position(|word| *word == manifest.option.0);
    let has_variable = document.scalar_of(service, "image").is_some_and(|image| image.contains(manifest.images.0));
    let written = match option {
        Some(option) => words.get(option + 1).copied(),
        None if has_variable => variable_of(document, service, manifest.variable.0),
        None => None,
    };
    let Some(written) = written.filter(|written| !written.is_empty()) else { return Ok(None) };
    let written = match written.strip_prefix("$$") {
        // The shell in the container reads it from the environment of the service.
        Some(name) => variable_of(document, service, name.trim_matches(['{', '}'])),
        None => Some(written),
    };
    written.and_then(in_url).map(Some).ok_or_else(|| {
        document
            .unsupported(
                format!("`{}` asks for a password that does not stand here", service.key),
                service.key_range.clone(),
            )
            .help("set the variable in the application's service yourself, with the password in its URL")
    })
}

/// What the service has in its environment under `name`.
fn variable_of<'d>(document: &'d Document<'_>, service: &'d Entry, name: &str) -> Option<&'d str> {
    let holder = document.get(service, "environment")?;
    let node = document.source.resolve(&holder.value)?;
    match &node.value {
        Value::Sequence(list) => list
            .items
            .iter()
            .filter_map(|item| document.source.scalar(&item.value)?.split_once('='))
            .find_map(|(known, value)| (known == name).then_some(value)),
        _ => document.source.scalar(&document.source.get(node, name)?.value),
    }
}

/// `${VARIABLE}` as it is, for Compose to fill in, or a password with what a URL would take for its own signs written as `%40`.
fn in_url(written: &str) -> Option<String> {
    let Some(variable) = written.strip_prefix('$') else {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!*+".contains(&byte);
        return Some(
            written
                .bytes()
                .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
                .collect(),
        );
    };
    let name: String = variable
        .trim_start_matches('{')
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
        .collect();
    // With its default, where that holds no blank.
    let whole = variable.starts_with('{') && variable.ends_with('}');
    (!name.is_empty()).then(|| if whole { written.to_owned() } else { format!("${{{name}}}") })
}
