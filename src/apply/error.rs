//! Why a change was not applied, and what to do next.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::stage::Stage;
use crate::project::FilePath;

/// Why a change was not applied. Unless it says otherwise, nothing was changed.
#[derive(Debug)]
pub enum ApplyError {
    /// Another paxx holds the lock at this path.
    Busy(PathBuf),
    /// Files are not what they were when the change was planned.
    Conflict(Vec<Difference>),
    /// The change cannot be made here.
    Refused(Vec<Refusal>),
    /// The user stopped it before the commit mark.
    Interrupted,
    /// The operating system refused something.
    Io(Failure),
    /// It failed, and so did taking back what had been done: the journal is still there, and the next start goes on.
    Unfinished {
        /// Why the change failed.
        cause: Box<ApplyError>,
        /// Why it could not be taken back.
        then: Failure,
    },
    /// It failed and was taken back, but for files that somebody changed after it had: those were left as they are.
    Kept {
        /// Why the change failed.
        cause: Box<ApplyError>,
        /// The files. What they were before is in `.paxx/rolled-back`.
        kept: Vec<FilePath>,
    },
    /// This user's own journal, or his record of the last change, was written by a newer paxx.
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// There is a journal, or a record of a last change, that this user's paxx did not write for this folder.
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it would be.
        stage: Stage,
        /// Why it is not believed.
        doubt: Doubt,
    },
    /// What should be the `.paxx` folder is something else.
    NoStateFolder(PathBuf),
    /// What should be the lock is something else.
    NoLock(PathBuf),
    /// The folder of this user for what paxx remembers cannot be used.
    State {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it: a phrase that follows its name.
        why: String,
    },
    /// There is no applied change that could be taken back.
    NothingToUndo,
}

/// Why a journal is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is no regular file, but this.
    Kind(&'static str),
    /// Nothing says that this user's paxx wrote it for this folder.
    Unknown,
    /// What would say so cannot be read.
    Records(String),
}

/// How a file differs from what it was when the change was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The file.
    pub path: FilePath,
    /// What became of it.
    pub how: How,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its bytes are others.
    Changed,
    /// It has been made.
    Appeared,
    /// It is gone.
    Gone,
    /// Its executable bit is another.
    Mode,
    /// It is no regular file, but this.
    Kind(&'static str),
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.how {
            How::Changed => write!(formatter, "`{path}` was changed"),
            How::Appeared => write!(formatter, "`{path}` was created"),
            How::Gone => write!(formatter, "`{path}` is gone"),
            How::Mode => write!(formatter, "the executable bit of `{path}` was changed"),
            How::Kind(kind) => write!(formatter, "`{path}` is {kind} now"),
        }
    }
}

/// A file or a folder that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file or folder.
    pub path: FilePath,
    /// What is wrong with it: a phrase that follows its name.
    pub why: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.path, self.why)
    }
}

/// Something that the operating system refused.
#[derive(Debug)]
pub struct Failure {
    /// What was being done: `write`, `rename`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub error: io::Error,
}

impl Failure {
    /// Makes the error of an operation on `path`, for `map_err`.
    pub fn of(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self { action, path: path.into(), error }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot {} `{}`: {}", self.action, self.path.display(), self.error)
    }
}

impl From<Failure> for ApplyError {
    fn from(failure: Failure) -> Self {
        Self::Io(failure)
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(path) => {
                write!(formatter, "another paxx is at work in this project: it holds `{}`", path.display())
            }
            Self::Conflict(differences) => {
                write!(formatter, "files have changed in the meantime: {}", List(differences))
            }
            Self::Refused(refusals) => write!(formatter, "nothing was written: {}", List(refusals)),
            Self::Interrupted => formatter.write_str("interrupted; nothing was changed"),
            Self::Io(failure) => write!(formatter, "{failure}; nothing was changed"),
            Self::Unfinished { cause, then } => match &**cause {
                Self::Io(failure) => write!(formatter, "{failure}; and then: {then}"),
                cause => write!(formatter, "{cause}; but not all of it could be taken back: {then}"),
            },
            Self::Kept { cause, kept } => write!(
                formatter,
                "{cause}, but for what somebody changed meanwhile and was left as it is: {}",
                List(&kept.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>())
            ),
            Self::Unreadable { path } => write!(formatter, "`{}` was written by a newer paxx", path.display()),
            Self::Foreign { path, stage, doubt } => {
                let path = path.display();
                match doubt {
                    Doubt::Kind(kind) => write!(formatter, "`{path}` is {kind}")?,
                    Doubt::Unknown => write!(formatter, "`{path}` was not written by your paxx for this folder")?,
                    Doubt::Records(why) => write!(formatter, "whether `{path}` is yours cannot be told: {why}")?,
                }
                formatter.write_str(match stage {
                    Stage::Open | Stage::Committed => ", so it is not carried out",
                    Stage::Last => ", so it cannot be undone",
                })
            }
            Self::NoStateFolder(path) => {
                write!(formatter, "`{}` is no folder: nothing was written", path.display())
            }
            Self::NoLock(path) => write!(formatter, "`{}` is no regular file: nothing was written", path.display()),
            Self::State { path, why } => {
                write!(formatter, "your state folder `{}` {why}: nothing was written", path.display())
            }
            Self::NothingToUndo => formatter.write_str("there is no applied change that could be undone"),
        }
    }
}

impl std::error::Error for ApplyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(failure) | Self::Unfinished { then: failure, .. } => Some(&failure.error),
            _ => None,
        }
    }
}

impl ApplyError {
    /// The file or folder that is in the way, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Busy(path)
            | Self::NoStateFolder(path)
            | Self::NoLock(path)
            | Self::Unreadable { path }
            | Self::Foreign { path, .. }
            | Self::State { path, .. } => Some(path),
            Self::Io(failure) => Some(&failure.path),
            _ => None,
        }
    }

    /// What to do next.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Busy(_) => "wait until it has ended, then run the command again".to_owned(),
            Self::Conflict(_) => "run the command again: it plans anew with the files as they are now".to_owned(),
            Self::Refused(_) => "mend that, then run the command again".to_owned(),
            Self::Interrupted => return None,
            Self::Io(failure) => match failure.error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room on the disk, then run the command again".to_owned()
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "make it writable for yourself, then run the command again".to_owned()
                }
                _ => "run the command again".to_owned(),
            },
            Self::Unfinished { .. } => {
                "mend that, then run any `paxx add`, `remove` or `undo`: it first takes back or finishes what is left"
                    .to_owned()
            }
            Self::Kept { .. } => "what these files were is in `.paxx/rolled-back`".to_owned(),
            Self::Unreadable { .. } => "update paxx, then run the command again".to_owned(),
            Self::Foreign { doubt: Doubt::Records(_), .. } | Self::State { .. } => {
                "make that folder your own and writable for you alone (`chmod 700`), or set `XDG_STATE_HOME` to a folder that is"
                    .to_owned()
            }
            Self::Foreign { path, .. } => format!(
                "it came with the repository, or the folder was moved, copied or restored; look at what changed with `git status`, then `rm -r {}`",
                quoted(path)
            ),
            Self::NoStateFolder(path) | Self::NoLock(path) => {
                format!("look at what it is, then `rm {}`", quoted(path))
            }
            Self::NothingToUndo => "`paxx remove` takes a component out".to_owned(),
        })
    }
}

/// A path as it is typed in a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@%".contains(&byte);
    if text.bytes().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Several things, with commas.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(", ")?;
            }
            item.fmt(formatter)?;
        }
        Ok(())
    }
}
