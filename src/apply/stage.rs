//! How far a change is: the name of its journal says it.

use super::Site;
use super::digest::{digest, hexadecimal};
use crate::project::FilePath;

/// How far a change got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being made, or taken back.
    Open,
    /// It is made; only things to clear away are left.
    Committed,
    /// It is the last change that was made.
    Last,
}

impl Stage {
    /// The name of a journal of this stage, for a project whose root is `root`.
    pub(super) fn file(self, site: &Site<'_>, root: &FilePath) -> FilePath {
        match self {
            Self::Open => site.state("journal"),
            Self::Committed => site.state("committed"),
            Self::Last if *root == site.home => site.state("undo"),
            // Several projects share this folder; each has its own last change.
            Self::Last => {
                let digits = hexadecimal(&digest(root.relative_to(&site.home).as_bytes()));
                site.state(&format!("undo-{}", digits.get(..16).unwrap_or_default()))
            }
        }
    }
}
