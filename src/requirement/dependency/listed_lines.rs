//! An entry of a list in which each has a line of its own: where it goes, and how it goes away again without a trace.

use super::placement::{Placement, place};
use crate::edit::Edit;
use crate::source::package_list::{Entry, Lines};
use crate::source::text::{self, LineEnding};

/// The edit that brings `requirement` into the list.
pub fn insert(text: &str, lines: &Lines, requirement: &str) -> Edit {
    let texts: Vec<&str> = lines.entries.iter().map(|entry| entry.text.as_str()).collect();
    let at = match place(&texts, requirement) {
        Some(Placement::After(index)) => text::line_end(text, lines.entries[index].range.end),
        Some(Placement::First) | None => lines.head,
    };
    Edit::insert(at, format!("{}{}{requirement}", LineEnding::of(text).as_str(), lines.lead))
}

/// The edit that takes `entry` away, with its line. `None` where something else stands on that line.
pub fn remove(text: &str, entry: &Entry) -> Option<Edit> {
    let line = text::line_start(text, entry.range.start)..text::line_end(text, entry.range.end);
    let before = text.get(line.start..entry.range.start)?.trim();
    let behind = text.get(entry.range.end..line.end)?.trim();
    let alone = (before.is_empty() || before == "-") && behind.is_empty();
    alone.then(|| Edit::delete(text::lines_with_ending_before(text, line)))
}
