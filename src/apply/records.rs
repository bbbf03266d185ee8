//! Which journals this user's paxx wrote, and for which folder: what makes a journal more than a file that came with a clone.
//!
//! In the state folder of the user (`$XDG_STATE_HOME/paxx`, else `~/.local/state/paxx`), which nobody else may write to,
//! `journals/` has one small file for each journal: its name is a digest of the folder (its path, its device, its inode)
//! and the digest of the journal, byte for byte. It is durable before the journal is, and goes after it. So a journal is believed
//! where its file is there, and nothing else about it needs to be trusted.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use sha2::{Digest as _, Sha256};

use super::digest::{Digest, hexadecimal};
use super::error::{ApplyError, Failure};
use super::tree::{self, Tree};
use crate::project::FilePath;

/// The state folder of this user.
#[derive(Debug, Clone)]
pub struct Records {
    folder: Option<PathBuf>,
}

/// The name under which a journal is known.
#[derive(Debug)]
pub struct Mark {
    name: String,
    folder: PathBuf,
}

impl Mark {
    /// The mark of the journal with this digest in a folder of `tree`.
    pub fn of(tree: &Tree, folder: &FilePath, journal: &Digest) -> Result<Self, Failure> {
        let path = tree.path(folder);
        let found = tree.status(folder).map_err(Failure::of("look at", &path))?;
        let found = found.ok_or_else(|| Failure::of("look at", &path)(io::ErrorKind::NotFound.into()))?;
        let mut text = Sha256::new();
        text.update(path.as_os_str().as_bytes());
        text.update(format!("\0{}\0{}", found.st_dev, found.st_ino));
        let name = format!("{}-{}", hexadecimal(&text.finalize()), hexadecimal(journal));
        Ok(Self { name, folder: path })
    }
}

/// The folder `journals`, opened.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    folder: OwnedFd,
}

impl Records {
    /// The records in this folder for the state of programs, which must be absolute; none where there is no such folder.
    pub fn new(state: Option<PathBuf>) -> Self {
        Self { folder: state.filter(|path| path.is_absolute()) }
    }

    /// Opens them for reading; `None` where there are none yet.
    pub fn find(&self) -> Result<Option<Shelf>, ApplyError> {
        let Some(state) = &self.folder else { return Ok(None) };
        let paxx = state.join("paxx");
        let Some(folder) = open(CWD, &paxx, &paxx)? else { return Ok(None) };
        let path = paxx.join("journals");
        Ok(open(&folder, Path::new("journals"), &path)?.map(|folder| Shelf { path, folder }))
    }

    /// Opens them for writing; makes the folders where they are missing.
    pub fn make(&self) -> Result<Shelf, ApplyError> {
        let Some(state) = &self.folder else {
            let path = PathBuf::from("~/.local/state/paxx");
            return Err(ApplyError::State {
                path,
                why: "has no place, because this user has no home folder".to_owned(),
            });
        };
        let paxx = state.join("paxx");
        if let Err(error) = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state) {
            return Err(unusable(state, "cannot be made", &error));
        }
        let above = retry_on_intr(|| {
            rustix::fs::openat(CWD, state, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        });
        let above = above.map_err(|error| unusable(state, "cannot be opened", &error.into()))?;
        let folder = make(&above, "paxx", &paxx)?;
        let path = paxx.join("journals");
        let folder = make(&folder, "journals", &path)?;
        if !tree::is_writable(&folder) {
            return Err(ApplyError::State { path, why: "may not be written to".to_owned() });
        }
        Ok(Shelf { path, folder })
    }

    /// Drops a mark; that there is none is fine, and that it cannot be dropped does no harm: no journal is there for it.
    pub fn forget(&self, mark: &Mark) {
        if let Ok(Some(shelf)) = self.find() {
            let _ = rustix::fs::unlinkat(&shelf.folder, &*mark.name, AtFlags::empty());
        }
    }
}

impl Shelf {
    /// Is there this mark?
    pub fn has(&self, mark: &Mark) -> bool {
        rustix::fs::statat(&self.folder, &*mark.name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|found| tree::kind(&found) == FileType::RegularFile && found.st_uid == user())
    }

    /// Makes this mark, durably. In it is the folder, for people who look.
    pub fn add(&self, mark: &Mark) -> Result<(), Failure> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let write = || -> io::Result<()> {
            let mode = Mode::from_raw_mode(0o600);
            let file = retry_on_intr(|| rustix::fs::openat(&self.folder, &*mark.name, flags, mode))?;
            let mut file = File::from(file);
            file.write_all(mark.folder.as_os_str().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            tree::sync(&self.folder)
        };
        let written = write();
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&self.folder, &*mark.name, AtFlags::empty());
        }
        written.map_err(Failure::of("write to", &self.path))
    }
}

