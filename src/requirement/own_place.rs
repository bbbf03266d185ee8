//! Where an entry of one compose service goes, so that no other service changes.
//!
//! A collection that an alias, a merge key or `extends` shares is not edited: the service gets one of its own. YAML's merge keys
//! do not merge what is in the collections, so an own one repeats what it hides, by a merge key of its own where the shared
//! one has an anchor. What came out is compared as Compose resolves it, before and after, so no rule here is trusted.
//!
//! ```yaml
//! environment: *shared            environment:
//!                                   <<: *shared
//!                                   REDIS_URL: redis://redis:6379/0
//! ```

use super::Recorded;
use super::compose::{Addition, Document};
use super::service::dedented;
use crate::edit::{self, Edit};
use crate::finding::Problem;
use crate::lock::ScaffoldingKey;
use crate::project::compose::model::Model;
use crate::project::{File, Project};
use crate::source::text;
use crate::source::yaml::{Entry, Node, Value};

/// An entry that a service gains: as a pair of a map, and as an item of a list.
pub(super) struct Gain<'d> {
    pub service: &'d Entry,
    pub pair: String,
    pub item: Option<String>,
}

/// The scaffolding for the collection `key` of a service.
pub(super) fn collection(service: &Entry, key: &str) -> ScaffoldingKey {
    ScaffoldingKey::Compose(format!("services.{}.{key}", service.key))
}

/// The same where the collection repeats one that is shared.
fn own_collection(service: &Entry, key: &str) -> ScaffoldingKey {
    ScaffoldingKey::Compose(format!("services.{}.{key}.own", service.key))
}

/// Edits that put each gain under `key` of its service, and the names of other services that gain it too: they inherit from
/// the service itself, and no place in it is its alone.
pub(super) fn put(
    project: &Project,
    document: &Document<'_>,
    gains: &[Gain<'_>],
    key: &str,
) -> Result<(Addition, Vec<String>), Problem> {
    let as_written = in_place(document, gains, key);
    let changed = as_written.as_ref().ok().map(|addition| changed(project, document, gains, addition));
    match changed {
        Some(others) if others.is_empty() => return as_written.map(|addition| (addition, others)),
        _ => {}
    }
    if let Some(own) = in_own_collections(document, gains, key) {
        let others = self::changed(project, document, gains, &own);
        if others.is_empty() || as_written.is_err() {
            return Ok((own, others));
        }
    }
    let addition = as_written?;
    let others = self::changed(project, document, gains, &addition);
    Ok((addition, others))
}

/// Edits where the collections stand, once where services share one.
fn in_place(document: &Document<'_>, gains: &[Gain<'_>], key: &str) -> Result<Addition, Problem> {
    let mut all = Addition::default();
    let mut done: Vec<usize> = Vec::new();
    for gain in gains {
        let service = gain.service;
        let made = collection(service, key);
        let addition = match document.get(service, key) {
            Some(holder) => {
                let place = document.source.resolve(&holder.value).map_or(holder.colon_end, |node| node.outer.start);
                if done.contains(&place) {
                    continue;
                }
                done.push(place);
                document.put(&made, holder, &gain.pair, gain.item.as_deref(), false)?
            }
            None => create(document, gain, key)?,
        };
        all.edits.extend(addition.edits);
        all.scaffolding.extend(addition.scaffolding);
    }
    Ok(all)
}

fn create(document: &Document<'_>, gain: &Gain<'_>, key: &str) -> Result<Addition, Problem> {
    let service = gain.service;
    if service.value.mapping().is_none() {
        let what = format!("the service `{}` is an alias of another one", service.key);
        return Err(document.unsupported(what, service.range()));
    }
    document.create(collection(service, key), &service.value, key, &gain.pair).ok_or_else(|| {
        let what = format!("the service `{}` stands in a place that is not edited", service.key);
        document.unsupported(what, service.key_range.clone())
    })
}

/// Edits that give each service a collection of its own, where it has a shared one.
fn in_own_collections(document: &Document<'_>, gains: &[Gain<'_>], key: &str) -> Option<Addition> {
    let mut all = Addition::default();
    for gain in gains {
        let addition = match shared(document, gain.service, key) {
            Some(shared) => in_own_collection(document, gain, key, &shared)?,
            None => in_place(document, std::slice::from_ref(gain), key).ok()?,
        };
        all.edits.extend(addition.edits);
        all.scaffolding.extend(addition.scaffolding);
    }
    Some(all)
}

fn in_own_collection(document: &Document<'_>, gain: &Gain<'_>, key: &str, shared: &Shared<'_>) -> Option<Addition> {
    let service = gain.service;
    let own = if shared.is_list { gain.item.as_deref()? } else { &gain.pair };
    let block = shared.lines.iter().map(String::as_str).chain([own]).collect::<Vec<_>>().join("\n");
    match shared.alias {
        Some(entry) if !entry.flow => {
            let text = document.source.text();
            let range = entry.colon_end..entry.value.outer.end;
            let replaced = text.get(range.clone())?.to_owned();
            let indentation = document.deeper(text::indentation(text, entry.key_range.start));
            let lines = document.lines_after(range.end, &block, &indentation, false);
            let edits = vec![Edit::delete(range), lines];
            Some(Addition { edits, scaffolding: vec![(own_collection(service, key), Some(replaced))] })
        }
        None if service.value.mapping().is_some_and(|mapping| !mapping.flow) => {
            document.create(own_collection(service, key), &service.value, key, &block)
        }
        _ => None,
    }
}

