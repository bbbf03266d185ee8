//! A change, from the first look at the files to the commit mark, and the way back.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rustix::fs::{Dev, FileType};

use super::error::{ApplyError, Difference, Doubt, Failure, How, Refusal};
use super::journal::{self, Journal, Print, Record, Saved, Step};
use super::lock::Lock;
use super::recovery::{self, Recovered};
use super::roll_back::{finish, roll_back, sync_folders, temporary};
use super::tree::{self, Existing, Found, Properties, Tree};
use super::{Change, Contents, FileChange, Place, Site, empty_folders, undo};
use crate::project::FilePath;

/// What came of a change that was made.
#[derive(Debug, Default)]
pub struct Applied {
    /// What a killed paxx had left, if anything; the files were compared after it had been settled.
    pub recovered: Vec<Recovered>,
    /// Why something could not be cleared away. The change is made all the same, and the next start tries again.
    pub leftover: Option<Failure>,
}

/// Makes a change, all of it or none.
///
/// `interrupted` is asked between the steps up to the commit mark; where it says yes, all is taken back.
pub fn apply(place: &Place, change: &Change, interrupted: &dyn Fn() -> bool) -> Result<Applied, ApplyError> {
    // Where nothing can be remembered nothing is written, not even a lock.
    place.records.make()?;
    // The record for `undo` must find its place when the change is made.
    if let Some(error @ ApplyError::Foreign { doubt: Doubt::Kind(_), .. }) = undo::foreign_undo(place) {
        return Err(error);
    }
    let tree = place.open()?;
    let reaches_above = change.files.iter().any(|file| !file.path.is_below(&place.root));
    let mut homes = place.homes(&tree).into_iter();
    let mut locks = Vec::new();
    let mut recovered = Vec::new();
    let mut own = None;
    while let Some(site) = homes.next() {
        let is_used = reaches_above || homes.len() == 0;
        // A journal at the top may be about this project.
        if is_used || recovery::is_unsettled(&site)? {
            locks.push(Lock::acquire(&site)?);
            recovered.extend(recovery::settle(&site)?);
        }
        if is_used {
            own.get_or_insert(site);
        }
    }
    let Some(site) = own else { return Ok(Applied::default()) };
    let prepared = prepare(place, &site, change)?;
    if prepared.works.is_empty() {
        return Ok(Applied { recovered, leftover: None });
    }
    ask(interrupted)?;
    let journal = begin(&site, &prepared)?;
    if let Err(cause) = carry_out(&site, &journal.record, &prepared.works, interrupted) {
        return Err(match roll_back(&site, &journal) {
            Ok(kept) if kept.is_empty() => cause,
            Ok(kept) => ApplyError::Kept { cause: Box::new(cause), kept },
            Err(then) => ApplyError::Unfinished { cause: Box::new(cause), then },
        });
    }
    Ok(Applied { recovered, leftover: finish(&site, &journal).err() })
}

/// The files of a change that have other names too, with how many: a change gives this name another file, and the other
/// names keep the old one.
pub fn hard_links(place: &Place, files: &[FileChange]) -> Vec<(FilePath, u64)> {
    let Ok(tree) = place.open() else { return Vec::new() };
    let links = |change: &FileChange| {
        let found = tree.status(&change.path).ok()??;
        let others = tree::links(&found) - 1;
        (tree::kind(&found) == FileType::RegularFile && others > 0).then(|| (change.path.clone(), others))
    };
    files.iter().filter(|change| change.after.is_some() && change.before != change.after).filter_map(links).collect()
}

/// What is written for one step.
pub(super) struct Work<'a> {
    contents: Option<&'a Contents>,
    properties: Properties,
}

fn ask(interrupted: &dyn Fn() -> bool) -> Result<(), ApplyError> {
    if interrupted() { Err(ApplyError::Interrupted) } else { Ok(()) }
}

/// A change, ready to be carried out.
pub(super) struct Prepared<'a> {
    pub record: Record,
    pub works: Vec<Work<'a>>,
    /// Folders that are there and empty, which it puts files into.
    empty: BTreeSet<FilePath>,
}

