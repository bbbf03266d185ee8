//! What is found out about a requirement: whether it holds, the edits that bring it, and those that take it back.

use crate::edit::Edit;
use crate::finding::{Location, Problem};
use crate::lock::{Record, ScaffoldingKey};
use crate::project::FilePath;

/// Does a requirement hold?
#[derive(Debug)]
pub enum Assessment {
    /// It does; where.
    Met {
        /// The place that meets it, where there is one to show.
        at: Option<Location>,
    },
    /// It does not, and this is how it would.
    Missing {
        /// What is missing, and where it belongs.
        problem: Problem,
        /// What brings it.
        fix: Fix,
    },
    /// It is there, but not as it must be.
    Drifted {
        /// What is wrong, and where.
        problem: Problem,
        /// What mends it, where the tool can.
        fix: Option<Fix>,
    },
    /// It cannot be told, or not be brought: ambiguous, unparsable, an unsupported shape.
    Blocked {
        /// Why, where, and what to write instead.
        problem: Problem,
    },
    /// It does not apply to this project; why, as a note for the summary.
    NotApplicable {
        /// A phrase such as "no compose file: start Redis yourself".
        note: String,
    },
}

/// How a note begins where the project has no compose file, or was told to have none.
pub const NO_COMPOSE_FILE: &str = "no compose file";

/// Changes that make a requirement hold, or that take it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// The changes, at most one for a file.
    pub changes: Vec<Change>,
    /// May `check --fix` apply it without a question about its meaning?
    pub safe: bool,
    /// What `paxx.lock` records of it, so that `remove` can tell ours from the user's.
    pub record: Record,
    /// What the user should know about it: phrases for the summary.
    pub notes: Vec<String>,
    /// Is the thing itself the user's, and only what it needs missing? Then `remove` leaves it.
    pub completes: bool,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Edits of a file that is there.
    Edit {
        /// The file.
        path: FilePath,
        /// Disjoint edits, in byte offsets of the text that was assessed.
        edits: Vec<Edit>,
    },
    /// A file that is not there yet, or is overwritten as a whole.
    Write {
        /// The file.
        path: FilePath,
        /// Its text.
        text: String,
    },
    /// A file that goes away.
    Delete {
        /// The file.
        path: FilePath,
    },
}

impl Fix {
    /// Edits of one file.
    pub fn edit(path: &FilePath, edits: Vec<Edit>) -> Self {
        Self { changes: vec![Change::Edit { path: path.clone(), edits }], ..Self::default() }
    }

    /// The same, marked as safe for `check --fix`.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    /// The same, for what is there already.
    #[must_use]
    pub fn completing(mut self) -> Self {
        self.completes = true;
        self
    }

    /// The same, with what stands there afterwards.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.record.text = Some(text.into());
        self
    }

    /// The same, with what was replaced.
    #[must_use]
    pub fn replaced(mut self, text: impl Into<String>) -> Self {
        self.record.replaced = Some(text.into());
        self
    }

    /// The same, with something that the user should know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same, with a piece of shared scaffolding that it makes.
    #[must_use]
    pub fn scaffolding(mut self, key: ScaffoldingKey, replaced: Option<String>) -> Self {
        self.record.scaffolding.push((key, replaced));
        self
    }

    /// This and another one, which changes other places, as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for change in other.changes {
            if let Change::Edit { path, edits } = &change
                && let Some(own) = self.changes.iter_mut().find_map(|own| match own {
                    Change::Edit { path: own, edits } if own == path => Some(edits),
                    _ => None,
                })
            {
                own.extend(edits.iter().cloned());
                own.sort_by_key(|edit| edit.range.start);
            } else {
                self.changes.push(change);
            }
        }
        self.record.scaffolding.extend(other.record.scaffolding);
        self.notes.extend(other.notes);
        self
    }
}

/// How a requirement that was brought would be taken back.
#[derive(Debug)]
pub enum Retraction {
    /// It is not there any more.
    Gone,
    /// By these changes.
    Remove(Fix),
    /// It stays, because the user changed it or because it cannot be told.
    Keep {
        /// Where it is.
        at: Option<Location>,
        /// Why it stays: a phrase.
        why: String,
    },
}