/// What a service has under a key from elsewhere.
struct Shared<'d> {
    /// The service's own entry, where that is an alias.
    alias: Option<&'d Entry>,
    /// The lines that stand for it in a collection of the service's own.
    lines: Vec<String>,
    is_list: bool,
}

fn shared<'d>(document: &'d Document<'_>, service: &'d Entry, key: &str) -> Option<Shared<'d>> {
    let own = service.value.own(key);
    let (alias, holder) = match own {
        Some(entry) if matches!(entry.value.value, Value::Alias(_)) => (Some(entry), entry),
        Some(_) => return None,
        None => (None, document.source.merged(&service.value, key)?),
    };
    let name = match &holder.value.value {
        Value::Alias(name) => Some(name.clone()),
        _ => holder.value.anchor.clone(),
    };
    lines(document, document.source.resolve(&holder.value)?, name.as_deref()).map(|(lines, is_list)| Shared {
        alias,
        lines,
        is_list,
    })
}

/// The children of a collection as lines of another one: by a merge key where it is a map with an anchor, else copied.
fn lines(document: &Document<'_>, node: &Node, anchor: Option<&str>) -> Option<(Vec<String>, bool)> {
    let text = document.source.text();
    match &node.value {
        Value::Mapping(_) => {
            if let Some(anchor) = anchor {
                return Some((vec![format!("<<: *{anchor}")], false));
            }
            let entries = document.source.entries(node);
            let is_block = entries.iter().all(|entry| !entry.flow && entry.value.anchor.is_none());
            is_block.then(|| (entries.iter().map(|entry| dedented(text, entry)).collect(), false))
        }
        Value::Sequence(list) if !list.items.is_empty() => {
            let items = list.items.iter().map(|item| {
                let written = text.get(item.value.outer.clone())?;
                (item.value.anchor.is_none() && !written.contains('\n')).then(|| format!("- {written}"))
            });
            Some((items.collect::<Option<Vec<_>>>()?, true))
        }
        _ => None,
    }
}

/// The services, apart from those that gain something, that are not what they were, as Compose resolves them.
fn changed(project: &Project, document: &Document<'_>, gains: &[Gain<'_>], addition: &Addition) -> Vec<String> {
    let Some(after) = edit::apply(document.source.text(), &addition.edits) else { return Vec::new() };
    let after = std::rc::Rc::new(File::new(after.into_bytes()));
    let read = |path: &crate::project::FilePath| {
        if path == document.path { Some(std::rc::Rc::clone(&after)) } else { project.file(path).cloned() }
    };
    let before = super::compose::model(project);
    let Ok(after) = Model::of(document.path, &read) else { return Vec::new() };
    let is_target = |name: &str| gains.iter().any(|gain| gain.service.key == name);
    before
        .services()
        .iter()
        .filter(|service| !is_target(&service.name))
        .filter(|service| after.service(&service.name).is_none_or(|after| !after.keys().eq(service.keys())))
        .map(|service| service.name.clone())
        .collect()
}

/// Takes the child at `start` out of a collection that was made to repeat a shared one, where nothing else is in it any more:
/// the shared one is the service's again. `None` where this is no such collection.
pub(super) fn give_back(
    document: &Document<'_>,
    service: &Entry,
    key: &str,
    start: usize,
    recorded: &Recorded,
) -> Option<Addition> {
    let made = own_collection(service, key);
    let replaced = recorded.scaffolding(&made)?;
    let own = service.value.own(key)?;
    let text = document.source.text();
    let alias = replaced.map(|written| written.trim().trim_start_matches('*').to_owned());
    let (expected, _) = if let Some(alias) = &alias {
        let anchored = document.source.anchored(alias, own.key_range.start)?;
        lines(document, anchored, Some(alias))?
    } else {
        let holder = document.source.merged(&service.value, key)?;
        let anchor = match &holder.value.value {
            Value::Alias(name) => Some(name.clone()),
            _ => holder.value.anchor.clone(),
        };
        lines(document, document.source.resolve(&holder.value)?, anchor.as_deref())?
    };
    let mut rest: Vec<String> = Vec::new();
    match &own.value.value {
        Value::Mapping(mapping) if !mapping.flow => {
            rest.extend(
                mapping.entries.iter().filter(|entry| entry.range().start != start).map(|entry| dedented(text, entry)),
            );
        }
        Value::Sequence(list) if !list.flow => {
            for item in list.items.iter().filter(|item| item.start != start) {
                rest.push(format!("- {}", text.get(item.value.outer.clone())?));
            }
        }
        _ => return None,
    }
    if rest != expected {
        return None;
    }
    let scaffolding = vec![(made, None)];
    match replaced {
        None => Some(Addition { edits: vec![document.without(&service.value, own)?], scaffolding }),
        Some(replaced) => {
            let end = text::line_end(text, own.range().end);
            if document.source.has_comment(&(own.range().start..end)) {
                return None;
            }
            let lines = text::line_end(text, own.colon_end)..own.range().end;
            Some(Addition { edits: vec![Edit::insert(own.colon_end, replaced), Edit::delete(lines)], scaffolding })
        }
    }
}
