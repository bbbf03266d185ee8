//! `paxx check`: are the components installed correctly? Changes nothing.

use super::change::report_pending;
use super::{Ui, components, find_project, installed, lock_of, unknown_in_lock};
use crate::cli::{Check, CheckFormat, Global};
use crate::error::Error;
use crate::finding::{Problem, Severity};
use crate::plan;
use crate::render::{findings, json};
use crate::requirement::Assessment;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, arguments: &Check) -> Result<u8, Error> {
    let named = components(&arguments.names)?;
    let discovery = find_project(ui, global)?;
    report_pending(ui, &discovery)?;
    let lock = lock_of(ui, &discovery)?;
    let (installed, unknown) = installed(&lock);
    let wanted = if named.is_empty() { installed } else { named };
    let mut found: Vec<(&str, String, Problem)> = Vec::new();
    for name in unknown.iter().filter(|_| arguments.names.is_empty()) {
        found.push((name, String::new(), unknown_in_lock(name)));
    }
    for (component, requirement, assessment) in plan::check(&discovery, &lock, &wanted) {
        let problem = match assessment {
            Assessment::Missing { problem, .. }
            | Assessment::Drifted { problem, .. }
            | Assessment::Blocked { problem } => problem,
            Assessment::Met { .. } | Assessment::NotApplicable { .. } => continue,
        };
        if !found.iter().any(|(_, _, known)| *known == problem) {
            found.push((component.id(), requirement.id(), problem));
        }
    }
    let place = |problem: &Problem| problem.at.as_ref().map(|at| (at.path.clone(), at.range.start));
    found.sort_by(|(_, _, left), (_, _, right)| (place(left), left.rule.code).cmp(&(place(right), right.rule.code)));
    let paths = ui.paths(&discovery);
    let project = &discovery.project;
    match arguments.format {
        CheckFormat::Json => {
            let list: Vec<(&str, String, &Problem)> =
                found.iter().map(|(component, id, problem)| (*component, id.clone(), problem)).collect();
            ui.out(json::findings(&list, project, &paths).as_bytes());
        }
        CheckFormat::Concise => {
            for (_, _, problem) in &found {
                ui.out(format!("{}\n", findings::concise(problem, Some(project), Some(&paths))).as_bytes());
            }
        }
        CheckFormat::Full => {
            for (component, _, problem) in &found {
                ui.out(findings::full(problem, Some(project), Some(&paths), ui.colour_out, Some(component)).as_bytes());
                ui.out(b"\n");
            }
        }
    }
    let count = |severity: Severity| found.iter().filter(|(_, _, problem)| problem.rule.severity == severity).count();
    let (errors, warnings, information) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Information));
    if found.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|component| component.id()).collect();
        ui.note(&if names.is_empty() {
            "no components are installed here".to_owned()
        } else {
            format!("{}: all is well", names.join(", "))
        });
    } else {
        ui.note(&format!("{errors} error(s), {warnings} warning(s), {information} note(s)"));
    }
    Ok(u8::from(errors + warnings > 0))
}
