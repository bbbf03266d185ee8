//! Findings with their places in lines and columns, so that they can leave the thread that read the project.

use super::findings::mark;
use super::links::Link;
use super::styled::{Look, Styled, one_line};
use super::{Paths, findings};
use crate::check::Finding;
use crate::check::suppression::Suppression;
use crate::finding::{Location, Severity};
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
    /// Where that leads.
    pub link: Link,
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
            link: paths.link(&location.path),
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
    pub fn line(&self) -> Styled {
        let place = self.at.as_ref().map(|at| format!("{}:{}:{}", at.path, at.start.line, at.start.column));
        let place = place.map(|place| one_line(&place).into_owned());
        let problem = &self.finding.problem;
        let rule = problem.rule;
        let line = format!("{}[{}]{} {}", rule.severity.as_str(), rule.code, mark(&self.finding), problem.message);
        let mut text = Styled::default();
        if let (Some(place), Some(at)) = (place, &self.at) {
            text.push(&place);
            text.lead(0, &place, at.link.clone());
            text.push(": ");
        }
        let start = text.len();
        text.push(&*one_line(&line));
        if let Some(page) = Link::page(rule.code) {
            text.lead(start, rule.code, page);
        }
        text
    }
}

/// How many findings that are reported have this severity.
pub fn count(projects: &[Checked], severity: Severity) -> usize {
    let all = projects.iter().flat_map(|project| &project.findings).filter(|placed| placed.suppressed.is_none());
    all.filter(|placed| placed.finding.problem.rule.severity == severity).count()
}
