//! What `check` has to say: each requirement that does not hold, and what no single requirement can see.
//!
//! The requirements are the same that `add` brings. The families beside them look at what is there already: two ports that
//! collide, a stop in the wrong order, a default that differs. They report and mend nothing, and in doubt they are silent.

mod compose;
mod dependencies;
mod discarded;
mod modules;
mod names;
mod reached;
mod rebound;
mod settings;
pub mod suppression;
mod syntax;
#[cfg(test)]
mod tests;
mod wiring;

use crate::component::Component;
use crate::finding::Problem;
use crate::lock::Lock;
use crate::plan;
use crate::project::Project;
use crate::requirement::{Assessment, requirements_of};

/// Something to say about a component of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The component.
    pub component: String,
    /// The requirement that does not hold, or the one that the finding is about.
    pub requirement: String,
    /// What it is.
    pub problem: Problem,
    /// Would `check --fix` mend it?
    pub fixable: bool,
}

/// What the families look at.
struct Subject<'a> {
    project: &'a Project,
    lock: &'a Lock,
    /// The components that are checked.
    components: &'a [&'static Component],
    /// Are they all that are installed, and not some that were named?
    all: bool,
}

/// What a family found: the component and the requirement that it is about, and the problem.
type Found = (&'static Component, String, Problem);

/// Every family.
const FAMILIES: &[fn(&Subject<'_>) -> Vec<Found>] = &[
    syntax::findings,
    settings::findings,
    dependencies::findings,
    compose::findings,
    modules::findings,
    names::findings,
    wiring::findings,
    reached::findings,
    discarded::findings,
];

/// What is to be said about `components`, sorted by place. `all` says that they are those that are installed.
pub fn findings(project: &Project, lock: &Lock, components: &[&'static Component], all: bool) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut add = |finding: Finding| {
        // Several requirements may be in the way of one thing, which is said once.
        let is_same = |known: &Finding| {
            known.problem.rule == finding.problem.rule
                && known.problem.message == finding.problem.message
                && known.problem.at == finding.problem.at
        };
        if !found.iter().any(is_same) {
            found.push(finding);
        }
    };
    let components: Vec<&'static Component> = components.iter().map(|component| lock.decided(component)).collect();
    let components = components.as_slice();
    for (component, requirement, assessment) in assessments(project, lock, components) {
        let (problem, fix) = match assessment {
            Assessment::Missing { problem, fix } => (problem, Some(fix)),
            Assessment::Drifted { problem, fix } => (problem, fix),
            Assessment::Blocked { problem } => (problem, None),
            Assessment::Met { .. } | Assessment::NotApplicable { .. } => continue,
        };
        let fixable = fix.is_some_and(|fix| fix.safe) && lock.component(component.id()).is_some();
        add(Finding { component: component.id().to_owned(), requirement, problem, fixable });
    }
    let subject = Subject { project, lock, components, all };
    for (component, requirement, problem) in FAMILIES.iter().flat_map(|family| family(&subject)) {
        add(Finding { component: component.id().to_owned(), requirement, problem, fixable: false });
    }
    let place = |finding: &Finding| finding.problem.at.as_ref().map(|at| (at.path.clone(), at.range.start));
    found.sort_by(|left, right| {
        (place(left), left.problem.rule.code, &left.problem.message).cmp(&(
            place(right),
            right.problem.rule.code,
            &right.problem.message,
        ))
    });
    found
}

/// Every requirement of the components with the answer to it, each once.
fn assessments(
    project: &Project,
    lock: &Lock,
    components: &[&'static Component],
) -> Vec<(&'static Component, String, Assessment)> {
    let context = plan::context(project);
    let mut installed: Vec<&str> = lock.components.iter().map(|component| component.name.as_str()).collect();
    installed.extend(components.iter().map(|component| component.id()));
    let mut answers = Vec::new();
    for component in components {
        for requirement in requirements_of(project, component, &installed, &context, lock, false) {
            answers.push((*component, requirement.id(), requirement.assess(project)));
        }
    }
    answers
}
