//! Where a statement or a function of ours goes among those of a module, with the blank lines that PEP 8 wants around it, and how it
//! is taken away again.

use std::ops::Range;

use super::Recorded;
use super::steps::Steps;
use crate::edit::Edit;
use crate::finding::{self, Problem};
use crate::lock::ScaffoldingKey;
use crate::source::python::{Function, Source, Statement, StatementKind};
use crate::source::text::{self, LineEnding};

/// A statement behind `anchor`, on a line of its own.
///
/// # Errors
///
/// The anchor shares its line with other statements.
pub(super) fn statement_after(
    code: &str,
    source: &Source,
    anchor: &Statement,
    statement: &str,
) -> Result<Edit, Problem> {
    let ending = LineEnding::of(code).as_str();
    if !text::is_first_on_line(code, anchor.range.start) || shares_line(code, anchor) {
        return Err(Problem::new(
            &finding::APPLICATION_UNSUPPORTED,
            "the statement that makes the application shares its line with others",
        )
        .help("put each statement on a line of its own"));
    }
    let indentation = text::indentation(code, anchor.range.start);
    let end = text::line_end(code, anchor.range.end);
    // Formatters set definitions apart by blank lines; as many are there already behind it, or it was never formatted.
    let next = text::next_line(code, anchor.range.end);
    let is_followed_by_blank = code[next..].lines().next().is_none_or(|line| line.trim().is_empty());
    let blank = if ends_with_definition(source, anchor) && is_followed_by_blank {
        ending.repeat(if indentation.is_empty() { 2 } else { 1 })
    } else {
        String::new()
    };
    Ok(Edit::insert(end, format!("{blank}{ending}{indentation}{statement}")))
}

/// Is it a definition, or a block that ends with one?
fn ends_with_definition(source: &Source, statement: &Statement) -> bool {
    let mut functions = source.functions.iter().map(|function| &function.range);
    let mut classes = source.classes.iter().map(|class| &class.range);
    let is_last = |range: &Range<usize>| statement.range.contains(&range.start) && range.end == statement.range.end;
    statement.is_definition() || functions.any(is_last) || classes.any(is_last)
}

/// The lines of a statement of ours in the block of `function`; with the blank lines before it where it was set apart from a definition
/// and nothing follows it directly.
pub(super) fn statement_with_its_blanks(
    code: &str,
    source: &Source,
    function: Option<usize>,
    statement: &Range<usize>,
) -> Range<usize> {
    let lines = text::lines_with_ending_before(code, statement.clone());
    let body = match function {
        Some(index) => source.functions.get(index).map_or(&[][..], |function| &function.body.statements),
        None => &source.body,
    };
    let previous = body.iter().rev().find(|other| other.range.end <= statement.start);
    let next = text::next_line(code, statement.end);
    let is_followed_by_blank = code[next..].lines().next().is_none_or(|line| line.trim().is_empty());
    match previous {
        Some(previous)
            if ends_with_definition(source, previous)
                && is_followed_by_blank
                && code[text::line_end(code, previous.range.end)..statement.start].trim().is_empty() =>
        {
            text::line_end(code, previous.range.end)..lines.end
        }
        _ => lines,
    }
}

/// A function before the statement of the module that holds `offset`, with two blank lines on each side, counting those that are there;
/// and the blank lines that were there.
pub(super) fn definition_before(code: &str, source: &Source, offset: usize, function: &str) -> (Edit, String) {
    let ending = LineEnding::of(code).as_str();
    let top = source.body.iter().find(|statement| statement.range.contains(&offset));
    let top = leading_comments(code, top.map_or(offset, |statement| statement.range.start));
    let blank_from = text::blank_lines_before(code, top);
    let blanks = code[blank_from..top].matches('\n').count();
    let after = ending.repeat(2_usize.saturating_sub(blanks));
    if blank_from <= text::bom_length(code) {
        return (Edit::insert(top, format!("{function}{}", ending.repeat(3))), String::new());
    }
    let between = text::line_end(code, blank_from - 1);
    (Edit::insert(between, format!("{}{function}{after}", ending.repeat(3))), code[between..top].to_owned())
}

/// Takes a function away; the blank lines around it give way to what was there.
pub(super) fn definition_away(code: &str, function: &Function, between: Option<&str>) -> Edit {
    let blank = text::blank_lines_before(code, function.range.start);
    let start = if blank > text::bom_length(code) { text::line_end(code, blank - 1) } else { blank };
    let end = function.range.end + (code.len() - function.range.end - code[function.range.end..].trim_start().len());
    let next = text::line_start(code, end);
    match between {
        // It came first in the file; the imports above it came with it, and go with their own blank lines.
        Some("") if start > text::bom_length(code) && next > function.range.end => {
            Edit::delete(text::line_start(code, function.range.start)..next)
        }
        Some(between) if next > function.range.end => Edit::replace(start..next, between),
        _ => Edit::delete(start..text::line_end(code, function.range.end)),
    }
}

/// Where a function of ours came first in a file, its imports did too: takes the blank lines that they leave at the top.
pub(super) fn blank_lines_at_the_top_away(steps: &mut Steps, recorded: &Recorded, places: &[ScaffoldingKey]) {
    let was_first = places.iter().any(|place| recorded.scaffolding(place) == Some(Some("")));
    let start = text::bom_length(&steps.text);
    let rest = &steps.text[start..];
    let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    if was_first && blank > 0 {
        steps.take(&[Edit::delete(start..start + blank)]);
    }
}

/// Is it `if __name__ == "__main__":`?
pub(super) fn is_main_guard(code: &str, statement: &Statement) -> bool {
    statement.kind == StatementKind::If
        && code[statement.range.clone()].lines().next().is_some_and(|line| line.contains("__name__"))
}

fn shares_line(code: &str, statement: &Statement) -> bool {
    let behind = code[statement.range.end..text::line_end(code, statement.range.end)].trim_start();
    behind.starts_with(';')
        && behind.trim_start_matches(';').trim_start().chars().next().is_some_and(|first| first != '#')
}

/// The start of the comment lines directly above the line of `offset`, or of that line.
fn leading_comments(code: &str, offset: usize) -> usize {
    let mut start = text::line_start(code, offset);
    while start > text::bom_length(code) {
        let previous = text::line_start(code, start - 1);
        if !code[previous..start].trim_start().starts_with('#') {
            break;
        }
        start = previous;
    }
    start
}
