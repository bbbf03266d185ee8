//! Problems for people: with code frames, or on one line each.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::Paths;
use super::links::Link;
use super::styled::{Look, Styled, one_line, visible, visible_with_offsets};
use crate::check::Finding;
use crate::finding::{Location, Problem, Severity};
use crate::project::find_env_example::{self, ENV_FILE};
use crate::project::{FilePath, Project};
use crate::source::text;

/// A problem as miette wants it.
#[derive(Debug)]
struct Report {
    code: String,
    severity: miette::Severity,
    message: String,
    labels: Vec<LabeledSpan>,
    source: Option<NamedSource<String>>,
    help: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Lines of a range that a frame shows: what is longer is marked at its first line alone.
const MOST_LINES: usize = 3;

/// Other places that a frame shows, and that are listed below it.
const MOST_PLACES: usize = 3;

/// A problem is said in so many lines, the commands that answer its question among them: more is not read.
const LONGEST: usize = 25;

/// So many answers to a question are shown; more are said to be there.
pub const MOST_ANSWERS: usize = 8;

/// The range, or the rest of its first line where it has too many.
fn clipped(code: &str, range: &Range<usize>) -> Range<usize> {
    let lines = code.get(range.clone()).map_or(0, |text| text.trim_end().matches('\n').count() + 1);
    if lines > MOST_LINES { range.start..text::line_end(code, range.start) } else { range.clone() }
}

/// How many characters of a line a frame shows; what is behind them, and a place there, is at the end of what it shows.
const LONGEST_LINE: usize = 500;

/// The text with its long lines cut, and the labels moved to where their places are then: miette takes no line of 65,536 columns,
/// and nobody reads one.
fn with_short_lines(code: String, labels: &mut [LabeledSpan]) -> String {
    if code.lines().all(|line| line.len() <= LONGEST_LINE) {
        return code;
    }
    // For each line: where it began, how much of it stays, and where it begins now.
    let mut lines: Vec<(usize, usize, usize)> = Vec::new();
    let mut short = String::new();
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let kept = content.char_indices().nth(LONGEST_LINE).map_or(content.len(), |(at, _)| at);
        lines.push((start, kept, short.len()));
        short.push_str(&content[..kept]);
        if kept < content.len() {
            short.push('…');
        }
        short.push_str(&line[content.len()..]);
        start += line.len();
    }
    let moved = |offset: usize| {
        let line = lines.partition_point(|(start, ..)| *start <= offset).saturating_sub(1);
        lines.get(line).map_or(0, |(start, kept, now)| now + (offset - start).min(*kept))
    };
    for label in labels {
        let (start, end) = (moved(label.offset()), moved(label.offset() + label.len()));
        *label = if label.primary() {
            LabeledSpan::new_primary_with_span(label.label().map(str::to_owned), (start, end - start))
        } else {
            LabeledSpan::new_with_span(label.label().map(str::to_owned), (start, end - start))
        };
    }
    short
}

/// The first `most` other places of the same file, which go into the frame.
fn in_frame(problem: &Problem, most: usize) -> impl Iterator<Item = &(Location, String)> {
    let here =
        problem.related.iter().filter(|(location, _)| problem.at.as_ref().is_some_and(|at| at.path == location.path));
    here.take(most)
}

