//! What a check found, as plain data: placed in lines and columns, so that it can leave the thread that read the project.

use super::placed::{Checked, Placed};
use super::styled::{Styled, one_line};
use super::{github, json, sarif};
use crate::finding::{RULES, Severity};

/// How often each rule is found, the most frequent first: a line each.
pub fn statistics(projects: &[Checked]) -> String {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for rule in RULES {
        let of_rule = projects
            .iter()
            .flat_map(|project| &project.findings)
            .filter(|placed| placed.suppressed.is_none() && placed.finding.problem.rule == *rule);
        let (mut number, mut fixable) = (0, 0);
        for placed in of_rule {
            number += 1;
            fixable += usize::from(placed.finding.fixable);
        }
        if number > 0 {
            let mark = if fixable == number {
                "[*]"
            } else if fixable > 0 {
                "[-]"
            } else {
                "[ ]"
            };
            let severity = rule.severity.as_str();
            lines.push((number, format!("{number:4}  {severity:7}  {} {mark} {}\n", rule.code, rule.summary)));
        }
    }
    lines.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With code frames.
    Full,
    /// One line each.
    Concise,
    /// As described in `docs/json.md`.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

/// The findings of all projects. People see notes only where they ask for them, by `notes`; programs see all.
pub fn render(projects: &[Checked], format: Format, notes: bool) -> Styled {
    let text: String = match format {
        Format::Full => return full(projects, notes),
        Format::Concise => {
            let mut text = Styled::default();
            for (project, placed) in placed(projects).filter(|(_, placed)| is_shown(placed, notes)) {
                text.push(nowhere(projects, project, placed));
                text.append(&placed.line());
                text.push("\n");
            }
            return text;
        }
        Format::Json => json::report(projects),
        Format::Github => placed(projects)
            .filter(|(_, placed)| is_shown(placed, true))
            .map(|(project, placed)| github::annotation(placed, &nowhere(projects, project, placed)) + "\n")
            .collect(),
        Format::Sarif => sarif::report(projects),
    };
    Styled::from(&text)
}

fn is_shown(placed: &Placed, notes: bool) -> bool {
    placed.suppressed.is_none() && (notes || placed.finding.problem.rule.severity > Severity::Information)
}

/// Every finding with its project.
pub(super) fn placed(projects: &[Checked]) -> impl Iterator<Item = (&Checked, &Placed)> {
    projects.iter().flat_map(|project| project.findings.iter().map(move |placed| (project, placed)))
}

/// The project of a finding without a place, where there are several; else nothing.
fn nowhere(projects: &[Checked], project: &Checked, placed: &Placed) -> String {
    if projects.len() > 1 && placed.at.is_none() { format!("{}: ", project.path) } else { String::new() }
}

/// Places of equal findings that are listed.
const MOST_EQUAL: usize = 8;

/// Finding by finding, each with the name of its project where there are several. Equal ones are shown once, with all their places.
pub(super) fn full(projects: &[Checked], notes: bool) -> Styled {
    let mut groups: Vec<Vec<(&Checked, &Placed)>> = Vec::new();
    for (project, placed) in placed(projects).filter(|(_, placed)| is_shown(placed, notes)) {
        let is_equal = |group: &&mut Vec<(&Checked, &Placed)>| {
            group.first().is_some_and(|(_, first)| {
                let (first, own) = (&first.finding.problem, &placed.finding.problem);
                first.rule == own.rule && first.message == own.message
            })
        };
        match groups.iter_mut().find(is_equal) {
            Some(group) => group.push((project, placed)),
            None => groups.push(vec![(project, placed)]),
        }
    }
    let mut text = Styled::default();
    let mut named: Option<&str> = None;
    for group in &groups {
        let Some(((project, first), others)) = group.split_first() else { continue };
        if projects.len() > 1 && named != Some(project.path.as_str()) {
            text.push(format!("in `{}`:\n\n", one_line(&project.path)));
            named = Some(&project.path);
        }
        text.append(&first.frame);
        if !others.is_empty() {
            let mut places: Vec<String> = Vec::new();
            for (project, placed) in others {
                let at = placed.at.as_ref().map(|at| format!("{}:{}:{}", at.path, at.start.line, at.start.column));
                places.push(at.unwrap_or_else(|| project.path.clone()));
            }
            places.dedup();
            let more = places.len().saturating_sub(MOST_EQUAL);
            places.truncate(MOST_EQUAL);
            text.push(format!("  the same {} more: {}", times(others.len()), one_line(&places.join(", "))));
            text.push(if more > 0 { format!(" and {more} more places\n") } else { "\n".to_owned() });
        }
        text.push("\n");
    }
    text
}

fn times(number: usize) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}
