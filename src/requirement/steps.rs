//! Several edits of one file that depend on each other, as one set of edits of the text they began with.

use std::ops::Range;
use std::rc::Rc;

use crate::edit::{self, Edit, Pieces};
use crate::finding::Problem;
use crate::project::{FilePath, Project};
use crate::source::python::Source;
use crate::source::text;

/// A text on its way.
pub struct Steps<'a> {
    /// The project that the text is of.
    pub project: &'a Project,
    /// The file.
    pub path: FilePath,
    /// The text as it is by now.
    pub text: String,
    pieces: Pieces,
}

impl<'a> Steps<'a> {
    /// Begins with the text of `path`; an empty one where there is no such file.
    pub fn new(project: &'a Project, path: &FilePath) -> Self {
        let text = project.text(path).unwrap_or_default().to_owned();
        let pieces = Pieces::new(text.len());
        Self { project, path: path.clone(), text, pieces }
    }

    /// Takes edits of the present text.
    pub fn take(&mut self, edits: &[Edit]) {
        if let Some(text) = edit::apply(&self.text, edits) {
            self.pieces.take(edits, 0);
            self.text = text;
        }
    }

    /// The present text, parsed.
    pub fn source(&self) -> Rc<Source> {
        Source::of(&self.text)
    }

    /// A problem of the present text with its places in the text that it began with.
    pub fn at_origin(&self, mut problem: Problem) -> Problem {
        let related = problem.related.iter_mut().map(|(at, _)| at);
        for at in problem.at.iter_mut().chain(related).filter(|at| at.path == self.path) {
            at.range = self.pieces.origin(&at.range);
        }
        problem
    }

    /// The edits of the text that it began with.
    pub fn finish(self) -> Vec<Edit> {
        self.pieces.changes().into_iter().map(|change| change.edit).collect()
    }
}

/// Has the statement its lines for itself, but for a comment behind it?
pub(super) fn is_alone(code: &str, statement: &Range<usize>) -> bool {
    let behind = code.get(statement.end..text::line_end(code, statement.end)).unwrap_or_default().trim();
    text::is_first_on_line(code, statement.start) && (behind.is_empty() || behind.starts_with('#'))
}

/// Puts `pass` where a statement goes that is the only one of its block. `None` where others are left in the block.
pub(super) fn without_statement(code: &str, source: &Source, statement: &Range<usize>) -> Option<Edit> {
    let block = source.blocks.iter().find(|block| block.iter().any(|inner| inner == statement))?;
    (block.len() == 1).then(|| Edit::replace(statement.start..text::line_end(code, statement.end), "pass"))
}
