//! Writing, all or nothing: the only writer of the program.
//!
//! A change goes through these steps. Up to the commit mark a failure, an interruption or the next start takes everything
//! back; from there on it is finished.
//!
//! 1. Take the lock. Finish or roll back what a killed paxx left.
//! 2. Compare every file with what the change was planned on; look for what stands in the way. Nothing was written yet.
//! 3. Write the journal, durably: every step, and the bytes of every file that will be replaced or deleted.
//! 4. Create folders, write each new file beside its target under another name, make them durable.
//! 5. Let each new file swap its name with the old one (or take its name, or move the old one aside), and look at what
//!    came out: an edit that was saved in this very moment is seen, and all is rolled back. Make the folders durable.
//! 6. The commit mark: rename the journal. Then remove the old files; the journal becomes the record for `undo`.
//!
//! Several renames are not one: a program that reads the project in the middle of step 5 sees some new and some old files,
//! each of them whole. New files come first and deletions last, so that what is imported is there before it is imported.
//!
//! Steps 1 and 3 need the records in the state folder of this user, by which a journal is told from one that came with a clone:
//! where there can be none, nothing is written.
//!
//! A project has its `.paxx` folder at its root. A change that reaches above the root (a compose file that several
//! projects share) has lock and journal in `.paxx` at the top of the repository, and holds both locks; each project has its own
//! last change for `undo`.
//!
//! This module prints nothing, asks nothing and plans nothing.

mod base_texts;
mod digest;
mod empty_folders;
mod error;
mod journal;
mod lock;
mod records;
mod recovery;
mod roll_back;
mod stage;
#[cfg(test)]
mod tests;
mod transaction;
mod tree;
mod undo;

use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use base_texts::keep as keep_base_texts;
pub use error::{ApplyError, Difference, Doubt, Failure, How, Refusal};
pub use records::Records;
pub use recovery::{Pending, Recovered, pending, recover};
pub use stage::Stage;
pub use transaction::{Applied, apply, hard_links};
pub use undo::{foreign_undo, undo_changes};

use crate::project::FilePath;
use tree::Tree;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file. It is no symbolic link, and none of its folders is one.
    pub path: FilePath,
    /// What it was when the change was planned; `None` where it was not there.
    pub before: Option<Contents>,
    /// What it becomes; `None` where it goes away.
    pub after: Option<Contents>,
}

/// A file's bytes, and the one bit of its mode that git knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All of it.
    pub bytes: Rc<[u8]>,
    /// May its owner execute it?
    pub executable: bool,
}

impl Contents {
    /// A file of these bytes that is not executable.
    pub fn new(bytes: impl Into<Rc<[u8]>>) -> Self {
        Self { bytes: bytes.into(), executable: false }
    }
}

/// A change of several files that is applied as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The command that makes it: `paxx add redis`.
    pub label: String,
    /// The root of the project that it is made for.
    pub root: FilePath,
    /// Does it take the last change back? Then there is nothing to undo after it.
    pub undo: bool,
    /// Its files, each once, in any order.
    pub files: Vec<FileChange>,
}

/// Where changes are applied, and where what is remembered of them lies.
#[derive(Debug, Clone)]
pub struct Place {
    base: PathBuf,
    root: FilePath,
    records: Records,
}

impl Place {
    /// The absolute folder that every [`FilePath`] is relative to, the root of the project in it, and the user's records.
    pub fn new(base: impl Into<PathBuf>, root: FilePath, records: Records) -> Self {
        Self { base: base.into(), root, records }
    }

    /// A folder that may have a `.paxx` in it, whatever project it belongs to.
    pub fn folder(folder: impl Into<PathBuf>, records: Records) -> Self {
        Self::new(folder, FilePath::top(), records)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.base
    }

    fn open(&self) -> Result<Tree, Failure> {
        Tree::open(&self.base).map_err(Failure::of("open", &self.base))
    }

    /// The folders with a `.paxx` that this project may use, the top of the repository first: in this order they are locked.
    fn homes<'a>(&'a self, tree: &'a Tree) -> Vec<Site<'a>> {
        let site = |home| Site { tree, home, records: &self.records };
        let mut homes = vec![site(FilePath::top())];
        if self.root != FilePath::top() {
            homes.push(site(self.root.clone()));
        }
        homes
    }
}

/// A folder with a `.paxx` in it.
#[derive(Debug, Clone)]
struct Site<'a> {
    /// The tree that it is in, which changes are applied to.
    tree: &'a Tree,
    /// The folder.
    home: FilePath,
    /// The records of this user.
    records: &'a Records,
}

impl Site<'_> {
    fn state_folder(&self) -> FilePath {
        self.home.child(".paxx")
    }

    fn state(&self, name: &str) -> FilePath {
        self.state_folder().child(name)
    }

    /// The other folder in which the last change of this project may be recorded.
    fn other_home(&self, root: &FilePath) -> Option<FilePath> {
        let other = if self.home == *root { FilePath::top() } else { root.clone() };
        (other != self.home).then_some(other)
    }
}
