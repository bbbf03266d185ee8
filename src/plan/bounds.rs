//! Bounds of the user's that are in the way of a plan: which may be raised, and what would become of them.

use crate::component::Component;
use crate::component::manifest::Manifest;
use crate::finding::{self, Location, Problem};
use crate::project::Project;
use crate::requirement::dependency::{Dependency, Raise};
use crate::requirement::python_bound::PythonBound;
use crate::requirement::{Fix, Requirement};

/// The bounds that may be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raising {
    /// All.
    All,
    /// Those of these entries.
    Only(Vec<Location>),
}

impl Default for Raising {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl Raising {
    /// May the bound of the entry at `at` be raised?
    pub(super) fn allows(&self, at: &Location) -> bool {
        match self {
            Self::All => true,
            Self::Only(entries) => entries.contains(at),
        }
    }
}

/// A bound that is in the way, and could be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The requirement's stable name.
    pub requirement: String,
    /// The component that needs a newer version.
    pub component: String,
    /// The entry in the file on disk, and what it would be.
    pub raise: Raise,
}

/// What would become of the bound that `problem` is about.
pub(super) fn raise_of(requirement: &Requirement, project: &Project, problem: &Problem) -> Option<Raise> {
    let at = problem.at.as_ref()?;
    match requirement {
        Requirement::Dependency(dependency) if problem.rule == &finding::DEPENDENCY_BOUND => {
            dependency.raise(project, at)
        }
        Requirement::Python(_) => PythonBound::raise(project, at),
        _ => None,
    }
}

/// What raises it.
pub(super) fn raised(requirement: &Requirement, project: &Project, raise: &Raise) -> Fix {
    match requirement {
        Requirement::Dependency(dependency) => dependency.raise_bound(project, raise),
        _ => PythonBound::raise_bound(raise),
    }
}

/// Does the component with this manifest need `package`?
pub(super) fn is_of(manifest: &Manifest, package: &str) -> bool {
    manifest.dependency.iter().any(|known| Dependency::of(known.requirement.0).name() == package)
}

/// A package that cannot be had is asked for by somebody, who may have come along with another.
pub(super) fn asked_by(
    components: &[(&'static Component, Option<&'static Component>)],
    component: &'static Component,
    mut problem: Problem,
) -> Problem {
    if problem.rule == &finding::DEPENDENCY_BOUND {
        let by = components.iter().find(|(known, _)| known.id() == component.id()).and_then(|(_, by)| *by);
        let by = by.map(|by| format!(", and `{}` needs `{}`", by.id(), component.id())).unwrap_or_default();
        problem.message.push_str(&format!(", which `{}` needs{by}", component.id()));
    }
    problem
}
