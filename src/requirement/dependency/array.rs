//! An item of a TOML array: where it goes, and how it goes away again without a trace.
//!
//! No line that is there changes but for a comma after the item before, and a list that stands on one line.

use std::ops::Range;

use super::placement::{Placement, indentation_unit, place, quoted};
use crate::edit::Edit;
use crate::source::text::{self, LineEnding};
use crate::source::toml::{Array, ArrayItem};

/// How an item is brought into an array.
#[derive(Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The edits.
    pub edits: Vec<Edit>,
    /// The item as written.
    pub item: String,
    /// What stood between the brackets of an empty array that was opened for it.
    pub opened: Option<String>,
}

/// Brings `requirement` into `array`.
pub fn insert(text: &str, array: &Array, requirement: &str) -> Insertion {
    let ending = LineEnding::of(text).as_str();
    let strings: Option<Vec<&str>> = array.items.iter().map(|item| item.text.as_deref()).collect();
    let placement = match strings {
        Some(strings) => place(&strings, requirement),
        // Something else than strings (`{include-group = "test"}`): no order to keep.
        None => array.items.len().checked_sub(1).map(Placement::After),
    };
    let slice = |range: Range<usize>| text.get(range).unwrap_or_default();
    let own_line = |from: usize, to: usize| slice(from..to).contains('\n');
    match placement {
        None => insert_first(text, array, requirement, ending),
        Some(Placement::First) => {
            let next = &array.items[0].range;
            let item = quoted(requirement, Some(slice(next.clone())));
            let edit = if own_line(array.range.start, next.start) {
                let indentation = text::indentation(text, next.start);
                Edit::insert(text::line_end(text, array.range.start), format!("{ending}{indentation}{item},"))
            } else {
                Edit::insert(next.start, format!("{item}, "))
            };
            Insertion { edits: vec![edit], item, opened: None }
        }
        Some(Placement::After(index)) => {
            let previous = &array.items[index];
            let item = quoted(requirement, Some(slice(previous.range.clone())));
            let next = array.items.get(index + 1).map_or(array.range.end - 1, |next| next.range.start);
            let anchor = previous.comma.map_or(previous.range.end, |comma| comma + 1);
            let indentation = text::indentation(text, previous.range.start);
            let mut edits = Vec::new();
            if own_line(anchor, next) {
                let comma = if previous.comma.is_some() { "," } else { "" };
                if comma.is_empty() {
                    edits.push(Edit::insert(previous.range.end, ","));
                }
                let at = text::line_end(text, anchor);
                edits.push(Edit::insert(at, format!("{ending}{indentation}{item}{comma}")));
            } else if slice(previous.range.end..anchor).contains('#') {
                // `"last" # comment`, and its comma on a line below: the comment stays with it.
                edits.push(Edit::insert(anchor, format!(" {item},")));
            } else if index + 1 == array.items.len() && text::is_first_on_line(text, previous.range.start) {
                // `    "last"]`: the bracket stays with the last item.
                edits.push(Edit::insert(previous.range.end, format!(",{ending}{indentation}{item}")));
            } else {
                edits.push(Edit::insert(previous.range.end, format!(", {item}")));
            }
            Insertion { edits, item, opened: None }
        }
    }
}

/// Brings `requirement` into an array without items.
fn insert_first(text: &str, array: &Array, requirement: &str, ending: &str) -> Insertion {
    let item = quoted(requirement, None);
    let interior = array.interior();
    let inside = text.get(interior.clone()).unwrap_or_default();
    let outer = text::indentation(text, array.range.start);
    let unit = indentation_unit(text);
    if inside.contains('\n') {
        // A comment in it shows where items begin.
        let mut comments = inside.match_indices('#').map(|(at, _)| interior.start + at);
        let comment = comments.find(|at| text::is_first_on_line(text, *at));
        let indentation = comment.map_or_else(|| format!("{outer}{unit}"), |at| text::indentation(text, at).to_owned());
        let at = text::line_end(text, array.range.start);
        let edits = vec![Edit::insert(at, format!("{ending}{indentation}{item},"))];
        return Insertion { edits, item, opened: None };
    }
    let replacement = format!("{ending}{outer}{unit}{item},{ending}{outer}");
    Insertion { edits: vec![Edit::replace(interior, replacement)], item, opened: Some(inside.to_owned()) }
}

/// Takes the item with this index away, as [`insert`] brought it. `None` where a comment was put to it since.
///
/// `opened` is what stood between the brackets before the array was opened, where it was: it comes back with the last item.
pub fn remove(text: &str, array: &Array, index: usize, opened: Option<&str>) -> Option<Vec<Edit>> {
    let item = array.items.get(index)?;
    let previous = index.checked_sub(1).and_then(|index| array.items.get(index));
    let next = array.items.get(index + 1);
    let slice = |range: Range<usize>| text.get(range).unwrap_or_default();
    let end_of_line = text::line_end(text, item.range.end);
    let comma_here = item.comma.filter(|comma| *comma < end_of_line);
    let after = comma_here.map_or(item.range.end, |comma| comma + 1);
    let rest = slice(after..end_of_line).trim_start();

    if let (Some(opened), None, None) = (opened, previous, next) {
        let interior = array.interior();
        let outside = [slice(interior.start..item.range.start), slice(item.range.end..interior.end)];
        if outside.iter().all(|part| part.chars().all(|character| character.is_whitespace() || character == ',')) {
            return Some(vec![Edit::replace(interior, opened)]);
        }
    }
    let comma_is_here = item.comma.is_none() || comma_here.is_some();
    if comma_is_here && text::is_first_on_line(text, item.range.start) && (rest.is_empty() || rest.starts_with('#')) {
        if rest.starts_with('#') {
            return None;
        }
        let lines = text::lines_with_ending_before(text, item.range.start..after);
        let mut edits = vec![Edit::delete(lines)];
        if item.comma.is_none() {
            // The last item again has no comma.
            edits.extend(previous.and_then(|previous| previous.comma).map(|comma| Edit::delete(comma..comma + 1)));
        }
        return Some(edits);
    }
    let without_comment = |range: Range<usize>| !slice(range).contains('#');
    match (previous, next) {
        (Some(previous), _) if without_comment(previous.range.end..item.range.start) => {
            Some(vec![Edit::delete(previous.range.end..item.range.end)])
        }
        (Some(ArrayItem { comma: Some(before), .. }), _)
            if item.comma.is_some_and(|comma| without_comment(*before..comma)) =>
        {
            Some(vec![Edit::delete(before + 1..item.comma.unwrap_or(*before) + 1)])
        }
        (None, Some(next)) if without_comment(item.range.end..next.range.start) => {
            Some(vec![Edit::delete(item.range.start..next.range.start)])
        }
        _ => {
            let comma = item.comma.or(previous.and_then(|previous| previous.comma));
            let mut edits = vec![Edit::delete(item.range.clone())];
            edits.extend(comma.map(|comma| Edit::delete(comma..comma + 1)));
            Some(edits)
        }
    }
}
