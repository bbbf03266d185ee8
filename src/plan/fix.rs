//! Plans to mend what is wrong with installed components.

use super::draft::Draft;
use super::{Allowances, Plan, bring, context, finish, recorded_options};
use crate::component::Component;
use crate::finding::Problem;
use crate::lock::Lock;
use crate::project::discover::Discovery;
use crate::requirement::{Assessment, requirements_of};

/// Plans to mend what is wrong with installed components: what can be mended without a question about its meaning. What is
/// `left`, a problem with its place on disk, is not mended.
pub fn fix(
    discovery: &Discovery,
    lock: &Lock,
    components: &[&'static Component],
    left: &dyn Fn(&Problem) -> bool,
) -> Plan {
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let installed: Vec<&str> = lock.components.iter().map(|component| component.name.as_str()).collect();
    let mended = components.iter().filter(|component| lock.component(component.id()).is_some());
    let mended: Vec<&'static Component> = mended.map(|component| lock.decided(component)).collect();
    let mut plan =
        Plan::new(discovery, mended.iter().map(|component| (*component, None)).collect(), recorded_options(&mended));
    let mut next = lock.clone();
    for component in mended {
        for requirement in requirements_of(&draft.project, component, &installed, &context, lock, false) {
            if let Assessment::Missing { fix, problem } = requirement.assess(&draft.project)
                && fix.safe
                && !left(&draft.problem_on_disk(problem))
            {
                bring(&mut plan, &mut draft, &mut next, component, &requirement, &Allowances::default());
            }
        }
    }
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    plan
}
