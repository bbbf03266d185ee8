//! Reads compose files as Compose does: several of them, what they include, and services that extend others.

use std::rc::Rc;

use super::data::{DEPTH_LIMIT, Data, NODE_LIMIT};
use super::service::{Read, Service};
use super::with_defaults;
use crate::finding::Location;
use crate::project::FilePath;
use crate::source::yaml::{Entry, Node, Source, Value};

/// Reads files, and counts.
pub(super) struct Loader<'r> {
    pub(super) read: Read<'r>,
    pub(super) folder: FilePath,
    pub(super) nodes: usize,
    pub(super) files: Vec<FilePath>,
}

type Keys = Vec<(String, Data)>;

impl Loader<'_> {
    pub(super) fn source(&mut self, path: &FilePath) -> Option<Rc<Source>> {
        if !self.files.contains(path) {
            self.files.push(path.clone());
        }
        (self.read)(path)?.yaml().ok()
    }

    fn data(&mut self, source: &Source, node: &Node, depth: usize) -> Data {
        self.nodes += 1;
        let Some(resolved) = source.resolve(node) else { return Data::Null };
        if self.nodes > NODE_LIMIT || depth > 2 * DEPTH_LIMIT {
            return Data::Null;
        }
        let data = match &resolved.value {
            Value::Null | Value::Alias(_) => Data::Null,
            Value::Scalar(text, _) => Data::Scalar(text.clone()),
            Value::Sequence(list) => {
                Data::List(list.items.iter().map(|item| self.data(source, &item.value, depth + 1)).collect())
            }
            Value::Mapping(_) => Data::Map(
                source
                    .entries(resolved)
                    .into_iter()
                    .map(|entry| (entry.key.clone(), self.data(source, &entry.value, depth + 1)))
                    .collect(),
            ),
        };
        match resolved.tag.as_deref() {
            Some("!reset") => Data::Reset,
            Some("!override") => Data::Override(Box::new(data)),
            _ => data,
        }
    }

    /// The services of a file with those of the files that it includes, and its networks.
    pub(super) fn file(
        &mut self,
        path: &FilePath,
        depth: usize,
        into: &mut Vec<Service>,
        networks: &mut Vec<(String, String)>,
    ) {
        let Some(source) = self.source(path).filter(|_| depth < DEPTH_LIMIT) else { return };
        let Some(root) = source.root() else { return };
        let folder = path.parent().unwrap_or_else(FilePath::top);
        if let Some(include) = source.get(root, "include") {
            let include = self.data(&source, &include.value, 0);
            for item in include.items() {
                let paths: Vec<FilePath> = item
                    .get("path")
                    .unwrap_or(item)
                    .items()
                    .into_iter()
                    .filter_map(|path| folder.join(path.text()?))
                    .collect();
                for path in &paths {
                    self.file(path, depth + 1, into, networks);
                }
            }
        }
        if let Some(declared) = source.get(root, "networks") {
            for entry in source.entries(&declared.value) {
                let name = self.data(&source, &entry.value, 0).get("name").and_then(Data::text).map(str::to_owned);
                networks.retain(|(key, _)| *key != entry.key);
                networks.push((entry.key.clone(), name.unwrap_or_else(|| entry.key.clone())));
            }
        }
        let Some(services) = source.get(root, "services") else { return };
        for entry in source.entries(&services.value) {
            let (keys, is_complete) = self.service(path, &source, entry, &folder, depth);
            match into.iter_mut().find(|known| known.name == entry.key) {
                Some(known) => {
                    known.keys = merged_keys(std::mem::take(&mut known.keys), keys);
                    known.is_complete &= is_complete;
                }
                None => into.push(Service {
                    name: entry.key.clone(),
                    at: Location::new(path.clone(), entry.key_range.clone()),
                    keys,
                    is_complete,
                }),
            }
        }
    }

    /// What a service is with all that it extends; and whether all of that could be read.
    fn service(
        &mut self,
        path: &FilePath,
        source: &Rc<Source>,
        entry: &Entry,
        folder: &FilePath,
        depth: usize,
    ) -> (Keys, bool) {
        let Data::Map(mut own) = self.data(source, &entry.value, 0) else { return (Vec::new(), true) };
        let extends = own.iter().position(|(key, _)| key == "extends").map(|at| own.remove(at).1);
        if *folder != self.folder {
            let prefix = folder.relative_to(&self.folder);
            for (key, value) in &mut own {
                rebase(key, value, &prefix);
            }
        }
        let Some(extends) = extends else { return (own, true) };
        let name = extends.text().or_else(|| extends.get("service")?.text()).unwrap_or(&entry.key).to_owned();
        let file = extends.get("file").and_then(Data::text).map(|file| folder.join(&with_defaults(file).text));
        let (path, source) = match file {
            None => (path.clone(), Rc::clone(source)),
            Some(Some(file)) => match self.source(&file) {
                Some(source) => (file, source),
                None => return (own, false),
            },
            Some(None) => return (own, false),
        };
        let base = source
            .root()
            .and_then(|root| source.get(root, "services"))
            .and_then(|services| source.get(&services.value, &name).cloned());
        let Some(base) = base.filter(|_| depth < DEPTH_LIMIT) else { return (own, false) };
        let folder = path.parent().unwrap_or_else(FilePath::top);
        let (base, is_complete) = self.service(&path, &source, &base, &folder, depth + 1);
        (merged_keys(base, own), is_complete)
    }
}

