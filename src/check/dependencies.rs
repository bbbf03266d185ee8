//! A package of ours that one list names twice.

use super::{Found, Subject};
use crate::finding::{DEPENDENCY_TWICE, Problem};
use crate::requirement::dependency::specifier::name_and_bound;
use crate::requirement::dependency::{Listed, Use, listed};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    // A file that cannot be read is the answer of the requirements.
    let Ok(listed) = listed(subject.project) else { return found };
    for component in subject.components {
        for dependency in component.manifest.dependency.0 {
            let Some((name, _)) = name_and_bound(&dependency.requirement) else { continue };
            let problem = twice(subject, &listed, &name);
            found.extend(problem.map(|problem| (*component, format!("dependency:{name}"), problem)));
        }
    }
    found
}

/// Entries with a marker or a URL stand for different cases, and count for themselves.
fn twice(subject: &Subject<'_>, listed: &[Listed], name: &str) -> Option<Problem> {
    let text = |entry: &Listed| subject.project.text(&entry.at.path).and_then(|text| text.get(entry.at.range.clone()));
    let plain: Vec<&Listed> = listed
        .iter()
        .filter(|entry| entry.name == name && entry.used != Use::Constraint)
        .filter(|entry| text(entry).is_some_and(|text| !text.contains([';', '@', '{'])))
        .collect();
    plain.iter().enumerate().find_map(|(index, entry)| {
        let first =
            plain.iter().take(index).find(|first| first.list == entry.list && first.at.path == entry.at.path)?;
        let problem = Problem::new(&DEPENDENCY_TWICE, format!("`{name}` is listed twice"))
            .at(&entry.at.path, entry.at.range.clone())
            .related(first.at.clone(), "listed here before")
            .help("remove one of the two entries");
        Some(problem)
    })
}
