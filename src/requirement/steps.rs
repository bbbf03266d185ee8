//! Several edits of one file that depend on each other, as one set of edits of the text they began with.

use std::rc::Rc;

use crate::edit::{self, Edit, Pieces};
use crate::project::{FilePath, Project};
use crate::source::python::Source;

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

    /// The edits of the text that it began with.
    pub fn finish(self) -> Vec<Edit> {
        self.pieces.changes().into_iter().map(|change| change.edit).collect()
    }
}
