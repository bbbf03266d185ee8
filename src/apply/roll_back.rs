//! From a journal to the new tree or back to the old one: the end of every change, whoever began it.

use std::collections::BTreeSet;
use std::io;

use super::error::Failure;
use super::journal::{self, Journal, Record, Step};
use super::stage::Stage;
use super::tree::{self, Found, Properties, Tree};
use super::{Site, empty_folders};
use crate::project::FilePath;

/// Clears away what a change that is made left over, and keeps its journal for `undo`.
pub fn finish(site: &Site<'_>, journal: &Journal) -> Result<(), Failure> {
    let (tree, record) = (site.tree, &journal.record);
    for (number, step) in record.steps.iter().enumerate().filter(|(_, step)| step.before.is_some()) {
        let old = temporary(record, number, &step.path);
        tree.remove(&old).map_err(Failure::of("remove", tree.path(&old)))?;
    }
    if record.steps.iter().any(|step| step.after.is_none()) {
        let stay = empty_folders::read(site).map_err(Failure::of("read", tree.path(&site.state_folder())))?;
        for step in record.steps.iter().filter(|step| step.after.is_none()) {
            // Like git, which knows no empty folders either; but for those that were empty before.
            let mut folder = step.path.parent();
            while let Some(path) = folder.filter(|path| !path.as_str().is_empty() && !stay.contains(path)) {
                if !tree.remove_folder_if_empty(&path).map_err(Failure::of("remove", tree.path(&path)))? {
                    break;
                }
                folder = path.parent();
            }
        }
    }
    journal::retire(site, journal)
}

/// Takes a change back that has no commit mark, and names the files that it leaves as they are because somebody changed
/// them after the change had.
///
/// Can be done again at any time, and stopped at any point. If it fails the journal stays.
pub fn roll_back(site: &Site<'_>, journal: &Journal) -> Result<Vec<FilePath>, Failure> {
    let (tree, record) = (site.tree, &journal.record);
    if !journal::exists(site, Stage::Open)? {
        // The commit mark could neither be made durable nor be taken back: it counts.
        let path = journal::path(site, Stage::Committed);
        return Err(Failure::of("take back", path)(io::Error::other("the commit mark is there")));
    }
    let mut kept = Vec::new();
    let mut failure = None;
    for (number, step) in record.steps.iter().enumerate().rev() {
        match restore(tree, record, number, step) {
            Ok(true) => {}
            Ok(false) => kept.push(step.path.clone()),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    remove_temporaries(tree, record)?;
    for folder in record.folders.iter().rev() {
        tree.remove_folder_if_empty(folder).map_err(Failure::of("remove", tree.path(folder)))?;
    }
    sync_folders(tree, record)?;
    journal::discard(site, journal, !kept.is_empty())?;
    kept.sort();
    Ok(kept)
}

/// Takes one step back; `false` where somebody changed the file after the step, so that it is left alone.
///
/// Whether the step had been done shows in what is there now: the journal cannot know.
fn restore(tree: &Tree, record: &Record, number: usize, step: &Step) -> Result<bool, Failure> {
    let target = &step.path;
    let failed = |error: io::Error| Failure { action: "restore", path: tree.path(target), error };
    let temporary = temporary(record, number, target);
    let current = tree.look(target, tree::FILE).map_err(failed)?;
    // Between a crash and the next start anything may have happened.
    if matches!(current, Found::Unreachable) {
        return Ok(step.before.is_none());
    }
    if step.is_before(&current) {
        return Ok(true);
    }
    let aside = tree.look(&temporary, tree::FILE).map_err(failed)?;
    if !step.is_after(&current) {
        // It is somebody's own. The step had surely not been done where what it would have put there still waits beside
        // it; a step that deletes had been done only if what it moved aside is there.
        let waits = if step.after.is_some() { step.is_after(&aside) } else { matches!(aside, Found::Nothing) };
        return Ok(waits);
    }
    match (&step.before, aside) {
        (None, _) => tree.remove(target).map_err(failed)?,
        // Whatever came out of the swap goes back, also an edit that was saved in that very moment.
        (Some(_), Found::File(_)) if step.after.is_some() => tree.rename(&temporary, target).map_err(failed)?,
        (Some(_), Found::File(_)) => tree.rename_new(&temporary, target).map_err(failed)?,
        // It is gone, and not by us.
        (Some(_), _) if step.after.is_none() => return Ok(false),
        (Some(saved), _) => {
            let again = beside(target, &format!(".paxx-{}-{number}.old.tmp", record.id));
            let properties = Properties::Like { mode: saved.mode, owner: None };
            let rewrite = || {
                tree.remove(&again)?;
                tree.create(&again, &saved.bytes, properties)?.sync_all()?;
                tree.rename(&again, target)
            };
            rewrite().map_err(failed)?;
        }
    }
    Ok(true)
}

/// The name beside its target under which a step's new file waits, or its old one.
pub(super) fn temporary(record: &Record, number: usize, path: &FilePath) -> FilePath {
    beside(path, &format!(".paxx-{}-{number}.tmp", record.id))
}

fn beside(path: &FilePath, name: &str) -> FilePath {
    path.parent().unwrap_or_else(FilePath::top).child(name)
}

fn remove_temporaries(tree: &Tree, record: &Record) -> Result<(), Failure> {
    for (number, step) in record.steps.iter().enumerate() {
        for ending in ["tmp", "old.tmp"] {
            let file = beside(&step.path, &format!(".paxx-{}-{number}.{ending}", record.id));
            tree.remove(&file).map_err(Failure::of("remove", tree.path(&file)))?;
        }
    }
    Ok(())
}

/// Makes durable what became of every folder that a change touches.
pub(super) fn sync_folders(tree: &Tree, record: &Record) -> Result<(), Failure> {
    let parents = record.steps.iter().map(|step| &step.path).chain(&record.folders).filter_map(FilePath::parent);
    let folders: BTreeSet<FilePath> = parents.chain(record.folders.iter().cloned()).collect();
    for folder in folders {
        tree.sync_folder(&folder).map_err(Failure::of("sync", tree.path(&folder)))?;
    }
    Ok(())
}
