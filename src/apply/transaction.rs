//! A change, from the first look at the files to the commit mark, and the way back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ApplyError, Difference, Failure, How, Refusal};
use super::files::{self, Existing, Found, Properties};
use super::journal::{self, Print, Record, Saved, Stage, Step};
use super::lock::Lock;
use super::recovery::{self, Recovered};
use super::{Change, Contents, FileChange, Place};
use crate::project::FilePath;

/// What came of a change that was made.
#[derive(Debug, Default)]
pub struct Applied {
    /// What a killed paxx had left, if anything; the files were compared after it had been settled.
    pub recovered: Option<Recovered>,
    /// Why something could not be cleared away. The change is made all the same, and the next start tries again.
    pub leftover: Option<Failure>,
}

/// Makes a change, all of it or none.
///
/// `interrupted` is asked between the steps up to the commit mark; where it says yes, all is taken back.
pub fn apply(place: &Place, change: &Change, interrupted: &dyn Fn() -> bool) -> Result<Applied, ApplyError> {
    let _lock = Lock::acquire(place)?;
    let recovered = recovery::settle(place)?;
    let (record, works) = prepare(place, change)?;
    if works.is_empty() {
        return Ok(Applied { recovered, leftover: None });
    }
    ask(interrupted)?;
    journal::begin(place, &record)?;
    if let Err(cause) = carry_out(place, &record, &works, interrupted) {
        return Err(match roll_back(place, &record) {
            Ok(kept) if kept.is_empty() => cause,
            Ok(kept) => ApplyError::Kept { cause: Box::new(cause), kept },
            Err(then) => ApplyError::Unfinished { cause: Box::new(cause), then },
        });
    }
    Ok(Applied { recovered, leftover: finish(place, &record).err() })
}

