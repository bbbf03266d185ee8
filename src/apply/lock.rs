//! One paxx at a time: the lock, and the `.paxx` folder that it lies in.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};

use super::error::{ApplyError, Failure};
use super::{Place, files};

/// Keeps every other paxx away from a project as long as it lives, also when this process is killed.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; makes the `.paxx` folder where it is missing.
    pub fn acquire(place: &Place) -> Result<Self, ApplyError> {
        let state = place.state();
        match fs::symlink_metadata(state) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let error = io::Error::from(io::ErrorKind::NotADirectory);
                return Err(Failure::of("use", state)(error).into());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match fs::create_dir(state) {
                    // Another paxx was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => made.map_err(Failure::of("create", state))?,
                }
                if let Some(parent) = state.parent() {
                    files::sync_folder(parent).map_err(Failure::of("sync", parent))?;
                }
            }
            Err(error) => return Err(Failure::of("look at", state)(error).into()),
        }
        let path = state.join("lock");
        let file = files::open_own(&path, false).map_err(Failure::of("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ApplyError::Busy(path)),
            Err(TryLockError::Error(error)) => return Err(Failure::of("lock", path)(error).into()),
        }
        keep_out_of_git(place)?;
        Ok(Self { _file: file })
    }

    /// Does another paxx hold the lock? Makes nothing.
    pub fn is_taken(place: &Place) -> bool {
        let Ok(file) = File::open(place.state().join("lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Makes git overlook the `.paxx` folder. Under the lock, so that no other paxx sees half of it.
fn keep_out_of_git(place: &Place) -> Result<(), ApplyError> {
    const EVERYTHING: &[u8] = b"*\n";
    let path = place.state().join(".gitignore");
    if fs::read(&path).is_ok_and(|bytes| bytes == EVERYTHING) {
        return Ok(());
    }
    let mut file = files::open_own(&path, true).map_err(Failure::of("open", &path))?;
    file.write_all(EVERYTHING).map_err(Failure::of("write", &path))?;
    Ok(())
}
