//! A line of a requirements file: where it goes, and how it goes away again without a trace.

use super::placement::{Placement, place};
use crate::edit::Edit;
use crate::source::requirements::{Kind, Line, Source};
use crate::source::text::{self, LineEnding};

/// The edit that brings `requirement` into a requirements file. `None` where its last line is open.
pub fn insert(text: &str, source: &Source, requirement: &str) -> Option<Edit> {
    let ending = LineEnding::of(text).as_str();
    let Some(last) = source.lines.iter().rposition(|line| line.kind != Kind::Blank) else {
        return Some(Edit::insert(text::bom_length(text), format!("{requirement}{ending}")));
    };
    let at_end = &source.lines[last];
    if at_end.open {
        return None;
    }
    let entries: Vec<(usize, &str)> = source
        .lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| match &line.kind {
            Kind::Requirement { text, .. } => Some((index, text.as_str())),
            _ => None,
        })
        .collect();
    let texts: Vec<&str> = entries.iter().map(|(_, text)| *text).collect();
    let after = |line: &Line| Edit::insert(line.range.end, format!("{ending}{requirement}"));
    Some(match place(&texts, requirement) {
        Some(Placement::First) => {
            let first = entries.first().map_or(0, |(index, _)| *index);
            match first.checked_sub(1).and_then(|index| source.lines.get(index)) {
                None => Edit::insert(source.lines[first].range.start, format!("{requirement}{ending}")),
                // The comment may speak of the entry below it: nothing goes between them.
                Some(above) if above.kind == Kind::Comment => after(at_end),
                Some(above) => after(above),
            }
        }
        Some(Placement::After(index)) if index + 1 < entries.len() => {
            let (entry, _) = entries[index];
            // The `    # via fastapi` of pip-compile belongs to the entry above it.
            let indented =
                |line: &&Line| line.kind == Kind::Comment && text[line.range.clone()].starts_with([' ', '\t']);
            let comments = source.lines[entry + 1..].iter().take_while(indented).count();
            after(&source.lines[entry + comments])
        }
        _ => after(at_end),
    })
}

/// The edit that takes `line` away.
pub fn remove(text: &str, line: &Line) -> Edit {
    Edit::delete(text::lines_with_ending_before(text, line.range.clone()))
}
