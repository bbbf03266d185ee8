//! Components as a whole: one that another one requires and that is not installed, one that left a module behind.

use super::{Found, Subject};
use crate::component::COMPONENTS;
use crate::finding::{COMPONENT_MISSING, MODULE_LEFT_OVER, Problem};
use crate::{lock, plan};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = missing(subject);
    if subject.all && !subject.components.is_empty() {
        found.extend(left_over(subject));
    }
    found
}

fn missing(subject: &Subject<'_>) -> Vec<Found> {
    let path = subject.project.layout.root.child(lock::NAME);
    let text = subject.project.text(&path).unwrap_or_default();
    let mut found = Vec::new();
    for component in subject.components.iter().filter(|component| subject.lock.component(component.id()).is_some()) {
        let absent = component.manifest.requires.iter().filter(|required| subject.lock.component(required.0).is_none());
        for required in absent {
            let name = format!("name = \"{}\"", component.id());
            let start = text.find(&name).unwrap_or_default();
            let end = if start == 0 { 0 } else { start + name.len() };
            let problem = Problem::new(
                &COMPONENT_MISSING,
                format!("`{}` requires `{required}`, which is not installed", component.id()),
            )
            .at(&path, start..end)
            .help(format!("add it: `paxx infra add {required}`"));
            found.push((*component, format!("component:{required}"), problem));
        }
    }
    found
}

/// Modules exactly as we write them, of components that are not installed. A module that the user changed is his.
fn left_over(subject: &Subject<'_>) -> Vec<Found> {
    let folder = &subject.project.layout.services.folder;
    let mut found = Vec::new();
    for component in COMPONENTS.iter().filter(|component| subject.lock.component(component.id()).is_none()) {
        let is_there = |path: &str| subject.project.file(&folder.child(path)).is_some();
        if !component.manifest.module.iter().any(|module| is_there(&module.path)) {
            continue;
        }
        for (module, text) in component.modules(&plan::context(subject.project)) {
            let path = folder.child(&module.path);
            let Some(there) = subject.project.text(&path) else { continue };
            if there.replace("\r\n", "\n") == text {
                let message = format!("`{path}` belongs to `{}`, which is not installed", component.id());
                let problem = Problem::new(&MODULE_LEFT_OVER, message)
                    .at(&path, 0..0)
                    .help(format!("delete it, or install the component: `paxx infra add {}`", component.id()));
                found.push((component, format!("module:{}", module.path), problem));
            }
        }
    }
    found
}
