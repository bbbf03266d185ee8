//! Plans, lists and findings as JSON. The forms are described in `docs/json.md`.

use serde_json::{Value, json};

use super::next_steps::NextSteps;
use super::placed::{Checked, Placed, Region, count};
use super::styled::plain_json;
use super::{Paths, line_and_column};
use crate::check::suppression::Suppression;
use crate::component::Component;
use crate::component::manifest::{Choice, ChoiceKind};
use crate::component::options::{Decision, Source};
use crate::finding::{Location, Problem, Question, Severity};
use crate::plan::{Outcome, Plan};
use crate::project::Project;

/// A document; every character that does not show is an escape in it.
pub fn text(value: &Value) -> String {
    plain_json(&serde_json::to_string_pretty(value).unwrap_or_default()).into_owned() + "\n"
}

fn location(project: &Project, paths: &Paths, location: &Location) -> Value {
    let (line, column) = line_and_column(project, location);
    let end = Location::new(location.path.clone(), location.range.end..location.range.end);
    let (end_line, end_column) = line_and_column(project, &end);
    let byte = |offset: usize| project.file(&location.path).map_or(offset, |file| file.byte(offset));
    json!({
        "path": paths.show(&location.path),
        "start": { "line": line, "column": column, "byte": byte(location.range.start) },
        "end": { "line": end_line, "column": end_column, "byte": byte(location.range.end) },
    })
}

/// A problem as an object.
pub fn problem(project: &Project, paths: &Paths, problem: &Problem) -> Value {
    json!({
        "code": problem.rule.code,
        "severity": problem.rule.severity.as_str(),
        "message": problem.message,
        "location": problem.at.as_ref().map(|at| location(project, paths, at)),
        "related": problem
            .related
            .iter()
            .map(|(at, what)| json!({ "location": location(project, paths, at), "message": what }))
            .collect::<Vec<_>>(),
        "help": problem.help,
        "manual": problem.manual,
        "question": problem.question.as_ref().map(question),
    })
}

/// What an option would answer.
fn question(question: &Question) -> Value {
    let candidates = question.candidates.iter().map(|one| json!({ "value": one.value, "evidence": one.evidence }));
    json!({
        "option": question.option,
        "candidates": candidates.collect::<Vec<_>>(),
        "likely": question.is_likely,
    })
}

/// A plan: files, edits as byte ranges of the file on disk with their replacement, requirement by requirement.
pub fn plan(plan: &Plan, command: &str, before: &Project, paths: &Paths, next: &NextSteps) -> String {
    let requirements: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let (outcome, detail) = match &step.outcome {
                Outcome::Found => ("found", Value::Null),
                Outcome::Brought => ("brought", Value::Null),
                Outcome::Removed => ("removed", Value::Null),
                Outcome::Kept(why, _) => ("kept", json!(why)),
                Outcome::Left(found) => ("left", problem(before, paths, found)),
                Outcome::NotApplicable(note) => ("not-applicable", json!(note)),
                Outcome::Refused(found) => ("refused", problem(before, paths, found)),
            };
            json!({ "component": step.component, "id": step.id, "title": step.title, "outcome": outcome, "detail": detail })
        })
        .collect();
    let id = |step: usize| plan.steps.get(step).map_or("paxx.lock", |step| step.id.as_str());
    let files: Vec<Value> = plan
        .files
        .iter()
        .map(|file| {
            let action = match (&file.before, &file.after) {
                (None, _) => "create",
                (_, None) => "delete",
                _ => "edit",
            };
            let edits: Vec<Value> = file
                .changes
                .iter()
                .map(|change| {
                    let range = &change.edit.range;
                    let byte = |offset: usize| file.before.as_ref().map_or(offset, |before| before.byte(offset));
                    json!({ "start": byte(range.start), "end": byte(range.end), "text": change.edit.text, "requirement": id(change.owner) })
                })
                .collect();
            let created = file.after.as_ref().filter(|_| file.before.is_none()).and_then(|file| file.text().map(str::to_owned));
            let mut described = json!({
                "path": file.path.as_str(),
                "action": action,
                "edits": edits,
                "text": created,
                "requirement": file.step.map(id),
            });
            if let Some(encoding) = file.before.as_ref().and_then(|before| before.encoding()) {
                described["encoding"] = json!(encoding);
            }
            described
        })
        .collect();
    text(&json!({
        "version": 1,
        "command": command,
        "project": plan.after.layout.root.as_str(),
        "components": plan
            .components
            .iter()
            .map(|(component, by)| json!({ "name": component.id(), "brought_by": by.map(Component::id) }))
            .collect::<Vec<_>>(),
        "options": plan.options.iter().map(option).collect::<Vec<_>>(),
        "requirements": requirements,
        "files": files,
        "refusals": plan.refusals.iter().map(|found| problem(before, paths, found)).collect::<Vec<_>>(),
        "manual": plan.manual.iter().map(|found| problem(before, paths, found)).collect::<Vec<_>>(),
        "next_steps": next.steps,
        "not_done": next.left,
    }))
}

