//! A named volume of a service of ours, in the compose file's top level.

use super::compose::{self, Document};
use super::service::{lines_of, locate};
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{Problem, VOLUME_MISSING};
use crate::lock::ScaffoldingKey;
use crate::project::Project;
use crate::source::yaml::{Node, Value};

/// A named volume at the top level of the compose file.
#[derive(Debug, Clone, Copy)]
pub struct Volume {
    /// The service that uses it.
    pub service: &'static manifest::Service,
    /// Its name.
    pub name: &'static str,
}

impl Volume {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("volume:{}", self.name)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("compose volume `{}`", self.name)
    }

    /// Is the volume declared, where the service uses it?
    pub fn assess(&self, project: &Project) -> Assessment {
        let name = self.name;
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable {
                    note: format!("{NO_COMPOSE_FILE}: the volume `{name}` is not needed"),
                };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let volumes = document.top("volumes");
        if let Some(volume) = volumes.and_then(|volumes| document.source.get(&volumes.value, name)) {
            return Assessment::Met { at: Some(document.at(volume.key_range.clone())) };
        }
        let model = compose::model(project);
        let user = locate(&model, project, self.service).ok().flatten().map(|user| user.name.clone());
        let Some(user) = user.filter(|user| mounts(&document, user, name)) else {
            return Assessment::NotApplicable {
                note: format!("no service mounts the volume `{name}`: it is not declared"),
            };
        };
        let pair = format!("{name}:");
        let added = match volumes {
            None => document.create_at_top(made(), "volumes", &pair),
            Some(volumes) => document.put(&made(), volumes, &pair, None, false),
        };
        match added {
            Ok(addition) => {
                let place = document.service(&user).map_or(0..0, |service| service.key_range.clone());
                let problem = Problem::new(
                    &VOLUME_MISSING,
                    format!("the volume `{name}` of the service `{user}` is not declared"),
                )
                .at(document.path, place)
                .help(format!("declare `{name}:` under `volumes` at the top level"))
                .manual(format!("volumes:\n  {name}:"));
                let mut fix = Fix::edit(document.path, addition.edits).text(pair).safe();
                fix.record.scaffolding = addition.scaffolding;
                Assessment::Missing { problem, fix }
            }
            Err(problem) => Assessment::Blocked { problem: problem.manual(format!("volumes:\n  {name}:")) },
        }
    }

    /// Takes the declaration out again, where nobody else mounts the volume.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let name = self.name;
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => return Retraction::Gone,
            Err(problem) => return compose::keep(problem),
        };
        let (Some(root), Some(volumes)) = (document.source.root(), document.top("volumes")) else {
            return Retraction::Gone;
        };
        let Some(volume) = volumes.value.own(name) else { return Retraction::Gone };
        let at = Some(document.at(volume.range()));
        let current = lines_of(&document, volume);
        if !volume.value.is_null() || volume.value.anchor.is_some() || current.contains('#') {
            return Retraction::Keep { at, why: format!("the volume `{name}` was changed") };
        }
        if let Some(user) = document.services().into_iter().find(|service| mounts(&document, &service.key, name)) {
            return Retraction::Keep { at, why: format!("the service `{}` mounts the volume `{name}`", user.key) };
        }
        match document.take(&made(), root, volumes, volume.range().start, recorded, false) {
            Some(taken) => {
                let mut fix = Fix::edit(document.path, taken.edits);
                fix.record.scaffolding = taken.scaffolding;
                Retraction::Remove(fix)
            }
            None => Retraction::Keep { at, why: format!("the volume `{name}` stands in a place that is not edited") },
        }
    }
}

/// Does the service mount the named volume?
pub(super) fn mounts(document: &Document<'_>, service: &str, volume: &str) -> bool {
    let Some(volumes) = document.service(service).and_then(|service| document.get(service, "volumes")) else {
        return false;
    };
    let Some(list) = document.source.resolve(&volumes.value).and_then(Node::sequence) else { return false };
    list.items.iter().any(|item| match document.source.resolve(&item.value).map(|node| &node.value) {
        Some(Value::Scalar(written, _)) => written.split(':').next() == Some(volume),
        Some(Value::Mapping(_)) => document
            .source
            .get(&item.value, "source")
            .and_then(|source| document.source.scalar(&source.value))
            .is_some_and(|source| source == volume),
        _ => false,
    })
}

/// The key `volumes` of a file that had none.
fn made() -> ScaffoldingKey {
    ScaffoldingKey::Compose("volumes".to_owned())
}