/// The user as whom this program acts.
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn unusable(path: &Path, what: &str, error: &io::Error) -> ApplyError {
    ApplyError::State { path: path.to_owned(), why: format!("{what}: {error}") }
}

/// Opens a folder of ours; `None` where it is missing.
fn open(above: impl std::os::fd::AsFd, name: &Path, path: &Path) -> Result<Option<OwnedFd>, ApplyError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match retry_on_intr(|| rustix::fs::openat(above.as_fd(), name, flags, Mode::empty())) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            return Err(ApplyError::State { path: path.to_owned(), why: "is no folder".to_owned() });
        }
        Err(error) => return Err(unusable(path, "cannot be opened", &error.into())),
    };
    let found = rustix::fs::fstat(&folder).map_err(|error| unusable(path, "cannot be looked at", &error.into()))?;
    let why = if found.st_uid != user() {
        "belongs to another user"
    } else if found.st_mode & 0o022 != 0 {
        "may be written to by others"
    } else {
        return Ok(Some(folder));
    };
    Err(ApplyError::State { path: path.to_owned(), why: why.to_owned() })
}

/// Opens a folder of ours, and makes it, durably, where it is missing.
fn make(above: &OwnedFd, name: &str, path: &Path) -> Result<OwnedFd, ApplyError> {
    if let Some(folder) = open(above, Path::new(name), path)? {
        return Ok(folder);
    }
    let made = match rustix::fs::mkdirat(above, name, Mode::from_raw_mode(0o700)) {
        // Another paxx was faster.
        Err(Errno::EXIST) => Ok(()),
        made => made.map_err(io::Error::from),
    };
    made.and_then(|()| tree::sync(above)).map_err(|error| unusable(path, "cannot be made", &error))?;
    let missing = || unusable(path, "cannot be opened", &io::ErrorKind::NotFound.into());
    open(above, Path::new(name), path)?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn why(error: &ApplyError) -> String {
        error.to_string()
    }

    #[test]
    fn a_mark_is_for_one_folder_and_one_journal() {
        let folder = tempfile::tempdir().expect("a folder");
        let records = Records::new(Some(folder.path().join("deep/state")));
        fs::create_dir_all(folder.path().join("a/b")).expect("created");
        let tree = Tree::open(folder.path()).expect("opened");
        let mark = |place: &str, byte: u8| {
            Mark::of(&tree, &FilePath::new(place).expect("inside"), &[byte; 32]).expect("a mark")
        };
        assert!(records.find().expect("looked").is_none());
        let shelf = records.make().expect("made");
        shelf.add(&mark("a", 1)).expect("added");
        let shelf = records.find().expect("looked").expect("there");
        assert!(shelf.has(&mark("a", 1)));
        assert!(!shelf.has(&mark("a", 2)) && !shelf.has(&mark("a/b", 1)) && !shelf.has(&mark("", 1)));
        // Another folder under the same name.
        fs::rename(folder.path().join("a"), folder.path().join("moved")).expect("moved");
        fs::create_dir(folder.path().join("a")).expect("created");
        assert!(!shelf.has(&mark("a", 1)) && !shelf.has(&mark("moved", 1)));
        fs::remove_dir(folder.path().join("a")).expect("removed");
        fs::rename(folder.path().join("moved"), folder.path().join("a")).expect("moved");
        assert!(shelf.has(&mark("a", 1)));
        records.forget(&mark("a", 1));
        assert!(!shelf.has(&mark("a", 1)));
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let records = Records::new(Some(folder.path().to_owned()));
        records.make().expect("made");
        let paxx = folder.path().join("paxx");
        for open in [0o770, 0o707, 0o777] {
            mode(&paxx, open);
            assert!(why(&records.make().expect_err("refused")).contains("may be written to by others"));
            assert!(why(&records.find().expect_err("refused")).contains("may be written to by others"));
        }
        mode(&paxx, 0o500);
        records.find().expect("may be read");
        mode(&paxx, 0o700);
        mode(&paxx.join("journals"), 0o500);
        assert!(why(&records.make().expect_err("refused")).contains("may not be written to"));
        mode(&paxx.join("journals"), 0o700);
        fs::rename(&paxx, folder.path().join("elsewhere")).expect("moved");
        symlink("elsewhere", &paxx).expect("linked");
        assert!(why(&records.make().expect_err("refused")).contains("is no folder"));
        assert!(why(&records.find().expect_err("refused")).contains("is no folder"));
        assert!(Records::new(None).make().is_err());
        assert!(Records::new(Some("relative".into())).make().is_err());
    }
}
