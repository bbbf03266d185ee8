//! A service as Compose sees it: its keys after anchors, `extends` and files that are included.

use std::rc::Rc;

use super::data::Data;
use super::ports::{Published, published};
use super::with_defaults;
use super::words::words;
use crate::finding::Location;
use crate::project::{File, FilePath};

/// How a file of the repository is had.
pub type Read<'r> = &'r dyn Fn(&FilePath) -> Option<Rc<File>>;

/// A resolved service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its key, in the file that has it first.
    pub at: Location,
    /// What it has.
    pub(super) keys: Vec<(String, Data)>,
    /// Could everything that it extends be read?
    pub is_complete: bool,
}

/// The value of a variable in the text of an env file: the last one counts.
pub(super) fn env_value(text: &str, variable: &str) -> Option<String> {
    let found = crate::source::dotenv::variables(text);
    let found = found.iter().rev().find(|found| !found.commented && found.name == variable)?;
    let written = text.get(found.range.clone())?;
    let (_, value) = written.split_once('=')?;
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split(quote).next());
    Some(quoted.unwrap_or_else(|| value.split(" #").next().unwrap_or(value).trim_end()).to_owned())
}

impl Service {
    /// What it has under `key`.
    pub fn get(&self, key: &str) -> Option<&Data> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value).filter(|value| **value != Data::Null)
    }

    /// The names of what it has.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Data)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The text of a scalar that it has under `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Its image, as written.
    pub fn image(&self) -> Option<&str> {
        self.text("image")
    }

    /// Its profiles.
    pub fn profiles(&self) -> Vec<&str> {
        self.get("profiles").map(Data::names).unwrap_or_default()
    }

    /// What it depends on.
    pub fn dependencies(&self) -> Vec<&str> {
        self.get("depends_on").map(Data::names).unwrap_or_default()
    }

    pub(super) fn network_mode(&self) -> Option<String> {
        self.text("network_mode").map(|mode| with_defaults(mode).text)
    }

    /// Does it use the network of the host?
    pub fn is_on_host(&self) -> bool {
        self.network_mode().as_deref() == Some("host")
    }

    /// The networks that it is on, by their keys.
    pub fn networks(&self) -> Vec<String> {
        let names: Vec<String> =
            self.get("networks").map(Data::names).unwrap_or_default().into_iter().map(str::to_owned).collect();
        if names.is_empty() { vec!["default".to_owned()] } else { names }
    }

    /// Its environment; `None` for a variable that is passed through.
    pub fn environment(&self) -> Vec<(String, Option<String>)> {
        let entries = self.get("environment").cloned().unwrap_or(Data::Null).into_map();
        entries.into_iter().map(|(name, value)| (name, value.text().map(str::to_owned))).collect()
    }

    /// Its env files, as written.
    pub fn env_files(&self) -> Vec<String> {
        let Some(files) = self.get("env_file") else { return Vec::new() };
        let items = if matches!(files, Data::Map(_)) { vec![files] } else { files.items() };
        items.into_iter().filter_map(|item| item.get("path").unwrap_or(item).text()).map(str::to_owned).collect()
    }

    /// What is mounted into it, as source and target; both as written.
    pub fn mounts(&self) -> Vec<(String, String)> {
        let items = self.get("volumes").map(Data::items).unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| match item {
                Data::Scalar(written) => {
                    let mut parts = written.split(':');
                    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
                }
                _ => Some((item.get("source")?.text()?.to_owned(), item.get("target")?.text()?.to_owned())),
            })
            .collect()
    }

    /// The ports that it publishes.
    pub fn published(&self) -> Vec<Published> {
        let items = self.get("ports").map(Data::items).unwrap_or_default();
        items.into_iter().filter_map(published).collect()
    }

    /// The words of its `entrypoint` and its `command`; those of a shell's script are taken apart.
    pub fn words(&self) -> Vec<String> {
        ["entrypoint", "command"].iter().filter_map(|key| self.get(key)).flat_map(words).collect()
    }
}
