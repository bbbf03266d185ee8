//! What the operating system is asked for below one folder: looking at a file, making one, moving one, making it durable.
//!
//! The folder is opened once, and everything is reached from that handle, never by an absolute path: no `..`, and no symbolic
//! link in any part of a path, also not one that appears between a check and a write. Linux resolves a path so in one call
//! (`openat2`); elsewhere each part is opened from the one before it. Nothing here knows of changes or journals.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Dev, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use crate::project::FilePath;

/// What is at a path.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A regular file.
    File(Existing),
    /// Something else, in words.
    Other(&'static str),
    /// A part of the path above it is a symbolic link or no folder.
    Unreachable,
}

/// A regular file.
#[derive(Debug)]
pub struct Existing {
    /// All of it.
    pub bytes: Vec<u8>,
    /// The permission bits, without those for set-user-id and the like: no file that is written gets those.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// The file system that it is on.
    pub device: Dev,
}

impl Existing {
    /// Its executable bit, which is the owner's, as git has it.
    pub fn executable(&self) -> bool {
        is_executable(self.mode)
    }
}

/// The largest file that is looked at, in bytes and in words.
#[derive(Debug, Clone, Copy)]
pub struct Limit(pub u64, pub &'static str);

/// The limit for a file of a project.
pub const FILE: Limit = Limit(64 << 20, "a file of more than 64 MiB");

/// The permission bits that a file may be given.
pub const PERMISSIONS: u32 = 0o777;

/// The executable bit of these permission bits.
pub fn is_executable(mode: u32) -> bool {
    mode & 0o100 != 0
}

/// These permission bits with another executable bit: who may read may execute, or nobody.
pub fn with_executable(mode: u32, executable: bool) -> u32 {
    match executable {
        same if same == is_executable(mode) => mode,
        true => mode | (mode & 0o444) >> 2,
        false => mode & !0o111,
    }
}

/// What a new file is to look like, but for its bytes.
#[derive(Debug, Clone, Copy)]
pub enum Properties {
    /// As any program makes files here, executable or not.
    New {
        /// Its executable bit.
        executable: bool,
    },
    /// Exactly these permission bits and, where that is possible, this user and group.
    Like {
        /// The permission bits.
        mode: u32,
        /// User and group.
        owner: Option<(u32, u32)>,
    },
}

/// A folder, and what is below it.
#[derive(Debug)]
pub struct Tree {
    path: PathBuf,
    folder: OwnedFd,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Reading, without waiting: opening a pipe would wait for its other end.
const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

impl Tree {
    /// The tree below this folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = std::fs::canonicalize(path)?;
        let folder = retry_on_intr(|| rustix::fs::openat(CWD, &path, FOLDER, Mode::empty()))?;
        Ok(Self { path, folder })
    }

    /// A path below it as it is shown, and typed.
    pub fn path(&self, path: &FilePath) -> PathBuf {
        // Joining nothing would add a slash.
        if path.as_str().is_empty() { self.path.clone() } else { self.path.join(path.as_str()) }
    }

    /// Opens a folder.
    fn folder(&self, path: &FilePath) -> rustix::io::Result<OwnedFd> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::fs::ResolveFlags;

            let name = if path.as_str().is_empty() { "." } else { path.as_str() };
            let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS);
            match retry_on_intr(|| rustix::fs::openat2(&self.folder, name, FOLDER, Mode::empty(), resolve)) {
                // A kernel before 5.6, a filter that does not know the call, or a rename that happened meanwhile.
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {}
                opened => return opened,
            }
        }
        let step = |above: &OwnedFd, name: &str| {
            retry_on_intr(|| rustix::fs::openat(above, name, FOLDER.union(OFlags::NOFOLLOW), Mode::empty()))
        };
        let mut folder = step(&self.folder, ".")?;
        for part in path.parts() {
            folder = step(&folder, part)?;
        }
        Ok(folder)
    }

    /// Opens the folder that a file is in.
    fn parent(&self, path: &FilePath) -> rustix::io::Result<OwnedFd> {
        self.folder(&path.parent().unwrap_or_else(FilePath::top))
    }

    /// What is at `path`, with its bytes.
    pub fn look(&self, path: &FilePath, limit: Limit) -> io::Result<Found> {
        let folder = match self.parent(path) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(error) if leads_nowhere(error) => return Ok(Found::Unreachable),
            Err(error) => return Err(error.into()),
        };
        let mut file = match retry_on_intr(|| rustix::fs::openat(&folder, path.name(), LOOK, Mode::empty())) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(Errno::LOOP) => return Ok(Found::Other("a symbolic link")),
            Err(Errno::NXIO) => return Ok(Found::Other("a socket or a device")),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(Found::Other("a folder"));
        }
        if !metadata.is_file() {
            return Ok(Found::Other("a pipe or a device"));
        }
        let mut bytes = Vec::new();
        if metadata.len() <= limit.0 {
            // It may grow while it is read.
            (&mut file).take(limit.0 + 1).read_to_end(&mut bytes)?;
        }
        if metadata.len() > limit.0 || u64::try_from(bytes.len()).is_ok_and(|length| length > limit.0) {
            return Ok(Found::Other(limit.1));
        }
        Ok(Found::File(Existing {
            bytes,
            mode: metadata.mode() & PERMISSIONS,
            owner: (metadata.uid(), metadata.gid()),
            device: rustix::fs::fstat(&file)?.st_dev,
        }))
    }

    /// What is at `path`, without opening it; `None` where nothing is.
    pub fn status(&self, path: &FilePath) -> io::Result<Option<Stat>> {
        let found = match path.as_str() {
            "" => rustix::fs::fstat(&self.folder),
            _ => {
                self.parent(path).and_then(|folder| rustix::fs::statat(folder, path.name(), AtFlags::SYMLINK_NOFOLLOW))
            }
        };
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if error == Errno::NOENT || leads_nowhere(error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Is a folder there, and reached without links?
    pub fn is_folder(&self, path: &FilePath) -> bool {
        self.folder(path).is_ok()
    }

    /// Is a folder there that holds nothing?
    pub fn is_empty_folder(&self, path: &FilePath) -> bool {
        let Ok(entries) = self.folder(path).and_then(rustix::fs::Dir::new) else { return false };
        let mut names = entries.flatten();
        names.all(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))
    }

    /// May entries of this folder be made and removed? Its permission bits count for the superuser too.
    pub fn is_folder_writable(&self, path: &FilePath) -> bool {
        let Ok(folder) = self.folder(path) else { return false };
        is_writable(&folder)
    }

    /// Makes a file that was not there; the caller makes it durable.
    pub fn create(&self, path: &FilePath, bytes: &[u8], properties: Properties) -> io::Result<File> {
        let mode = match properties {
            Properties::New { executable: true } => 0o777,
            Properties::New { executable: false } => 0o666,
            // Nobody may read it before it has the permissions of the file that it stands for.
            Properties::Like { .. } => 0o600,
        };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = self.parent(path)?;
        let file = retry_on_intr(|| rustix::fs::openat(&folder, path.name(), flags, Mode::from_raw_mode(mode)))?;
        let mut file = File::from(file);
        file.write_all(bytes)?;
        if let Properties::Like { mode, owner } = properties {
            if let Some((user, group)) = owner {
                let metadata = file.metadata()?;
                // Only the superuser gives files away; anybody else may at most pick another of his groups.
                if metadata.uid() != user && std::os::unix::fs::fchown(&file, Some(user), Some(group)).is_err()
                    || metadata.uid() == user && metadata.gid() != group
                {
                    let _ = std::os::unix::fs::fchown(&file, None, Some(group));
                }
            }
            file.set_permissions(std::fs::Permissions::from_mode(mode & PERMISSIONS))?;
        }
        Ok(file)
    }

    /// Opens a file that is only there to be locked, and makes it where it is missing and that is wanted. `None` where it is
    /// something else than a regular file.
    pub fn open_for_lock(&self, path: &FilePath, make: bool) -> io::Result<Option<File>> {
        let mut flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        flags.set(OFlags::CREATE, make);
        let folder = self.parent(path)?;
        match retry_on_intr(|| rustix::fs::openat(&folder, path.name(), flags, Mode::from_raw_mode(0o666))) {
            Ok(file) => {
                let file = File::from(file);
                Ok(file.metadata()?.is_file().then_some(file))
            }
            Err(Errno::LOOP | Errno::NXIO | Errno::ISDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder; that it is there is fine.
    pub fn make_folder(&self, path: &FilePath) -> io::Result<()> {
        let parent = self.parent(path)?;
        match rustix::fs::mkdirat(&parent, path.name(), Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) if self.is_folder(path) => Ok(()),
            made => Ok(made?),
        }
    }

    /// Gives the file `from` the name `to` in the same folder, which nothing may have yet.
    pub fn rename_new(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        let folder = &self.parent(to)?;
        let (from, to) = (from.name(), to.name());
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match rustix::fs::renameat_with(folder, from, folder, to, rustix::fs::RenameFlags::NOREPLACE) {
            Err(error) if is_unsupported(error) => {}
            other => return Ok(other?),
        }
        match rustix::fs::linkat(folder, from, folder, to, AtFlags::empty()) {
            Ok(()) => Ok(rustix::fs::unlinkat(folder, from, AtFlags::empty())?),
            Err(Errno::EXIST) => Err(Errno::EXIST.into()),
            // A file system without links either: what is left is to look first.
            Err(_) => match rustix::fs::statat(folder, to, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST.into()),
                Err(Errno::NOENT) => Ok(rustix::fs::renameat(folder, from, folder, to)?),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Gives the file `from` the name `to` in the same folder, whatever had it.
    pub fn rename(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        let folder = self.parent(to)?;
        Ok(rustix::fs::renameat(&folder, from.name(), &folder, to.name())?)
    }

    /// Lets two files of one folder swap their names; `false` where the file system cannot.
    pub fn exchange(&self, one: &FilePath, other: &FilePath) -> io::Result<bool> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            let folder = self.parent(one)?;
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            match rustix::fs::renameat_with(&folder, one.name(), &folder, other.name(), flags) {
                Ok(()) => Ok(true),
                Err(error) if is_unsupported(error) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        {
            let _ = (one, other);
            Ok(false)
        }
    }

    /// Removes a file; that it is not there is fine.
    pub fn remove(&self, path: &FilePath) -> io::Result<()> {
        match self.parent(path).and_then(|folder| rustix::fs::unlinkat(folder, path.name(), AtFlags::empty())) {
            Err(error) if error == Errno::NOENT || leads_nowhere(error) => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Removes a folder if it is empty; is it gone?
    pub fn remove_folder_if_empty(&self, path: &FilePath) -> io::Result<bool> {
        match self.parent(path).and_then(|folder| rustix::fs::unlinkat(folder, path.name(), AtFlags::REMOVEDIR)) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(error) if matches!(error, Errno::NOTEMPTY | Errno::EXIST) || leads_nowhere(error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the entries of a folder durable; that it is not there is fine.
    pub fn sync_folder(&self, path: &FilePath) -> io::Result<()> {
        match self.folder(path) {
            Ok(folder) => sync(&folder),
            Err(error) if error == Errno::NOENT || leads_nowhere(error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes the entries of an open folder durable.
pub fn sync(folder: &OwnedFd) -> io::Result<()> {
    match rustix::fs::fsync(folder) {
        // Some file systems cannot; they order what they do themselves, or nobody can help.
        Err(Errno::INVAL) => Ok(()),
        synced => Ok(synced?),
    }
}

/// May entries of this open folder be made and removed?
pub fn is_writable(folder: impl AsFd) -> bool {
    let folder = folder.as_fd();
    rustix::fs::fstat(folder).is_ok_and(|found| found.st_mode & 0o222 != 0)
        && rustix::fs::accessat(folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::empty()).is_ok()
}

/// What kind of thing this is.
pub fn kind(found: &Stat) -> FileType {
    FileType::from_raw_mode(found.st_mode)
}

/// How many names it has; at least one.
#[allow(clippy::useless_conversion, reason = "the type is another one on other platforms")]
pub fn links(found: &Stat) -> u64 {
    u64::from(found.st_nlink).max(1)
}

/// Is a part of a path a symbolic link, or a file where a folder is needed?
fn leads_nowhere(error: Errno) -> bool {
    matches!(error, Errno::LOOP | Errno::NOTDIR | Errno::XDEV)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn is_unsupported(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = Tree::open(folder.path()).expect("opened");
        (folder, tree)
    }

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    #[test]
    fn who_may_read_may_execute() {
        assert_eq!(with_executable(0o644, true), 0o755);
        assert_eq!(with_executable(0o640, true), 0o750);
        assert_eq!(with_executable(0o755, false), 0o644);
        assert_eq!(with_executable(0o711, true), 0o711);
    }

    #[test]
    fn a_new_name_is_never_anothers() {
        let (folder, tree) = tree();
        let (one, other) = (path("one"), path("other"));
        fs::write(folder.path().join("one"), "1").expect("written");
        fs::write(folder.path().join("other"), "2").expect("written");
        assert_eq!(tree.rename_new(&one, &other).expect_err("taken").kind(), io::ErrorKind::AlreadyExists);
        assert!(tree.exchange(&one, &other).expect("exchanged"));
        assert_eq!(fs::read(folder.path().join("one")).expect("read"), b"2");
        tree.remove(&other).expect("removed");
        tree.rename_new(&one, &other).expect("renamed");
        assert_eq!(fs::read(folder.path().join("other")).expect("read"), b"2");
    }

    #[test]
    fn links_pipes_folders_and_large_files_are_no_files() {
        let (folder, tree) = tree();
        let look = |name: &str| tree.look(&path(name), Limit(3, "more than 3")).expect("looked");
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).expect("linked");
        fs::create_dir(folder.path().join("folder")).expect("created");
        fs::write(folder.path().join("large"), "1234").expect("written");
        rustix::fs::mknodat(CWD, folder.path().join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0)
            .expect("a pipe");
        assert!(matches!(look("link"), Found::Other("a symbolic link")));
        assert!(matches!(look("folder"), Found::Other("a folder")));
        assert!(matches!(look("pipe"), Found::Other("a pipe or a device")));
        assert!(matches!(look("large"), Found::Other("more than 3")));
        assert!(matches!(look("absent"), Found::Nothing));
        assert!(matches!(look("large/below"), Found::Unreachable));
        assert!(tree.open_for_lock(&path("pipe"), true).expect("looked").is_none());
        assert!(tree.open_for_lock(&path("link"), true).expect("looked").is_none());
    }

    /// A link that takes the place of a folder behind every check: nothing gets through it, whatever is done.
    #[test]
    fn nothing_goes_through_a_link() {
        let (folder, tree) = tree();
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("theirs"), "kept").expect("written");
        fs::create_dir(outside.path().join("empty")).expect("created");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("linked");
        let (theirs, new) = (path("link/theirs"), path("link/new"));
        assert!(matches!(tree.look(&theirs, FILE).expect("looked"), Found::Unreachable));
        assert!(tree.create(&new, b"", Properties::New { executable: false }).is_err());
        assert!(tree.open_for_lock(&new, true).is_err());
        assert!(tree.make_folder(&new).is_err());
        assert!(tree.rename(&theirs, &new).is_err());
        assert!(tree.rename_new(&theirs, &new).is_err());
        assert!(tree.exchange(&theirs, &path("link/empty")).is_err());
        tree.remove(&theirs).expect("nothing of ours");
        assert!(!tree.remove_folder_if_empty(&path("link/empty")).expect("nothing of ours"));
        assert!(!tree.is_folder(&path("link")) && !tree.is_empty_folder(&path("link/empty")));
        assert!(!tree.is_folder_writable(&path("link")));
        assert!(tree.status(&theirs).expect("looked").is_none());
        assert_eq!(fs::read(outside.path().join("theirs")).expect("there"), b"kept");
        assert_eq!(fs::read_dir(outside.path()).expect("read").count(), 2);
    }

    #[test]
    fn no_file_becomes_set_user_id() {
        let (folder, tree) = tree();
        let properties = Properties::Like { mode: 0o4755, owner: None };
        tree.create(&path("tool"), b"", properties).expect("created");
        assert_eq!(fs::metadata(folder.path().join("tool")).expect("there").mode() & 0o7777, 0o755);
    }
}
