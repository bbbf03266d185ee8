//! Problems for people: with code frames, or on one line each.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::Paths;
use crate::finding::{Problem, Severity};
use crate::project::Project;

/// A problem as miette wants it.
#[derive(Debug)]
struct Report<'a> {
    problem: &'a Problem,
    severity: Severity,
    source: Option<NamedSource<String>>,
    help: Option<String>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[{}]", self.severity.as_str(), self.problem.rule.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Information => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let at = self.problem.at.as_ref()?;
        let mut labels = vec![LabeledSpan::new_primary_with_span(None, at.range.start..at.range.end)];
        let here = self.problem.related.iter().filter(|(location, _)| location.path == at.path);
        labels.extend(
            here.map(|(location, what)| LabeledSpan::new_with_span(Some(what.clone()), location.range.clone())),
        );
        Some(Box::new(labels.into_iter()))
    }
}

/// A problem with its code frame, its other places and what to do.
pub fn full(
    problem: &Problem,
    project: Option<&Project>,
    paths: Option<&Paths>,
    colour: bool,
    component: Option<&str>,
) -> String {
    let text = problem.at.as_ref().and_then(|at| Some((at, project?.text(&at.path)?)));
    let source = match (text, paths) {
        // A frame of a file without lines shows nothing.
        (Some((at, code)), Some(paths)) if !code.trim().is_empty() && at.range.end <= code.len() => {
            Some(NamedSource::new(paths.show(&at.path), code.to_owned()))
        }
        _ => None,
    };
    let mut help = problem.help.clone().unwrap_or_default();
    if let (Some(project), Some(paths)) = (project, paths) {
        let elsewhere = problem
            .related
            .iter()
            .filter(|(location, _)| problem.at.as_ref().is_none_or(|at| at.path != location.path));
        for (location, what) in elsewhere {
            help = format!("{}: {what}\n{help}", paths.place(project, location));
        }
        if source.is_none()
            && let Some(at) = &problem.at
        {
            help = format!("at {}\n{help}", paths.place(project, at));
        }
    }
    if let Some(component) = component {
        help = format!("{help}\n`{component}` needs it; `paxx explain {}` says more", problem.rule.code);
    }
    let help = help.trim().to_owned();
    let help = (!help.is_empty()).then_some(help);
    let report = Report { problem, severity: problem.rule.severity, source, help };
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut result = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false).with_context_lines(1);
    if handler.render_report(&mut result, &report).is_err() {
        result.clone_from(&problem.message);
    }
    result
}

/// A problem on one line: `path:line:column: severity[code] message`.
pub fn concise(problem: &Problem, project: Option<&Project>, paths: Option<&Paths>) -> String {
    let place = match (&problem.at, project, paths) {
        (Some(at), Some(project), Some(paths)) => format!("{}: ", paths.place(project, at)),
        _ => String::new(),
    };
    format!("{place}{}[{}] {}", problem.rule.severity.as_str(), problem.rule.code, problem.message)
}
