//! One paxx at a time: the lock, and the `.paxx` folder that it lies in.

use std::fs::{File, TryLockError};
use std::io;

use super::Site;
use super::error::{ApplyError, Failure};
use super::tree::Properties;

/// Keeps every other paxx away from a folder as long as it lives, also when this process is killed.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; makes the `.paxx` folder where it is missing.
    pub fn acquire(site: &Site<'_>) -> Result<Self, ApplyError> {
        let state = site.state_folder();
        if !is_usable(site)? {
            site.tree.make_folder(&state).map_err(Failure::of("create", site.tree.path(&state)))?;
            site.tree.sync_folder(&site.home).map_err(Failure::of("sync", site.tree.path(&site.home)))?;
        }
        let lock = site.state("lock");
        let path = site.tree.path(&lock);
        let Some(file) = site.tree.open_for_lock(&lock, true).map_err(Failure::of("open", &path))? else {
            return Err(ApplyError::NoLock(path));
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ApplyError::Busy(path)),
            Err(TryLockError::Error(error)) => return Err(Failure::of("lock", path)(error).into()),
        }
        keep_out_of_git(site)?;
        Ok(Self { _file: file })
    }

    /// Does another paxx hold the lock? Makes nothing.
    pub fn is_taken(site: &Site<'_>) -> bool {
        let Ok(Some(file)) = site.tree.open_for_lock(&site.state("lock"), false) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Is there a `.paxx` folder? Something else of that name is refused.
pub fn is_usable(site: &Site<'_>) -> Result<bool, ApplyError> {
    let state = site.state_folder();
    match site.tree.status(&state).map_err(Failure::of("look at", site.tree.path(&state)))? {
        None => Ok(false),
        Some(_) if site.tree.is_folder(&state) => Ok(true),
        Some(_) => Err(ApplyError::NoStateFolder(site.tree.path(&state))),
    }
}

/// Makes git overlook the `.paxx` folder. What is there under that name already stays.
fn keep_out_of_git(site: &Site<'_>) -> Result<(), ApplyError> {
    let (file, temporary) = (site.state(".gitignore"), site.state(".gitignore.tmp"));
    let write = || -> io::Result<()> {
        if site.tree.status(&file)?.is_some() {
            return Ok(());
        }
        site.tree.remove(&temporary)?;
        site.tree.create(&temporary, b"*\n", Properties::New { executable: false })?;
        site.tree.rename(&temporary, &file)
    };
    Ok(write().map_err(Failure::of("write", site.tree.path(&file)))?)
}
