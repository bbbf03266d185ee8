//! Components as a whole: one that another one requires and that is not installed, one that left a module behind, one whose
//! module reads settings by names that they do not have.

use super::{Found, Subject};
use crate::component::COMPONENTS;
use crate::finding::{COMPONENT_MISSING, MODULE_FOREIGN, MODULE_LEFT_OVER, Problem, SETTING_UNKNOWN};
use crate::requirement::setting_provision;
use crate::source::python;
use crate::{lock, plan};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = missing(subject);
    found.extend(hollow(subject));
    found.extend(unknown_settings(subject));
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
            let problem = Problem::new(
                &COMPONENT_MISSING,
                format!("`{}` requires `{required}`, which is not installed", component.id()),
            )
            .at(&path, lock::place_of(text, component.id()))
            .help(format!("add it: `paxx add {required}`"));
            found.push((*component, format!("component:{required}"), problem));
        }
    }
    found
}

/// Modules that were changed so that they lack a name which the application imports from them.
fn hollow(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let mut found = Vec::new();
    for component in subject.components.iter().filter(|component| subject.lock.component(component.id()).is_some()) {
        let manifest = &component.manifest;
        let calls = manifest.lifespan.iter().flat_map(|entry| {
            let callees = [entry.start, entry.stop].into_iter().flatten();
            callees.filter_map(|callee| Some((entry.module.0, callee.0.split('.').next()?)))
        });
        let names = calls
            .chain(manifest.middleware.iter().map(|entry| (entry.module.0, entry.name.0)))
            .chain(manifest.router.iter().map(|entry| (entry.module.0, entry.name.0)))
            .chain(manifest.statement.iter().map(|entry| (entry.module.0, entry.name.0)));
        for (module, name) in names {
            let path = project.layout.services.file(&format!("{module}.py"));
            let Some(file) = project.file(&path) else { continue };
            // Parsed only where its text does not say it already: most modules are as they were written.
            if file.text().is_none_or(|text| is_plainly_defined(text, name)) {
                continue;
            }
            let source = file.python();
            let has_wildcard = source.imports.iter().any(|import| import.wildcard);
            let is_there = source.definition_of(name).is_some() || source.import_of(name).is_some();
            if is_there || has_wildcard || source.error.is_some() {
                continue;
            }
            let problem = Problem::new(
                &MODULE_FOREIGN,
                format!("`{path}` has no `{name}`, which the application imports"),
            )
            .at(&path, 0..0)
            .help(format!(
                "take it back from git, or write the module anew with `paxx add {} --force` (the diff shows what goes)",
                component.id()
            ));
            found.push((*component, format!("module:{module}.py"), problem));
        }
    }
    found
}

/// Does a line of the module begin with the definition of `name`?
fn is_plainly_defined(text: &str, name: &str) -> bool {
    ["class ", "def ", "async def ", ""].iter().any(|keyword| {
        let definition = format!("\n{keyword}{name}");
        memchr::memmem::find(text.as_bytes(), definition.as_bytes())
            .and_then(|at| text.get(at + definition.len()..))
            .is_some_and(|rest| rest.starts_with(['(', ':', ' ', '=']))
    })
}

/// Settings that a module reads in capitals where the class has them in small letters, or the other way round: Python tells them
/// apart, and the module fails with the first call.
fn unknown_settings(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let mut found = Vec::new();
    for component in subject.components {
        let settings = component.manifest.setting.iter().filter_map(|setting| {
            let field = match setting_provision::provision(project, &setting.name) {
                setting_provision::Provision::Field { field, .. } => field.target,
                setting_provision::Provision::Property { name, .. } => name.0,
                setting_provision::Provision::Absent => return None,
            };
            Some((setting.name.to_lowercase(), setting.name.to_uppercase(), field))
        });
        let wrong: Vec<(String, String)> = settings
            .flat_map(|(lower, upper, field)| [(lower, field.clone()), (upper, field)])
            .filter(|(name, field)| name != field)
            .collect();
        for module in &component.manifest.module {
            let path = project.layout.services.file(&module.path);
            let Some(text) = project.text(&path) else { continue };
            for (name, field) in &wrong {
                let read = format!("settings.{name}");
                if !text.contains(&read) {
                    continue;
                }
                let Some(place) = python::uses_of(text, &read).into_iter().next() else { continue };
                let message = format!("`{path}` reads `{read}`, and the settings class has `{field}`");
                let problem =
                    Problem::new(&SETTING_UNKNOWN, message).at(&path, place).help(format!("read `settings.{field}`"));
                found.push((*component, format!("module:{}", module.path), problem));
            }
        }
    }
    found
}

/// Modules exactly as we write them, of components that are not installed. A module that the user changed is his.
fn left_over(subject: &Subject<'_>) -> Vec<Found> {
    let services = &subject.project.layout.services;
    let mut found = Vec::new();
    for component in COMPONENTS.iter().filter(|component| subject.lock.component(component.id()).is_none()) {
        let is_there = |path: &str| subject.project.file(&services.file(path)).is_some();
        if !component.manifest.module.iter().any(|module| is_there(&module.path)) {
            continue;
        }
        for (module, text) in component.modules(&plan::context(subject.project)) {
            let text = services.renamed(&text);
            let path = services.file(&module.path);
            let Some(there) = subject.project.text(&path) else { continue };
            if there.replace("\r\n", "\n") == text {
                let message = format!("`{path}` belongs to `{}`, which is not installed", component.id());
                let problem = Problem::new(&MODULE_LEFT_OVER, message)
                    .at(&path, 0..0)
                    .help(format!("delete it, or install the component: `paxx add {}`", component.id()));
                found.push((component, format!("module:{}", module.path), problem));
            }
        }
    }
    found
}
