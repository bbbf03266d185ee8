//! Edits as data: a range of the text that is there, and the text that replaces it.
//!
//! Nothing here knows a language and nothing does I/O. Offsets are bytes of the UTF-8 text.

mod pieces;

use std::ops::Range;

pub use pieces::{Change, Pieces};

/// Replaces the bytes in `range` by `text`. An empty range is an insertion, an empty text a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Byte offsets in the text that the edit was made for; both ends are character boundaries.
    pub range: Range<usize>,
    /// What stands there afterwards, with the line endings of the file.
    pub text: String,
}

impl Edit {
    /// Inserts `text` before the byte at `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { range: at..at, text: text.into() }
    }

    /// Replaces `range` by `text`.
    pub fn replace(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }

    /// Removes `range`.
    pub fn delete(range: Range<usize>) -> Self {
        Self { range, text: String::new() }
    }
}

/// Brings edits of one text into ascending order; edits at one place keep the order they came in.
///
/// # Errors
///
/// The two edits that overlap, where any do: such a set has no defined result.
pub fn in_order(edits: &[Edit]) -> Result<Vec<&Edit>, (Edit, Edit)> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    for pair in sorted.windows(2) {
        if pair[1].range.start < pair[0].range.end {
            return Err((pair[0].clone(), pair[1].clone()));
        }
    }
    Ok(sorted)
}

/// The text with all `edits` in it, or `None` where they overlap or leave the text.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let sorted = in_order(edits).ok()?;
    let mut result = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut position = 0;
    for edit in sorted {
        result.push_str(text.get(position..edit.range.start)?);
        result.push_str(&edit.text);
        position = edit.range.end;
    }
    result.push_str(text.get(position..)?);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_in_order_of_place_and_keeps_order_at_one_place() {
        let edits = [Edit::insert(3, "1"), Edit::delete(0..1), Edit::insert(3, "2")];
        assert_eq!(apply("abcdef", &edits).as_deref(), Some("bc12def"));
    }

    #[test]
    fn an_overlap_is_an_error_that_names_both() {
        let edits = [Edit::delete(0..3), Edit::replace(2..4, "x")];
        assert_eq!(in_order(&edits), Err((edits[0].clone(), edits[1].clone())));
        assert_eq!(apply("abcdef", &edits), None);
    }
}