/// A problem with its code frame, its other places and what to do. Where that is too long, places give way first.
pub fn full(
    problem: &Problem,
    project: Option<&Project>,
    paths: Option<&Paths>,
    look: Look,
    finding: Option<&Finding>,
) -> Styled {
    let answers = problem.question.as_ref().filter(|_| finding.is_none()).map_or(0, |question| {
        let more = usize::from(question.candidates.len() > MOST_ANSWERS);
        question.candidates.len().min(MOST_ANSWERS) + more + if question.together.is_empty() { 0 } else { 2 }
    });
    let room = LONGEST - answers;
    let lines = |text: &str| text.lines().count();
    let mut rendered = String::new();
    for most in (0..=MOST_PLACES).rev() {
        rendered = framed(problem, project, paths, look, finding, most);
        if lines(&rendered) <= room {
            break;
        }
    }
    if lines(&rendered) > room {
        let kept: Vec<&str> = rendered.lines().take(room.saturating_sub(2)).collect();
        rendered =
            format!("{}\n        ...\n        `paxx explain {}` says more\n", kept.join("\n"), problem.rule.code);
    }
    let mut text = if look.colour { Styled::from_ansi(&rendered) } else { Styled::from(&rendered) };
    if let Some(page) = Link::page(problem.rule.code) {
        text.lead(0, problem.rule.code, page);
    }
    if let (Some(at), Some(project), Some(paths)) = (&problem.at, project, paths) {
        let place = one_line(&paths.place(project, at)).into_owned();
        text.lead(0, &if look.terminal { visible(&place).into_owned() } else { place }, paths.link(&at.path));
    }
    text
}

/// The same, with so many other places in the frame and below it.
fn framed(
    problem: &Problem,
    project: Option<&Project>,
    paths: Option<&Paths>,
    look: Look,
    finding: Option<&Finding>,
    most: usize,
) -> String {
    let text = problem.at.as_ref().and_then(|at| Some((at, project?.text(&at.path)?)));
    // Before it is laid out, so that what is underlined is what shows, and no text is taken for styling of miette's.
    let shown = |text: &str| if look.terminal { visible(text).into_owned() } else { text.to_owned() };
    let mut labels = Vec::new();
    let source = match (text, project, paths) {
        // A frame of a file without lines shows nothing, and one of an env file shows what is secret.
        (Some((at, code)), Some(project), Some(paths))
            if !code.trim().is_empty() && at.range.end <= code.len() && !holds_secrets(&at.path) =>
        {
            let (visible, moved) = visible_with_offsets(code);
            let moved = |offset: usize| if look.terminal { moved(offset) } else { offset };
            let moved = |range: Range<usize>| moved(range.start)..moved(range.end);
            labels.push(LabeledSpan::new_primary_with_span(None, moved(clipped(code, &at.range))));
            labels.extend(in_frame(problem, most).map(|(location, what)| {
                LabeledSpan::new_with_span(Some(shown(&one_line(what))), moved(clipped(code, &location.range)))
            }));
            let code = if look.terminal { visible.into_owned() } else { code.to_owned() };
            let code = with_short_lines(code, &mut labels);
            Some(NamedSource::new(shown(&one_line(&paths.place(project, at))), code))
        }
        _ => None,
    };
    let mut help = problem.help.clone().unwrap_or_default();
    if let (Some(project), Some(paths)) = (project, paths) {
        let framed = if source.is_some() { in_frame(problem, most).count() } else { 0 };
        let elsewhere: Vec<_> = problem
            .related
            .iter()
            .filter(|(location, _)| framed == 0 || !in_frame(problem, most).any(|(known, _)| known == location))
            .collect();
        if elsewhere.len() > most {
            help = format!("and {} more places\n{help}", elsewhere.len() - most);
        }
        for (location, what) in elsewhere.into_iter().take(most).rev() {
            help = format!("{}: {what}\n{help}", paths.place(project, location));
        }
        if source.is_none()
            && let Some(at) = &problem.at
        {
            help = format!("at {}\n{help}", paths.place(project, at));
        }
    }
    if let (Some(question), Some(_)) = (&problem.question, finding) {
        for candidate in question.candidates.iter().take(MOST_ANSWERS) {
            let why = if candidate.evidence.is_empty() { String::new() } else { format!("  ({})", candidate.evidence) };
            help = format!("{help}\n  --{} {}{why}", question.option, one_line(&candidate.value));
        }
    }
    let who = finding.map(|finding| finding.component.as_str()).filter(|component| !component.is_empty());
    let who = who.map_or_else(String::new, |component| format!("`{component}` needs it; "));
    help = format!("{help}\n{who}`paxx explain {}` says more", problem.rule.code);
    let help = help.trim().to_owned();
    let report = Report {
        code: format!("{}[{}]{}", problem.rule.severity.as_str(), problem.rule.code, finding.map_or("", mark)),
        severity: match problem.rule.severity {
            Severity::Information => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        },
        message: unbroken(&shown(&one_line(&problem.message))),
        labels,
        source,
        help: (!help.is_empty()).then(|| unbroken(&shown(&help))),
    };
    let theme = if look.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut result = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false)
        .with_context_lines(1)
        // A path or a command that is broken in two cannot be pasted.
        .with_break_words(false)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace)
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
        // It would count bytes of what is shown; the place is in the name.
        .without_primary_span_start();
    if handler.render_report(&mut result, &report).is_err() {
        result.clone_from(&report.message);
    }
    result.replace(UNBROKEN, " ")
}

