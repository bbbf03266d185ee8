//! What a check found, as plain data: placed in lines and columns, so that it can leave the thread that read the project.

use super::styled::{Look, Styled, one_line};
use super::{Paths, findings, github, json, sarif};
use crate::check::Finding;
use crate::check::suppression::Suppression;
use crate::finding::{Location, RULES, Severity};
use crate::project::Project;
use crate::source::text;

/// A project that was checked.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Its folder, as shown.
    pub path: String,
    /// The components that were checked.
    pub components: Vec<String>,
    /// What was found, sorted by place.
    pub findings: Vec<Placed>,
}

/// A finding with its places.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The finding.
    pub finding: Finding,
    /// Where it is.
    pub at: Option<Region>,
    /// The other places that it speaks of.
    pub related: Vec<(Region, String)>,
    /// The finding with its code frame.
    pub frame: Styled,
    /// Why nothing is said of it.
    pub suppressed: Option<Suppression>,
}

/// A place in a file as people and editors count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The file, as shown.
    pub path: String,
    /// Where it begins.
    pub start: Position,
    /// Where it ends; the same where it is a place between two characters.
    pub end: Position,
}

/// A position: line and column from 1, in characters, and the offset in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// The byte.
    pub byte: usize,
}

impl Region {
    fn new(project: &Project, paths: &Paths, location: &Location) -> Self {
        let code = project.text(&location.path).unwrap_or_default();
        let position = |byte: usize| {
            let (line, column) = text::line_and_column(code, byte);
            Position { line, column, byte }
        };
        Self {
            path: paths.show(&location.path),
            start: position(location.range.start),
            end: position(location.range.end),
        }
    }
}

impl Placed {
    /// Places a finding. The code frame is only made where it is `framed`.
    pub fn new(project: &Project, paths: &Paths, finding: Finding, framed: bool, look: Look) -> Self {
        let problem = &finding.problem;
        let frame = if framed {
            findings::full(problem, Some(project), Some(paths), look, Some(&finding))
        } else {
            Styled::default()
        };
        let related = &problem.related;
        Self {
            at: problem.at.as_ref().map(|at| Region::new(project, paths, at)),
            related: related.iter().map(|(at, what)| (Region::new(project, paths, at), what.clone())).collect(),
            frame,
            suppressed: None,
            finding,
        }
    }

    /// On one line: `path:line:column: severity[code] message`, with `[*]` before the message where `--fix` mends it.
    pub fn line(&self) -> String {
        let place = self.at.as_ref().map(|at| format!("{}:{}:{}: ", at.path, at.start.line, at.start.column));
        let problem = &self.finding.problem;
        let rule = problem.rule;
        let line = format!(
            "{}{}[{}]{} {}",
            place.unwrap_or_default(),
            rule.severity.as_str(),
            rule.code,
            mark(&self.finding),
            problem.message
        );
        one_line(&line).into_owned()
    }
}

/// What tells that `check --fix` mends it.
pub fn mark(finding: &Finding) -> &'static str {
    if finding.fixable { " [*]" } else { "" }
}

/// How many findings that are reported have this severity.
pub fn count(projects: &[Checked], severity: Severity) -> usize {
    let all = projects.iter().flat_map(|project| &project.findings).filter(|placed| placed.suppressed.is_none());
    all.filter(|placed| placed.finding.problem.rule.severity == severity).count()
}

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
        Format::Concise => placed(projects)
            .filter(|(_, placed)| is_shown(placed, notes))
            .map(|(project, placed)| format!("{}{}\n", nowhere(projects, project, placed), placed.line()))
            .collect(),
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
fn placed(projects: &[Checked]) -> impl Iterator<Item = (&Checked, &Placed)> {
    projects.iter().flat_map(|project| project.findings.iter().map(move |placed| (project, placed)))
}

/// The project of a finding without a place, where there are several; else nothing.
fn nowhere(projects: &[Checked], project: &Checked, placed: &Placed) -> String {
    if projects.len() > 1 && placed.at.is_none() { format!("{}: ", project.path) } else { String::new() }
}

/// Places of equal findings that are listed.
const MOST_EQUAL: usize = 8;

/// Finding by finding, each with the name of its project where there are several. Equal ones are shown once, with all their places.
fn full(projects: &[Checked], notes: bool) -> Styled {
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