/// Compares every file with what the change was planned on, looks for what stands in the way, and writes down the steps.
pub(super) fn prepare<'a>(place: &Place, site: &Site<'_>, change: &'a Change) -> Result<Prepared<'a>, ApplyError> {
    let tree = site.tree;
    let mut empty = BTreeSet::new();
    let mut differences = Vec::new();
    let mut refusals = BTreeMap::new();
    let mut folders = BTreeSet::new();
    let mut steps = Vec::new();
    let mut seen = BTreeSet::new();
    let modes = if change.undo { saved_modes(place)? } else { BTreeMap::new() };
    for file in &change.files {
        let path = &file.path;
        if !journal::is_safe(path) || !seen.insert(path) {
            refusals.insert(path.clone(), "cannot be part of a change, or is part of it twice");
            continue;
        }
        let found = tree.look(path, tree::FILE).map_err(Failure::of("read", tree.path(path)))?;
        if matches!(found, Found::Unreachable)
            && let Err(Refusal { path, why }) = folder_for(tree, path)?
        {
            refusals.insert(path, why);
            continue;
        }
        if let Some(how) = difference(file.before.as_ref(), &found) {
            differences.push(Difference { path: path.clone(), how });
            continue;
        }
        if file.before == file.after {
            continue;
        }
        let existing = match found {
            Found::File(existing) => Some(existing),
            _ => None,
        };
        match folder_for(tree, path)? {
            Ok(folder) => {
                if let Some(why) = existing.as_ref().and_then(|existing| in_the_way(existing, folder.device)) {
                    refusals.insert(path.clone(), why);
                }
                if file.before.is_none() && folder.is_empty {
                    empty.insert(folder.innermost);
                }
                folders.extend(folder.missing);
            }
            Err(Refusal { path, why }) => {
                refusals.insert(path, why);
            }
        }
        let properties = match (&existing, &file.after) {
            (Some(existing), Some(after)) => Properties::Like {
                mode: tree::with_executable(existing.mode, after.executable),
                owner: Some(existing.owner),
            },
            (_, after) => match modes.get(path) {
                Some(mode) => Properties::Like { mode: *mode, owner: None },
                None => Properties::New { executable: after.as_ref().is_some_and(|after| after.executable) },
            },
        };
        let before = file
            .before
            .as_ref()
            .zip(existing)
            .map(|(before, existing)| Saved { bytes: before.bytes.clone(), mode: existing.mode });
        let step = Step { path: path.clone(), before, after: file.after.as_ref().map(Print::of) };
        steps.push((step, Work { contents: file.after.as_ref(), properties }));
    }
    if !differences.is_empty() {
        return Err(ApplyError::Conflict(differences));
    }
    if !refusals.is_empty() {
        return Err(ApplyError::Refused(refusals.into_iter().map(|(path, why)| Refusal { path, why }).collect()));
    }
    // What is imported is there before what imports it, and goes after it.
    steps.sort_by_key(|(step, _)| match (&step.before, &step.after) {
        (None, _) => 0,
        (Some(_), Some(_)) => 1,
        (Some(_), None) => 2,
    });
    let (steps, works) = steps.into_iter().unzip();
    let record = Record {
        id: journal::new_id(),
        label: change.label.clone(),
        root: change.root.clone(),
        undo: change.undo,
        // A path sorts before the paths below it.
        folders: folders.into_iter().collect(),
        steps,
    };
    Ok(Prepared { record, works, empty })
}

/// Writes down what is about to be done.
pub(super) fn begin(site: &Site<'_>, prepared: &Prepared<'_>) -> Result<Journal, ApplyError> {
    let record = prepared.record.clone();
    empty_folders::remember(site, &record, &prepared.empty)
        .map_err(Failure::of("write to", site.tree.path(&site.state_folder())))?;
    let digest = journal::begin(site, &record)?;
    Ok(Journal { record, digest })
}

/// The permission bits that files had before the last change.
fn saved_modes(place: &Place) -> Result<BTreeMap<FilePath, u32>, ApplyError> {
    let record = undo::last(place)?;
    Ok(record.steps.into_iter().filter_map(|step| Some((step.path, step.before?.mode))).collect())
}

/// How what was found differs from what the change was planned on.
fn difference(before: Option<&Contents>, found: &Found) -> Option<How> {
    match (before, found) {
        (None, Found::Nothing) => None,
        (None, Found::File(_)) => Some(How::Appeared),
        (Some(_), Found::Nothing) => Some(How::Gone),
        (_, Found::Other(kind)) => Some(How::Kind(kind)),
        (_, Found::Unreachable) => Some(How::Kind("behind a symbolic link")),
        (Some(before), Found::File(file)) if *before.bytes != *file.bytes => Some(How::Changed),
        (Some(before), Found::File(file)) => (before.executable != file.executable()).then_some(How::Mode),
    }
}

/// Why this file may not be replaced or deleted, if it may not.
fn in_the_way(existing: &Existing, folder_device: Dev) -> Option<&'static str> {
    if existing.mode & 0o222 == 0 {
        return Some("is read-only");
    }
    (existing.device != folder_device)
        .then_some("is a mount point: a file that is mounted by itself cannot be replaced")
}

