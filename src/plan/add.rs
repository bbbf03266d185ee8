//! Plans to add components.

use super::draft::Draft;
use super::{Allowances, Outcome, Plan, Step, bring, context, finish};
use crate::component::options::{self, Decision};
use crate::component::registry::with_required;
use crate::component::{COMPONENTS, Component};
use crate::lock::Lock;
use crate::project::discover::Discovery;
use crate::project::layout::Installer;
use crate::requirement::{Requirement, python, requirements_of};

/// Plans to add components.
pub fn add(discovery: &Discovery, lock: &Lock, named: &[&'static Component], allow: &Allowances) -> Plan {
    let components = with_required(named);
    let options = options::decisions(
        components.iter().map(|(component, _)| *component),
        |name| lock.component(name).map(|entry| &entry.options),
        &allow.options,
    );
    let components: Vec<_> = components.into_iter().map(|(component, by)| (decided(component, &options), by)).collect();
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let mut installed: Vec<&str> = lock.components.iter().map(|component| component.name.as_str()).collect();
    let new: Vec<&'static str> = components.iter().map(|(component, _)| component.id()).collect();
    installed.extend(&new);
    let mut plan = Plan::new(discovery, components.clone(), options);
    let mut next = lock.clone();
    next.options.retain(|(key, _)| !discovery.options.iter().any(|(given, _)| given == key));
    next.options.extend(discovery.options.iter().cloned());
    // Components that are there already may need something beside a new one.
    let others = COMPONENTS
        .iter()
        .filter(|component| lock.component(component.id()).is_some() && !new.contains(&component.id()))
        .map(|component| lock.decided(component));
    let all = components.iter().map(|(component, _)| *component).chain(others);
    for component in all {
        let force = allow.force && named.iter().any(|known| known.id() == component.id());
        let entry = lock.component(component.id());
        for requirement in requirements_of(&draft.project, component, &installed, &context, lock, force) {
            let id = requirement.id();
            let is_new_here = new.contains(&component.id())
                || entry.is_none_or(|entry| !entry.requirements.iter().any(|known| known.id == id));
            if !is_new_here {
                continue;
            }
            bring(&mut plan, &mut draft, &mut next, component, &requirement, allow);
            if let Requirement::Dependency(dependency) = &requirement
                && discovery.imported.contains(&dependency.name())
            {
                note_import(&mut next, component, &id);
            }
        }
    }
    let locked = matches!(discovery.project.layout.installer, Installer::Uv | Installer::Poetry | Installer::Pdm);
    let brought = |step: &&mut Step| step.id.starts_with("dependency:") && matches!(step.outcome, Outcome::Brought);
    if let Some(note) = python::loose_bound(&discovery.project).filter(|_| locked)
        && let Some(step) = plan.steps.iter_mut().find(brought)
    {
        step.notes.push(note);
    }
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    plan
}

/// A component with what was decided on.
fn decided(component: &'static Component, options: &[Decision]) -> &'static Component {
    let own = options.iter().filter(|known| known.component == component.id());
    component.decided(&own.map(|known| (known.option.name.to_string(), known.value.clone())).collect())
}

/// Records of a package that was brought that the project's own code imported it before.
fn note_import(lock: &mut Lock, component: &'static Component, id: &str) {
    let entry = lock.components.iter_mut().find(|entry| entry.name == component.id());
    let record = entry.and_then(|entry| entry.requirements.iter_mut().find(|record| record.id == id));
    if let Some(record) = record.filter(|record| record.created && record.text.is_some()) {
        record.imported = true;
    }
}