/// The files of a change that have other names too, with how many: a change gives this name another file, and the other
/// names keep the old one.
pub fn hard_links(place: &Place, files: &[FileChange]) -> Vec<(FilePath, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    let links = |change: &FileChange| {
        let metadata = fs::symlink_metadata(place.path(&change.path)).ok()?;
        (metadata.is_file() && metadata.nlink() > 1).then(|| (change.path.clone(), metadata.nlink() - 1))
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

/// Compares every file with what the change was planned on, looks for what stands in the way, and writes down the steps.
pub(super) fn prepare<'a>(place: &Place, change: &'a Change) -> Result<(Record, Vec<Work<'a>>), ApplyError> {
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
        let full = place.path(path);
        let found = files::look(&full).map_err(Failure::of("read", &full))?;
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
        match folder_for(place, path, file.before.is_none())? {
            Ok(folder) => {
                if let Some(why) = existing.as_ref().and_then(|existing| in_the_way(existing, folder.device)) {
                    refusals.insert(path.clone(), why);
                }
                folders.extend(folder.missing);
            }
            Err(Refusal { path, why }) => {
                refusals.insert(path, why);
            }
        }
        let properties = match (&existing, &file.after) {
            (Some(existing), Some(after)) => Properties::Like {
                mode: files::with_executable(existing.mode, after.executable),
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
    Ok((record, works))
}

/// The permission bits that files had before the last change.
fn saved_modes(place: &Place) -> Result<BTreeMap<FilePath, u32>, ApplyError> {
    let record = journal::read(place, Stage::Last)?.ok_or(ApplyError::NothingToUndo)?;
    Ok(record.steps.into_iter().filter_map(|step| Some((step.path, step.before?.mode))).collect())
}

/// How what was found differs from what the change was planned on.
fn difference(before: Option<&Contents>, found: &Found) -> Option<How> {
    match (before, found) {
        (None, Found::Nothing) => None,
        (None, Found::File(_)) => Some(How::Appeared),
        (Some(_), Found::Nothing) => Some(How::Gone),
        (_, Found::Other(kind)) => Some(How::Kind(kind)),
        (Some(before), Found::File(file)) if *before.bytes != *file.bytes => Some(How::Changed),
        (Some(before), Found::File(file)) => (before.executable != file.executable()).then_some(How::Mode),
    }
}

/// Why this file may not be replaced or deleted, if it may not.
fn in_the_way(existing: &Existing, folder_device: u64) -> Option<&'static str> {
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
    /// The file system of its innermost part that is there.
    device: u64,
}

/// Looks at every folder from the top to the file, and says which are missing; or what stands in the way.
fn folder_for(place: &Place, path: &FilePath, may_be_missing: bool) -> Result<Result<Folder, Refusal>, Failure> {
    use std::os::unix::fs::MetadataExt as _;

    let mut above: Vec<FilePath> = std::iter::successors(path.parent(), FilePath::parent).collect();
    above.reverse();
    let mut innermost = None;
    let mut missing = Vec::new();
    for folder in above {
        let full = place.path(&folder);
        let refuse = |why| Ok(Err(Refusal { path: folder.clone(), why }));
        match fs::symlink_metadata(&full) {
            Ok(metadata) if metadata.is_dir() => innermost = Some((folder, full, metadata)),
            // The top is what the caller says it is.
            Ok(metadata) if metadata.is_symlink() && !folder.as_str().is_empty() => {
                return refuse("is a symbolic link: nothing is written through it");
            }
            Ok(_) if !folder.as_str().is_empty() => return refuse("is a file where a folder is needed"),
            Ok(metadata) => innermost = Some((folder, full, metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_missing => missing.push(folder),
            Err(error) => return Err(Failure::of("look at", full)(error)),
        }
    }
    let device = innermost.as_ref().map_or(0, |(_, _, metadata)| metadata.dev());
    match innermost {
        Some((folder, full, metadata)) if !files::is_folder_writable(&full, &metadata) => {
            Ok(Err(Refusal { path: folder, why: "is a folder that may not be written to" }))
        }
        _ => Ok(Ok(Folder { missing, device })),
    }
}

/// Steps 4 to 6: folders, new files, swaps, the commit mark.
pub(super) fn carry_out(
    place: &Place,
    record: &Record,
    works: &[Work<'_>],
    interrupted: &dyn Fn() -> bool,
) -> Result<(), ApplyError> {
    for folder in &record.folders {
        ask(interrupted)?;
        let full = place.path(folder);
        match fs::create_dir(&full) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(&full) => {}
            made => made.map_err(Failure::of("create", full))?,
        }
    }
    // All are written before the first one is synced: the file system then writes them out together.
    let mut written = Vec::new();
    for (number, (step, work)) in record.steps.iter().zip(works).enumerate() {
        let Some(contents) = work.contents else { continue };
        ask(interrupted)?;
        let temporary = temporary(place, record, number, &step.path);
        let file = files::create(&temporary, &contents.bytes, work.properties).map_err(|error| Failure {
            action: "write",
            path: place.path(&step.path),
            error,
        })?;
        written.push((step, file));
    }
    for (step, file) in written {
        ask(interrupted)?;
        file.sync_all().map_err(|error| Failure { action: "write", path: place.path(&step.path), error })?;
    }
    for (number, step) in record.steps.iter().enumerate() {
        ask(interrupted)?;
        swap(place, step, &temporary(place, record, number, &step.path))?;
    }
    ask(interrupted)?;
    sync_folders(place, record)?;
    ask(interrupted)?;
    journal::commit(place)?;
    Ok(())
}

/// Puts a step's new file in its place. The old one is under the temporary name afterwards, where the file system can swap
/// names, and always where the step deletes it.
fn swap(place: &Place, step: &Step, temporary: &Path) -> Result<(), ApplyError> {
    let target = place.path(&step.path);
    let conflict = |how| Err(ApplyError::Conflict(vec![Difference { path: step.path.clone(), how }]));
    let failed = |error: io::Error| Failure { action: "replace", path: target.clone(), error };
    match (&step.before, &step.after) {
        (None, _) => match files::rename_new(temporary, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return conflict(How::Appeared),
            renamed => renamed.map_err(|error| Failure { action: "create", path: target.clone(), error })?,
        },
        (Some(_), Some(_)) => match files::exchange(temporary, &target) {
            Ok(true) => {}
            Ok(false) => {
                let found = files::look(&target).map_err(failed)?;
                if !step.is_before(&found) {
                    return conflict(How::Changed);
                }
                fs::rename(temporary, &target).map_err(failed)?;
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return conflict(How::Gone),
            Err(error) => return Err(failed(error).into()),
        },
        (Some(_), None) => match files::rename_new(&target, temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return conflict(How::Gone),
            renamed => renamed.map_err(|error| Failure { action: "delete", path: target.clone(), error })?,
        },
    }
    // What came out is what was looked at before? Else somebody saved it in this very moment; rolling back restores it.
    if step.before.is_some() && !step.is_before(&files::look(temporary).map_err(failed)?) {
        return conflict(How::Changed);
    }
    Ok(())
}

/// Clears away what a change that is made left over, and keeps its journal for `undo`.
pub fn finish(place: &Place, record: &Record) -> Result<(), Failure> {
    for (number, step) in record.steps.iter().enumerate().filter(|(_, step)| step.before.is_some()) {
        if is_reached_without_links(place, &step.path) {
            let old = temporary(place, record, number, &step.path);
            files::remove(&old).map_err(Failure::of("remove", old))?;
        }
    }
    for step in record.steps.iter().filter(|step| step.after.is_none()) {
        // Like git, which knows no empty folders either.
        let mut folder = step.path.parent();
        while let Some(path) = folder.filter(|path| !path.as_str().is_empty() && is_reached_without_links(place, path))
        {
            let full = place.path(&path);
            if !files::remove_folder_if_empty(&full).map_err(Failure::of("remove", full))? {
                break;
            }
            folder = path.parent();
        }
    }
    journal::retire(place, record)
}

/// Takes a change back that has no commit mark, and names the files that it leaves as they are because somebody changed
/// them after the change had.
///
/// Can be done again at any time, and stopped at any point. If it fails the journal stays.
pub fn roll_back(place: &Place, record: &Record) -> Result<Vec<FilePath>, Failure> {
    if !journal::exists(place, Stage::Open)? {
        // The commit mark could neither be made durable nor be taken back: it counts.
        let path = Stage::Committed.path(place);
        return Err(Failure::of("take back", path)(io::Error::other("the commit mark is there")));
    }
    let mut kept = Vec::new();
    let mut failure = None;
    for (number, step) in record.steps.iter().enumerate().rev() {
        match restore(place, record, number, step) {
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
    remove_temporaries(place, record)?;
    for folder in record.folders.iter().rev() {
        let full = place.path(folder);
        if is_folder(&full) {
            files::remove_folder_if_empty(&full).map_err(Failure::of("remove", full))?;
        }
    }
    sync_folders(place, record)?;
    journal::discard(place, !kept.is_empty())?;
    kept.sort();
    Ok(kept)
}

/// Takes one step back; `false` where somebody changed the file after the step, so that it is left alone.
///
/// Whether the step had been done shows in what is there now: the journal cannot know.
fn restore(place: &Place, record: &Record, number: usize, step: &Step) -> Result<bool, Failure> {
    let target = place.path(&step.path);
    let failed = |error: io::Error| Failure { action: "restore", path: target.clone(), error };
    let temporary = temporary(place, record, number, &step.path);
    if !is_reached_without_links(place, &step.path) {
        return Ok(step.before.is_none());
    }
    let current = files::look(&target).map_err(failed)?;
    if step.is_before(&current) {
        return Ok(true);
    }
    let aside = files::look(&temporary).map_err(failed)?;
    if !step.is_after(&current) {
        // It is somebody's own. The step had surely not been done where what it would have put there still waits beside
        // it; a step that deletes had been done only if what it moved aside is there.
        let waits = if step.after.is_some() { step.is_after(&aside) } else { matches!(aside, Found::Nothing) };
        return Ok(waits);
    }
    match (&step.before, aside) {
        (None, _) => fs::remove_file(&target).map_err(failed)?,
        // Whatever came out of the swap goes back, also an edit that was saved in that very moment.
        (Some(_), Found::File(_)) if step.after.is_some() => fs::rename(&temporary, &target).map_err(failed)?,
        (Some(_), Found::File(_)) => files::rename_new(&temporary, &target).map_err(failed)?,
        // It is gone, and not by us.
        (Some(_), _) if step.after.is_none() => return Ok(false),
        (Some(saved), _) => {
            let again = place.path(&step.path).with_file_name(format!(".paxx-{}-{number}.old.tmp", record.id));
            let properties = Properties::Like { mode: saved.mode, owner: None };
            let rewrite = || {
                files::remove(&again)?;
                files::create(&again, &saved.bytes, properties)?.sync_all()?;
                fs::rename(&again, &target)
            };
            rewrite().map_err(failed)?;
        }
    }
    Ok(true)
}

/// The name beside its target under which a step's new file waits, or its old one.
fn temporary(place: &Place, record: &Record, number: usize, path: &FilePath) -> PathBuf {
    place.path(path).with_file_name(format!(".paxx-{}-{number}.tmp", record.id))
}

fn remove_temporaries(place: &Place, record: &Record) -> Result<(), Failure> {
    for (number, step) in record.steps.iter().enumerate() {
        if !is_reached_without_links(place, &step.path) {
            continue;
        }
        for ending in ["tmp", "old.tmp"] {
            let path = place.path(&step.path).with_file_name(format!(".paxx-{}-{number}.{ending}", record.id));
            files::remove(&path).map_err(Failure::of("remove", path))?;
        }
    }
    Ok(())
}

/// Makes durable what became of every folder that a change touches.
fn sync_folders(place: &Place, record: &Record) -> Result<(), Failure> {
    let parents = record.steps.iter().map(|step| &step.path).chain(&record.folders).filter_map(FilePath::parent);
    let folders: BTreeSet<FilePath> = parents.chain(record.folders.iter().cloned()).collect();
    for folder in folders {
        let full = place.path(&folder);
        if is_folder(&full) {
            files::sync_folder(&full).map_err(Failure::of("sync", full))?;
        }
    }
    Ok(())
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Is every folder of this path a real one, or missing? Between a crash and the next start anything may have happened.
fn is_reached_without_links(place: &Place, path: &FilePath) -> bool {
    std::iter::successors(path.parent(), FilePath::parent)
        .filter(|folder| !folder.as_str().is_empty())
        .all(|folder| !fs::symlink_metadata(place.path(&folder)).is_ok_and(|metadata| !metadata.is_dir()))
}
