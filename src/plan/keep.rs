//! Which generated modules are the user's own from now on: nothing but `paxx.lock` changes.

use super::draft::Draft;
use super::{Outcome, Plan, Step, finish};
use crate::component::Component;
use crate::lock::Lock;
use crate::project::FilePath;
use crate::project::discover::Discovery;

/// A generated module of an installed component, as the lock has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The component.
    pub component: String,
    /// The requirement's stable name.
    pub id: String,
    /// The file.
    pub path: FilePath,
}

/// The generated modules of a project.
pub fn generated(discovery: &Discovery, lock: &Lock) -> Vec<Generated> {
    let folder = &discovery.project.layout.services.folder;
    let mut found = Vec::new();
    for component in &lock.components {
        for record in component.requirements.iter().filter(|record| record.created) {
            let path = record.id.strip_prefix("module:").and_then(|name| folder.join(name));
            if let Some(path) = path {
                found.push(Generated { component: component.name.clone(), id: record.id.clone(), path });
            }
        }
    }
    found
}

/// Plans to note of these modules that they are the user's, or that they are not.
pub fn keep(discovery: &Discovery, lock: &Lock, modules: &[Generated], kept: bool) -> Plan {
    let mut next = lock.clone();
    let mut plan = Plan::new(discovery, Vec::new(), Vec::new());
    for module in modules {
        let records = next.components.iter_mut().filter(|component| component.name == module.component);
        for record in records.flat_map(|component| &mut component.requirements).filter(|known| known.id == module.id) {
            let title = format!("`{}`", module.path);
            let is_new = record.kept != kept;
            record.kept = kept;
            let outcome = match (is_new, kept) {
                (false, _) => Outcome::Found,
                (true, true) => Outcome::Brought,
                (true, false) => Outcome::Removed,
            };
            plan.steps.push(Step::plain(&module.component, module.id.clone(), title, outcome));
        }
        let known = Component::find(&module.component).map(|component| (component, None));
        plan.components.extend(known.filter(|(new, _)| plan.components.iter().all(|(old, _)| old.id() != new.id())));
    }
    finish(&mut plan, Draft::new(&discovery.project), next, discovery, lock);
    plan
}
