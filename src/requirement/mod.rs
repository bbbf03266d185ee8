//! What a component needs of a project, as a closed list of kinds: one file each, with its question and its inverse.
//!
//! Every command asks [`Requirement::assess`] - does it hold here? - and does something else with the answer. A
//! requirement does no I/O and never fails: odd code of a user is an [`Assessment`].

pub mod application_call;
pub mod dependency;
pub mod env_variable;
pub mod environment;
pub mod ignore_line;
pub mod import;
pub mod image;
pub mod lifespan_call;
pub mod module;
pub mod service;
pub mod setting;
pub mod settings_class;
pub mod steps;
pub mod worker;

use crate::edit::Edit;
use crate::finding::{Location, Problem};
use crate::project::{FilePath, Project};

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

/// Changes that make a requirement hold, or that take it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// The changes, at most one for a file.
    pub changes: Vec<Change>,
    /// May `check --fix` apply it without a question about its meaning?
    pub safe: bool,
    /// What `paxx.lock` records of it, so that `remove` can tell ours from the user's.
    pub record: Record,
}

/// What `paxx.lock` keeps of a requirement that was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The text that stands there now for it, without indentation: compared by [`same_code`].
    pub text: Option<String>,
    /// The exact text that was replaced, if any.
    pub replaced: Option<String>,
    /// Shared scaffolding that came into being with it: its name, and the exact text that was replaced, if any.
    pub scaffolding: Vec<(String, Option<String>)>,
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

    /// The same, with a piece of shared scaffolding that it makes.
    #[must_use]
    pub fn scaffolding(mut self, name: impl Into<String>, replaced: Option<String>) -> Self {
        self.record.scaffolding.push((name.into(), replaced));
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

/// What `remove` knows about a requirement from `paxx.lock`.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// What was recorded when it was brought.
    pub record: Record,
    /// Scaffolding that is recorded for the project: name, and the exact text that was replaced, if any.
    pub scaffolding: Vec<(String, Option<String>)>,
}

impl Recorded {
    /// The scaffolding of this name: `Some(None)` where it was created, `Some(Some(text))` where it replaced `text`.
    pub fn scaffolding(&self, name: &str) -> Option<Option<&str>> {
        self.scaffolding.iter().find(|(known, _)| known == name).map(|(_, replaced)| replaced.as_deref())
    }
}

/// Is it the same code but for layout: blanks, line breaks, the kind of quotes, a trailing comma?
///
/// What we inserted is recognised in this way, so that a formatter run does not orphan it.
pub fn same_code(left: &str, right: &str) -> bool {
    normal_form(left) == normal_form(right)
}

fn normal_form(code: &str) -> String {
    let mut result = String::with_capacity(code.len());
    for character in code.chars().filter(|character| !character.is_whitespace()) {
        let character = if character == '\'' { '"' } else { character };
        if matches!(character, ')' | ']' | '}') && result.ends_with(',') {
            result.pop();
        }
        result.push(character);
    }
    result
}