/// The folder of a file.
struct Folder {
    /// The parts of it that are missing.
    missing: Vec<FilePath>,
    /// Its innermost part that is there.
    innermost: FilePath,
    /// Is there nothing in that?
    is_empty: bool,
    /// The file system of it.
    device: Dev,
}

/// Looks at every folder from the top to the file, and says which are missing; or what stands in the way.
fn folder_for(tree: &Tree, path: &FilePath) -> Result<Result<Folder, Refusal>, Failure> {
    let mut above: Vec<FilePath> = std::iter::successors(path.parent(), FilePath::parent).collect();
    above.reverse();
    let (mut innermost, mut device) = (FilePath::top(), 0);
    let mut missing = Vec::new();
    for folder in above {
        match tree.status(&folder).map_err(Failure::of("look at", tree.path(&folder)))? {
            None => missing.push(folder),
            Some(found) => {
                let why = match tree::kind(&found) {
                    FileType::Directory => {
                        (innermost, device) = (folder, found.st_dev);
                        continue;
                    }
                    FileType::Symlink => "is a symbolic link: nothing is written through it",
                    _ => "is a file where a folder is needed",
                };
                return Ok(Err(Refusal { path: folder, why }));
            }
        }
    }
    if !tree.is_folder_writable(&innermost) {
        return Ok(Err(Refusal { path: innermost, why: "is a folder that may not be written to" }));
    }
    let is_empty = tree.is_empty_folder(&innermost);
    Ok(Ok(Folder { missing, innermost, is_empty, device }))
}

/// Steps 4 to 6: folders, new files, swaps, the commit mark.
pub(super) fn carry_out(
    site: &Site<'_>,
    record: &Record,
    works: &[Work<'_>],
    interrupted: &dyn Fn() -> bool,
) -> Result<(), ApplyError> {
    for folder in &record.folders {
        ask(interrupted)?;
        site.tree.make_folder(folder).map_err(Failure::of("create", site.tree.path(folder)))?;
    }
    // All are written before the first one is synced: the file system then writes them out together.
    let mut written = Vec::new();
    for (number, (step, work)) in record.steps.iter().zip(works).enumerate() {
        let Some(contents) = work.contents else { continue };
        ask(interrupted)?;
        let temporary = temporary(record, number, &step.path);
        let file = site
            .tree
            .create(&temporary, &contents.bytes, work.properties)
            .map_err(Failure::of("write", site.tree.path(&step.path)))?;
        written.push((step, file));
    }
    for (step, file) in written {
        ask(interrupted)?;
        file.sync_all().map_err(Failure::of("write", site.tree.path(&step.path)))?;
    }
    for (number, step) in record.steps.iter().enumerate() {
        ask(interrupted)?;
        swap(site.tree, step, &temporary(record, number, &step.path))?;
    }
    ask(interrupted)?;
    sync_folders(site.tree, record)?;
    ask(interrupted)?;
    journal::commit(site)?;
    Ok(())
}

/// Puts a step's new file in its place. The old one is under the temporary name afterwards, where the file system can swap
/// names, and always where the step deletes it.
fn swap(tree: &Tree, step: &Step, temporary: &FilePath) -> Result<(), ApplyError> {
    let target = &step.path;
    let conflict = |how| Err(ApplyError::Conflict(vec![Difference { path: step.path.clone(), how }]));
    let failed = |error: io::Error| Failure { action: "replace", path: tree.path(target), error };
    match (&step.before, &step.after) {
        (None, _) => match tree.rename_new(temporary, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return conflict(How::Appeared),
            renamed => renamed.map_err(|error| Failure { action: "create", path: tree.path(target), error })?,
        },
        (Some(_), Some(_)) => match tree.exchange(temporary, target) {
            Ok(true) => {}
            Ok(false) => {
                let found = tree.look(target, tree::FILE).map_err(failed)?;
                if !step.is_before(&found) {
                    return conflict(How::Changed);
                }
                tree.rename(temporary, target).map_err(failed)?;
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return conflict(How::Gone),
            Err(error) => return Err(failed(error).into()),
        },
        (Some(_), None) => match tree.rename_new(target, temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return conflict(How::Gone),
            renamed => renamed.map_err(|error| Failure { action: "delete", path: tree.path(target), error })?,
        },
    }
    // What came out is what was looked at before? Else somebody saved it in this very moment; rolling back restores it.
    if step.before.is_some() && !step.is_before(&tree.look(temporary, tree::FILE).map_err(failed)?) {
        return conflict(How::Changed);
    }
    Ok(())
}
