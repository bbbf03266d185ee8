//! A text that is edited step by step, and still knows the result as edits of its original.
//!
//! The plan applies one requirement after the other, each to the text that the ones before it left.
//! What the user is shown, and what JSON reports, are byte ranges of the file on disk and the requirement
//! that each change belongs to; a piece table keeps exactly that.

use std::ops::Range;

use super::{Edit, in_order};

/// A change of the original text, and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The edit, in byte offsets of the original. Edits at one offset apply in the order they are listed.
    pub edit: Edit,
    /// The number of the requirement that the change was made for.
    pub owner: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A range of the original that still stands.
    Kept(Range<usize>),
    /// A range of the original that is gone.
    Cut { range: Range<usize>, owner: usize },
    /// Text that was not there.
    New { text: String, owner: usize },
}

impl Piece {
    /// How many bytes of the present state it has.
    fn length(&self) -> usize {
        match self {
            Self::Kept(range) => range.len(),
            Self::Cut { .. } => 0,
            Self::New { text, .. } => text.len(),
        }
    }
}

/// A range whose ends are where `place` says, which is told whether it is the end that is asked for.
fn mapped(range: &Range<usize>, place: impl Fn(usize, bool) -> usize) -> Range<usize> {
    let start = place(range.start, false);
    let end = if range.is_empty() { start } else { place(range.end, true) };
    start..end.max(start)
}

/// An original text and the pieces that make up its present state.
#[derive(Debug, Clone)]
pub struct Pieces {
    pieces: Vec<Piece>,
}

impl Pieces {
    /// The untouched text of `length` bytes.
    pub fn new(length: usize) -> Self {
        Self { pieces: vec![Piece::Kept(0..length)] }
    }

    /// Takes `edits`, whose offsets are those of the present state, on behalf of `owner`.
    /// Edits that overlap are not taken; the caller has refused them before.
    pub fn take(&mut self, edits: &[Edit], owner: usize) {
        let Ok(sorted) = in_order(edits) else { return };
        // From the end, so that offsets before an edit stay valid.
        for edit in sorted.into_iter().rev() {
            let start = self.split(edit.range.start);
            let end = if edit.range.is_empty() { start } else { self.split(edit.range.end) };
            let replaced: Vec<Piece> = self.pieces.drain(start..end).collect();
            let mut position = start;
            for piece in replaced {
                match piece {
                    Piece::Kept(range) => self.pieces.insert(position, Piece::Cut { range, owner }),
                    cut @ Piece::Cut { .. } => self.pieces.insert(position, cut),
                    // What was inserted on the way and taken away again leaves no trace.
                    Piece::New { .. } => continue,
                }
                position += 1;
            }
            if !edit.text.is_empty() {
                self.pieces.insert(position, Piece::New { text: edit.text.clone(), owner });
            }
        }
    }