/// Is it an env file of a real environment?
fn holds_secrets(path: &FilePath) -> bool {
    let name = path.name();
    let is_env = name.ends_with(ENV_FILE) || name.starts_with(".env.");
    is_env && !find_env_example::NAMES.contains(&name)
}

/// What stands for a blank where no line may end, until the lines are laid out.
const UNBROKEN: char = '\u{e000}';

/// The text whose pieces of code no line ending divides.
fn unbroken(text: &str) -> String {
    let is_code = |index: usize| index % 2 == 1;
    let pieces = text.split('`').enumerate();
    let pieces: Vec<String> = pieces
        .map(|(index, piece)| if is_code(index) { piece.replace(' ', &UNBROKEN.to_string()) } else { piece.to_owned() })
        .collect();
    pieces.join("`")
}

/// A problem on one line: `path:line:column: severity[code] message`.
pub fn concise(problem: &Problem, project: Option<&Project>, paths: Option<&Paths>) -> String {
    let place = match (&problem.at, project, paths) {
        (Some(at), Some(project), Some(paths)) => format!("{}: ", paths.place(project, at)),
        _ => String::new(),
    };
    let line = format!("{place}{}[{}] {}", problem.rule.severity.as_str(), problem.rule.code, problem.message);
    one_line(&line).into_owned()
}

/// What tells that `check --fix` mends it.
pub fn mark(finding: &Finding) -> &'static str {
    if finding.fixable { " [*]" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::SYNTAX_ERROR;
    use crate::project::FilePath;
    use crate::project::discover::discover_in;
    use crate::project::options::Options;
    use crate::project::reader::Reader;

    #[test]
    fn no_problem_fills_the_screen() {
        let path = FilePath::new("main.py").expect("inside");
        let lines: String = (0..400).map(|number| format!("line_{number} = {number}\n")).collect();
        let code = format!("from fastapi import FastAPI\n\napp = FastAPI()\n{lines}");
        let project =
            discover_in(Reader::of([("main.py", code.as_bytes())]), &Options::default()).expect("found").project;
        let at = |line: usize| {
            let start = code.find(&format!("line_{line} ")).expect("there");
            start..start + 6
        };
        let mut problem = Problem::new(&SYNTAX_ERROR, "it is wrong").at(&path, at(1)).help("mend it\nand\nmore");
        for line in [50, 100, 200, 300, 350] {
            let place = Location { path: path.clone(), range: at(line) };
            problem = problem.related(place, "this is why");
        }
        let paths = Paths::new("/p".into(), "/p".into());
        for look in [Look::default(), Look { terminal: true, colour: true, links: false }] {
            let text = full(&problem, Some(&project), Some(&paths), look, None);
            assert!(text.lines() <= LONGEST, "{}", String::from_utf8_lossy(&text.encode(Look::default())));
            assert!(text.lines() > 5);
        }
    }
}
