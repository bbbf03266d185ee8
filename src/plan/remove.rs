//! Plans to remove components.

use super::draft::Draft;
use super::{Outcome, Plan, Step, context, finish, recorded_options, uses};
use crate::component::{COMPONENTS, Component};
use crate::finding::{self, Location, Problem};
use crate::lock::{self, Lock, ScaffoldingKey};
use crate::project::FilePath;
use crate::project::discover::Discovery;
use crate::requirement::setting_provision;
use crate::requirement::{Requirement, Retraction, requirements_of};

/// Plans to remove components.
///
/// # Errors
///
/// A component that stays needs one of them.
pub fn remove(discovery: &Discovery, lock: &Lock, leaving: &[String]) -> Result<Plan, Problem> {
    let leaving: Vec<&str> = leaving.iter().map(String::as_str).collect();
    let named = leaving.iter().filter_map(|name| Component::find(name));
    let named: Vec<&'static Component> = named.map(|component| lock.decided(component)).collect();
    for stays in COMPONENTS
        .iter()
        .filter(|component| lock.component(component.id()).is_some() && !leaving.contains(&component.id()))
    {
        if let Some(needed) = stays.manifest.requires.iter().find(|required| leaving.contains(&required.0)) {
            return Err(Problem::new(&finding::COMPONENT_MISSING, format!("`{}` needs `{needed}`", stays.id()))
                .help(format!("remove both: `paxx remove {needed} {}`", stays.id())));
        }
    }
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let before = COMPONENTS.iter().filter(|component| lock.component(component.id()).is_some());
    let before: Vec<&'static Component> = before.map(|component| lock.decided(component)).collect();
    let after: Vec<&'static Component> =
        before.iter().filter(|component| !leaving.contains(&component.id())).copied().collect();
    let ids = |components: &[&'static Component]| -> Vec<(&'static Component, Requirement)> {
        let names: Vec<&str> = components.iter().map(|component| component.id()).collect();
        components
            .iter()
            .flat_map(|component| {
                requirements_of(&discovery.project, component, &names, &context, lock, false)
                    .into_iter()
                    .map(|requirement| (*component, requirement))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let needed: Vec<String> = ids(&after).iter().map(|(_, requirement)| requirement.id()).collect();
    let mut next = lock.clone();
    let mut plan =
        Plan::new(discovery, named.iter().map(|component| (*component, None)).collect(), recorded_options(&named));
    // From the last to the first, so that what imports goes before what is imported; shared folders and classes at the end.
    let mut going: Vec<(&'static Component, Requirement)> = ids(&before);
    // A volume goes when no service mounts it any more, and a package when nothing of ours imports it.
    going.sort_by_key(|(_, requirement)| match requirement {
        Requirement::Dependency(_) => 0,
        Requirement::SettingsClass(_) | Requirement::Package(_) | Requirement::Volume(_) => 1,
        _ => 2,
    });
    let mut done: Vec<String> = Vec::new();
    // What this version does not know of them goes first, by what was recorded.
    let known: Vec<String> = going.iter().map(|(_, requirement)| requirement.id()).collect();
    for entry in lock.components.iter().filter(|entry| leaving.contains(&entry.name.as_str())) {
        for record in entry.requirements.iter().filter(|record| record.created && !known.contains(&record.id)) {
            remove_by_record(&mut plan, &mut draft, lock, &entry.name, record);
        }
    }
    let services = &discovery.project.layout.services;
    let modules = before.iter().flat_map(|component| component.manifest.module.iter());
    let mut ours: Vec<FilePath> = modules.map(|module| services.file(&module.path)).collect();
    // Modules that the user changed, and that need what they read.
    let mut kept: Vec<FilePath> = Vec::new();
    let mut goes = uses::Going::default();
    for (component, requirement) in going.into_iter().rev() {
        let id = requirement.id();
        if done.contains(&id) || needed.contains(&id) {
            continue;
        }
        done.push(id.clone());
        let Some(recorded) = lock.recorded(&id) else { continue };
        let number = plan.steps.len();
        let title = requirement.title(&draft.project);
        let field = match &requirement {
            Requirement::Setting(setting) => {
                Some(setting_provision::field_name(&draft.project, &setting.manifest.name))
            }
            _ => None,
        };
        let needed_still = match &requirement {
            Requirement::Dependency(dependency) if !dependency.development && recorded.record.text.is_some() => {
                // What was imported without being listed goes back to that.
                let was_imported = lock.requirement(&id).is_some_and(|record| record.imported);
                let at = uses::import_of(&draft.project, &dependency.name(), &ours).filter(|_| !was_imported);
                at.map(|at| (at, "your code imports it".to_owned()))
            }
            Requirement::Setting(_) => {
                let at = uses::read_of(&draft.project, field.as_deref().unwrap_or_default(), &kept);
                at.map(|at| (at, "a module that stays reads it".to_owned()))
            }
            Requirement::Package(_) => {
                kept.first().map(|module| (Location::file(module.clone()), "a module that stays is in it".to_owned()))
            }
            _ => None,
        };
        let retraction = match needed_still {
            Some((at, why)) => Retraction::Keep { at: Some(at), why },
            None => requirement.retract(&draft.project, &recorded),
        };
        match (&requirement, &retraction) {
            // Nothing that runs needs it.
            (Requirement::Module(module), _) if module.apart.is_some() => {}
            (Requirement::Module(module), Retraction::Keep { .. }) => {
                let path = module.file(&draft.project);
                ours.retain(|known| *known != path);
                kept.push(path);
            }
            (Requirement::Module(module), Retraction::Remove(_)) => goes.modules.push(module.file(&draft.project)),
            (Requirement::Setting(_), Retraction::Remove(_)) => goes.fields.extend(field),
            (Requirement::Environment(variable), Retraction::Remove(_)) => {
                goes.variables.push(variable.variable.clone());
            }
            _ => {}
        }
        let outcome = match retraction {
            Retraction::Gone => continue,
            Retraction::Keep { mut at, why } => {
                if let Some(at) = &mut at {
                    draft.on_disk(at);
                }
                Outcome::Kept(why, at)
            }
            Retraction::Remove(fix) => match draft.take(&fix.changes, number) {
                Ok(()) => {
                    let gone = |key: &ScaffoldingKey| fix.record.scaffolding.iter().any(|(known, _)| known == key);
                    next.scaffolding.retain(|known| !gone(&known.key));
                    Outcome::Removed
                }
                Err(problem) => {
                    plan.refusals.push(problem.clone());
                    Outcome::Refused(problem)
                }
            },
        };
        plan.steps.push(Step::plain(component.id(), id, title, outcome));
    }
    // What a component that goes had brought, and one that stays needs, is that one's from now on.
    let gone: Vec<lock::Component> =
        next.components.iter().filter(|entry| leaving.contains(&entry.name.as_str())).cloned().collect();
    next.components.retain(|entry| !leaving.contains(&entry.name.as_str()));
    for entry in &mut next.components {
        entry.requirements.retain(|requirement| !done.contains(&requirement.id));
        for requirement in entry.requirements.iter_mut().filter(|requirement| !requirement.created) {
            let brought = gone
                .iter()
                .flat_map(|entry| &entry.requirements)
                .find(|known| known.id == requirement.id && known.created);
            if let Some(brought) = brought {
                *requirement = brought.clone();
            }
        }
    }
    let used = uses::of_what_goes(&discovery.project, &draft.project, &goes, &ours);
    plan.refusals.extend(used.into_iter().map(|problem| draft.problem_on_disk(problem)));
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    Ok(plan)
}

/// Takes back what this version has no requirement for, from the record alone; else it stays, and is named.
fn remove_by_record(plan: &mut Plan, draft: &mut Draft, lock: &Lock, component: &str, record: &lock::Requirement) {
    let requirement = Requirement::of_record(&draft.project, record);
    let title = requirement.as_ref().map_or_else(|| format!("`{}`", record.id), |known| known.title(&draft.project));
    let retraction = match (requirement, lock.recorded(&record.id)) {
        (Some(requirement), Some(recorded)) => requirement.retract(&draft.project, &recorded),
        _ => Retraction::Keep { at: None, why: "this paxx does not know how to take it out".to_owned() },
    };
    let outcome = match retraction {
        Retraction::Gone => return,
        Retraction::Keep { at, why } => Outcome::Kept(why, at),
        Retraction::Remove(fix) => match draft.take(&fix.changes, plan.steps.len()) {
            Ok(()) => Outcome::Removed,
            Err(problem) => {
                plan.refusals.push(problem.clone());
                Outcome::Refused(problem)
            }
        },
    };
    plan.steps.push(Step::plain(component, record.id.clone(), title, outcome));
}
