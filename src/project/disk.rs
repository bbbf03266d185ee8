//! The one place that opens files of a project, and the one place with limits.
//!
//! A repository is written by others. So a path is resolved beneath one folder: `..`, absolute paths and symbolic links that
//! lead out of it name nothing. Nothing that is opened can make the program wait, only regular files are read, and none of them
//! is read beyond its limit. It caches nothing and decides nothing: [`super::reader`] does.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::FilePath;

/// The largest file that is read, in bytes: a source file that is larger is data.
pub const LARGEST: u64 = 4 * 1024 * 1024;

/// The largest ignore file that is read, in bytes: each of its lines is compiled.
pub const LARGEST_IGNORE_FILE: u64 = 256 * 1024;

/// So many symbolic links may lie on the way to a file; Linux has the same limit.
const MOST_LINKS: usize = 40;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, where links are not followed.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; a byte that is not UTF-8 is shown as `\xNN`, and `is_text` is false.
    pub name: String,
    /// Is the name UTF-8? A path with another one cannot be given back to the disk.
    pub is_text: bool,
    /// What it is. Links are not followed.
    pub kind: Kind,
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is none.
    Absent,
    /// The path leads out of the folder.
    Outside,
    /// It is a folder, where a file is asked for; or no folder, where one is.
    Folder,
    /// It is a pipe, a socket or a device.
    Special,
    /// It is larger than this limit, in bytes.
    TooLarge(u64),
    /// The system refuses, with its words.
    System(String),
}

impl Refusal {
    fn of(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ => Self::Absent,
            Errno::XDEV => Self::Outside,
            // What opening a socket or a device without a driver says.
            Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP => Self::Special,
            error => Self::System(std::io::Error::from(error).to_string()),
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
    /// Where the path leads, if there are symbolic links on the way.
    pub real: Option<FilePath>,
}

/// What was opened, and where the path leads, if there are symbolic links on the way.
struct Found {
    handle: OwnedFd,
    real: Option<FilePath>,
}

/// A folder of the disk, and what is beneath it.
#[derive(Debug)]
pub struct Disk {
    base: PathBuf,
    top: OwnedFd,
}

impl Disk {
    /// The disk beneath the absolute folder `base`, which has no symbolic links in it.
    pub fn open(base: &Path) -> std::io::Result<Self> {
        let top = openat(rustix::fs::CWD, base, folder_flags(), Mode::empty())?;
        Ok(Self { base: base.to_owned(), top })
    }

