//! What the operating system is asked for: looking at a file, making one, moving one, making it durable.
//!
//! Nothing here follows a symbolic link in the last part of a path, and nothing here knows of changes or journals.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, OFlags};
use rustix::io::Errno;

/// What is at a path.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A regular file.
    File(Existing),
    /// Something else, in words.
    Other(&'static str),
}

/// A regular file.
#[derive(Debug)]
pub struct Existing {
    /// All of it.
    pub bytes: Vec<u8>,
    /// The permission bits, with those for set-user-id and the like.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// The file system that it is on.
    pub device: u64,
}

impl Existing {
    /// Its executable bit, which is the owner's, as git has it.
    pub fn executable(&self) -> bool {
        is_executable(self.mode)
    }
}

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

/// What is at `path`, with its bytes.
pub fn look(path: &Path) -> io::Result<Found> {
    // Non-blocking, because opening a pipe would wait for its other end.
    let flags = flags(OFlags::NOFOLLOW | OFlags::NONBLOCK);
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) => {
            return match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR) => Ok(Found::Nothing),
                Some(Errno::LOOP) => Ok(Found::Other("a symbolic link")),
                Some(Errno::NXIO) => Ok(Found::Other("a socket or a device")),
                _ => Err(error),
            };
        }
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(Found::Other("a folder"));
    }
    if !metadata.is_file() {
        return Ok(Found::Other("a pipe or a device"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Found::File(Existing {
        bytes,
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
        device: metadata.dev(),
    }))
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

/// Makes a file that was not there; the caller makes it durable.
pub fn create(path: &Path, bytes: &[u8], properties: Properties) -> io::Result<File> {
    let mode = match properties {
        Properties::New { executable: true } => 0o777,
        Properties::New { executable: false } => 0o666,
        // Nobody may read it before it has the permissions of the file that it stands for.
        Properties::Like { .. } => 0o600,
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
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
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// Opens a file of our own for writing, and makes it where it is missing.
pub fn open_own(path: &Path, truncate: bool) -> io::Result<File> {
    let flags = flags(OFlags::NOFOLLOW);
    OpenOptions::new().write(true).create(true).truncate(truncate).custom_flags(flags).open(path)
}

/// Gives the file `from` the name `to`, which nothing may have yet.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    match rename_with(from, to, rustix::fs::RenameFlags::NOREPLACE) {
        Err(error) if is_unsupported(error) => {}
        other => return other.map_err(Into::into),
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links either: what is left is to look first.
        Err(_) => match fs::symlink_metadata(to) {
            Ok(_) => Err(Errno::EXIST.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
            Err(error) => Err(error),
        },
    }
}

/// Lets two files swap their names; `false` where the file system cannot.
pub fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        match rename_with(one, other, rustix::fs::RenameFlags::EXCHANGE) {
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

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_with(from: &Path, to: &Path, flags: rustix::fs::RenameFlags) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, flags)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn is_unsupported(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

/// Removes a file; that it is not there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    absent_is_fine(fs::remove_file(path))
}

/// Removes a folder if it is empty; is it gone?
pub fn remove_folder_if_empty(path: &Path) -> io::Result<bool> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => Ok(true),
            Some(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(false),
            _ => Err(error),
        },
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes the entries of a folder durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some file systems cannot; they order what they do themselves, or nobody can help.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => Ok(()),
        other => other,
    }
}

/// May entries of this folder be made and removed? Its permission bits count for the superuser too.
pub fn is_folder_writable(path: &Path, metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o222 != 0 && rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_read_may_execute() {
        assert_eq!(with_executable(0o644, true), 0o755);
        assert_eq!(with_executable(0o640, true), 0o750);
        assert_eq!(with_executable(0o755, false), 0o644);
        assert_eq!(with_executable(0o711, true), 0o711);
    }

    #[test]
    fn a_new_name_is_never_anothers() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "1").expect("written");
        fs::write(&other, "2").expect("written");
        assert_eq!(rename_new(&one, &other).expect_err("taken").kind(), io::ErrorKind::AlreadyExists);
        assert!(exchange(&one, &other).expect("exchanged"));
        assert_eq!(fs::read(&one).expect("read"), b"2");
        fs::remove_file(&other).expect("removed");
        rename_new(&one, &other).expect("renamed");
        assert_eq!(fs::read(&other).expect("read"), b"2");
    }

    #[test]
    fn links_pipes_and_folders_are_no_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("linked");
        assert!(matches!(look(&link).expect("looked"), Found::Other("a symbolic link")));
        assert!(matches!(look(folder.path()).expect("looked"), Found::Other("a folder")));
        assert!(matches!(look(&folder.path().join("absent")).expect("looked"), Found::Nothing));
    }
}
