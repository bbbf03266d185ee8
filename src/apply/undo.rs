//! The last change, backwards.

use super::error::{ApplyError, Difference, Failure, How};
use super::journal::{self, Record};
use super::lock;
use super::stage::Stage;
use super::tree::{self, Found};
use super::{Change, Contents, FileChange, Place};
use crate::apply::digest;

/// The change that takes the last one of this project back, byte for byte, to be shown and then given to [`super::apply`]. Its
/// label is that of the change that it takes back.
///
/// Where a file is not as that change left it, the error names every such file. After it there is nothing to undo.
pub fn undo_changes(place: &Place) -> Result<Change, ApplyError> {
    let record = last(place)?;
    let tree = place.open()?;
    let mut files = Vec::new();
    let mut differences = Vec::new();
    for step in record.steps {
        let found = tree.look(&step.path, tree::FILE).map_err(Failure::of("read", tree.path(&step.path)))?;
        if !step.is_after(&found) {
            let how = match (found, &step.after) {
                (Found::Nothing | Found::Unreachable, _) => How::Gone,
                (Found::Other(kind), _) => How::Kind(kind),
                (Found::File(_), None) => How::Appeared,
                (Found::File(file), Some(print)) if digest::digest(&file.bytes) == print.digest => How::Mode,
                (Found::File(_), Some(_)) => How::Changed,
            };
            differences.push(Difference { path: step.path, how });
            continue;
        }
        let before = match found {
            Found::File(file) => Some(Contents { executable: file.executable(), bytes: file.bytes.into() }),
            _ => None,
        };
        let after =
            step.before.map(|saved| Contents { executable: tree::is_executable(saved.mode), bytes: saved.bytes });
        files.push(FileChange { path: step.path, before, after });
    }
    if !differences.is_empty() {
        return Err(ApplyError::Conflict(differences));
    }
    Ok(Change { label: record.label, root: record.root, undo: true, files })
}

/// The record of the last change of this project.
pub(super) fn last(place: &Place) -> Result<Record, ApplyError> {
    let tree = place.open()?;
    let mut found: Option<Record> = None;
    let mut doubt = None;
    for site in place.homes(&tree) {
        lock::is_usable(&site)?;
        match journal::read(&site, Stage::Last, &place.root) {
            // An id begins with the time.
            Ok(Some(journal)) if found.as_ref().is_none_or(|other| other.id < journal.record.id) => {
                found = Some(journal.record);
            }
            Ok(_) => {}
            Err(error) => doubt = Some(error),
        }
    }
    found.ok_or_else(|| doubt.unwrap_or(ApplyError::NothingToUndo))
}

/// What is in the place of the record of the last change and is none of this user's, if there is anything.
pub fn foreign_undo(place: &Place) -> Option<ApplyError> {
    last(place).err().filter(|error| matches!(error, ApplyError::Foreign { .. }))
}