/// Makes the relative paths of a service relative to another folder.
fn rebase(key: &str, value: &mut Data, prefix: &str) {
    let path = |text: &mut Data| {
        if let Data::Scalar(text) = text
            && !text.starts_with(['/', '~', '$'])
            && !text.contains("://")
        {
            *text = format!("{prefix}/{}", text.trim_start_matches("./"));
        }
    };
    match (key, value) {
        ("env_file", Data::List(items)) => {
            for item in items {
                match item {
                    Data::Map(entries) => {
                        entries.iter_mut().filter(|(key, _)| key == "path").for_each(|(_, text)| path(text));
                    }
                    item => path(item),
                }
            }
        }
        ("env_file" | "build", text @ Data::Scalar(_)) => path(text),
        ("build", Data::Map(entries)) => {
            entries.iter_mut().filter(|(key, _)| key == "context").for_each(|(_, text)| path(text));
        }
        ("volumes", Data::List(items)) => {
            for item in items {
                match item {
                    Data::Scalar(text) if text.starts_with('.') => *text = format!("./{prefix}/{text}"),
                    Data::Map(entries) => {
                        for (_, source) in entries.iter_mut().filter(|(key, _)| key == "source") {
                            if let Data::Scalar(text) = source
                                && text.starts_with('.')
                            {
                                *text = format!("./{prefix}/{text}");
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Two services as one, as Compose merges them: `over` wins.
fn merged_keys(mut base: Keys, over: Keys) -> Keys {
    for (key, value) in over {
        let at = base.iter().position(|(known, _)| *known == key);
        let old = at.map(|at| base.remove(at).1);
        let value = match (old, value) {
            (Some(old), value) => merged(&key, old, value),
            (None, value) => value,
        };
        let at = at.unwrap_or(base.len());
        base.insert(at, (key, value));
    }
    base
}

fn merged(key: &str, old: Data, new: Data) -> Data {
    match (key, old, new) {
        (_, _, Data::Reset) => Data::Null,
        (_, _, Data::Override(inner)) => *inner,
        (_, old, Data::Null) => old,
        ("command" | "entrypoint" | "test", _, new) => new,
        ("environment" | "labels" | "depends_on" | "networks" | "extra_hosts" | "args", old, new) => {
            Data::Map(merged_keys(old.into_map(), new.into_map()))
        }
        ("build", Data::Scalar(context), new @ Data::Map(_)) => {
            merged("build", Data::Map(vec![("context".to_owned(), Data::Scalar(context))]), new)
        }
        ("build", old @ Data::Map(_), Data::Scalar(context)) => {
            merged("build", old, Data::Map(vec![("context".to_owned(), Data::Scalar(context))]))
        }
        ("env_file", old @ (Data::Scalar(_) | Data::List(_)), new @ (Data::Scalar(_) | Data::List(_))) => {
            Data::List(old.items().into_iter().chain(new.items()).cloned().collect())
        }
        (_, Data::Map(old), Data::Map(new)) => Data::Map(merged_keys(old, new)),
        (_, Data::List(mut old), Data::List(new)) => {
            for item in new {
                if !old.contains(&item) {
                    old.push(item);
                }
            }
            Data::List(old)
        }
        (_, _, new) => new,
    }
}