/// What an option of a component is, and what it could be.
fn option(known: &Decision) -> Value {
    let by = match known.by {
        Source::Default => "default",
        Source::Given => "given",
        Source::Recorded => "lock",
    };
    let mut value = choice(known.component, known.option);
    if let Some(object) = value.as_object_mut() {
        object.insert("value".to_owned(), json!(known.value));
        object.insert("decided_by".to_owned(), json!(by));
    }
    value
}

/// An option of a component.
fn choice(component: &str, option: &Choice) -> Value {
    json!({
        "component": component,
        "name": option.name.0,
        "summary": option.summary.0,
        "type": match option.kind {
            ChoiceKind::OneOf => "one-of",
            ChoiceKind::Word => "word",
            ChoiceKind::Integer => "integer",
        },
        "values": option.values.iter().map(|value| value.0).collect::<Vec<_>>(),
        "lowest": option.ge,
        "highest": option.le,
        "default": option.default.0,
    })
}

/// The components, each with its state in this project, if there is one.
pub fn list(components: &[(&Component, Option<&str>)]) -> String {
    let components: Vec<Value> = components
        .iter()
        .map(|(component, state)| {
            json!({
                "name": component.id(),
                "kind": format!("{:?}", component.manifest.kind).to_lowercase(),
                "summary": component.manifest.summary.0,
                "requires": component.manifest.requires.iter().map(|name| name.0).collect::<Vec<_>>(),
                "aliases": component.manifest.aliases.iter().map(|name| name.0).collect::<Vec<_>>(),
                "options": component
                    .manifest
                    .option
                    .iter()
                    .map(|option| choice(component.id(), option))
                    .collect::<Vec<_>>(),
                "state": state,
            })
        })
        .collect();
    text(&json!({ "version": 1, "components": components }))
}

/// Why nothing is said of a finding, in the words of SARIF.
pub fn suppressions(placed: &Placed) -> Value {
    let kind = placed.suppressed.map(|why| match why {
        Suppression::Comment => "inSource",
        Suppression::Configuration => "external",
    });
    kind.into_iter().map(|kind| json!({ "kind": kind })).collect()
}

/// What a check found: `docs/check.schema.json` describes it.
pub fn report(projects: &[Checked]) -> String {
    let region = |region: &Region| {
        json!({
            "path": region.path,
            "start": { "line": region.start.line, "column": region.start.column, "byte": region.start.byte },
            "end": { "line": region.end.line, "column": region.end.column, "byte": region.end.byte },
        })
    };
    let findings: Vec<Value> = projects
        .iter()
        .flat_map(|project| project.findings.iter().map(move |placed| (project, placed)))
        .map(|(project, placed)| {
            let problem = &placed.finding.problem;
            json!({
                "project": project.path,
                "component": placed.finding.component,
                "requirement": placed.finding.requirement,
                "code": problem.rule.code,
                "severity": problem.rule.severity.as_str(),
                "message": problem.message,
                "location": placed.at.as_ref().map(region),
                "related": placed
                    .related
                    .iter()
                    .map(|(at, what)| json!({ "location": region(at), "message": what }))
                    .collect::<Vec<_>>(),
                "help": problem.help,
                "manual": problem.manual,
                "fixable": placed.finding.fixable,
                "suppressions": suppressions(placed),
            })
        })
        .collect();
    text(&json!({
        "version": 1,
        "errors": count(projects, Severity::Error),
        "warnings": count(projects, Severity::Warning),
        "information": count(projects, Severity::Information),
        "projects": projects
            .iter()
            .map(|project| json!({ "path": project.path, "components": project.components }))
            .collect::<Vec<_>>(),
        "findings": findings,
    }))
}