    /// Reads the regular file at `path`, no more than `limit` bytes of it.
    pub fn read(&self, path: &FilePath, limit: u64) -> Result<Contents, Refusal> {
        // Opening a pipe must not wait for its other end, and a terminal must not become ours.
        let opened = self.opened(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let stat = fstat(&opened.handle).map_err(Refusal::of)?;
        match Kind::of(FileType::from_raw_mode(stat.st_mode)) {
            Kind::File => {}
            Kind::Folder => return Err(Refusal::Folder),
            _ => return Err(Refusal::Special),
        }
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if size > limit {
            return Err(Refusal::TooLarge(limit));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        // It may grow meanwhile, and some files say that they are empty and are not.
        let read = File::from(opened.handle).take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|error| Refusal::System(error.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(Refusal::TooLarge(limit));
        }
        Ok(Contents { bytes, mode: stat.st_mode, real: opened.real })
    }

    /// The entries of the folder at `path`, sorted by name.
    pub fn list(&self, path: &FilePath) -> Result<Vec<Entry>, Refusal> {
        let opened = self.opened(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK)?;
        let mut found = Vec::new();
        for entry in Dir::new(opened.handle).map_err(Refusal::of)? {
            let entry = entry.map_err(Refusal::of)?;
            let bytes = entry.file_name().to_bytes();
            if matches!(bytes, b"." | b"..") {
                continue;
            }
            let (name, is_text) = match std::str::from_utf8(bytes) {
                Ok(name) => (name.to_owned(), true),
                Err(_) => (bytes.escape_ascii().to_string(), false),
            };
            found.push((name, is_text, entry.file_type()));
        }
        found.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let entries = found.into_iter().map(|(name, is_text, kind)| {
            // Some file systems do not say it in the list.
            let kind = match kind {
                FileType::Unknown if is_text => self.kind_of_entry(&path.child(&name)).unwrap_or(Kind::Special),
                kind => Kind::of(kind),
            };
            Entry { name, is_text, kind }
        });
        Ok(entries.collect())
    }

    /// What `path` leads to; `None` where that is nothing, or lies outside.
    pub fn kind(&self, path: &FilePath) -> Option<Kind> {
        let opened = self.opened(path, look_flags()).ok()?;
        fstat(&opened.handle).ok().map(|stat| Kind::of(FileType::from_raw_mode(stat.st_mode)))
    }

    /// What stands at `path` itself, be it a symbolic link.
    pub fn kind_of_entry(&self, path: &FilePath) -> Option<Kind> {
        let Some(folder) = path.parent() else { return Some(Kind::Folder) };
        let folder = self.opened(&folder, folder_flags()).ok()?;
        let stat = statat(&folder.handle, path.name(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(Kind::of(FileType::from_raw_mode(stat.st_mode)))
    }

    /// What tells whether the entry at `path` has changed: its number, its size, and when it was written last.
    pub fn stamp(&self, path: &FilePath) -> Option<String> {
        let folder = self.opened(&path.parent()?, folder_flags()).ok()?;
        let stat = statat(&folder.handle, path.name(), AtFlags::empty()).ok()?;
        Some(format!("{} {} {}.{}", stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec))
    }

    /// The path behind symbolic links.
    pub fn real(&self, path: &FilePath) -> Result<FilePath, Refusal> {
        Ok(self.opened(path, look_flags())?.real.unwrap_or_else(|| path.clone()))
    }

    fn opened(&self, path: &FilePath, flags: OFlags) -> Result<Found, Refusal> {
        let flags = flags | OFlags::CLOEXEC;
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            let name = if path.as_str().is_empty() { "." } else { path.as_str() };
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            match openat2(&self.top, name, flags, Mode::empty(), resolve) {
                Ok(handle) => return Ok(Found { handle, real: None }),
                // There is a link on the way, or the kernel or a sandbox has no such call.
                Err(Errno::LOOP | Errno::XDEV | Errno::NOSYS | Errno::PERM | Errno::AGAIN) => {}
                Err(error) => return Err(Refusal::of(error)),
            }
        }
        self.opened_by_parts(path, flags)
    }

    /// Opens folder by folder, and reads each symbolic link itself, so that none can lead out, not even one that is made meanwhile.
    fn opened_by_parts(&self, path: &FilePath, flags: OFlags) -> Result<Found, Refusal> {
        let mut waiting: Vec<String> = parts_in_reverse(path.as_str());
        let mut folders: Vec<OwnedFd> = Vec::new();
        let mut real: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = waiting.pop() {
            if part == ".." {
                folders.pop().ok_or(Refusal::Outside)?;
                real.pop();
                continue;
            }
            let at = folders.last().map_or(self.top.as_fd(), AsFd::as_fd);
            let stat = statat(at, &part, AtFlags::SYMLINK_NOFOLLOW).map_err(Refusal::of)?;
            if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Refusal::of(Errno::LOOP));
                }
                let target = readlinkat(at, &part, Vec::new()).map_err(Refusal::of)?;
                let target = target.to_str().map_err(|_| Refusal::Outside)?;
                let target = if target.starts_with('/') {
                    folders.clear();
                    real.clear();
                    let below = Path::new(target).strip_prefix(&self.base).map_err(|_| Refusal::Outside)?;
                    below.to_str().ok_or(Refusal::Outside)?
                } else {
                    target
                };
                waiting.extend(parts_in_reverse(target));
                continue;
            }
            let is_last = waiting.is_empty();
            let flags = if is_last { flags } else { folder_flags() };
            let handle = openat(at, &part, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
            // A link that took the place of what was there a moment ago.
            let handle =
                handle.map_err(|error| if error == Errno::LOOP { Refusal::Outside } else { Refusal::of(error) })?;
            real.push(part);
            folders.push(handle);
        }
        let real = FilePath::new(&real.join("/")).ok_or(Refusal::Outside)?;
        let handle = match folders.pop() {
            Some(handle) => handle,
            None => openat(&self.top, ".", flags, Mode::empty()).map_err(Refusal::of)?,
        };
        Ok(Found { handle, real: Some(real).filter(|real| real != path) })
    }
}

fn parts_in_reverse(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}

/// How a folder is opened that is only passed through.
fn folder_flags() -> OFlags {
    look_flags() | OFlags::DIRECTORY
}

/// How something is opened that is only looked at.
fn look_flags() -> OFlags {
    #[cfg(target_os = "linux")]
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    flags
}

/// The folder at `path`, absolute and without symbolic links; `None` where there is none.
pub fn canonical_folder(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok().filter(|path| path.is_dir())
}

/// Is there an entry `name` in the absolute folder `folder`? For what is above a project, where no [`Disk`] is yet.
pub fn has_entry(folder: &Path, name: &str) -> bool {
    folder.join(name).exists()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    /// A folder with `project/` in it and a secret beside that.
    fn disk() -> (tempfile::TempDir, Disk, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let base = std::fs::canonicalize(folder.path()).expect("there").join("project");
        std::fs::create_dir_all(base.join("app/core")).expect("made");
        std::fs::write(base.join("app/core/config.py"), "inside").expect("written");
        std::fs::write(base.with_file_name("secret"), "outside").expect("written");
        let disk = Disk::open(&base).expect("opened");
        (folder, disk, base)
    }

    /// Both ways of opening, as the kernel does it and by parts.
    fn read(disk: &Disk, name: &str) -> Result<(String, Option<FilePath>), Refusal> {
        let read = disk.read(&path(name), LARGEST);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let by_parts = disk.opened_by_parts(&path(name), flags);
        match (&read, &by_parts) {
            (Ok(read), Ok(by_parts)) => assert_eq!(read.real, by_parts.real, "{name}"),
            (Err(Refusal::Folder | Refusal::Special | Refusal::TooLarge(_)), _) => {}
            (Err(left), Err(right)) => assert_eq!(left, right, "{name}"),
            _ => panic!("{name}: {read:?}"),
        }
        read.map(|read| (String::from_utf8_lossy(&read.bytes).into_owned(), read.real))
    }

    #[test]
    fn links_that_stay_inside_are_followed_and_others_lead_nowhere() {
        let (_folder, disk, base) = disk();
        let link = |to: &str, name: &str| symlink(to, base.join(name)).expect("linked");
        link("core/config.py", "app/relative.py");
        link("../app/core", "app/folder");
        link(&base.join("app/core/config.py").to_string_lossy(), "absolute.py");
        let config = Some(path("app/core/config.py"));
        for name in ["app/relative.py", "app/folder/config.py", "absolute.py"] {
            assert_eq!(read(&disk, name), Ok(("inside".to_owned(), config.clone())), "{name}");
        }
        assert_eq!(read(&disk, "app/core/config.py"), Ok(("inside".to_owned(), None)));
        link("../secret", "out");
        link("app/../../secret", "out-by-a-folder");
        link("..", "up");
        link("/", "everything");
        link("/etc/hostname", "far");
        for name in ["out", "out-by-a-folder", "up/secret", "up/project/app/core/config.py", "everything/etc", "far"] {
            assert_eq!(read(&disk, name), Err(Refusal::Outside), "{name}");
            assert_eq!(disk.kind(&path(name)), None, "{name}");
        }
        assert_eq!(disk.kind_of_entry(&path("out")), Some(Kind::Link));
        assert_eq!(disk.kind_of_entry(&path("up/secret")), None);
        link("second", "first");
        link("first", "second");
        assert!(matches!(read(&disk, "first"), Err(Refusal::System(_))));
        link("nowhere", "dangling");
        assert_eq!(read(&disk, "dangling"), Err(Refusal::Absent));
        assert_eq!(read(&disk, "app/core/config.py/x"), Err(Refusal::Absent));
        assert_eq!(disk.real(&path("app/folder")), Ok(path("app/core")));
    }

    #[test]
    fn only_regular_files_are_read_and_none_beyond_its_limit() {
        let (_folder, disk, base) = disk();
        let made = rustix::fs::mknodat(rustix::fs::CWD, base.join("pipe"), FileType::Fifo, Mode::RWXU, 0);
        made.expect("a pipe");
        let _socket = std::os::unix::net::UnixListener::bind(base.join("socket")).expect("a socket");
        let large = File::create(base.join("large")).expect("made");
        large.set_len(LARGEST + 1).expect("longer");
        assert_eq!(read(&disk, "pipe"), Err(Refusal::Special));
        assert_eq!(read(&disk, "socket"), Err(Refusal::Special));
        assert_eq!(read(&disk, "large"), Err(Refusal::TooLarge(LARGEST)));
        assert_eq!(read(&disk, "app"), Err(Refusal::Folder));
        large.set_len(LARGEST).expect("shorter");
        assert!(read(&disk, "large").is_ok());
        let beyond = Disk::open(Path::new("/dev")).expect("opened");
        assert_eq!(read(&beyond, "zero"), Err(Refusal::Special));
    }

    #[test]
    fn a_folder_is_listed_with_what_each_entry_is() {
        use std::os::unix::ffi::OsStrExt as _;
        let (_folder, disk, base) = disk();
        symlink("/etc", base.join("app/etc")).expect("linked");
        std::fs::write(base.join("app").join(std::ffi::OsStr::from_bytes(b"caf\xe9.py")), "").expect("written");
        let entries: Vec<(String, bool, Kind)> =
            disk.list(&path("app")).expect("listed").into_iter().map(|e| (e.name, e.is_text, e.kind)).collect();
        let expected = [("caf\\xe9.py", false, Kind::File), ("core", true, Kind::Folder), ("etc", true, Kind::Link)];
        assert_eq!(entries, expected.map(|(name, is_text, kind)| (name.to_owned(), is_text, kind)));
        assert_eq!(disk.list(&path("app/etc")), Err(Refusal::Outside));
        assert_eq!(disk.list(&path("app/core/config.py")), Err(Refusal::Absent));
    }
}