    /// The changes against the original, in ascending order.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let mut position = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Kept(range) => position = range.end,
                Piece::Cut { range, owner } => {
                    position = range.end;
                    match changes.last_mut() {
                        Some(last)
                            if last.owner == *owner
                                && last.edit.range.end == range.start
                                && last.edit.text.is_empty() =>
                        {
                            last.edit.range.end = range.end;
                        }
                        _ => changes.push(Change { edit: Edit::delete(range.clone()), owner: *owner }),
                    }
                }
                Piece::New { text, owner } => match changes.last_mut() {
                    Some(last) if last.owner == *owner && last.edit.range.end == position => {
                        last.edit.text.push_str(text);
                    }
                    _ => changes.push(Change { edit: Edit::insert(position, text.clone()), owner: *owner }),
                },
            }
        }
        changes
    }

    /// The range of the original that a range of the present state comes from; what is new has the place that it went to.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let place = |offset: usize, is_end: bool| {
            let (mut present, mut origin) = (0, 0);
            for piece in &self.pieces {
                let length = piece.length();
                if offset < present + length || (is_end && offset == present + length) {
                    return if let Piece::Kept(range) = piece { range.start + (offset - present) } else { origin };
                }
                present += length;
                if let Piece::Kept(range) | Piece::Cut { range, .. } = piece {
                    origin = range.end;
                }
            }
            origin
        };
        mapped(range, place)
    }

    /// The range of the present state that a range of the original has become.
    pub fn present(&self, range: &Range<usize>) -> Range<usize> {
        let place = |offset: usize, is_end: bool| {
            let mut present = 0;
            for piece in &self.pieces {
                if let Piece::Kept(range) | Piece::Cut { range, .. } = piece
                    && (offset < range.end || (is_end && offset == range.end))
                {
                    return present + offset.saturating_sub(range.start).min(piece.length());
                }
                present += piece.length();
            }
            present
        };
        mapped(range, place)
    }

    /// Makes a boundary at `offset` of the present state; the index of the piece that begins there.
    fn split(&mut self, offset: usize) -> usize {
        let mut position = 0;
        for index in 0..self.pieces.len() {
            let length = self.pieces[index].length();
            if offset == position {
                return index;
            }
            if offset < position + length {
                let within = offset - position;
                let (left, right) = match &self.pieces[index] {
                    Piece::Kept(range) => {
                        let middle = range.start + within;
                        (Piece::Kept(range.start..middle), Piece::Kept(middle..range.end))
                    }
                    Piece::New { text, owner } => (
                        Piece::New { text: text[..within].to_owned(), owner: *owner },
                        Piece::New { text: text[within..].to_owned(), owner: *owner },
                    ),
                    Piece::Cut { .. } => return index,
                };
                self.pieces[index] = left;
                self.pieces.insert(index + 1, right);
                return index + 1;
            }
            position += length;
        }
        self.pieces.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::apply;
    use super::*;

    /// Applies the steps one after the other, and checks that the recorded changes give the same text.
    fn check(original: &str, steps: &[&[Edit]]) -> Vec<Change> {
        let mut text = original.to_owned();
        let mut pieces = Pieces::new(original.len());
        for (owner, edits) in steps.iter().enumerate() {
            text = apply(&text, edits).expect("the edits of a step are disjoint");
            pieces.take(edits, owner);
        }
        let changes = pieces.changes();
        let edits: Vec<Edit> = changes.iter().map(|change| change.edit.clone()).collect();
        assert_eq!(apply(original, &edits).as_deref(), Some(text.as_str()));
        changes
    }

    #[test]
    fn an_insertion_inside_an_insertion_is_three_changes_at_one_place() {
        let changes = check("ab", &[&[Edit::insert(1, "<>")], &[Edit::insert(2, "-")]]);
        let owners: Vec<usize> = changes.iter().map(|change| change.owner).collect();
        assert_eq!(owners, [0, 1, 0]);
    }

    #[test]
    fn what_is_inserted_and_removed_again_is_no_change() {
        let changes = check("ab", &[&[Edit::insert(1, "xyz")], &[Edit::delete(1..4)]]);
        assert_eq!(changes, []);
    }

    #[test]
    fn places_are_found_again_on_both_sides() {
        let mut pieces = Pieces::new(6);
        // abcdef, ab--cdef, ab--c!
        pieces.take(&[Edit::insert(2, "--")], 0);
        pieces.take(&[Edit::replace(5..8, "!")], 1);
        for (present, original) in [(0..2, 0..2), (1..5, 1..3), (4..5, 2..3), (2..4, 2..2), (5..6, 6..6), (6..6, 6..6)]
        {
            assert_eq!(pieces.origin(&present), original, "{present:?}");
        }
        for (original, present) in [(0..2, 0..2), (2..3, 4..5), (1..3, 1..5), (3..6, 5..5), (6..6, 6..6)] {
            assert_eq!(pieces.present(&original), present, "{original:?}");
        }
    }

    #[test]
    fn a_replacement_over_a_boundary_keeps_the_original_ranges() {
        let changes = check("abcdef", &[&[Edit::insert(3, "--")], &[Edit::replace(1..7, "X")]]);
        assert_eq!(changes.last().map(|change| change.edit.range.end), Some(5));
        check("abcdef", &[&[Edit::replace(0..2, "Q"), Edit::insert(6, "!")], &[Edit::delete(0..1)]]);
    }
}
